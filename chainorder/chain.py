"""Elementals and the chain they make: what is to be multiplied.

A chain is held in columns (one array of sizes, one of codes into the few distinct kinds of elementals), so
that a million elementals are two arrays and not a million objects. `Chain.elementals` looks like the
sequence of objects and makes them when they are looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from chainorder.errors import ChainError, StructureError
from chainorder.pattern import Pattern
from chainorder.structure import Dense, Sparse, Structure

if TYPE_CHECKING:
    from chainorder.network import Network

MAX_MACHINES = 1_000_000
"""More than that is a mistake; as many as there are elementals are as good as any number."""

MAX_LENGTH = 100_000_000
"""Elementals of one chain; the columns of more would not fit the memory of an ordinary machine."""


@dataclass(frozen=True, slots=True)
class Elemental:
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
        A label: elementals of one chain with equal labels, structures and sizes have the same Jacobian.

    Raises
    ------
    ChainError, StructureError
        If a size or cost is no whole number (sizes: at least 1), the structure does not fit the sizes, or a
        matrix-free elemental has no model.
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

    def __post_init__(self) -> None:
        for key in ("inputs", "outputs"):
            object.__setattr__(self, key, whole(getattr(self, key), key, "a size"))
        if not isinstance(self.structure, Structure):
            raise StructureError(f"structure is {self.structure!r}; write one, as Dense() or Banded(1, 1)")
        if self.structure.evaluation is not None:
            self._take_models_of_structure(self.structure.evaluation)
        for key in ("tangent", "adjoint", "tape", "overhead"):
            if getattr(self, key) is not None:
                object.__setattr__(self, key, whole(getattr(self, key), key, "a cost", least=0))
        if self.explicit is None:
            object.__setattr__(self, "explicit", not self.modelled)
        if not self.explicit and not self.modelled:
            raise ChainError("explicit is false but there is neither tangent nor adjoint; state one of them")
        self.structure.pattern(self.outputs, self.inputs)

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
    def modelled(self) -> bool:
        """Whether there is a tangent or an adjoint."""
        return self.tangent is not None or self.adjoint is not None

    @property
    def held(self) -> int:
        """Entries that its models hold until they are used: the factors of a solve."""
        return self.structure.evaluation or 0

    @property
    def kind(self) -> tuple[Hashable, ...]:
        """All of it but the sizes; elementals of one kind share a place in a chain's columns."""
        return (
            self.structure,
            self.name,
            self.tangent,
            self.adjoint,
            self.tape,
            self.explicit,
            self.overhead,
            self.same,
        )

    def adjoint_within(self, memory: int | None) -> int | None:
        """What one adjoint costs; None if there is no such model or its tape exceeds the memory."""
        return self.adjoint if memory is None or self.tape <= memory else None


