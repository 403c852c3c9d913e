"""Dense Jacobians: every entry may be nonzero; of products, some rows × some columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from chainorder.structures.compressed_rows import check_explicit
from chainorder.structures.index_sets import IndexSet, IntArray, all_or, listed, meet, same_at, sum_of
from chainorder.structures.pattern import Bits, Pattern
from chainorder.structures.structure import Structure


@dataclass(frozen=True, eq=False, repr=False)
class DensePattern(Pattern):
    """All positions in the given `rows` and `columns` (None: all of them), none elsewhere.

    Any product with one is another: rows that reach it times columns that it reaches.
    """

    height: int
    width: int
    rows: IndexSet = None
    columns: IndexSet = None

    storage: ClassVar[str] = "dense"

    def __post_init__(self) -> None:
        empty = any(axis is not None and not len(axis) for axis in (self.rows, self.columns))
        for name in ("rows", "columns") if empty else ():
            object.__setattr__(self, name, np.empty(0, np.int64))

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DensePattern):
            return NotImplemented
        alike = _same(self.rows, other.rows) and _same(self.columns, other.columns)
        return self.shape == other.shape and alike

    def __hash__(self) -> int:
        return hash((self.shape, self.nnz))

    @property
    def full(self) -> bool:
        return self.rows is self.columns is None

    @property
    def filled_rows(self) -> int:
        """The number of rows that have a position."""
        return self.height if self.rows is None else len(self.rows)

    @property
    def filled_columns(self) -> int:
        """The number of columns that have a position."""
        return self.width if self.columns is None else len(self.columns)

    @property
    def nnz(self) -> int:
        return self.filled_rows * self.filled_columns

    @property
    def row_count(self) -> int | None:
        return self.filled_columns if self.rows is None else None

    @property
    def column_count(self) -> int | None:
        return self.filled_rows if self.columns is None else None

    def row_counts(self, rows: IndexSet = None) -> IntArray:
        return same_at(self.height, rows, self.rows, self.filled_columns)

    def column_counts(self, columns: IndexSet = None) -> IntArray:
        return same_at(self.width, columns, self.columns, self.filled_rows)

    def columns_from(self, rows: IndexSet) -> IndexSet:
        return self.columns if meet(rows, self.rows) else np.empty(0, np.int64)

    def rows_into(self, columns: IndexSet) -> IndexSet:
        return self.rows if meet(columns, self.columns) else np.empty(0, np.int64)

    def coordinates(self) -> tuple[IntArray, IntArray]:
        check_explicit(self.shape, self.nnz)
        rows, columns = listed(self.height, self.rows), listed(self.width, self.columns)
        return np.repeat(rows, len(columns)), np.tile(columns, len(rows))

    def transposed(self) -> DensePattern:
        return DensePattern(self.width, self.height, self.columns, self.rows)

    def closed_product(self, right: Pattern) -> Pattern:
        return _outer(self, right)

    def closed_product_behind(self, left: Pattern) -> Pattern:
        return _outer(left, self)

    def closed_fma(self, right: Pattern) -> int:
        return self.filled_rows * sum_of(right.row_counts(self.columns))

    def closed_fma_behind(self, left: Pattern) -> int:
        return self.filled_columns * sum_of(left.column_counts(self.rows))

    def closed_union(self, other: Pattern) -> Pattern | None:
        if self.full:
            return self
        if isinstance(other, DensePattern):
            if _same(self.columns, other.columns):
                return DensePattern(*self.shape, _either(self.height, self.rows, other.rows), self.columns)
            if _same(self.rows, other.rows):
                return DensePattern(*self.shape, self.rows, _either(self.width, self.columns, other.columns))
        return None

    def closed_colour_count(self) -> int:
        return self.filled_columns

    def closed_colours(self) -> IntArray:
        if self.columns is None:
            return np.arange(self.width) if self.filled_rows else np.full(self.width, -1)
        colours = np.full(self.width, -1)
        colours[self.columns] = np.arange(self.filled_columns)
        return colours

    def closed_reach(self, bits: Bits) -> Bits:
        reached = np.zeros(self.height, np.uint64)
        rows, columns = (slice(None) if axis is None else axis for axis in (self.rows, self.columns))
        reached[rows] = np.bitwise_or.reduce(bits[columns])
        return reached

    def laid_out(self, csr: Any) -> npt.NDArray[Any]:
        rows, columns = listed(self.height, self.rows), listed(self.width, self.columns)
        return np.asarray(csr[rows][:, columns].toarray())

    def random_entries(self, generator: np.random.Generator) -> npt.NDArray[Any]:
        """Shape (filled rows, filled columns)."""
        shape = self.filled_rows, self.filled_columns
        return np.asarray(generator.standard_normal(shape) / np.sqrt(max(1, shape[1])))


def _outer(left: Pattern, right: Pattern) -> DensePattern:
    """The pattern of a product with something dense."""
    columns = right.columns_from(left.columns_from(None))
    rows = left.rows_into(right.rows_into(None))
    return DensePattern(left.shape[0], right.shape[1], rows, columns)


def _same(a: IndexSet, b: IndexSet) -> bool:
    return a is b if a is None or b is None else np.array_equal(a, b)


def _either(size: int, a: IndexSet, b: IndexSet) -> IndexSet:
    return None if a is None or b is None else all_or(size, np.union1d(a, b))


@dataclass(frozen=True)
class Dense(Structure):
    """Every entry may be nonzero."""

    name = "dense"

    def pattern(self, rows: int, columns: int) -> Pattern:
        return DensePattern(rows, columns)
