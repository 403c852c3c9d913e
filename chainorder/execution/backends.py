"""What multiplies, adds and evaluates: backends, by name in one registry.

A backend of one's own derives from `Backend`, has the six methods, and is made known by
``register_backend("mine", Mine)``; then ``execute(plan, backend="mine")`` runs on it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar, assert_never

from chainorder.costs.steps import At, How, Instruction
from chainorder.errors import ExecutionError
from chainorder.execution.operand import Operand
from chainorder.reading.wording import nearest_of, shortened
from chainorder.structures.pattern import Pattern, counted_fma
from chainorder.system.later import later

CHUNK_ENTRIES = 2**24
"""Entries of the directions in flight by default: 128 MiB."""

NUMPY = "numpy"
"""The backend by default: NumPy, with SciPy where it is sparse."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How operations run.

    Attributes
    ----------
    chunk
        Entries of the tangents or adjoints that are in flight at once.
    symbolic
        Whether results keep the positions of entries that cancelled.
    """

    chunk: int = CHUNK_ENTRIES
    symbolic: bool = True


class Value(Protocol):
    """A Jacobian as a backend holds it."""

    @property
    def pattern(self) -> Pattern:
        """Where it may be nonzero."""

    @property
    def format(self) -> str:
        """Name of the representation."""


Matrix = TypeVar("Matrix")
"""What the Jacobian of an explicit elemental is taken from: in `chainorder.execute`, an `Operand`."""

Map = TypeVar("Map")
"""What evaluates tangents and adjoints of an elemental: in `chainorder.execute`, a `Model`."""

Form = TypeVar("Form", bound=Value)
"""How the backend holds Jacobians."""


class Evaluated(NamedTuple, Generic[Form]):
    """What an instruction yields: the result, and how many directions were evaluated."""

    result: Form
    evaluations: int = 0


class Backend(ABC, Generic[Matrix, Map, Form]):
    """What the operations of a plan are carried out by."""

    @abstractmethod
    def take(self, matrix: Matrix) -> Form:
        """The Jacobian of an explicit elemental."""

    @abstractmethod
    def multiply(self, left: Form, right: Form) -> Form:
        """The product of two Jacobians."""

    @abstractmethod
    def add(self, left: Form, right: Form) -> Form:
        """The sum of two Jacobians of the same shape."""

    @abstractmethod
    def tangents(self, model: Map, right: Form | None, pattern: Pattern) -> Evaluated[Form]:
        """An elemental's Jacobian times another (by itself if None), by tangents; the result's pattern."""

    @abstractmethod
    def adjoints(self, model: Map, left: Form | None, pattern: Pattern) -> Evaluated[Form]:
        """A Jacobian times that of an elemental (by itself if None), by adjoints; the result's pattern."""

    @abstractmethod
    def to_host(self, value: Form) -> Operand:
        """The same for NumPy and SciPy."""

    def fma(self, left: Form, right: Form) -> int:
        """What their product is counted as."""
        return counted_fma(left.pattern, right.pattern)

    def entries(self, value: Form) -> int:
        """Stored entries that a Jacobian is counted as."""
        return value.pattern.entries

    def carry_out(
        self,
        instruction: Instruction[At],
        operands: list[Form],
        model: Map | None,
        own: Pattern | None = None,
    ) -> Evaluated[Form]:
        """Carry out an instruction.

        Parameters
        ----------
        instruction
            What is done.
        operands
            The Jacobians that it uses.
        model
            What evaluates the elemental that it goes through; None if it evaluates none.
        own
            The pattern of that elemental; not needed where the instruction knows that of its result.
        """
        match instruction.how:
            case How.MULTIPLY:
                return Evaluated(self.multiply(*operands))
            case How.ADD:
                return Evaluated(self.add(*operands))
            case How.REUSE:
                return Evaluated(operands[0])
            case How.TANGENTS | How.ADJOINTS as how:
                assert model is not None
                pattern = instruction.pattern
                if pattern is None:
                    assert own is not None
                    pattern = how.pattern(own, [each.pattern for each in operands])
                evaluate = self.tangents if how is How.TANGENTS else self.adjoints
                return evaluate(model, operands[0] if operands else None, pattern)
            case _:
                assert_never(instruction.how)


Make: TypeAlias = Callable[[Settings], Backend[Any, Any, Any]]
"""Makes a backend for a run."""

_BACKENDS: dict[str, Make] = {
    NUMPY: later("execution.numpy_backend", "NumPyBackend"),
    "jax": later("execution.jax_arrays", "backend"),
    "torch": later("execution.torch_arrays", "backend"),
}


def register_backend(name: str, make: Make) -> None:
    """Make a backend known under a name.

    Parameters
    ----------
    name
        What `chainorder.execute` calls it.
    make
        The class, or a function, which takes `Settings`.

    Raises
    ------
    ExecutionError
        If the name is taken.
    """
    if name in _BACKENDS:
        raise ExecutionError(f"backend {name!r} is registered already; choose another name")
    _BACKENDS[name] = make


def find_backend(name: str) -> Make:
    """The backend of that name; raises `ExecutionError` if there is none, and lists all that there are."""
    if not isinstance(name, str) or name not in _BACKENDS:
        raise ExecutionError(f"unknown backend {shortened(name)}; {nearest_of(name, _BACKENDS)}")
    return _BACKENDS[name]


def all_backends() -> Mapping[str, Make]:
    """All backends by their names."""
    return dict(_BACKENDS)