@dataclass(frozen=True, eq=False)
class Elementals(Sequence[Elemental]):
    """A sequence of elementals, in columns.

    Attributes
    ----------
    sizes
        Shape (length + 1,), input first; int64, or Python ints where int64 would overflow.
    kinds
        One example of each distinct kind, in the order of first use.
    codes
        Shape (length,): the place of each elemental's kind in `kinds`.
    """

    sizes: npt.NDArray[Any]
    kinds: tuple[Elemental, ...]
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
        kinds: dict[tuple[Hashable, ...], tuple[int, Elemental]] = {}
        known: dict[int, int] = {}
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
                known[id(elemental)] = kinds.setdefault(elemental.kind, (len(kinds), elemental))[0]
                kept.append(elemental)
            codes.append(known[id(elemental)])
            number += count
        if not codes:
            raise ChainError("a chain has at least one elemental; there is none")
        _check_length(number - 1)
        column = np.repeat(as_sizes(sizes), counts)
        column.flags.writeable = False
        examples = tuple(kind for _, kind in kinds.values())
        return cls(column, examples, np.repeat(np.array(codes, np.int32), counts[1:]))

    @classmethod
    def dense(cls, sizes: Sequence[int] | npt.NDArray[Any]) -> Elementals:
        """Explicit dense elementals between the given sizes, input first."""
        column = as_sizes(sizes)
        if len(column) < 2:
            raise ChainError(f"dims has {len(column)} entry; a chain has at least two sizes, input first")
        return cls(column, (Elemental(1, 1),), np.zeros(len(column) - 1, np.int32))

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
        kind: Elemental = self.kinds[self.codes[place]]
        return replace(kind, inputs=int(self.sizes[place]), outputs=int(self.sizes[place + 1]))

    def __iter__(self) -> Iterator[Elemental]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Elementals):
            return NotImplemented
        if len(self) != len(other) or not np.array_equal(self.sizes, other.sizes):
            return False
        # Two chains may list the same kinds in another order: compare each pair of codes that meets once.
        pairs = np.unique(np.stack([self.codes, other.codes]), axis=1).T.tolist()
        return all(self.kinds[mine].kind == other.kinds[theirs].kind for mine, theirs in pairs)

    def __hash__(self) -> int:
        return hash((len(self), tuple(self.sizes[:8].tolist())))

    def runs(self) -> Iterator[tuple[Elemental, int]]:
        """Equal neighbours once, with how often they repeat."""
        places = range(len(self))
        for _, group in groupby(places, key=lambda p: (self.codes[p], self.sizes[p], self.sizes[p + 1])):
            run = list(group)
            yield self[run[0]], len(run)


@dataclass(frozen=True, slots=True)
class MatrixFile:
    """Where the entries of an elemental Jacobian are kept."""

    path: Path

    def load(self) -> Any:
        """Read it: a NumPy array or a SciPy sparse array of floats."""
        from chainorder.matrices import read_matrix

        return read_matrix(self.path)


