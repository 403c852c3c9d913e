"""What a prepared run does: entries from slot to slot, into arrays that stay."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from chainorder.errors import ExecutionError
from chainorder.execution.entries import NOTHING, equal, with_entries
from chainorder.execution.operand import Array, DenseOperand, Operand, SparseOperand
from chainorder.execution.prepared_inputs import Intake

WORK = 10_000
"""How long it is looked for memory that two arrays share; longer, and they are taken to share it."""

Live = list[Any]
"""Entries and models by their slot, while a run goes on."""


class Spot(NamedTuple):
    """Where entries are in a run, and what they mean."""

    slot: int
    template: Operand


@dataclass(frozen=True, eq=False)
class Layout:
    """An array for a result.

    Attributes
    ----------
    shape, dtype
        Of the array.
    order
        C or F: by rows or by columns.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: str

    @classmethod
    def of(cls, entries: Array) -> Layout:
        """That of an array."""
        turned = entries.flags.f_contiguous and not entries.flags.c_contiguous
        return cls(entries.shape, entries.dtype, "F" if turned else "C")

    def new(self) -> Array:
        """An array of its own."""
        return np.empty(self.shape, self.dtype, self.order)  # type: ignore[call-overload, no-any-return]

    def within(self, memory: Array) -> Array:
        """An array in some bytes."""
        size = int(np.prod(self.shape)) * self.dtype.itemsize
        array = memory[:size].view(self.dtype)
        return array.reshape(self.shape, order=self.order)  # type: ignore[call-overload, no-any-return]

    def suits(self, array: Array) -> bool:
        """Whether an array of the same shape and type lies as this one."""
        return bool(array.flags.f_contiguous if self.order == "F" else array.flags.c_contiguous)


@dataclass(frozen=True, eq=False)
class Call:
    """A step of a run.

    Attributes
    ----------
    make
        Makes the entries of the result of what is live; writes them into its second argument if it can.
    slot
        Of the result.
    layout
        Of the result, if it is written.
    array
        Where it is written, if it is not the last.
    """

    make: Callable[[Live, Any], Array]
    slot: int
    layout: Layout | None = None
    array: Array | None = None


@dataclass(frozen=True, eq=False)
class Program:
    """What a prepared run does.

    Attributes
    ----------
    intakes
        What takes in each elemental; the same one for those that are given the same object.
    same
        Elementals, from 0, whose Jacobians have to be the same for what is reused.
    calls
        The steps.
    slots
        How many slots there are.
    final
        The Jacobian.
    """

    intakes: tuple[Intake, ...]
    same: tuple[tuple[int, int], ...]
    calls: tuple[Call, ...]
    slots: int
    final: Spot

    @cached_property
    def last(self) -> Call | None:
        """The step that makes the Jacobian; None if it is one of those given."""
        return next((call for call in self.calls if call.slot == self.final.slot), None)

    def run(self, jacobians: Sequence[Any], out: Array | None) -> Any:
        """Take the Jacobians in, and carry the steps out."""
        check_sequence(jacobians, len(self.intakes))
        if out is not None:
            self._check_out(out, jacobians)
        live: Live = [NOTHING] * self.slots
        self._take(live, jacobians)
        direct = out if self._written(out) else None
        for call in self.calls:
            target = call.array
            if target is None and call.layout is not None:
                target = call.layout.new() if direct is None else direct
            live[call.slot] = call.make(live, target)
        return self._finished(live[self.final.slot], out)

    def _take(self, live: Live, jacobians: Sequence[Any]) -> None:
        """What is given, in its slots: those of the elementals come first."""
        taken: dict[tuple[int, int], Any] = {}
        for slot, (intake, given) in enumerate(zip(self.intakes, jacobians, strict=True)):
            key = id(given), id(intake)
            if key not in taken:
                taken[key] = intake.take(given)
            live[slot] = taken[key]
        for one, other in self.same:
            if live[one] is not live[other] and not equal(live[one], live[other]):
                raise ExecutionError(
                    f"the plan reuses products of elemental {other + 1} for {one + 1}, but their Jacobians "
                    "differ; plan with the solver dynamic, which reuses nothing"
                )

    def _written(self, out: Array | None) -> bool:
        """Whether the last step can write the result itself."""
        layout = None if self.last is None else self.last.layout
        return out is not None and layout is not None and out.shape == layout.shape and layout.suits(out)

    def _check_out(self, out: Array, jacobians: Sequence[Any]) -> None:
        template = self.final.template
        if not isinstance(template, DenseOperand):
            raise ExecutionError(f"the Jacobian is {template.format}: out is for dense ones; leave it out")
        shape, kind = template.filled.shape, template.values.dtype
        if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != kind:
            found = f"{getattr(out, 'dtype', type(out).__name__)} of shape {getattr(out, 'shape', None)}"
            raise ExecutionError(f"out is {found}; the Jacobian is {kind} of shape {shape}")
        if not out.flags.writeable:
            raise ExecutionError("out is read-only; give an array that can be written")
        for number, given in enumerate(jacobians, 1):
            if any(_overlap(out, array) for array in _arrays(given)):
                raise ExecutionError(f"out overlaps the Jacobian of elemental {number}; give another array")

    def _finished(self, entries: Array, out: Array | None) -> Any:
        """The Jacobian of its entries, in arrays of its own."""
        template = self.final.template
        if out is not None:
            if entries is not out:
                out[...] = with_entries(template, entries).matrix()
            return out
        if self.last is None:
            entries = entries.copy()
        if isinstance(template, SparseOperand) and template.format == "csr":
            matrix = copy.copy(template.stored)
            matrix.data, matrix.indices, matrix.indptr = entries, matrix.indices.copy(), matrix.indptr.copy()
            return matrix
        return with_entries(template, entries).matrix()


def check_sequence(jacobians: Any, count: int) -> None:
    """Raise `ExecutionError` unless so many Jacobians are given."""
    if not isinstance(jacobians, Sequence):
        raise ExecutionError(
            f"jacobians is a {type(jacobians).__name__}; give a list, one for each elemental"
        )
    if len(jacobians) != count:
        raise ExecutionError(f"{len(jacobians)} Jacobians are given for {count} elementals; give one each")


def _overlap(one: Array, other: Array) -> bool:
    """Whether two arrays share memory; also where that would take long to rule out."""
    try:
        return np.may_share_memory(one, other) and np.shares_memory(one, other, max_work=WORK)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def _arrays(given: Any) -> list[Array]:
    """The arrays that a given Jacobian consists of."""
    found = [given, *(getattr(given, name, None) for name in ("data", "indices", "indptr", "row", "col"))]
    return [array for array in found if isinstance(array, np.ndarray)]


class Memory:
    """Arrays for results, those that are not needed any more first."""

    def __init__(self) -> None:
        self._free: list[Array] = []
        self._taken: dict[int, Array] = {}

    def take(self, slot: int, layout: Layout) -> Array:
        """An array for what a slot holds."""
        size = int(np.prod(layout.shape)) * layout.dtype.itemsize
        fitting = [memory for memory in self._free if size <= memory.size <= 2 * size]
        if fitting:
            memory = min(fitting, key=len)
            self._free = [each for each in self._free if each is not memory]
        else:
            memory = np.empty(size, np.uint8)
        self._taken[slot] = memory
        return layout.within(memory)

    def keep(self, slots: set[int]) -> None:
        """Take back what other slots hold."""
        for slot in self._taken.keys() - slots:
            self._free.append(self._taken.pop(slot))
