"""SciPy's compiled products of compressed matrices and arrays, called as ``@`` calls them.

Of some hundred entries ``@`` takes several times as long as the sums do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainorder.execution.operand import Array
from chainorder.execution.sparse_loops import MANY, at_hand

ROOM = 2**25
"""Entries up to which there may be more room than positions: what is not written takes no memory."""


def times_array(matrix: Any, columns: Array) -> Array:
    """Compressed rows times an array, by rows."""
    return _vectors("csr", matrix, matrix.shape, columns)


def array_times(rows: Array, matrix: Any) -> Array:
    """An array times compressed rows, by columns: SciPy multiplies the transpose from the left."""
    return _vectors("csc", matrix, matrix.shape[::-1], rows.T).T


def _vectors(form: str, matrix: Any, shape: tuple[int, int], columns: Array) -> Array:
    from scipy.sparse import _sparsetools

    count = columns.shape[1]
    kind = np.result_type(matrix.dtype, columns.dtype)
    loops = at_hand(count * matrix.nnz) if form == "csr" and count >= MANY else None
    if loops is not None:
        made = np.empty((shape[0], count), kind)
        loops["times_dense"](matrix.indptr, matrix.indices, matrix.data, np.ascontiguousarray(columns), made)
        return made
    out = np.zeros((shape[0], count), kind)
    name, size = ("matvec", ()) if count == 1 else ("matvecs", (count,))
    multiply = getattr(_sparsetools, f"{form}_{name}")
    multiply(*shape, *size, matrix.indptr, matrix.indices, matrix.data, columns.ravel(), out.ravel())
    return out


def rows_times_rows(left: Any, right: Any, *, counted: bool = True) -> Any:
    """Compressed rows times compressed rows; the columns of a row are not sorted.

    Parameters
    ----------
    left, right
        The factors.
    counted
        Whether there is room for just the positions, sums of which may cancel. Counting them takes a quarter
        of the time.
    """
    from scipy.sparse import _sparsetools, csr_array

    shape = left.shape[0], right.shape[1]
    arrays = left.indptr, left.indices, right.indptr, right.indices
    kind = np.result_type(*arrays)
    room = left.nnz * int(np.diff(right.indptr).max(initial=0))
    if counted or room > ROOM:
        room = _sparsetools.csr_matmat_maxnnz(*shape, *(each.astype(kind, copy=False) for each in arrays))
    kind = kind if room < 2**31 else np.dtype(np.int64)
    ap, aj, bp, bj = (each.astype(kind, copy=False) for each in arrays)
    indptr, indices = np.empty(shape[0] + 1, kind), np.empty(room, kind)
    data = np.empty(room, np.result_type(left.dtype, right.dtype))
    _sparsetools.csr_matmat(*shape, ap, aj, left.data, bp, bj, right.data, indptr, indices, data)
    if not counted:
        for each in (indices, data):
            each.resize(int(indptr[-1]), refcheck=False)  # gives the rest back; nothing else knows of it
    return csr_array((data, indices, indptr), shape=shape)
