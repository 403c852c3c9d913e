"""Operands from matrices and diagonals, in the representation that suits their pattern; and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from chainorder.execution.memory import check_full
from chainorder.execution.operand import (
    Array,
    AxesOperand,
    BandOperand,
    DenseOperand,
    IdentityOperand,
    Operand,
    SelectionOperand,
    SparseOperand,
)
from chainorder.structures.banded import band
from chainorder.structures.dense import DensePattern
from chainorder.structures.index_sets import IndexSet
from chainorder.structures.pattern import Pattern
from chainorder.structures.positions import SparsePattern


def compressed(matrix: Any) -> Operand:
    """Compressed rows or columns, or dense where the stored positions are some rows × some columns."""
    rows = matrix.T if matrix.format == "csc" else matrix
    reduced = SparsePattern(rows.shape[0], rows.shape[1], rows.indptr, rows.indices).reduced
    if isinstance(reduced, DensePattern):
        if rows is not matrix:
            reduced = DensePattern(reduced.width, reduced.height, reduced.columns, reduced.rows)
        return DenseOperand(part(matrix, reduced.rows, reduced.columns).toarray(), reduced)
    return SparseOperand(matrix)


def with_pattern(csr: Any, pattern: Pattern) -> Operand:
    """Entries of which some of the pattern may be missing."""
    if isinstance(pattern, DensePattern):
        return DenseOperand(part(csr, pattern.rows, pattern.columns).toarray(), pattern)
    return SparseOperand(csr, pattern)


def banded(lower: int, upper: int, diagonals: Array) -> Operand:
    """A band, or a full array where it covers the matrix."""
    operand = BandOperand(lower, upper, diagonals)
    covers = isinstance(band(operand.size, lower, upper), DensePattern)
    return DenseOperand.full(operand.matrix().toarray()) if covers else operand


def written_out(operand: Operand) -> Operand:
    """Without axes."""
    return compressed(operand.matrix()) if isinstance(operand, AxesOperand) else operand


def by_rows(operand: Operand) -> Any:
    """As compressed rows."""
    if isinstance(operand, SparseOperand):
        return operand.csr
    assert isinstance(operand, BandOperand)
    csr = operand.pattern.csr()
    rows = np.repeat(np.arange(operand.size), np.diff(csr.indptr))
    csr.data = operand.diagonals[csr.indices - rows + operand.lower, csr.indices]
    return csr


def part(matrix: Any, rows: IndexSet, columns: IndexSet) -> Any:
    """Some rows × some columns of a matrix."""
    matrix = matrix if rows is None else matrix[rows]
    return matrix if columns is None else matrix[:, columns]


def owned(result: Operand, given: Iterable[Operand]) -> Any:
    """The matrix of a result; a copy if it shares entries with what was given: both may be changed.

    Raises
    ------
    ExecutionError
        If it is dense, and too large with all its zeros.
    """
    if isinstance(result, DenseOperand) and not result.filled.full:
        check_full(*result.filled.shape)
    matrix = result.matrix()
    if isinstance(matrix, np.ndarray):
        mine = [matrix]
    else:
        mine = [getattr(matrix, name) for name in ("data", "indices", "indptr") if hasattr(matrix, name)]
    theirs = [array for operand in given for array in _arrays(operand)]
    shared = any(np.may_share_memory(one, other) for one in mine for other in theirs)
    return matrix.copy() if shared else matrix


def type_of(operand: Operand) -> np.dtype[Any]:
    """The type of an operand's entries; that of ones is the least."""
    if isinstance(operand, (IdentityOperand, SelectionOperand)):
        return np.dtype(bool)
    return _arrays(operand)[0].dtype


def _arrays(operand: Operand) -> list[Array]:
    """What an operand keeps its entries in."""
    match operand:
        case DenseOperand():
            return [operand.values]
        case BandOperand():
            return [operand.diagonals]
        case SparseOperand(stored):
            return [stored.data, stored.indices, stored.indptr]
        case SelectionOperand(pattern):
            return [pattern.columns]
        case AxesOperand():
            return [operand.values]
        case IdentityOperand():
            return []
