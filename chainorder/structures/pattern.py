"""Patterns: where the Jacobian of a subchain may be nonzero, and what multiplying two of them costs.

A pattern is symbolic: explicit zeros belong to it and numerical cancellation does not shrink it. The
pattern of a product is then the Boolean product of the patterns, which is associative: the pattern of a
subchain does not depend on the bracketing, so neither does the cost of joining two given subchains. That is
what makes dynamic programming over subchains exact (Griewank & Naumann 2003).

The patterns that occur are kept in closed form where there is one:

==================  =========================================================  =======================
class               nonzeros                                                   closed under products
==================  =========================================================  =======================
`IdentityPattern`   the diagonal, all ones                                     yes
`BandPattern`       a square band with clipped corners; a diagonal is (0, 0)   yes
`DensePattern`      given rows × given columns, by default all                 yes, with every pattern
`SelectionPattern`  ones in some rows and columns, at most one in each         yes
`SparsePattern`     compressed rows; if nearly all are empty, hypersparse      by symbolic product
==================  =========================================================  =======================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from chainorder.errors import StructureError
from chainorder.structures.band_counts import band_fma, band_nnz
from chainorder.structures.compressed_rows import bool_csr, canonical, check_explicit, hypersparse
from chainorder.structures.index_sets import (
    IndexSet,
    IntArray,
    all_or_indices,
    around,
    check_listed,
    dot,
    exact,
    listed,
    mask_of,
    meet,
    ranges,
    same_at,
    spread,
    sum_of,
)


class Pattern(ABC):
    """The positions of a matrix that may be nonzero."""

    multiplies_itself: ClassVar[bool] = False
    """Whether products with the patterns of this module are made by its own ``@`` and its ``__rmatmul__``."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    @abstractmethod
    def nnz(self) -> int:
        """The number of positions."""

    @property
    def entries(self) -> int:
        """Matrix entries stored for it."""
        return self.nnz

    @property
    def free(self) -> bool:
        """Whether multiplying by it costs nothing."""
        return False

    @property
    def row_count(self) -> int | None:
        """Positions in every row, where all rows are known to have the same number."""
        return None

    @property
    def column_count(self) -> int | None:
        """Positions in every column, where all columns are known to have the same number."""
        return None

    @abstractmethod
    def row_counts(self, rows: IndexSet = None) -> IntArray:
        """Positions in each row, or in each of the given ones; of all, only where they are few enough."""

    @abstractmethod
    def column_counts(self, columns: IndexSet = None) -> IntArray:
        """Positions in each column, or in each of the given ones."""

    @abstractmethod
    def columns_from(self, rows: IndexSet) -> IndexSet:
        """The columns that have a position in one of the given rows."""

    @abstractmethod
    def rows_into(self, columns: IndexSet) -> IndexSet:
        """The rows that have a position in one of the given columns."""

    @abstractmethod
    def coordinates(self) -> tuple[IntArray, IntArray]:
        """The row and the column of every position, row after row; only where they are few enough."""

    def csr(self) -> Any:
        """The pattern as a Boolean ``scipy.sparse.csr_array``."""
        check_listed(max(self.shape))
        rows, columns = self.coordinates()
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=self.shape[0]))])
        return bool_csr(self.shape, indptr, columns)

    def before(self, right: Pattern) -> Pattern:
        """The pattern of itself times another, if it is free."""
        raise NotImplementedError

    def behind(self, left: Pattern) -> Pattern:
        """The pattern of another times itself, if it is free."""
        raise NotImplementedError

    def __matmul__(self, right: Pattern) -> Pattern:
        """The pattern of the product, the same for any bracketing that leads to it."""
        if self.shape[1] != right.shape[0]:
            raise StructureError(f"cannot multiply {self.shape} by {right.shape}: inner sizes differ")
        if self.free:
            return self.before(right)
        if right.free:
            return right.behind(self)
        if right.multiplies_itself:
            return NotImplemented
        from chainorder.structures.hypersparse import product

        return product(self, right)


