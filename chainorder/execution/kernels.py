"""The products of operands, each by the fastest way that was measured for its pair of representations.

Well-filled sparse matrices are multiplied as dense arrays, nearly empty tall ones by columns: see
`chainorder.formats`. Measured on dense factors of size 1000: `np.dot` takes half the time of ``@`` where the
inner size is 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainorder.execution.axes import AxesOperand, add_axes, contract
from chainorder.execution.operand import (
    Array,
    BandOperand,
    DenseOperand,
    IdentityOperand,
    Operand,
    SelectionOperand,
    SparseOperand,
)
from chainorder.formats import BESIDE_DENSE, quicker_by_columns, quicker_dense
from chainorder.index_sets import IndexSet
from chainorder.pattern import DensePattern, Pattern, SparsePattern, band
from chainorder.selections import SelectionPattern, pick_columns, pick_rows

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
            return contract(left, right) or multiply(
                _written_out(left), _written_out(right), symbolic=symbolic
            )
        case DenseOperand(), DenseOperand():
            return _dense_dense(left, right)
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
            return _with_data(right, np.repeat(left.diagonals[0], counts) * right.csr.data)
        case SparseOperand(), BandOperand(format="diagonal"):
            return _with_data(left, left.csr.data * right.diagonals[0][left.csr.indices])
        case _:
            assert isinstance(left, BandOperand | SparseOperand)
            assert isinstance(right, BandOperand | SparseOperand)
            return _sparse_sparse(left, right, symbolic)


def _written_out(operand: Operand) -> Operand:
    """Without axes."""
    return compressed(operand.matrix()) if isinstance(operand, AxesOperand) else operand


def add(left: Operand, right: Operand) -> Operand:
    """The sum of two operands, in the representation of the union of their patterns."""
    match left, right:
        case DenseOperand(pattern=DensePattern(full=True)), DenseOperand(pattern=DensePattern(full=True)):
            return DenseOperand.full(left.values + right.values)
        case ((BandOperand() | IdentityOperand()), (BandOperand() | IdentityOperand())):
            return _add_bands(_as_band(left), _as_band(right))
        case AxesOperand(), AxesOperand() if (added := add_axes(left, right)) is not None:
            return added
        case _:
            return _add_written_out(left, right)


def _as_band(operand: BandOperand | IdentityOperand) -> BandOperand:
    if isinstance(operand, BandOperand):
        return operand
    return BandOperand(0, 0, np.ones((1, operand.size)))


def _add_bands(left: BandOperand, right: BandOperand) -> Operand:
    lower, upper = max(left.lower, right.lower), max(left.upper, right.upper)
    diagonals = np.zeros((lower + upper + 1, left.size), np.result_type(left.diagonals, right.diagonals))
    for each in (left, right):
        first = lower - each.lower
        diagonals[first : first + len(each.diagonals)] += each.diagonals
    result = BandOperand(lower, upper, diagonals)
    covers = isinstance(band(left.size, lower, upper), DensePattern)
    return DenseOperand.full(result.matrix().toarray()) if covers else result


def _add_written_out(left: Operand, right: Operand) -> Operand:
    """By compressed rows, or full arrays if one is full; positions where the sum cancels stay stored."""
    for each in (left, right):
        if isinstance(each.pattern, DensePattern) and each.pattern.full:
            return DenseOperand.full(_full(left) + _full(right))
    from scipy.sparse import csr_array

    first, second = (csr_array(operand.matrix()) for operand in (left, right))
    symbolic = csr_array(left.pattern.csr() + right.pattern.csr())
    symbolic.sort_indices()
    return compressed(store(csr_array(first + second), symbolic))


def _full(operand: Operand) -> Array:
    matrix = operand.matrix()
    return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())


def _multiply_free(left: Operand, right: Operand) -> Operand:
    """The product where one operand only passes on, or picks."""
    match left, right:
        case IdentityOperand(), _:
            return right
        case _, IdentityOperand():
            return left
        case SelectionOperand(pattern), _:
            return _picked_rows(pattern, right)
        case _:
            assert isinstance(right, SelectionOperand)
            return _picked_columns(left, right.pattern)


def _picked_rows(selection: SelectionPattern, right: Operand) -> Operand:
    """A selection times anything else: rows of it, no fma."""
    pattern = selection @ (right.filled if isinstance(right, DenseOperand) else right.pattern)
    match right:
        case IdentityOperand():
            return SelectionOperand(selection)
        case SelectionOperand():
            assert isinstance(pattern, SelectionPattern)
            return SelectionOperand(pattern)
        case DenseOperand(values, filled):
            assert isinstance(pattern, DensePattern)
            kept = slice(None) if filled.rows is None else np.isin(selection.columns, filled.rows)
            wanted = selection.columns[kept]
            places = wanted if filled.rows is None else np.searchsorted(filled.rows, wanted)
            return DenseOperand(values[places], pattern) if pattern.nnz else _zero(pattern, values, values)
        case _:
            right = _written_out(right)
            return _with_pattern(pick_rows(_csr(right), selection), pattern, right)


def _picked_columns(left: Operand, selection: SelectionPattern) -> Operand:
    """Anything else times a selection: columns of it, no fma."""
    pattern = (left.filled if isinstance(left, DenseOperand) else left.pattern) @ selection
    match left:
        case IdentityOperand():
            return SelectionOperand(selection)
        case SelectionOperand():
            assert isinstance(pattern, SelectionPattern)
            return SelectionOperand(pattern)
        case DenseOperand(values, filled):
            assert isinstance(pattern, DensePattern)
            turned = selection.turned  # its rows, which are the columns of the result, rise
            kept = slice(None) if filled.columns is None else np.isin(turned.columns, filled.columns)
            wanted = turned.columns[kept]
            places = wanted if filled.columns is None else np.searchsorted(filled.columns, wanted)
            return DenseOperand(values[:, places], pattern) if pattern.nnz else _zero(pattern, values, values)
        case _:
            left = _written_out(left)
            return _with_pattern(pick_columns(_csr(left), selection), pattern, left)


def _with_pattern(csr: Any, pattern: Pattern, source: Operand) -> Operand:
    """Entries picked from an operand, which may not store all of its pattern."""
    if isinstance(source, BandOperand) or (isinstance(source, SparseOperand) and source.symbolic is None):
        return compressed(csr)
    return _stored(csr, pattern)


def _stored(csr: Any, pattern: Pattern) -> Operand:
    """Entries of which some of the pattern may be missing."""
    if isinstance(pattern, DensePattern):
        return DenseOperand(_part(csr, pattern.rows, pattern.columns).toarray(), pattern)
    assert isinstance(pattern, SparsePattern)
    return SparseOperand(csr, pattern)


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
    return DenseOperand(np.dot(a, b), filled)


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
    result = BandOperand(lower, upper, diagonals)
    covers = isinstance(band(size, lower, upper), DensePattern)
    return DenseOperand.full(result.matrix().toarray()) if covers else result


def _sparse_dense(left: BandOperand | SparseOperand, right: DenseOperand) -> DenseOperand:
    filled = left.pattern @ right.filled
    assert isinstance(filled, DensePattern)
    matrix = _part(_csr(left), filled.rows, right.filled.rows)
    if not filled.nnz:
        return _zero(filled, matrix, right.values)
    return DenseOperand(_quick(matrix) @ right.values, filled)


def _dense_sparse(left: DenseOperand, right: BandOperand | SparseOperand) -> DenseOperand:
    filled = left.filled @ right.pattern
    assert isinstance(filled, DensePattern)
    matrix = _part(_csr(right), left.filled.columns, filled.columns)
    if not filled.nnz:
        return _zero(filled, left.values, matrix)
    # SciPy multiplies the transposes; it turns arrays more slowly than NumPy does.
    return DenseOperand(np.asfortranarray(left.values) @ _quick(matrix), filled)


def _sparse_sparse(
    left: SparseOperand | BandOperand, right: SparseOperand | BandOperand, symbolic: bool
) -> Operand:
    """Multiply compressed matrices; SciPy drops positions whose sums cancel, the pattern keeps them."""
    dense = [settled(operand, symbolic=symbolic) for operand in (left, right)]
    if any(isinstance(operand, DenseOperand) for operand in dense):
        return multiply(*dense, symbolic=symbolic)
    product = _product(left, right)
    whole = all(isinstance(operand, BandOperand) or operand.symbolic is None for operand in (left, right))
    if not symbolic or (whole and _stores_all(product)):
        return compressed(product)
    return _stored(product, left.pattern @ right.pattern)


def _product(left: SparseOperand | BandOperand, right: SparseOperand | BandOperand) -> Any:
    """The entries of a product, by columns where that is quicker with what it takes to turn the operands."""
    if isinstance(left, SparseOperand) and isinstance(right, SparseOperand):
        kept = left.format == right.format == "csc"
        shape = left.stored.shape[0], right.stored.shape[1]
        if kept or (left.again and quicker_by_columns(shape, right.stored.nnz)):
            return left.csc @ right.csc
    return _csr(left) @ _csr(right)


def _stores_all(product: Any) -> bool:
    """Whether a sparse product stores every position of its pattern.

    SciPy first counts the positions, makes room for them, and leaves unused what it drops. So the room is the
    symbolic count, for which a second product would be needed otherwise.
    """
    room = product.data.base
    return room is not None and room.shape == product.data.shape


def store(matrix: Any, symbolic: Any) -> Any:
    """The entries of a sparse array, stored at all positions of a pattern that contains its own."""
    from scipy.sparse import csr_array

    matrix.sort_indices()
    keys, all_keys = (
        np.repeat(np.arange(m.shape[0]), np.diff(m.indptr)) * m.shape[1] + m.indices
        for m in (matrix, symbolic)
    )
    data = np.zeros(symbolic.nnz, matrix.dtype)
    data[np.searchsorted(all_keys, keys)] = matrix.data
    return csr_array((data, symbolic.indices, symbolic.indptr), shape=matrix.shape)


def compressed(matrix: Any) -> Operand:
    """Compressed rows or columns, or dense where the stored positions are some rows × some columns."""
    rows = matrix.T if matrix.format == "csc" else matrix
    reduced = SparsePattern(rows.shape[0], rows.shape[1], rows.indptr, rows.indices).reduced
    if isinstance(reduced, DensePattern):
        if rows is not matrix:
            reduced = DensePattern(reduced.width, reduced.height, reduced.columns, reduced.rows)
        return DenseOperand(_part(matrix, reduced.rows, reduced.columns).toarray(), reduced)
    return SparseOperand(matrix)


def _csr(operand: Operand) -> Any:
    """As compressed rows."""
    if isinstance(operand, SparseOperand):
        return operand.csr
    assert isinstance(operand, BandOperand)
    csr = operand.pattern.csr()
    rows = np.repeat(np.arange(operand.size), np.diff(csr.indptr))
    csr.data = operand.diagonals[csr.indices - rows + operand.lower, csr.indices]
    return csr


def _part(matrix: Any, rows: IndexSet, columns: IndexSet) -> Any:
    matrix = matrix if rows is None else matrix[rows]
    return matrix if columns is None else matrix[:, columns]


def _quick(matrix: Any) -> Any:
    """A sparse factor of a dense array in the representation that is faster there."""
    return matrix.toarray() if quicker_dense(matrix.shape, matrix.nnz, BESIDE_DENSE) else matrix


def _with_data(operand: SparseOperand, data: Array) -> SparseOperand:
    from scipy.sparse import csr_array

    csr = csr_array((data, operand.csr.indices, operand.csr.indptr), shape=operand.csr.shape)
    return SparseOperand(csr, operand.symbolic)


def _zero(filled: DensePattern, a: Any, b: Any) -> DenseOperand:
    return DenseOperand(
        np.zeros((filled.filled_rows, filled.filled_columns), np.result_type(a.dtype, b.dtype)), filled
    )
