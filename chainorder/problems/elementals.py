"""Elementals: the steps of a program, one by one and in columns.

A chain is held in columns (one array of sizes, one of codes into the few distinct kinds of elementals), so
that a million elementals are two arrays and not a million objects. `Elementals` looks like the sequence of
objects and makes them when they are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from chainorder.errors import ChainError, StructureError
from chainorder.problems.evaluation_time import EvaluationTime, read_time
from chainorder.problems.numbers import as_sizes, whole
from chainorder.reading.wording import fault_of_name
from chainorder.structures.dense import Dense
from chainorder.structures.structure import Structure
from chainorder.system.showing import stated

MAX_MACHINES = 1_000_000
"""More than that is a mistake; as many as there are elementals are as good as any number."""

MAX_LENGTH = 100_000_000
"""Elementals of one chain; the columns of more would not fit the memory of an ordinary machine."""


class ModelCosts:
    """The models of an elemental or of a kind of elementals, and what evaluating them costs."""

    __slots__ = ()

    structure: Structure
    tangent: int | None
    adjoint: int | None
    tape: int
    explicit: bool | None
    overhead: int
    tangent_time: EvaluationTime | None
    adjoint_time: EvaluationTime | None

    @property
    def modelled(self) -> bool:
        """Whether there is a tangent or an adjoint."""
        return self.tangent is not None or self.adjoint is not None

    @property
    def held(self) -> int:
        """Entries that its models hold until they are used: the factors of a solve."""
        evaluation = self.structure.evaluation
        return 0 if evaluation is None else evaluation

    def adjoint_within(self, memory: int | None) -> int | None:
        """What one adjoint costs; None if there is no such model or its tape exceeds the memory."""
        return self.adjoint if memory is None or self.tape <= memory else None


TIMES = ("tangent_time", "adjoint_time")
"""Keys that state what the models of an elemental take on a machine."""

MODELS = ("tangent", "adjoint", "tape", "overhead", "explicit", *TIMES)
"""Keys that declare the models of an elemental, or of a graph's edge."""


@dataclass(frozen=True, slots=True)
class Kind(ModelCosts):
    """An elemental but for its sizes, which tells it from others in the columns of a chain.

    Attributes
    ----------
    structure, name, tangent, adjoint, tape, explicit, overhead, same, tangent_time, adjoint_time
        As of an `Elemental`, which has checked them.
    """

    structure: Structure = Dense()
    name: str | None = None
    tangent: int | None = None
    adjoint: int | None = None
    tape: int = 0
    explicit: bool | None = True
    overhead: int = 0
    same: str | None = None
    tangent_time: EvaluationTime | None = None
    adjoint_time: EvaluationTime | None = None

    __repr__ = stated

    def of(self, inputs: int, outputs: int) -> Elemental:
        """The elemental of this kind between sizes."""
        return Elemental(inputs, outputs, **{key: getattr(self, key) for key in KIND})


KIND = tuple(key.name for key in fields(Kind))
"""Attributes of an elemental that are not its sizes."""

_kind_values = attrgetter(*KIND)

DENSE = Kind()
"""The kind of elementals that a spec writes as ``dims``."""