def fma(left: Pattern, right: Pattern) -> int:
    """Fused multiply–adds of the product `left` · `right`.

    The sum over the inner index l of (positions in column l of the left) × (positions in row l of the
    right), in closed form where one side is uniform or both are bands; 0 if a side is free.
    """
    if left.free or right.free:
        return 0
    if right.row_count is not None:
        return left.nnz * right.row_count
    if left.column_count is not None:
        return left.column_count * right.nnz
    if isinstance(right, DensePattern):
        return right.filled_columns * sum_of(left.column_counts(right.rows))
    if isinstance(left, DensePattern):
        return left.filled_rows * sum_of(right.row_counts(left.columns))
    if isinstance(left, BandPattern) and isinstance(right, BandPattern):
        return int(band_fma(left.size, left.lower, left.upper, right.lower, right.upper))
    return counted_fma(left, right)


def counted_fma(left: Pattern, right: Pattern) -> int:
    """The same by its definition, without closed forms, at the inner indices that are not empty."""
    if left.free or right.free:
        return 0
    rows = right.rows_into(None)
    inner = left.columns_from(None) if rows is None else rows
    return dot(left.column_counts(inner), right.row_counts(inner))


@dataclass(frozen=True, slots=True)
class IdentityPattern(Pattern):
    """The identity of the given size: nothing is stored and products with it are free."""

    size: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.size, self.size

    @property
    def nnz(self) -> int:
        return self.size

    @property
    def entries(self) -> int:
        return 0

    @property
    def free(self) -> bool:
        return True

    @property
    def row_count(self) -> int:
        return 1

    @property
    def column_count(self) -> int:
        return 1

    def row_counts(self, rows: IndexSet = None) -> IntArray:
        return np.ones_like(listed(self.size, rows))

    def column_counts(self, columns: IndexSet = None) -> IntArray:
        return self.row_counts(columns)

    def columns_from(self, rows: IndexSet) -> IndexSet:
        return rows

    def rows_into(self, columns: IndexSet) -> IndexSet:
        return columns

    def coordinates(self) -> tuple[IntArray, IntArray]:
        return listed(self.size), listed(self.size)

    def before(self, right: Pattern) -> Pattern:
        return right

    def behind(self, left: Pattern) -> Pattern:
        return left


@dataclass(frozen=True, slots=True)
class BandPattern(Pattern):
    """A square band: positions (r, c) with −`lower` ≤ c − r ≤ `upper`, clipped at the corners."""

    size: int
    lower: int
    upper: int

    @property
    def diagonal(self) -> bool:
        """Whether it is just the diagonal."""
        return self.lower == 0 == self.upper

    @property
    def shape(self) -> tuple[int, int]:
        return self.size, self.size

    @property
    def nnz(self) -> int:
        return int(band_nnz(self.size, self.lower, self.upper))

    @property
    def row_count(self) -> int | None:
        return 1 if self.diagonal else None

    @property
    def column_count(self) -> int | None:
        return self.row_count

    def row_counts(self, rows: IndexSet = None) -> IntArray:
        position = exact(listed(self.size, rows), 4 * self.size)
        counts: IntArray = np.minimum(self.lower, position) + np.minimum(self.upper, self.size - 1 - position)
        return counts + 1

    def column_counts(self, columns: IndexSet = None) -> IntArray:
        return BandPattern(self.size, self.upper, self.lower).row_counts(columns)

    def columns_from(self, rows: IndexSet) -> IndexSet:
        return spread(self.size, rows, self.lower, self.upper)

    def rows_into(self, columns: IndexSet) -> IndexSet:
        return spread(self.size, columns, self.upper, self.lower)

    def coordinates(self) -> tuple[IntArray, IntArray]:
        check_explicit(self.shape, self.nnz)
        position = listed(self.size)
        starts, stops = around(self.size, position, self.lower, self.upper)
        return np.repeat(position, stops - starts), ranges(starts, stops)


@dataclass(frozen=True, eq=False)
class DensePattern(Pattern):
    """All positions in the given `rows` and `columns` (None: all of them), none elsewhere.

    Any product with one is another: rows that reach it times columns that it reaches.
    """

    height: int
    width: int
    rows: IndexSet = None
    columns: IndexSet = None

    def __post_init__(self) -> None:
        empty = any(axis is not None and not len(axis) for axis in (self.rows, self.columns))
        for name in ("rows", "columns") if empty else ():
            object.__setattr__(self, name, np.empty(0, np.int64))

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def full(self) -> bool:
        """Whether it is every position of the matrix."""
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


