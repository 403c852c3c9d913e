"""Products of operands whose places are known: entries in, entries out, nothing looked at twice.

`product_of` mirrors `chainorder.execution.kernels.multiply`, case by case: the same library calls on the same
arrays in the same order, so results are the same to the bit; but what depends on places alone (conversions,
the pattern of the result, which rows meet) is worked out once. Where Numba is installed, the multiply–adds of
sparse products are listed, a quarter of the time of ``@``; else, and where they are many, SciPy's compiled
``csr_matmat`` makes them, without the pass that counts the entries: half of its time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from chainorder.execution.conversions import banded, by_rows, part, with_pattern
from chainorder.execution.dense_calls import array_product
from chainorder.execution.entries import (
    Placing,
    aligned,
    entries_of,
    numbered,
    spread,
    with_entries,
)
from chainorder.execution.kernels import (
    FREE,
    multiply,
    places_of,
    quick,
    settled,
    sparse_product,
    wide,
)
from chainorder.execution.operand import (
    Array,
    AxesOperand,
    BandOperand,
    DenseOperand,
    Operand,
    SelectionOperand,
    SparseOperand,
)
from chainorder.execution.sparse_loops import MANY, Terms, fast
from chainorder.structures.dense import DensePattern
from chainorder.structures.sparse_arrays import with_data

Fill: TypeAlias = Callable[[Array, Array, Array], None]
"""Writes the entries of a product into its third argument, from those of the left and of the right.