@dataclass(frozen=True, slots=True)
class Elemental(ModelCosts):
    """One step F_i : R^inputs → R^outputs of a program, and what its Jacobian F'_i costs.

    Parameters
    ----------
    inputs, outputs
        Sizes n_i and m_i, at least 1; the Jacobian is m_i × n_i.
    structure
        What the Jacobian looks like; dense if that is not known.
    name
        For reports.
    tangent, adjoint
        fma of one evaluation v ↦ F'_i v (a jvp) and u ↦ u F'_i (a vjp); None where there is no such model.
    tape
        Entries recorded for adjoints; they are possible only within the chain's memory.
    explicit
        Whether the matrix is at hand. By default so just if there is neither tangent nor adjoint; without
        it the elemental is matrix-free, and its matrix can be accumulated from its models.
    overhead
        fma added to every accumulation of, and every tangent or adjoint step through this elemental.
    same
        A label: elementals of one chain with equal labels have the same Jacobian.
    tangent_time, adjoint_time
        What their evaluation takes on a machine, as `chainorder.measure` finds out; None if nobody knows.

    Raises
    ------
    ChainError, StructureError
        If a size or cost is no whole number (sizes: at least 1), a name or label no text, the structure does
        not fit the sizes, a matrix-free elemental has no model, or what has no model has tape, overhead or
        times.
    """

    inputs: int
    outputs: int
    structure: Structure = Dense()
    name: str | None = field(default=None, kw_only=True)
    tangent: int | None = field(default=None, kw_only=True)
    adjoint: int | None = field(default=None, kw_only=True)
    tape: int = field(default=0, kw_only=True)
    explicit: bool | None = field(default=None, kw_only=True)
    overhead: int = field(default=0, kw_only=True)
    same: str | None = field(default=None, kw_only=True)
    tangent_time: EvaluationTime | None = field(default=None, kw_only=True)
    adjoint_time: EvaluationTime | None = field(default=None, kw_only=True)

    __repr__ = stated

    def __post_init__(self) -> None:
        for key in ("inputs", "outputs"):
            object.__setattr__(self, key, whole(getattr(self, key), key, "a size"))
        if not isinstance(self.structure, Structure):
            raise StructureError(f"structure is {self.structure!r}; write one, as Dense() or Banded(1, 1)")
        if self.structure.evaluation is not None:
            self._take_models_of_structure(self.structure.evaluation)
        self._check_models()
        self._check_times()
        if (fault := fault_of_name(self.name)) is not None:
            raise ChainError(f"name {fault}")
        if not isinstance(self.same, str | None):
            raise ChainError(f"same is {self.same!r}; a label is a text")
        self.structure.pattern(self.outputs, self.inputs)

    def _check_models(self) -> None:
        for key in ("tangent", "adjoint", "tape", "overhead"):
            if getattr(self, key) is not None:
                object.__setattr__(self, key, whole(getattr(self, key), key, "a cost", least=0))
        if self.explicit is None:
            object.__setattr__(self, "explicit", not self.modelled)
        if not isinstance(self.explicit, bool | np.bool_):
            raise ChainError(f"explicit is {self.explicit!r}; it is True or False")
        object.__setattr__(self, "explicit", bool(self.explicit))
        if not self.explicit and not self.modelled:
            raise ChainError("explicit is false but there is neither tangent nor adjoint; state one of them")
        for key in ("tape", "overhead") if not self.modelled else ():
            if getattr(self, key):
                raise ChainError(
                    f"{key} is {getattr(self, key)} but only what has a tangent or adjoint has it"
                )

    def _check_times(self) -> None:
        for key in TIMES:
            object.__setattr__(self, key, read_time(getattr(self, key), key))
            mode = key.removesuffix("_time")
            if getattr(self, key) is not None and getattr(self, mode) is None:
                raise ChainError(f"{key} is stated but there is no {mode}; state that, too")
            if getattr(self, key) is not None and self.structure.evaluation is not None:
                raise ChainError(f"{key} is stated of a {self.structure.name}, whose time the profile knows")

    def _take_models_of_structure(self, evaluation: int) -> None:
        stated = self.tangent, self.adjoint
        if stated not in ((None, None), (evaluation, evaluation)) or self.tape or self.explicit:
            raise ChainError(
                f"a {self.structure.name} has tangents and adjoints of its own; state no tangent, adjoint, "
                "tape or explicit"
            )
        for key in ("tangent", "adjoint"):
            object.__setattr__(self, key, evaluation)

    @property
    def kind(self) -> Kind:
        """All of it but the sizes; elementals of one kind share a place in a chain's columns."""
        return Kind(*_kind_values(self))

    def unlike(self, other: Elemental) -> tuple[str, str] | None:
        """What tells its Jacobian from another's, in words: sizes, else structures; None if nothing does."""
        if (self.outputs, self.inputs) != (other.outputs, other.inputs):
            return tuple(f"{each.outputs} × {each.inputs}" for each in (self, other))  # type: ignore[return-value]
        if self.structure != other.structure:
            mine, its = str(self.structure), str(other.structure)
            return mine, its if its != mine else f"{its} with other positions or entries"
        return None


def model_spec(source: Any) -> dict[str, Any]:
    """The keys of a spec that declare the models of an elemental, or of a graph's edge."""
    if source.structure.evaluation is not None:
        return {"overhead": source.overhead} if source.overhead else {}
    stated = {key: getattr(source, key) for key in ("tangent", "adjoint")}
    models = {key: cost for key, cost in stated.items() if cost is not None}
    if not models:
        return {}
    extra = {key: getattr(source, key) for key in ("tape", "overhead", "explicit")}
    times = {key: time.to_spec() for key in TIMES if (time := getattr(source, key)) is not None}
    return models | {key: value for key, value in extra.items() if value} | times