@dataclass(frozen=True, eq=False)
class SparsePattern(Pattern):
    """Positions as compressed rows: `indices[indptr[r]:indptr[r+1]]` are the columns of row r."""

    height: int
    width: int
    indptr: IntArray
    indices: IntArray

    @classmethod
    def of(cls, matrix: Any) -> SparsePattern:
        """The stored positions of a SciPy sparse matrix (explicit zeros too), or the nonzeros of an array.

        They are copied: who owns the matrix may change it later.
        """
        csr = canonical(matrix)
        return cls(csr.shape[0], csr.shape[1], csr.indptr.copy(), csr.indices.copy())

    def stored_by(self, csr: Any) -> bool:
        """Whether sorted compressed rows without duplicates store just these positions."""
        return (
            self.shape == csr.shape
            and np.array_equal(self.indptr, csr.indptr)
            and np.array_equal(self.indices, csr.indices)
        )

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def nnz(self) -> int:
        return len(self.indices)

    @cached_property
    def reduced(self) -> Pattern:
        """The same positions, as a `DensePattern` where they are rows × columns; without most empty rows."""
        if hypersparse(self.shape, self.nnz):
            from chainorder.structures.hypersparse import settled

            return settled(self).reduced
        counts = self.row_counts()
        filled = np.count_nonzero(counts)
        if filled * int(counts.max(initial=0)) != self.nnz:  # rows of a rectangle are equally long
            return self
        rectangle = DensePattern(self.height, self.width, self.rows_into(None), self.columns_from(None))
        return rectangle if rectangle.nnz == self.nnz else self

    @cached_property
    def full_diagonal(self) -> bool:
        """Whether it is square with all positions of the diagonal."""
        return self.height == self.width and bool(self._csr.diagonal().all())

    @cached_property
    def turned(self) -> SparsePattern:
        """The pattern of the transpose."""
        csr = self._csr.T.tocsr()
        return SparsePattern(self.width, self.height, csr.indptr, csr.indices)

    @cached_property
    def _column_counts(self) -> IntArray:
        if "turned" in self.__dict__:
            return np.diff(self.turned.indptr)
        return np.bincount(self.indices, minlength=self.width)

    def row_counts(self, rows: IndexSet = None) -> IntArray:
        counts = np.diff(self.indptr)
        return counts if rows is None else counts[rows]

    def column_counts(self, columns: IndexSet = None) -> IntArray:
        return self._column_counts if columns is None else self._column_counts[columns]

    @cached_property
    def _filled_rows(self) -> IndexSet:
        return all_or_indices(self.row_counts() > 0)

    @cached_property
    def _filled_columns(self) -> IndexSet:
        return all_or_indices(self._column_counts > 0)

    def columns_from(self, rows: IndexSet) -> IndexSet:
        if rows is None:
            return self._filled_columns
        return all_or_indices(self._csr.T @ mask_of(self.height, rows))

    def rows_into(self, columns: IndexSet) -> IndexSet:
        if columns is None:
            return self._filled_rows
        return all_or_indices(self._csr @ mask_of(self.width, columns))

    @cached_property
    def _csr(self) -> Any:
        return bool_csr(self.shape, self.indptr, self.indices)

    def csr(self) -> Any:
        return self._csr

    def coordinates(self) -> tuple[IntArray, IntArray]:
        return np.repeat(np.arange(self.height), self.row_counts()), self.indices

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SparsePattern):
            return NotImplemented
        return self is other or self.stored_by(other)

    def __hash__(self) -> int:
        step = max(1, len(self.indices) // 256)  # enough to tell most apart; equality looks at all
        return hash((self.shape, self.nnz, self.indices[::step].tobytes()))


def band(size: int, lower: int, upper: int) -> Pattern:
    """The square band, clipped to the matrix: dense where it covers all of it."""
    lower, upper = min(lower, size - 1), min(upper, size - 1)
    if lower == upper == size - 1:
        return DensePattern(size, size)
    return BandPattern(size, lower, upper)