@dataclass(frozen=True, eq=False, init=False)
class Chain:
    """A Jacobian chain F'_q · … · F'_1, elementals numbered from 1 at the input.

    Parameters
    ----------
    elementals
        In the order in which they run, input first.
    name
        For reports.
    machines
        Identical machines that a plan may use, each for one operation at a time.
    memory
        Entries that the tape of one elemental may take on its machine; None for no limit.

    Attributes
    ----------
    network
        The network that the chain was made from, if it was.
    matrices
        Entries of elemental Jacobians by their place, counted from 0: arrays or files. Not part of equality.

    Raises
    ------
    ChainError
        If there is no elemental, neighbours do not fit, or there are less than 1 or more than 10^6 machines.
    """

    elementals: Elementals
    name: str | None
    machines: int
    memory: int | None
    network: Network | None
    matrices: Mapping[int, Any]

    def __init__(
        self,
        elementals: Iterable[Elemental],
        name: str | None = None,
        *,
        machines: int = 1,
        memory: int | None = None,
        network: Network | None = None,
        matrices: Mapping[int, Any] | None = None,
    ) -> None:
        columns = elementals if isinstance(elementals, Elementals) else Elementals.of(elementals)
        _check_length(len(columns))
        for key, value in (
            ("elementals", columns),
            ("name", name),
            ("machines", _machines(machines)),
            ("memory", None if memory is None else whole(memory, "memory", "a limit", least=0)),
            ("network", network),
            ("matrices", dict(matrices or {})),
        ):
            object.__setattr__(self, key, value)

    @classmethod
    def from_dims(cls, dims: Sequence[int] | npt.NDArray[Any], name: str | None = None) -> Chain:
        """A chain of explicit dense Jacobians between the given sizes, input first: O(n) memory."""
        return cls(Elementals.dense(dims), name)

    @classmethod
    def from_matrices(cls, matrices: Sequence[Any], name: str | None = None) -> Chain:
        """The chain of given Jacobians, input first: NumPy arrays (dense), SciPy sparse, `Solve`s."""
        columns: list[Elemental] = []
        known: dict[int, Elemental] = {}  # the same matrix again and again, as in a time-invariant stepper
        times = Counter(map(id, matrices))
        for number, matrix in enumerate(matrices, 1):
            if id(matrix) in known:
                columns.append(known[id(matrix)])
                continue
            shape = getattr(matrix, "shape", None)
            if shape is None or len(shape) != 2:
                raise ChainError(
                    f"matrix {number} is a {type(matrix).__name__} of shape {shape}; give a two-dimensional "
                    "NumPy array or SciPy sparse matrix, outputs × inputs"
                )
            structure = matrix if isinstance(matrix, Structure) else _structure_of(matrix)
            same = f"matrix {number}" if times[id(matrix)] > 1 else None
            columns.append(Elemental(shape[1], shape[0], structure, same=same))
            known[id(matrix)] = columns[-1]
        return cls(columns, name, matrices=dict(enumerate(matrices)))

    @classmethod
    def from_layers(
        cls,
        layers: Sequence[int],
        activation: str | None = None,
        *,
        output_activation: str | None = None,
        loss: str | None = None,
        name: str | None = None,
    ) -> Chain:
        """The chain of a fully connected network: see `Network`."""
        from chainorder.network import Network

        return Network(tuple(layers), activation, output_activation, loss).chain(name)

    def named(self, name: str) -> Chain:
        """The same chain under another name."""
        return self._with(name=name)

    def within(self, memory: int | None) -> Chain:
        """The same chain with another limit for tapes."""
        return self._with(memory=memory)

    def on(self, machines: int) -> Chain:
        """The same chain on another number of machines."""
        return self._with(machines=machines)

    def _with(self, **changes: Any) -> Chain:
        return Chain(
            **{attribute.name: getattr(self, attribute.name) for attribute in fields(self)} | changes
        )

    def __len__(self) -> int:
        return len(self.elementals)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Chain):
            return NotImplemented
        mine, others = ((c.name, c.machines, c.memory, c.network, c.elementals) for c in (self, other))
        return mine == others

    def __hash__(self) -> int:
        return hash((self.name, self.elementals))

    @property
    def sizes(self) -> npt.NDArray[Any]:
        """Shape (length + 1,): n_1, then every m_i."""
        return self.elementals.sizes

    @property
    def inputs(self) -> int:
        """n_1, the columns of the Jacobian."""
        return int(self.sizes[0])

    @property
    def outputs(self) -> int:
        """m_q, the rows of the Jacobian."""
        return int(self.sizes[-1])

    @property
    def dense(self) -> bool:
        """Whether the structure of every elemental is dense."""
        return {type(kind.structure) for kind in self.elementals.kinds} == {Dense}

    @property
    def modelled(self) -> bool:
        """Whether an elemental has a tangent or an adjoint."""
        return any(kind.modelled for kind in self.elementals.kinds)

    @property
    def matrix_free(self) -> bool:
        """Whether an elemental is matrix-free."""
        return not all(kind.explicit for kind in self.elementals.kinds)

    def kind(self, number: int) -> Elemental:
        """An example of the kind of elemental `number`, counted from 1: right in all but its sizes."""
        kind: Elemental = self.elementals.kinds[self.elementals.codes[number - 1]]
        return kind

    def sameness(self) -> list[Hashable]:
        """Equal for elementals that are known to have the same Jacobian."""
        letters: list[Hashable] = []
        sizes = self.sizes.tolist()
        for place, code in enumerate(self.elementals.codes.tolist()):
            kind, path = self.elementals.kinds[code], self._file(place)
            known = kind.same is not None or path is not None
            letters.append((code, sizes[place], sizes[place + 1], path) if known else place)
        return letters

    def pattern(self, number: int) -> Pattern:
        """The pattern of elemental `number`, counted from 1."""
        return self.kind(number).structure.pattern(int(self.sizes[number]), int(self.sizes[number - 1]))

    def to_spec(self) -> dict[str, Any]:
        """The spec of this chain, as plain data; real matrices by the path of their file."""
        named: dict[str, Any] = {} if self.name is None else {"name": self.name}
        if self.machines != 1:
            named["machines"] = self.machines
        if self.memory is not None:
            named["memory"] = self.memory
        if self.network is not None:
            return named | self.network.to_spec()
        plain = not self.matrices and not self.modelled
        if self.dense and plain and all(kind.name is None for kind in self.elementals.kinds):
            return named | {"dims": self.sizes.tolist()}
        return named | {"elementals": list(self._spec_items())}

    def _spec_items(self) -> Iterator[dict[str, Any]]:
        place = 0
        for elemental, count in self.elementals.runs():
            item: dict[str, Any] = {"inputs": elemental.inputs, "outputs": elemental.outputs}
            if elemental.name is not None:
                item["name"] = elemental.name
            if elemental.same is not None:
                item["same"] = elemental.same
            item |= _model_spec(elemental)
            for path, group in groupby(map(self._file, range(place, place + count))):
                if path is None:
                    stated = elemental.structure.to_spec()
                elif isinstance(elemental.structure, Sparse):
                    stated = {"structure": Sparse.name, "matrix": str(path)}
                elif elemental.structure.evaluation is not None:
                    stated = {elemental.structure.name: str(path)}
                else:
                    stated = elemental.structure.to_spec() | {"matrix": str(path)}
                repeat = sum(1 for _ in group)
                yield item | stated | ({"repeat": repeat} if repeat > 1 else {})
            place += count

    def _file(self, place: int) -> Path | None:
        matrix = self.matrices.get(place)
        return matrix.path if isinstance(matrix, MatrixFile) else None