@dataclass(frozen=True, eq=False)
class Elementals(Sequence[Elemental]):
    """A sequence of elementals, in columns.

    Attributes
    ----------
    sizes
        Shape (length + 1,), input first; int64, or Python ints where int64 would overflow.
    kinds
        Each distinct kind, in the order of first use.
    codes
        Shape (length,): the place of each elemental's kind in `kinds`.
    """

    sizes: npt.NDArray[Any]
    kinds: tuple[Kind, ...]
    codes: npt.NDArray[np.int32]

    @classmethod
    def of(cls, elementals: Iterable[Elemental]) -> Elementals:
        """Columns from objects; checks that neighbours fit."""
        return cls.from_runs((elemental, 1) for elemental in elementals)

    @classmethod
    def from_runs(cls, runs: Iterable[tuple[Elemental, int]]) -> Elementals:
        """Columns from elementals and how often each repeats; checks that neighbours fit."""
        sizes: list[int] = []
        counts: list[int] = [1]
        codes: list[int] = []
        kinds: dict[tuple[Any, ...], int] = {}
        known: dict[int, int] = {}
        labels: dict[str, tuple[int, Elemental]] = {}
        kept: list[Elemental] = []  # an object that is gone could give its id to another
        number = 1
        for elemental, count in runs:
            if not isinstance(elemental, Elemental):
                raise ChainError(f"elemental {number} is {elemental!r}; give an Elemental")
            if sizes:
                _check_neighbours(number, sizes[-1], elemental.inputs)
            if count > 1:
                _check_neighbours(number + 1, elemental.outputs, elemental.inputs)
            sizes.extend((elemental.outputs,) if sizes else (elemental.inputs, elemental.outputs))
            counts.append(count)
            if id(elemental) not in known:  # the same object again needs no look at its pattern
                _check_label(labels, number, elemental)
                known[id(elemental)] = kinds.setdefault(_kind_values(elemental), len(kinds))
                kept.append(elemental)
            codes.append(known[id(elemental)])
            number += count
        if not codes:
            raise ChainError("a chain has at least one elemental; there is none")
        check_length(number - 1)
        column = np.repeat(as_sizes(sizes), counts)
        column.flags.writeable = False
        distinct = tuple(Kind(*values) for values in kinds)
        return cls(column, distinct, np.repeat(np.array(codes, np.int32), counts[1:]))

    @classmethod
    def dense(cls, sizes: Sequence[int] | npt.NDArray[Any]) -> Elementals:
        """Explicit dense elementals between the given sizes, input first."""
        column = as_sizes(sizes)
        if len(column) < 2:
            raise ChainError(f"dims has {len(column)} entry; a chain has at least two sizes, input first")
        return cls(column, (DENSE,), np.zeros(len(column) - 1, np.int32))

    def __repr__(self) -> str:
        return f"<Elementals: {len(self):,}, of {len(self.kinds):,} kinds>"

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> Elemental: ...
    @overload
    def __getitem__(self, index: slice) -> Elementals: ...
    def __getitem__(self, index: int | slice) -> Elemental | Elementals:
        if isinstance(index, slice):
            first, last, step = index.indices(len(self))
            if step != 1 or last <= first:
                raise ChainError("a part of a chain is contiguous and has at least one elemental")
            return Elementals(self.sizes[first : last + 1], self.kinds, self.codes[first:last])
        place = range(len(self))[index]
        kind: Kind = self.kinds[self.codes[place]]
        return kind.of(int(self.sizes[place]), int(self.sizes[place + 1]))

    def __iter__(self) -> Iterator[Elemental]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Elementals):
            return NotImplemented
        if len(self) != len(other) or not np.array_equal(self.sizes, other.sizes):
            return False
        # Two chains may list the same kinds in another order: compare each pair of codes that meets once.
        pairs = np.unique(np.stack([self.codes, other.codes]), axis=1).T.tolist()
        return all(self.kinds[mine] == other.kinds[theirs] for mine, theirs in pairs)

    def __hash__(self) -> int:
        return hash((len(self), tuple(self.sizes[:8].tolist())))

    def runs(self) -> Iterator[tuple[Kind, int, int, int]]:
        """Equal neighbours once: their kind, inputs, outputs, and how often they repeat."""
        differ = (self.codes[1:] != self.codes[:-1]) | (self.sizes[2:] != self.sizes[1:-1])
        differ |= self.sizes[1:-1] != self.sizes[:-2]
        first = np.concatenate([np.zeros(1, np.int64), np.flatnonzero(differ) + 1])
        counts = np.diff(first, append=len(self))
        columns = self.codes[first], self.sizes[first], self.sizes[first + 1], counts
        for code, inputs, outputs, count in zip(*(column.tolist() for column in columns), strict=True):
            yield self.kinds[code], inputs, outputs, count


def _check_neighbours(number: int, outputs: int, inputs: int) -> None:
    if outputs != inputs:
        raise ChainError(
            f"elemental {number} has {inputs} inputs but elemental {number - 1} has {outputs} outputs; "
            "make them equal"
        )


def _check_label(labels: dict[str, tuple[int, Elemental]], number: int, elemental: Elemental) -> None:
    """Check that an elemental with the label of one before is like it."""
    if elemental.same is None:
        return
    first, other = labels.setdefault(elemental.same, (number, elemental))
    if (unlike := other.unlike(elemental)) is not None:
        raise ChainError(
            f"elementals {first} and {number} are both labelled {elemental.same!r} but are {unlike[0]} and "
            f"{unlike[1]}; equal labels mean equal Jacobians"
        )


def check_length(length: int) -> None:
    """Refuse a chain that is longer than any that is planned."""
    if length > MAX_LENGTH:
        raise ChainError(f"the chain has {length:,} elementals; at most {MAX_LENGTH:,} are planned")
