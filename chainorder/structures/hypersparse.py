"""Products of patterns, and hypersparse ones: a few positions in a huge matrix, not a number for every row.

Rows of a selection out of 10^18, or a matrix of 10^9 rows of which five are not empty, are kept as compressed
rows of what is not empty, and the numbers of these rows and columns (A. Buluç & J. R. Gilbert, *On the
representation and multiplication of hypersparse matrices*, 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainorder.structures.compressed_rows import bool_csr, check_explicit, hypersparse
from chainorder.structures.index_sets import IndexSet, IntArray, all_or, around, check_listed, ranges, sum_of
from chainorder.structures.pattern import BandPattern, DensePattern, Pattern, SparsePattern, band, fma
from chainorder.structures.sparse_arrays import sound


@dataclass(frozen=True, eq=False)
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
        return self.turned.columns_from(columns)

    @cached_property
    def turned(self) -> HypersparsePattern:
        """The pattern of the transpose."""
        return HypersparsePattern(self.width, self.height, self.columns, self.rows, self.core.turned)

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


def product(left: Pattern, right: Pattern) -> Pattern:
    """The pattern of a product in which nothing is free: in closed form, or position by position."""
    match left, right:
        case BandPattern(), BandPattern():
            return band(left.size, left.lower + right.lower, left.upper + right.upper)
        case (DensePattern(), _) | (_, DensePattern()):
            columns = right.columns_from(left.columns_from(None))
            rows = left.rows_into(right.rows_into(None))
            return DensePattern(left.shape[0], right.shape[1], rows, columns)
        case BandPattern(diagonal=True), _:
            return right
        case _, BandPattern(diagonal=True):
            return left
        case _:
            return _explicit_product(left, right)


def _explicit_product(left: Pattern, right: Pattern) -> Pattern:
    shape = left.shape[0], right.shape[1]
    check_explicit(shape, min(fma(left, right), shape[0] * shape[1]))
    if isinstance(right, HypersparsePattern):
        rows, picked = rows_of(_turned(left), right.rows)
        return _within(shape, rows, right.columns, picked.T @ right.core.csr())
    if isinstance(left, HypersparsePattern):
        columns, picked = rows_of(right, left.columns)
        return _within(shape, left.rows, columns, left.core.csr() @ picked)
    csr = left.csr() @ right.csr()
    return SparsePattern(*shape, csr.indptr, csr.indices).reduced


def rows_of(pattern: Pattern, chosen: IntArray) -> tuple[IntArray, Any]:
    """The given rows of a pattern: the columns that they have positions in, and compressed rows of these."""
    match pattern:
        case BandPattern(size, lower, upper):
            starts, stops = around(size, chosen, lower, upper)
            check_explicit((len(chosen), size), sum_of(stops - starts))
            lengths, columns = stops - starts, ranges(starts, stops)
        case HypersparsePattern():
            lengths = pattern.row_counts(chosen)
            place = np.searchsorted(pattern.rows, chosen[lengths > 0])
            columns = pattern.columns[pattern.core.csr()[place].indices]
        case _:
            csr = pattern.csr()[chosen]
            lengths, columns = np.diff(csr.indptr), csr.indices
    filled, at = np.unique(columns, return_inverse=True)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return filled, bool_csr((len(chosen), len(filled)), indptr, at)


def _turned(pattern: Pattern) -> Pattern:
    match pattern:
        case BandPattern(size, lower, upper):
            return BandPattern(size, upper, lower)
        case SparsePattern() | HypersparsePattern():
            return pattern.turned
        case _:
            return SparsePattern.of(pattern.csr()).turned


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
    rows, picked = rows_of(_turned(pattern), chosen)
    return _within((pattern.shape[0], width), rows, into, picked.T)
