"""Block-diagonal Jacobians: of functions that act on groups of their inputs apart, as on samples of a batch.

Equal blocks are a pattern with axes: the block, the row and the column in it. They are stored as one tensor
and multiplied all at once, and any number of them has closed forms. So have others, one by one. Products of
blocks that do not meet are worked out position by position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, ClassVar, Self

import numpy as np

from chainorder.errors import StructureError
from chainorder.structures.axes import AxesPattern, reduced
from chainorder.structures.compressed_rows import check_explicit
from chainorder.structures.dense import DensePattern
from chainorder.structures.fragments import MOST, given, listing, needs, only, whole
from chainorder.structures.index_sets import IndexSet, IntArray, all_or, exact, listed, ranges
from chainorder.structures.pattern import Bits, Pattern
from chainorder.structures.structure import Structure, draw
from chainorder.system.showing import stated

Block = tuple[int, int]
"""Rows and columns of a block."""


@dataclass(frozen=True, repr=False)
class BlocksPattern(Pattern):
    """Full blocks of various shapes along the diagonal, of at least one row and column each."""

    blocks: tuple[Block, ...]

    @property
    def heights(self) -> tuple[int, ...]:
        """The rows of every block."""
        return tuple(height for height, _ in self.blocks)

    @property
    def widths(self) -> tuple[int, ...]:
        """The columns of every block."""
        return tuple(width for _, width in self.blocks)

    @property
    def shape(self) -> tuple[int, int]:
        return sum(self.heights), sum(self.widths)

    @property
    def nnz(self) -> int:
        return sum(map(prod, self.blocks))

    @property
    def full_diagonal(self) -> bool:
        return self.heights == self.widths

    @property
    def row_count(self) -> int | None:
        return self.widths[0] if len(set(self.widths)) == 1 else None

    @property
    def column_count(self) -> int | None:
        return self.transposed().row_count

    def row_counts(self, rows: IndexSet = None) -> IntArray:
        at = _blocks_at(self.heights, listed(self.shape[0], rows))
        counts: IntArray = exact(np.array(self.widths, object), 2 * self.shape[1])[at]
        return counts

    def column_counts(self, columns: IndexSet = None) -> IntArray:
        return self.transposed().row_counts(columns)

    def columns_from(self, rows: IndexSet) -> IndexSet:
        if rows is None:
            return None
        at = np.unique(_blocks_at(self.heights, rows))
        ends = _ends(self.widths)
        check_explicit(self.shape, sum(self.widths[place] for place in at.tolist()))
        return all_or(self.shape[1], ranges(ends[at], ends[at + 1]))

    def rows_into(self, columns: IndexSet) -> IndexSet:
        return self.transposed().columns_from(columns)

    def rows_at(self, chosen: IntArray) -> tuple[IntArray, IntArray]:
        at, ends = _blocks_at(self.heights, chosen), _ends(self.widths)
        check_explicit((len(chosen), self.shape[1]), sum(self.widths[place] for place in at.tolist()))
        return ends[at + 1] - ends[at], ranges(ends[at], ends[at + 1])

    def coordinates(self) -> tuple[IntArray, IntArray]:
        check_explicit(self.shape, self.nnz)
        rows = listed(self.shape[0])
        lengths, columns = self.rows_at(rows)
        return np.repeat(rows, lengths), columns

    def holds(self, rows: IntArray, columns: IntArray) -> Any:
        return _blocks_at(self.heights, rows) == _blocks_at(self.widths, columns)

    def transposed(self) -> BlocksPattern:
        return BlocksPattern(tuple((width, height) for height, width in self.blocks))

    def closed_product(self, right: Pattern) -> Pattern | None:
        if isinstance(right, BlocksPattern) and self.widths == right.heights:
            return diagonal_of(tuple(zip(self.heights, right.widths, strict=True)))
        return None

    def closed_fma(self, right: Pattern) -> int | None:
        if isinstance(right, BlocksPattern) and self.widths == right.heights:
            return sum(height * prod(block) for height, block in zip(self.heights, right.blocks, strict=True))
        return None

    def closed_union(self, other: Pattern) -> Pattern | None:
        return self if self == other else None

    def closed_colour_count(self) -> int:
        return max(self.widths)

    def closed_colours(self) -> IntArray:
        columns = listed(self.shape[1])
        return columns - _ends(self.widths)[_blocks_at(self.widths, columns)]

    def closed_reach(self, bits: Bits) -> Bits:
        return np.repeat(np.bitwise_or.reduceat(bits, _ends(self.widths)[:-1]), self.heights)


def _ends(sizes: Sequence[int]) -> IntArray:
    """Where each of some blocks begins and the last one ends, as far as that fits an index."""
    ends = np.cumsum([0, *sizes], dtype=object)
    if ends[-1] >= 2**63:
        raise StructureError(f"row or column {ends[-1]:,} would have to be listed; those below 2^63 can be")
    return ends.astype(np.int64)


def _blocks_at(sizes: Sequence[int], indices: IntArray) -> IntArray:
    """Which block each index lies in."""
    return np.searchsorted(_ends(sizes), indices, "right") - 1


def diagonal_of(blocks: tuple[Block, ...]) -> Pattern:
    """The pattern of full blocks along the diagonal."""
    return repeated(len(blocks), *blocks[0]) if len(set(blocks)) == 1 else BlocksPattern(blocks)


def repeated(count: int, height: int, width: int) -> Pattern:
    """The pattern of equal blocks, so many of them."""
    if count == 1:
        return DensePattern(height, width)
    rows, columns = ((0,) if size == 1 else (0, axis) for axis, size in ((1, height), (2, width)))
    axes = sorted({*rows, *columns})
    sizes = tuple((count, height, width)[axis] for axis in axes)
    at_rows, at_columns = (tuple(map(axes.index, each)) for each in (rows, columns))
    return reduced(AxesPattern(at_rows, at_columns, sizes, frozenset(range(len(axes)))))


@dataclass(frozen=True, init=False)
class BlockDiagonal(Structure):
    """Full blocks along the diagonal, zero elsewhere.

    Parameters
    ----------
    blocks
        The shapes of the blocks, (rows, columns), from the upper left on. A single one is repeated as often
        as fits the Jacobian.

    Raises
    ------
    StructureError
        If there is none, or one is no pair of whole numbers from 1 on.
    """

    blocks: tuple[Block, ...]
    name = "block-diagonal"
    keys: ClassVar = {
        "blocks": listing(
            "it",
            "Rows and columns of the blocks on the diagonal, as [[2, 3], [4, 1]]; a single one is repeated.",
            1,
            listing("a block", "Its rows and columns.", 2, whole("a size", "Of a block.", 1, maximum=MOST)),
        )
    }
    rules: ClassVar = [
        only(given("structure", "block-diagonal"), "only a block-diagonal elemental has it", "blocks"),
        needs(given("structure", "block-diagonal"), "a block-diagonal elemental", "blocks"),
    ]

    __repr__ = stated

    def __init__(self, blocks: Sequence[Sequence[int]]) -> None:
        made = [_block(place, block) for place, block in enumerate(blocks)]
        if not made:
            raise StructureError("blocks is empty; give the shape of at least one", ("blocks",))
        object.__setattr__(self, "blocks", tuple(made))

    @classmethod
    def drawn(
        cls, generator: np.random.Generator, rows: int, columns: int, density: tuple[float, float]
    ) -> Self:
        most = draw(generator, (0, min(rows, columns, 8) - 1))
        drawn = [{draw(generator, (1, size - 1)) for _ in range(most)} for size in (rows, columns)]
        few = min(map(len, drawn))
        ends = ([0, *sorted(cuts)[:few], size] for cuts, size in zip(drawn, (rows, columns), strict=True))
        return cls(list(zip(*([b - a for a, b in pairwise(each)] for each in ends), strict=True)))

    def pattern(self, rows: int, columns: int) -> Pattern:
        height, width = (sum(sizes) for sizes in zip(*self.blocks, strict=True))
        if (height, width) == (rows, columns):
            return diagonal_of(self.blocks)
        count = rows // height
        if len(self.blocks) == 1 and (count * height, count * width) == (rows, columns):
            return repeated(count, height, width)
        message = (
            f"blocks are {height} × {width} in all where {rows} × {columns} (outputs × inputs) is stated"
        )
        remedy = "no number of such blocks is that" if len(self.blocks) == 1 else "make them agree"
        raise StructureError(f"{message}; {remedy}", ("blocks",))

    def transposed(self) -> BlockDiagonal:
        return BlockDiagonal([block[::-1] for block in self.blocks])

    def to_spec(self) -> dict[str, Any]:
        return {"structure": self.name, "blocks": [list(block) for block in self.blocks]}

    def __str__(self) -> str:
        first = f"{self.blocks[0][0]}×{self.blocks[0][1]}"
        return f"block-diagonal({first if len(self.blocks) == 1 else f'{len(self.blocks)} blocks'})"


def _block(place: int, block: Any) -> Block:
    sizes = np.asarray(block, object).tolist() if isinstance(block, Sequence | np.ndarray) else []
    right = [type(size) is int or isinstance(size, np.integer) for size in sizes]
    if len(sizes) != 2 or not all(right) or min(sizes) < 1:
        message = f"blocks[{place}] is {block!r}; a block has two sizes, rows and columns, from 1 on"
        raise StructureError(message, ("blocks", place))
    return int(sizes[0]), int(sizes[1])
