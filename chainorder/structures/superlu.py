"""LU factors of sparse matrices by SuperLU, and the order of elimination, shared by those of the same places.

`scipy.sparse.linalg.splu` makes objects that take longer than to factorise a hundred rows; here are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.structures.index_sets import IntArray
from chainorder.structures.sparse_arrays import with_data

Array = npt.NDArray[Any]

SMALL = 500
"""Rows below which the order is found more quickly than columns are exchanged."""


@dataclass(frozen=True, eq=False)
class EliminationOrder:
    """In which order the columns of a pattern are eliminated; of a symmetric one the rows, too.

    Finding it takes half of the time of factorising.

    Attributes
    ----------
    order
        The columns in that order.
    places
        A `scipy.sparse.csc_array` in that order, which holds where its entries are in the matrix.
    """

    order: IntArray
    places: Any

    @classmethod
    def of(cls, matrix: Any, ranks: IntArray, *, symmetric: bool) -> EliminationOrder:
        """That of compressed columns which stand at the given ranks."""
        order = np.argsort(ranks)
        places = _numbered(matrix)[:, order]
        if symmetric:
            places = places[order]
        places.sort_indices()
        return cls(order, places)

    def applied(self, matrix: Any) -> Any:
        """A matrix with the same places, its columns and rows in this order."""
        return with_data(self.places, matrix.data[self.places.data])


@dataclass(frozen=True, eq=False)
class SparseFactors:
    """The factors of a matrix.

    Attributes
    ----------
    made
        A `scipy.sparse.linalg.SuperLU`.
    symmetric
        Whether the pattern is that of the transpose.
    by
        In which order its columns were exchanged beforehand; and its rows, if it is symmetric.
    """

    made: Any
    symmetric: bool
    by: EliminationOrder | None

    @classmethod
    def of(cls, matrix: Any, *, symmetric: bool, by: EliminationOrder | None = None) -> SparseFactors:
        """Factorise compressed columns without duplicates; raises `RuntimeError` if they are singular."""
        from scipy.sparse.linalg._dsolve import _superlu

        options: dict[str, Any] = {"ColPerm": "COLAMD"}
        if symmetric:  # unsymmetric orderings fill in more
            options = {"ColPerm": "MMD_AT_PLUS_A", "DiagPivotThresh": 0.1, "SymmetricMode": True}
        if by is not None:
            matrix, options = by.applied(matrix), options | {"ColPerm": "NATURAL", "SymmetricMode": True}
        places = (each.astype(np.intc, copy=False) for each in (matrix.indices, matrix.indptr))
        made = _superlu.gstrf(
            *(matrix.shape[0], matrix.nnz, matrix.data, *places),
            csc_construct_func=lambda parts, shape: parts,
            ilu=False,
            options=options,
        )
        return cls(made, symmetric, by)

    def order(self, matrix: Any) -> EliminationOrder | None:
        """The order for others that store the places of the matrix; None if it is small."""
        if self.by is not None or matrix.shape[0] < SMALL:
            return self.by
        return EliminationOrder.of(matrix, self.made.perm_c, symmetric=self.symmetric)

    @cached_property
    def entries(self) -> int:
        """Stored entries but the unit diagonal."""
        return int(self.made.L[2][-1] + self.made.U[2][-1]) - len(self.pivots)

    @cached_property
    def pivots(self) -> Array:
        """The diagonal of the upper triangle: the last entries of its columns."""
        data, _, starts = self.made.U
        pivots: Array = data[starts[1:] - 1]
        return pivots

    def solve(self, columns: Array, *, transposed: bool) -> Array:
        """The solution for right-hand sides that lie by columns, as it does then."""
        order = None if self.by is None else self.by.order
        if order is not None and (transposed or self.symmetric):
            columns = np.take(columns.T, order, axis=1).T
        solved: Array = self.made.solve(columns, "T" if transposed else "N")
        if order is None or (transposed and not self.symmetric):
            return solved
        back = np.empty_like(solved)
        back.T[:, order] = solved.T
        return back


def mirror_of(matrix: Any) -> IntArray | None:
    """Where the entries of the transpose of compressed columns are, if it stores the same places."""
    transposed = _numbered(matrix).T.tocsc()
    pairs = (matrix.indptr, transposed.indptr), (matrix.indices, transposed.indices)
    return transposed.data if all(np.array_equal(*pair) for pair in pairs) else None


def _numbered(matrix: Any) -> Any:
    """The same places, which hold their numbers."""
    return with_data(matrix, np.arange(matrix.nnz))
