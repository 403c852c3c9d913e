"""Chains of elementals: what is to be multiplied."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, overload

import numpy as np
import numpy.typing as npt

from chainorder.errors import ChainError
from chainorder.problems.elementals import (
    DENSE,
    MAX_MACHINES,
    Elemental,
    Elementals,
    Kind,
    check_length,
    model_spec,
)
from chainorder.problems.matrix_files import MatrixFile, Unsaved, equal_matrices, files_of
from chainorder.problems.numbers import whole
from chainorder.problems.problem import Problem
from chainorder.reading.wording import fault_of_name
from chainorder.structures.dense import Dense
from chainorder.structures.pattern import Pattern
from chainorder.structures.sparse import Sparse
from chainorder.structures.structure import Structure

if TYPE_CHECKING:
    from chainorder.problems.network import Network


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Chain(Problem):
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
        Entries of elemental Jacobians by their place, counted from 0: arrays, files, or `Unsaved` in a chain
        that was saved with arrays. Not part of equality.

    Raises
    ------
    ChainError
        If there is no elemental, neighbours do not fit, equal labels stand for unlike elementals, or there
        are less than 1 or more than 10^6 machines.
    """

    kind: ClassVar[str] = "chain"

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
        check_length(len(columns))
        _check_labels(columns, matrices or {})
        if (fault := fault_of_name(name)) is not None:
            raise ChainError(f"name {fault}")
        for key, value in (
            ("elementals", columns),
            ("name", name),
            ("machines", _machines(machines)),
            ("memory", None if memory is None else whole(memory, "memory", "a limit", least=0)),
            ("network", network),
            ("matrices", dict({} if matrices is None else matrices)),
        ):
            object.__setattr__(self, key, value)

    def made_of(self, elementals: Iterable[Elemental]) -> Chain:
        """The same of other elementals; its network is not theirs."""
        return self._with(elementals=elementals, network=None)

    @classmethod
    def from_dims(cls, dims: Sequence[int] | npt.NDArray[Any], name: str | None = None) -> Chain:
        """A chain of explicit dense Jacobians between the given sizes, input first: O(n) memory."""
        return cls(Elementals.dense(dims), name)

    @classmethod
    def from_matrices(cls, matrices: Sequence[Any], name: str | None = None) -> Chain:
        """The chain of given Jacobians, input first: NumPy (dense) and SciPy arrays, `Solve`s, `Selection`s.

        A selection takes its other size from its neighbour. Raises `ChainError` where a matrix is broken.
        """
        from chainorder.problems.matrix_elementals import elementals_of, entries_of  # start-up does without

        return cls(elementals_of(matrices), name, matrices=entries_of(matrices))

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
        from chainorder.problems.network import Network  # start-up does without

        return cls.of(Network(tuple(layers), activation, output_activation, loss), name)

    @classmethod
    def of(cls, network: Network, name: str | None = None) -> Chain:
        """The chain of a network's layers, activations and loss."""
        return cls(network.elementals(), name, network=network)

    def __len__(self) -> int:
        return len(self.elementals)

    @overload
    def __getitem__(self, place: int) -> Elemental: ...
    @overload
    def __getitem__(self, place: slice) -> Chain: ...
    def __getitem__(self, place: int | slice) -> Elemental | Chain:
        """The elemental at a place, counted from 0; or the chain of those of a slice, with their matrices."""
        if not isinstance(place, slice):
            return self.elementals[place]
        part = self.elementals[place]
        first, last, _ = place.indices(len(self))
        matrices = {at - first: matrix for at, matrix in self.matrices.items() if first <= at < last}
        return Chain(part, self.name, machines=self.machines, memory=self.memory, matrices=matrices)

    def __iter__(self) -> Iterator[Elemental]:
        return iter(self.elementals)

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
    def title(self) -> str:
        """It in a line: name, length, sizes."""
        plural = "elemental" if len(self) == 1 else "elementals"
        return f"{self.name or 'chain'}: {len(self):,} {plural}, {self.inputs:,} → {self.outputs:,}"

    @property
    def dense(self) -> bool:
        """Whether the structure of every elemental is dense."""
        return {type(kind.structure) for kind in self.elementals.kinds} == {Dense}

    @property
    def _kinds(self) -> tuple[Kind, ...]:
        return self.elementals.kinds

    def kind_of(self, number: int) -> Kind:
        """The kind of elemental `number`, counted from 1: all of it but its sizes."""
        kind: Kind = self.elementals.kinds[self.elementals.codes[number - 1]]
        return kind

    def sameness(self) -> list[Hashable]:
        """Equal for elementals that are known to have the same Jacobian."""
        letters: list[Hashable] = []
        sizes = self.sizes.tolist()
        for place, code in enumerate(self.elementals.codes.tolist()):
            label, path = self.elementals.kinds[code].same, self._file(place)
            known = place if path is None else (code, sizes[place], sizes[place + 1], path)
            letters.append(known if label is None else label)
        return letters

    def pattern(self, number: int) -> Pattern:
        """The pattern of elemental `number`, counted from 1."""
        return self.kind_of(number).structure.pattern(int(self.sizes[number]), int(self.sizes[number - 1]))

    def _items(self) -> dict[str, Any]:
        if not self.matrices and self.elementals.kinds == (DENSE,):
            return {"dims": self.sizes.tolist()}
        return {"elementals": list(self._spec_items())}

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of its Jacobian."""
        return self.outputs, self.inputs

    @property
    def joints(self) -> int:
        """How many values lie between inputs and outputs, where products meet."""
        return len(self) - 1

    @property
    def counts(self) -> dict[str, int]:
        """What tells how large it is, by the keys of reports."""
        return {"length": len(self), "inputs": self.inputs, "outputs": self.outputs}

    def _spec_items(self) -> Iterator[dict[str, Any]]:
        place = 0
        for kind, inputs, outputs, count in self.elementals.runs():
            item: dict[str, Any] = {"inputs": inputs, "outputs": outputs}
            if kind.name is not None:
                item["name"] = kind.name
            if kind.same is not None:
                item["same"] = kind.same
            item |= model_spec(kind)
            for entries, group in groupby(map(self._entries, range(place, place + count))):
                stated = _structure_spec(kind.structure, entries)
                repeat = sum(1 for _ in group)
                yield item | stated | ({"repeat": repeat} if repeat > 1 else {})
            place += count

    def _entries(self, place: int) -> Path | Unsaved | None:
        """What a spec can say of the entries of a matrix."""
        known = self.matrices.get(place) is not None
        return self._file(place) or (Unsaved() if known else None)

    @property
    def files(self) -> frozenset[Path]:
        """The files that its matrices are read from."""
        return files_of(self.matrices.values())

    def _file(self, place: int) -> Path | None:
        matrix = self.matrices.get(place)
        return matrix.path if isinstance(matrix, MatrixFile) else None


def _check_labels(elementals: Elementals, matrices: Mapping[int, Any]) -> None:
    """Check that elementals with equal labels have equal matrices, or all of them none."""
    labelled = [code for code, kind in enumerate(elementals.kinds) if kind.same is not None]
    if not labelled or not matrices:
        return
    first: dict[str, int] = {}
    for place in np.flatnonzero(np.isin(elementals.codes, labelled)).tolist():
        label = elementals.kinds[elementals.codes[place]].same or ""
        other = first.setdefault(label, place)
        if not equal_matrices(matrices.get(place), matrices.get(other)):
            raise ChainError(
                f"elementals {other + 1} and {place + 1} are both labelled {label!r} but have unlike "
                "matrices; equal labels mean equal Jacobians"
            )


def _structure_spec(structure: Structure, entries: Path | Unsaved | None) -> dict[str, Any]:
    """The keys that declare a structure in a spec, and where its entries are."""
    match entries:
        case None:
            return structure.to_spec()
        case Unsaved():
            return structure.to_spec() | {"in_memory": True}
        case path if isinstance(structure, Sparse):
            return {"structure": Sparse.name, "matrix": str(path)}
        case path if structure.evaluation is not None:
            return {structure.name: str(path)}
        case path:
            return structure.to_spec() | {"matrix": str(path)}


def _machines(machines: Any) -> int:
    count = whole(machines, "machines", "their number")
    if count > MAX_MACHINES:
        raise ChainError(
            f"machines is {machines}; at most {MAX_MACHINES:,}: as many as elementals are as good as any"
        )
    return count