def _structure_of(matrix: Any) -> Structure:
    return Dense() if isinstance(matrix, np.ndarray) else Sparse(matrix)


def _model_spec(elemental: Elemental) -> dict[str, Any]:
    """The keys that declare its models in a spec."""
    if not elemental.modelled:
        return {}
    if elemental.structure.evaluation is not None:
        return {"overhead": elemental.overhead} if elemental.overhead else {}
    costs = {key: getattr(elemental, key) for key in ("tangent", "adjoint", "tape", "overhead")}
    stated = {
        key: cost for key, cost in costs.items() if cost or (cost == 0 and key in ("tangent", "adjoint"))
    }
    return stated | ({"explicit": True} if elemental.explicit else {})


def _check_neighbours(number: int, outputs: int, inputs: int) -> None:
    if outputs != inputs:
        raise ChainError(
            f"elemental {number} has {inputs} inputs but elemental {number - 1} has {outputs} outputs; "
            "make them equal"
        )


def _check_length(length: int) -> None:
    if length > MAX_LENGTH:
        raise ChainError(f"the chain has {length:,} elementals; at most {MAX_LENGTH:,} are planned")


def _machines(machines: Any) -> int:
    count = whole(machines, "machines", "their number")
    if count > MAX_MACHINES:
        raise ChainError(
            f"machines is {machines}; at most {MAX_MACHINES:,}: as many as elementals are as good as any"
        )
    return count


def as_sizes(sizes: Sequence[int] | npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A column of sizes: int64, or Python ints where int64 would overflow; checked to be at least 1."""
    if isinstance(sizes, np.ndarray) and sizes.dtype.kind in "iu" and sizes.ndim == 1:
        fits = not len(sizes) or int(sizes.max()) < 2**63
        column: npt.NDArray[Any] = sizes.astype(np.int64 if fits else object)
    else:
        if not isinstance(sizes, Iterable):
            raise ChainError(f"the sizes are {sizes!r}; give a list of them, input first")
        values = list(sizes)
        if not set(map(type, values)) <= {int}:
            values = [whole(value, f"dims[{place}]", "a size") for place, value in enumerate(values)]
        fits = max(values, default=0) < 2**63
        column = np.array(values, np.int64 if fits else object)
    if len(column) and column.min() < 1:
        place = int(np.argmax(column < 1))
        raise ChainError(f"dims[{place}] is {column[place]}; a size is a whole number of at least 1")
    column.flags.writeable = False
    return column


def whole(value: Any, key: str, what: str, *, least: int = 1) -> int:
    """The value as an int if it is a whole number (of NumPy too; no boolean) and at least `least`."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_)) and value >= least:
        return int(value)
    raise ChainError(f"{key} is {value!r}; {what} is a whole number of at least {least}")
