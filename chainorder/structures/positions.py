"""Positions one by one, as compressed rows: what patterns without a closed form are, and their products.

Rows of a selection out of 10^18, or a matrix of 10^9 rows of which five are not empty, are kept as compressed
rows of what is not empty, and the numbers of these rows and columns (A. Buluç & J. R. Gilbert, *On the
representation and multiplication of hypersparse matrices*, 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.structures.compressed_rows import (
    MAX_ENTRIES,
    bool_csr,
    canonical,
    check_explicit,
    hypersparse,
)
from chainorder.structures.dense import DensePattern
from chainorder.structures.index_sets import IndexSet, IntArray, all_or, all_or_indices, check_listed, mask_of
from chainorder.structures.pattern import Pattern, fma
from chainorder.structures.sparse_arrays import sound

EASE, CELL = 64, 4
"""How many multiply–adds of arrays, and how many cells of these, take as long as one of listed positions."""


@dataclass(frozen=True, eq=False, repr=False)
class SparsePattern(Pattern, fallback=True):
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
    def listed(self) -> SparsePattern:
        return self

    @property
    def compact(self) -> SparsePattern:
        return self

    @property
    def nnz(self) -> int:
        return len(self.indices)

    @cached_property
    def reduced(self) -> Pattern:
        """The same positions, as a `DensePattern` where they are rows × columns; without most empty rows."""
        if hypersparse(self.shape, self.nnz):
            return settled(self).reduced
        counts = self.row_counts()
        filled = np.count_nonzero(counts)
        if filled * int(counts.max(initial=0)) != self.nnz:  # rows of a rectangle are equally long
            return self
        rectangle = DensePattern(self.height, self.width, self.rows_into(None), self.columns_from(None))
        return rectangle if rectangle.nnz == self.nnz else self

    @cached_property
    def full_diagonal(self) -> bool:
        return self.height == self.width and bool(self._csr.diagonal().all())

    @cached_property
    def _transposed(self) -> SparsePattern:
        csr = self._csr.T.tocsr()
        return SparsePattern(self.width, self.height, csr.indptr, csr.indices)

    def transposed(self) -> SparsePattern:
        return self._transposed

    @cached_property
    def _column_counts(self) -> IntArray:
        if "_transposed" in self.__dict__:
            return np.diff(self._transposed.indptr)
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

    @staticmethod
    def at(shape: tuple[int, int], rows: IntArray, columns: IntArray) -> SparsePattern | HypersparsePattern:
        """The pattern of the given positions, in any order, each any number of times."""
        from scipy.sparse import coo_array

        if hypersparse(shape, len(rows)):
            return HypersparsePattern.of(*shape, rows, columns)
        check_listed(max(shape))
        return settled(SparsePattern.of(coo_array((np.ones(len(rows), bool), (rows, columns)), shape=shape)))

    @staticmethod
    def product(left: Pattern, right: Pattern) -> Pattern:
        """The pattern of a product that no operand has a closed form of."""
        shape = left.shape[0], right.shape[1]
        multiplied = fma(left, right)
        check_explicit(shape, min(multiplied, shape[0] * shape[1]))
        if isinstance(right, HypersparsePattern):
            rows, picked = rows_of(left.transposed(), right.rows)
            return _within(shape, rows, right.columns, picked.T @ right.core.csr())
        if isinstance(left, HypersparsePattern):
            columns, picked = rows_of(right, left.columns)
            return _within(shape, left.rows, columns, left.core.csr() @ picked)
        if quicker_by_arrays(*left.shape, right.shape[1], multiplied):
            return _filled(*(each.csr().astype(np.float32).toarray() for each in (left, right)))
        csr = left.csr() @ right.csr()
        return SparsePattern(*shape, csr.indptr, csr.indices).reduced

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SparsePattern):
            return NotImplemented
        return self is other or self.stored_by(other)

    def __hash__(self) -> int:
        step = max(1, len(self.indices) // 256)  # enough to tell most apart; equality looks at all
        return hash((self.shape, self.nnz, self.indices[::step].tobytes()))


def quicker_by_arrays(rows: int, inner: int, columns: int, multiplied: int) -> bool:
    """Whether the pattern of a product is sooner found by arrays, for so many multiply–adds of positions."""
    cells = rows * inner + inner * columns + rows * columns
    return multiplied > max(rows * inner * columns // EASE, CELL * cells) and cells <= MAX_ENTRIES


def _filled(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> Pattern:
    """Where the product of two arrays without negative entries is not zero."""
    filled = left @ right > 0
    rows, columns = filled.shape
    if filled.all():
        return DensePattern(rows, columns)
    counts = np.count_nonzero(filled, axis=1)
    parts: tuple[Any, ...] = np.concatenate([[0], np.cumsum(counts)]), np.nonzero(filled)[1]
    return SparsePattern(rows, columns, *(part.astype(np.int32) for part in parts)).reduced


@dataclass(frozen=True, eq=False, repr=False)
class HypersparsePattern(Pattern):
    """The positions of a small pattern, spread over some rows and columns of a huge one.

    Attributes
    ----------
    height, width
        The shape.
    rows, columns
        The numbers of the rows and columns that are not empty, rising.
    core
        The positions in these, shape (rows, columns).
    """

    height: int
    width: int
    rows: IntArray
    columns: IntArray
    core: SparsePattern

    @classmethod
    def of(cls, height: int, width: int, rows: IntArray, columns: IntArray) -> HypersparsePattern:
        """The pattern of the given positions, in any order, each any number of times."""
        from scipy.sparse import coo_array

        filled_rows, at_row = np.unique(rows, return_inverse=True)
        filled_columns, at_column = np.unique(columns, return_inverse=True)
        shape = len(filled_rows), len(filled_columns)
        core = coo_array((np.ones(len(rows), bool), (at_row, at_column)), shape=shape).tocsr()
        return cls(
            height, width, filled_rows, filled_columns, SparsePattern(*shape, core.indptr, core.indices)
        )

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def listed(self) -> HypersparsePattern:
        return self

    @property
    def compact(self) -> SparsePattern:
        return self.core

    @property
    def nnz(self) -> int:
        return self.core.nnz

    def row_counts(self, rows: IndexSet = None) -> IntArray:
        return _counts_at(self.height, rows, self.rows, self.core.row_counts())

    def column_counts(self, columns: IndexSet = None) -> IntArray:
        return _counts_at(self.width, columns, self.columns, self.core.column_counts())

    def columns_from(self, rows: IndexSet) -> IndexSet:
        if rows is None:
            return all_or(self.width, self.columns)
        found = self.core.columns_from(np.flatnonzero(np.isin(self.rows, rows)))
        return all_or(self.width, self.columns if found is None else self.columns[found])

    def rows_into(self, columns: IndexSet) -> IndexSet:
        return self.transposed().columns_from(columns)

    def rows_at(self, chosen: IntArray) -> tuple[IntArray, IntArray]:
        lengths = self.row_counts(chosen)
        place = np.searchsorted(self.rows, chosen[lengths > 0])
        return lengths, self.columns[self.core.csr()[place].indices]

    @cached_property
    def _transposed(self) -> HypersparsePattern:
        return HypersparsePattern(self.width, self.height, self.columns, self.rows, self.core.transposed())

    def transposed(self) -> HypersparsePattern:
        return self._transposed

    def coordinates(self) -> tuple[IntArray, IntArray]:
        rows, columns = self.core.coordinates()
        return self.rows[rows], self.columns[columns]

    @property
    def written_out(self) -> SparsePattern:
        """With a number for every row; raises `StructureError` if there are too many."""
        csr = self.csr()
        return SparsePattern(self.height, self.width, csr.indptr, csr.indices)

    @property
    def reduced(self) -> Pattern:
        """The same positions as a `DensePattern` or with all rows, where they are rows × columns or many."""
        if len(self.rows) * len(self.columns) == self.nnz:
            filled = all_or(self.height, self.rows), all_or(self.width, self.columns)
            return DensePattern(self.height, self.width, *filled)
        return settled(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HypersparsePattern):
            return NotImplemented
        return (
            self.shape == other.shape
            and np.array_equal(self.rows, other.rows)
            and np.array_equal(self.columns, other.columns)
            and self.core == other.core
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.core))


def _counts_at(size: int, wanted: IndexSet, filled: IntArray, counts: IntArray) -> IntArray:
    """The counts of the wanted indices, 0 at those that are not filled."""
    if wanted is None:
        check_listed(size)
        found = np.zeros(size, np.int64)
        found[filled] = counts
        return found
    if not len(filled):
        return np.zeros(len(wanted), np.int64)
    place = np.minimum(np.searchsorted(filled, wanted), len(filled) - 1)
    return np.where(filled[place] == wanted, counts[place], 0)


def positions_of(matrix: Any) -> SparsePattern | HypersparsePattern:
    """The stored positions of a SciPy sparse matrix (explicit zeros too), or the nonzeros of an array."""
    checked = sound(matrix)
    if isinstance(checked, np.ndarray) or not hypersparse(checked.shape, checked.nnz):
        return settled(SparsePattern.of(checked))
    coo = checked.tocoo()
    rows, columns = (np.asarray(axis, np.int64) for axis in (coo.row, coo.col))
    return HypersparsePattern.of(matrix.shape[0], matrix.shape[1], rows, columns)


def settled(pattern: SparsePattern | HypersparsePattern) -> SparsePattern | HypersparsePattern:
    """The same positions in the one way in which that many are kept."""
    if hypersparse(pattern.shape, pattern.nnz):
        if isinstance(pattern, HypersparsePattern):
            return pattern
        return HypersparsePattern.of(pattern.height, pattern.width, *pattern.coordinates())
    return pattern.written_out if isinstance(pattern, HypersparsePattern) else pattern


def rows_of(pattern: Pattern, chosen: IntArray) -> tuple[IntArray, Any]:
    """The given rows of a pattern: the columns that they have positions in, and compressed rows of these."""
    lengths, columns = pattern.rows_at(chosen)
    filled, at = np.unique(columns, return_inverse=True)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return filled, bool_csr((len(chosen), len(filled)), indptr, at)


def _within(shape: tuple[int, int], rows: IntArray, columns: IntArray, core: Any) -> Pattern:
    """Positions in some rows and columns, some of which may be empty."""
    coo = core.tocoo()
    return HypersparsePattern.of(*shape, rows[coo.row], columns[coo.col]).reduced


def picked_rows(pattern: Pattern, height: int, into: IntArray, chosen: IntArray) -> Pattern:
    """The pattern whose rows `into` are the chosen rows of another."""
    columns, picked = rows_of(pattern, chosen)
    return _within((height, pattern.shape[1]), into, columns, picked)


def picked_columns(pattern: Pattern, width: int, into: IntArray, chosen: IntArray) -> Pattern:
    """The pattern whose columns `into` are the chosen columns of another."""
    rows, picked = rows_of(pattern.transposed(), chosen)
    return _within((pattern.shape[0], width), rows, into, picked.T)