That is an array that is laid out as the result of `multiply` is: by columns where the right factor is sparse.
"""

Move: TypeAlias = Callable[[Array], Array]
"""The same entries in another layout, in an array that the next call reuses."""


def product_of(  # noqa: C901, PLR0912 -- cases
    left: Operand, right: Operand, result: Operand
) -> Fill:
    """What makes the entries of a product.

    Parameters
    ----------
    left, right, result
        Templates; the last is the product of the others by `multiply`.
    """
    if isinstance(left, FREE) or isinstance(right, FREE):
        return _picking(left, right)
    if not entries_of(result).size:
        return _nothing
    match left, right:
        case (AxesOperand(), _) | (_, AxesOperand()):
            return _written_anew(left, right, result)
        case DenseOperand(), DenseOperand():
            return _dense_dense(left, right, result)
        case BandOperand(), BandOperand() if wide(left) and wide(right):
            return _wide_bands(left, right)
        case BandOperand(), BandOperand():
            return _band_band(left, right, result)
        case BandOperand(format="diagonal"), DenseOperand(filled=DensePattern(rows=None)):
            return _diagonal_dense
        case DenseOperand(filled=DensePattern(columns=None)), BandOperand(format="diagonal"):
            return _dense_diagonal
        case ((BandOperand() | SparseOperand()), DenseOperand()):
            return _sparse_dense(left, right, result)
        case DenseOperand(), (BandOperand() | SparseOperand()):
            return _dense_sparse(left, right, result)
        case BandOperand(format="diagonal"), SparseOperand():
            return _diagonal_sparse(left, right)
        case SparseOperand(), BandOperand(format="diagonal"):
            return _sparse_diagonal(left, right)
        case _:
            assert isinstance(left, BandOperand | SparseOperand)
            assert isinstance(right, BandOperand | SparseOperand)
            return _sparse_sparse(left, right, result)


def _nothing(_: Array, __: Array, out: Array) -> None:
    out.fill(0)


def _moved(operand: Operand, convert: Callable[[Any], Any]) -> tuple[Move, Any]:
    """What lays the entries of an operand out as a conversion does, and what that makes of its places."""
    places = convert(numbered(operand))
    numbers = places if isinstance(places, np.ndarray) else places.data
    placing = Placing.of(numbers)
    if placing.keeps(entries_of(operand).size):
        return lambda entries: entries.reshape(placing.shape), places
    buffer = np.zeros(placing.shape, entries_of(operand).dtype)

    def move(entries: Array) -> Array:
        placing.place(entries, buffer)
        return buffer

    return move, places


def _picking(left: Operand, right: Operand) -> Fill:
    """The product with a selection: entries of the other side, at other places."""
    match left, right:
        case SelectionOperand(selection), DenseOperand(_, filled):
            places = places_of(selection.columns, filled.rows)
            return lambda _, b, out: _take(b, places, 0, out)
        case DenseOperand(_, filled), SelectionOperand(selection):
            places = places_of(selection.transposed().columns, filled.columns)
            return lambda a, _, out: _take(a, places, 1, out)
        case SelectionOperand(), _:
            placing = Placing.of(entries_of(multiply(left, numbered(right))))
            return lambda _, b, out: placing.place(b, out)
        case _:
            placing = Placing.of(entries_of(multiply(numbered(left), right)))
            return lambda a, _, out: placing.place(a, out)


def _take(entries: Array, places: Array, axis: int, out: Array) -> None:
    if out.size:
        np.take(entries, places, axis=axis, out=out, mode="clip")


def _dense_dense(left: DenseOperand, right: DenseOperand, result: Operand) -> Fill:
    columns, rows = left.filled.columns, right.filled.rows
    if not result.pattern.nnz:
        return _nothing
    if columns is not None and rows is not None:
        _, at_column, at_row = np.intersect1d(columns, rows, assume_unique=True, return_indices=True)
        return lambda a, b, out: _dot(a[:, at_column], b[at_row], out)
    if columns is not None:
        return lambda a, b, out: _dot(a, b[columns], out)
    if rows is not None:
        return lambda a, b, out: _dot(a[:, rows], b, out)
    return _dot


def _dot(a: Array, b: Array, out: Array) -> None:
    array_product(a, b, out)


def _diagonal_dense(a: Array, b: Array, out: Array) -> None:
    np.multiply(a[0][:, None], b, out=out)


def _dense_diagonal(a: Array, b: Array, out: Array) -> None:
    np.multiply(a, b[0], out=out)


def _wide_bands(left: BandOperand, right: BandOperand) -> Fill:
    first, second = (_moved(each, lambda band: band.matrix().toarray())[0] for each in (left, right))
    return lambda a, b, out: _matmul(first(a), second(b), out)


def _matmul(a: Array, b: Array, out: Array) -> None:
    np.matmul(a, b, out=out)


def _band_band(left: BandOperand, right: BandOperand, result: Operand) -> Fill:
    """One diagonal a of the left with all diagonals b of the right, as `multiply` adds them up."""
    size, kind = left.size, entries_of(result).dtype
    lower, upper = min(left.lower + right.lower, size - 1), min(left.upper + right.upper, size - 1)
    padded = np.zeros((len(left.diagonals), size + right.upper + right.lower), left.diagonals.dtype)
    inner = padded[:, right.upper : right.upper + size]
    window = np.lib.stride_tricks.sliding_window_view
    turns = []
    for a, row in enumerate(padded, -left.lower):
        shifted, top = window(row, size)[::-1], lower + a - right.lower
        first, last = max(0, -top), min(len(shifted), lower + upper + 1 - top)
        turns.append((shifted[first:last], slice(first, last), slice(top + first, top + last)))
    products = np.empty(right.diagonals.shape, kind)
    if isinstance(result, BandOperand):
        made, placing = None, None
    else:
        numbers = np.arange(1.0, (lower + upper + 1) * size + 1).reshape(-1, size)
        made, placing = np.empty(numbers.shape, kind), Placing.of(entries_of(banded(lower, upper, numbers)))

    def fill(a: Array, b: Array, out: Array) -> None:
        inner[...] = a
        diagonals = out if made is None else made
        diagonals.fill(0)
        for shifted, those, there in turns:
            np.multiply(shifted, b[those], out=products[those])
            diagonals[there] += products[those]
        if placing is not None:
            placing.place(diagonals, out)

    return fill


def _sparse_dense(left: BandOperand | SparseOperand, right: DenseOperand, result: Operand) -> Fill:
    filled = left.pattern @ right.filled
    assert isinstance(filled, DensePattern)
    if not filled.nnz:
        return _nothing
    move, matrix = _moved(left, lambda each: quick(part(by_rows(each), filled.rows, right.filled.rows)))
    if isinstance(matrix, np.ndarray):
        return lambda a, b, out: _matmul(move(a), b, out)
    times = _times("csr", matrix, right.values.shape[1])
    return lambda a, b, out: times(move(a), b, out)


def _beside_left(left: DenseOperand, right: BandOperand | SparseOperand) -> Any:
    """The right factor of a dense one as it is multiplied: compressed rows, or a dense array."""
    filled = left.filled @ right.pattern
    assert isinstance(filled, DensePattern)
    return quick(part(by_rows(right), left.filled.columns, filled.columns))


def _dense_sparse(left: DenseOperand, right: BandOperand | SparseOperand, result: Operand) -> Fill:
    """SciPy multiplies a transpose from the left: the result comes column by column."""
    if not (left.filled @ right.pattern).nnz:
        return _nothing
    vectors = left.values.shape[0]
    by_rows_too = vectors >= MANY and fast() is not None

    def convert(each: Any) -> Any:
        matrix = _beside_left(left, each)
        return matrix.T.tocsr() if by_rows_too and not isinstance(matrix, np.ndarray) else matrix

    move, matrix = _moved(right, convert)
    if isinstance(matrix, np.ndarray):
        return lambda a, b, out: _matmul(a, move(b), out)
    times = _times("csr" if by_rows_too else "csc", matrix, vectors)
    return lambda a, b, out: times(move(b), a.T, out.T)


def _times(form: str, matrix: Any, vectors: int) -> Fill:
    """Compressed rows (or else their transpose) times dense columns, by compiled code."""
    from scipy.sparse import _sparsetools

    indptr, indices = matrix.indptr, matrix.indices
    shape = matrix.shape if form == "csr" else matrix.shape[::-1]
    if form == "csr" and vectors >= MANY and (loops := fast()) is not None:
        loop = loops["times_dense"]
        return lambda data, columns, out: loop(
            indptr, indices, data, np.ascontiguousarray(columns), out.reshape(-1, vectors)
        )
    if vectors == 1:
        one = getattr(_sparsetools, f"{form}_matvec")

        def fill_one(data: Array, columns: Array, out: Array) -> None:
            out.fill(0)
            one(*shape, indptr, indices, data, columns.ravel(), out.reshape(-1))

        return fill_one
    many = getattr(_sparsetools, f"{form}_matvecs")

    def fill(data: Array, columns: Array, out: Array) -> None:
        out.fill(0)
        many(*shape, vectors, indptr, indices, data, columns.ravel(), out.reshape(-1))

    return fill


def _diagonal_sparse(left: BandOperand, right: SparseOperand) -> Fill:
    move, csr = _moved(right, lambda each: each.csr)
    rows = np.repeat(np.arange(left.size), np.diff(csr.indptr))
    picked = np.empty(len(rows), left.diagonals.dtype)

    def fill(a: Array, b: Array, out: Array) -> None:
        np.take(a[0], rows, out=picked, mode="clip")
        np.multiply(picked, move(b), out=out)

    return fill


def _sparse_diagonal(left: SparseOperand, right: BandOperand) -> Fill:
    move, csr = _moved(left, lambda each: each.csr)
    picked = np.empty(len(csr.indices), right.diagonals.dtype)

    def fill(a: Array, b: Array, out: Array) -> None:
        np.take(b[0], csr.indices, out=picked, mode="clip")
        np.multiply(move(a), picked, out=out)

    return fill


def _sparse_sparse(
    left: BandOperand | SparseOperand, right: BandOperand | SparseOperand, result: Operand
) -> Fill:
    first, second = settled(left), settled(right)
    if first is left and second is right:
        return _compressed(left, right, result)
    fill = product_of(first, second, result)
    before, behind = (
        (lambda entries: entries) if dense is operand else written_out(operand)
        for operand, dense in ((left, first), (right, second))
    )
    return lambda a, b, out: fill(before(a), behind(b), out)


def written_out(operand: BandOperand | SparseOperand) -> Move:
    """What makes an array of the entries of an operand, zeros included."""
    return _moved(operand, lambda each: each.matrix().toarray())[0]


def _compressed(
    left: BandOperand | SparseOperand, right: BandOperand | SparseOperand, result: Operand
) -> Fill:
    """Compressed rows times compressed rows, or columns times columns: that is the transposes exchanged."""
    places = sparse_product(left, right)
    placing = None if isinstance(result, SparseOperand) else _laid_out(places, result)
    if places.format == "csr":
        return _by_rows((left, right), by_rows, places, placing, result)
    fill = _by_rows((right, left), lambda each: each.csc.T, places.T, placing, result)
    return lambda a, b, out: fill(b, a, out)


def _by_rows(
    sides: tuple[Operand, Operand],
    convert: Callable[[Any], Any],
    places: Any,
    placing: Placing | None,
    result: Operand,
) -> Fill:
    """Compressed rows times compressed rows, put where the result has them: term by term, if they are few."""
    (first, one), (second, other) = (_moved(each, convert) for each in sides)
    kinds = [entries_of(each).dtype for each in (*sides, result)]
    terms = Terms.of(one, other, places)
    if terms is not None:
        return terms.placed(placing).adding(*kinds)
    return _by_scipy((first, second), (one, other), places, placing, kinds[-1])


def _by_scipy(
    moves: tuple[Move, Move],
    factors: tuple[Any, Any],
    places: Any,
    placing: Placing | None,
    kind: np.dtype[Any],
) -> Fill:
    """The same by SciPy's compiled code."""
    from scipy.sparse._sparsetools import csr_matmat

    first, second = moves
    width = places.indptr.dtype
    arrays = [each.astype(width) for matrix in factors for each in (matrix.indptr, matrix.indices)]
    indptr, indices = places.indptr.copy(), places.indices.copy()
    made = None if placing is None else np.empty(places.nnz, kind)

    def fill(a: Array, b: Array, out: Array) -> None:
        data = out if made is None else made
        csr_matmat(*places.shape, *arrays[:2], first(a), *arrays[2:], second(b), indptr, indices, data)
        stored = int(indptr[-1])
        if stored < len(data):  # SciPy drops positions whose sums cancel
            data[:] = spread(indptr, indices[:stored], data[:stored], places)
        if placing is not None:
            placing.place(data, out)

    return fill


def _laid_out(places: Any, result: Operand) -> Placing:
    """Where the entries of a sparse product are in a dense result."""
    assert isinstance(result, DenseOperand)
    numbers = with_data(places, np.arange(1.0, places.nnz + 1))
    made = with_pattern(numbers, result.filled)
    return Placing.of(entries_of(made))


def _written_anew(left: Operand, right: Operand, result: Operand) -> Fill:
    """The product as runs make it that are not prepared."""

    def fill(a: Array, b: Array, out: Array) -> None:
        product = multiply(with_entries(left, a), with_entries(right, b))
        out[...] = aligned(product, result, "a product")

    return fill
