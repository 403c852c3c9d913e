"""Dense chains of equal length as one table.

int64 is safe while 8 times a bound on every sum of costs stays below 2^63: with n elementals, sizes up to s
and tangents and adjoints up to t, that bound is about 4·n·s³ + 2·n·s·t, so s up to 30,000 is safe at n = 8.
Beyond it, a chain has no place in a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from chainorder.errors import ChainError
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import Elemental, Elementals, Kind
from chainorder.structures.index_sets import IntArray

MISSING = -1
"""In a table: no such model."""

NO_LIMIT = np.iinfo(np.int64).max

NEVER = np.iinfo(np.int64).max // 4
"""The cost of what cannot be; three of them can be added."""


@dataclass(frozen=True, eq=False)
class ChainTable(Sequence[Chain]):
    """Dense chains of one length, in columns; a sequence of chains that are made when looked at.

    Attributes
    ----------
    sizes
        Shape (chains, length + 1), input first.
    tangent, adjoint
        Shape (chains, length): fma of one evaluation; −1 where there is no such model. An elemental without
        both is explicit.
    tape, overhead
        Shape (chains, length).
    memory
        Shape (chains,): entries that a tape may take.

    Raises
    ------
    ChainError
        If the shapes do not belong together, or a size is less than 1.
    """

    sizes: IntArray
    tangent: IntArray
    adjoint: IntArray
    tape: IntArray
    overhead: IntArray
    memory: IntArray

    @classmethod
    def of(
        cls,
        sizes: npt.ArrayLike,
        tangent: npt.ArrayLike = MISSING,
        adjoint: npt.ArrayLike = MISSING,
        *,
        tape: npt.ArrayLike = 0,
        overhead: npt.ArrayLike = 0,
        memory: npt.ArrayLike = NO_LIMIT,
    ) -> ChainTable:
        """A table from arrays; what is one number holds for all elementals, or all chains."""
        table = _int64(sizes)
        if table.ndim != 2 or table.shape[1] < 2:
            raise ChainError(f"sizes has shape {table.shape}; give (chains, length + 1), input first")
        shape = table.shape[0], table.shape[1] - 1
        columns = (tangent, adjoint, tape, overhead)
        costs = [np.broadcast_to(_int64(column), shape) for column in columns]
        limits = np.broadcast_to(_int64(memory), shape[:1])
        return cls(table, costs[0], costs[1], costs[2], costs[3], limits)

    def __repr__(self) -> str:
        return f"<ChainTable of {len(self):,} chains of {self.tangent.shape[1]:,} elementals>"

    def __post_init__(self) -> None:
        if self.sizes.size and self.sizes.min() < 1:
            raise ChainError(f"a size is {self.sizes.min()}; a size is a whole number of at least 1")

    def __len__(self) -> int:
        return len(self.sizes)

    @overload
    def __getitem__(self, index: int) -> Chain: ...
    @overload
    def __getitem__(self, index: slice) -> list[Chain]: ...
    def __getitem__(self, index: int | slice) -> Chain | list[Chain]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        sizes = self.sizes[place].tolist()
        memory = int(self.memory[place])
        limit = None if memory == NO_LIMIT else memory
        if self.explicit[place].all():
            return Chain(Elementals.dense(sizes), memory=limit)
        elementals = []
        for n, inputs in enumerate(sizes[:-1]):
            tangent, adjoint = int(self.tangent[place, n]), int(self.adjoint[place, n])
            models: dict[str, Any] = {}
            if max(tangent, adjoint) >= 0:
                models = {"tape": int(self.tape[place, n]), "overhead": int(self.overhead[place, n])}
                models |= {"tangent": tangent} if tangent >= 0 else {}
                models |= {"adjoint": adjoint} if adjoint >= 0 else {}
            elementals.append(Elemental(inputs, sizes[n + 1], **models))
        return Chain(elementals, memory=limit)

    @cached_property
    def explicit(self) -> npt.NDArray[np.bool_]:
        """Shape (chains, length): which elementals have a matrix, and no model."""
        return (self.tangent < 0) & (self.adjoint < 0)

    def evaluations(self, *, forward: bool) -> IntArray:
        """What accumulating each elemental costs, shape (chains, length); `NEVER` where that cannot be."""
        if forward:
            cost, missing, vectors = self.tangent, self.tangent < 0, self.sizes[:, :-1]
        else:
            beyond = self.tape > self.memory[:, np.newaxis]
            cost, missing, vectors = self.adjoint, (self.adjoint < 0) | beyond, self.sizes[:, 1:]
        return np.where(missing, NEVER, vectors * cost + self.overhead)

    @property
    def exact(self) -> bool:
        """Whether no sum of costs can overflow int64."""
        n = self.tangent.shape[1]
        size = int(self.sizes.max(initial=1))
        model = max(int(self.tangent.max(initial=0)), int(self.adjoint.max(initial=0)))
        overhead = int(self.overhead.max(initial=0))
        return bool(8 * n * (4 * size**3 + 2 * size * model + 2 * overhead + 1) < 2**63)


def _int64(values: npt.ArrayLike) -> IntArray:
    try:
        return np.asarray(values, np.int64)
    except OverflowError:
        raise ChainError("a table holds numbers below 2^63; give larger ones as a list of chains") from None


def table_of(chains: Sequence[Chain]) -> ChainTable | None:
    """Dense chains of one length as a table; None where a number exceeds int64."""
    length = len(chains[0])
    kinds: list[Kind] = []
    for chain in chains:
        distinct = chain.elementals.kinds
        # Kinds stand in the order of first use, so as many kinds as elementals are the elementals.
        if len(distinct) == length:
            kinds += distinct
        else:
            kinds += (distinct[code] for code in chain.elementals.codes.tolist())
    try:
        sizes = np.concatenate([chain.sizes for chain in chains]).astype(np.int64, casting="same_kind")
        memory = np.array([NO_LIMIT if c.memory is None else c.memory for c in chains], np.int64)
        tangent = np.array([MISSING if kind.tangent is None else kind.tangent for kind in kinds], np.int64)
        adjoint = np.array([MISSING if kind.adjoint is None else kind.adjoint for kind in kinds], np.int64)
        tape = np.array([kind.tape for kind in kinds], np.int64)
        overhead = np.array([kind.overhead for kind in kinds], np.int64)
    except (OverflowError, TypeError):
        return None
    explicit = np.array([kind.explicit for kind in kinds])
    if (explicit & ((tangent >= 0) | (adjoint >= 0))).any():
        return None  # both a matrix and a model: a table has no place for that
    shape = len(chains), length
    return ChainTable(
        sizes.reshape(len(chains), length + 1),
        tangent.reshape(shape),
        adjoint.reshape(shape),
        tape.reshape(shape),
        overhead.reshape(shape),
        memory,
    )
