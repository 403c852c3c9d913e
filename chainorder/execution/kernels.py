"""The products of operands, each by the fastest way that was measured for its pair of representations.

Well-filled sparse matrices are multiplied as dense arrays, nearly empty tall ones by columns: see
`chainorder.costs.storage_formats`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainorder.costs.storage_formats import BESIDE_DENSE, LARGE_BAND, quicker_by_columns, quicker_dense
from chainorder.execution.contraction import contract
from chainorder.execution.conversions import banded, by_rows, compressed, part, with_pattern, written_out
from chainorder.execution.dense_calls import array_product
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
from chainorder.execution.sparse_calls import array_times, rows_times_rows, times_array
from chainorder.structures.dense import DensePattern
from chainorder.structures.index_sets import IndexSet, IntArray
from chainorder.structures.pattern import Pattern
from chainorder.structures.selection import SelectionPattern, pick_columns, pick_rows

FREE = (IdentityOperand, SelectionOperand)
"""Operands that only pass on, or pick."""


def multiply(left: Operand, right: Operand, *, symbolic: bool = True) -> Operand:
    """The product of two operands.

    Where entries of a sparse product cancel, or zeros are stored, its pattern is made symbolically; or, if
    that is not wanted, it is that of the entries which are stored.
    """
    product = _multiply(left, right, symbolic)
    if symbolic and isinstance(product, DenseOperand) and (_padded(left) or _padded(right)):
        return DenseOperand(product.values, product.filled, left.pattern @ right.pattern)
    return product


def settled(operand: Operand, *, symbolic: bool = True) -> Operand:
    """The same, dense if it is well filled: how it is best multiplied by a compressed matrix."""
    if not isinstance(operand, SparseOperand) or not quicker_dense(operand.stored.shape, operand.stored.nnz):
        return operand
    everywhere = DensePattern(*operand.stored.shape)
    return DenseOperand(operand.stored.toarray(), everywhere, operand.pattern if symbolic else None)


def _padded(operand: Operand) -> bool:
    """Whether zeros are stored that do not belong to the pattern."""
    return isinstance(operand, DenseOperand) and operand.symbolic is not None


def _multiply(left: Operand, right: Operand, symbolic: bool) -> Operand:  # noqa: C901 -- cases
    if isinstance(left, FREE) or isinstance(right, FREE):
        return _multiply_free(left, right)
    match left, right:
        case (AxesOperand(), _) | (_, AxesOperand()):
            return contract(left, right) or multiply(written_out(left), written_out(right), symbolic=symbolic)
        case DenseOperand(), DenseOperand():
            return _dense_dense(left, right)
        case BandOperand(), BandOperand() if wide(left) and wide(right):
            values = left.matrix().toarray() @ right.matrix().toarray()
            return DenseOperand(values, DensePattern(*values.shape), left.pattern @ right.pattern)
        case BandOperand(), BandOperand():
            return _band_band(left, right)
        case BandOperand(format="diagonal"), DenseOperand(filled=DensePattern(rows=None)):
            return DenseOperand(left.diagonals[0][:, None] * right.values, right.filled)
        case DenseOperand(filled=DensePattern(columns=None)), BandOperand(format="diagonal"):
            return DenseOperand(left.values * right.diagonals[0], left.filled)
        case ((BandOperand() | SparseOperand()), DenseOperand()):
            return _sparse_dense(left, right)
        case DenseOperand(), (BandOperand() | SparseOperand()):
            return _dense_sparse(left, right)
        case BandOperand(format="diagonal"), SparseOperand():
            counts = np.diff(right.csr.indptr)
            return _with_data(left, right, np.repeat(left.diagonals[0], counts) * right.csr.data)
        case SparseOperand(), BandOperand(format="diagonal"):
            return _with_data(left, right, left.csr.data * right.diagonals[0][left.csr.indices])
        case _:
            assert isinstance(left, BandOperand | SparseOperand)
            assert isinstance(right, BandOperand | SparseOperand)
            return _sparse_sparse(left, right, symbolic)


def _multiply_free(left: Operand, right: Operand) -> Operand:
    """The product where one operand only passes on, or picks: no fma."""
    match left, right:
        case IdentityOperand(), _:
            return right
        case _, IdentityOperand():
            return left
        case (AxesOperand(), _) | (_, AxesOperand()):
            return _multiply_free(written_out(left), written_out(right))
        case SelectionOperand(before), SelectionOperand(behind):
            both = before @ behind
            assert isinstance(both, SelectionPattern)
            return SelectionOperand(both)
        case SelectionOperand(selection), DenseOperand(values, filled):
            places = places_of(selection.columns, filled.rows)
            return _picked_dense(part(values, places, None), selection @ filled)
        case DenseOperand(values, filled), SelectionOperand(selection):
            places = places_of(selection.transposed().columns, filled.columns)
            return _picked_dense(part(values, None, places), filled @ selection)
        case SelectionOperand(selection), (BandOperand() | SparseOperand()):
            picked = pick_rows(by_rows(right), selection)
            return compressed(picked) if _whole(right) else with_pattern(picked, selection @ right.pattern)
        case _:
            assert isinstance(left, BandOperand | SparseOperand)
            assert isinstance(right, SelectionOperand)
            picked = pick_columns(by_rows(left), right.pattern)
            return compressed(picked) if _whole(left) else with_pattern(picked, left.pattern @ right.pattern)


def places_of(wanted: IntArray, filled: IndexSet) -> IntArray:
    """Where those of the wanted indices that are filled are stored."""
    return wanted if filled is None else np.searchsorted(filled, wanted[np.isin(wanted, filled)])


def _picked_dense(values: Array, filled: Pattern) -> DenseOperand:
    assert isinstance(filled, DensePattern)
    return DenseOperand(values, filled) if filled.nnz else _zero(filled, values, values)


def _whole(operand: BandOperand | SparseOperand) -> bool:
    """Whether all positions of its pattern are stored."""
    return isinstance(operand, BandOperand) or operand.symbolic is None


def _dense_dense(left: DenseOperand, right: DenseOperand) -> DenseOperand:
    filled = left.filled @ right.filled
    assert isinstance(filled, DensePattern)
    a, b = left.values, right.values
    columns, rows = left.filled.columns, right.filled.rows
    if columns is not None and rows is not None:
        _, at_column, at_row = np.intersect1d(columns, rows, assume_unique=True, return_indices=True)
        a, b = a[:, at_column], b[at_row]
    elif columns is not None:
        b = b[columns]
    elif rows is not None:
        a = a[:, rows]
    if not filled.nnz:
        return _zero(filled, a, b)
    return DenseOperand(array_product(a, b), filled)


def wide(operand: BandOperand) -> bool:
    return operand.size >= LARGE_BAND and quicker_dense(operand.pattern.shape, operand.pattern.nnz)


def _band_band(left: BandOperand, right: BandOperand) -> Operand:
    """One diagonal a of the left with all diagonals b of the right: their products fall on a + b.

    In column c that is left[a, c − b] · right[b, c]; places outside the matrix hold 0 and stay so.
    """
    size = left.size
    lower, upper = min(left.lower + right.lower, size - 1), min(left.upper + right.upper, size - 1)
    diagonals = np.zeros((lower + upper + 1, size), np.result_type(left.diagonals, right.diagonals))
    padded = np.pad(left.diagonals, ((0, 0), (right.upper, right.lower)))
    for a, row in enumerate(padded, -left.lower):
        shifted = np.lib.stride_tricks.sliding_window_view(row, size)[::-1]
        top = lower + a - right.lower
        first, last = max(0, -top), min(len(shifted), len(diagonals) - top)
        diagonals[top + first : top + last] += shifted[first:last] * right.diagonals[first:last]
    return banded(lower, upper, diagonals)


def _sparse_dense(left: BandOperand | SparseOperand, right: DenseOperand) -> DenseOperand:
    filled = left.pattern @ right.filled
    assert isinstance(filled, DensePattern)
    matrix = part(by_rows(left), filled.rows, right.filled.rows)
    if not filled.nnz:
        return _zero(filled, matrix, right.values)
    matrix = quick(matrix)
    if isinstance(matrix, np.ndarray):
        return DenseOperand(matrix @ right.values, filled)
    return DenseOperand(times_array(matrix, right.values), filled)


def _dense_sparse(left: DenseOperand, right: BandOperand | SparseOperand) -> DenseOperand:
    filled = left.filled @ right.pattern
    assert isinstance(filled, DensePattern)
    matrix = part(by_rows(right), left.filled.columns, filled.columns)
    if not filled.nnz:
        return _zero(filled, left.values, matrix)
    matrix = quick(matrix)
    if isinstance(matrix, np.ndarray):
        return DenseOperand(left.values @ matrix, filled)
    return DenseOperand(array_times(left.values, matrix), filled)


def _sparse_sparse(
    left: SparseOperand | BandOperand, right: SparseOperand | BandOperand, symbolic: bool
) -> Operand:
    """Multiply compressed matrices; SciPy drops positions whose sums cancel, the pattern keeps them."""
    dense = [settled(operand, symbolic=symbolic) for operand in (left, right)]
    if any(isinstance(operand, DenseOperand) for operand in dense):
        return multiply(*dense, symbolic=symbolic)
    product = sparse_product(left, right, counted=symbolic)
    whole = _whole(left) and _whole(right)
    if not symbolic or (whole and _stores_all(product)):
        return compressed(product)
    return with_pattern(product, left.pattern @ right.pattern)


def sparse_product(
    left: SparseOperand | BandOperand, right: SparseOperand | BandOperand, *, counted: bool = True
) -> Any:
    """The entries of a product, by columns where that is quicker with what it takes to turn the operands."""
    if isinstance(left, SparseOperand) and isinstance(right, SparseOperand):
        kept = left.format == right.format == "csc"
        shape = left.stored.shape[0], right.stored.shape[1]
        if kept or (left.again and quicker_by_columns(shape, right.stored.nnz)):
            return rows_times_rows(right.csc.T, left.csc.T, counted=counted).T
    return rows_times_rows(by_rows(left), by_rows(right), counted=counted)


def _stores_all(product: Any) -> bool:
    """Whether a sparse product stores every position of its pattern.

    SciPy first counts the positions, makes room for them, and leaves unused what it drops. So the room is the
    symbolic count, for which a second product would be needed otherwise.
    """
    room = product.data.base
    return room is not None and room.shape == product.data.shape


def quick(matrix: Any) -> Any:
    """A sparse factor of a dense array in the representation that is faster there."""
    return matrix.toarray() if quicker_dense(matrix.shape, matrix.nnz, BESIDE_DENSE) else matrix


def _with_data(left: Operand, right: Operand, data: Array) -> SparseOperand:
    """The product of a sparse operand and a diagonal: other entries at the same positions."""
    from scipy.sparse import csr_array

    operand = left if isinstance(left, SparseOperand) else right
    assert isinstance(operand, SparseOperand)
    csr = csr_array((data, operand.csr.indices, operand.csr.indptr), shape=operand.csr.shape)
    return SparseOperand(csr, None if operand.symbolic is None else left.pattern @ right.pattern)


def _zero(filled: DensePattern, a: Any, b: Any) -> DenseOperand:
    return DenseOperand(
        np.zeros((filled.filled_rows, filled.filled_columns), np.result_type(a.dtype, b.dtype)), filled
    )
