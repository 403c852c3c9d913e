"""Matrices and the files that hold them.

Positions are the bits of one number, and values follow from positions: drawing each by itself would take
longer than planning.
"""

from __future__ import annotations

import gzip
import io
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Array = npt.NDArray[Any]

VALUES = np.array([1.0, -2.0, 0.5, 3.0, -0.25])

SPARSE = ("coordinate.mtx", "coordinate.mtx.gz", "csr.npz", "csc.npz", "coo.npz", "bsr.npz", "dia.npz")
DENSE = ("array.mtx", "array.npy", "fortran.npy", "array.npz")
PLAIN = ("<f8", "<f4", "<i8", "<c16")
"""Types of entries that every reader takes."""

ODD = ("<f2", ">f8", ">i4", "?", "<u8", "<f16", "<c8", "|S3", "<U2", "<M8[s]", "|V4")
"""Types that some readers do not take."""


@st.composite
def positions(draw: st.DrawFn, rows: int, columns: int) -> Array:
    """Which entries are stored, shape (rows, columns): few of them, none, or all."""
    cells = rows * columns
    bits = draw(st.integers(0, 2**cells - 1))
    return np.array([bits >> cell & 1 for cell in range(cells)], bool).reshape(rows, columns)


def entries(stored: Array) -> Array:
    """A matrix with entries where it is told, never 0."""
    values = np.resize(VALUES, stored.size).reshape(stored.shape)
    return np.where(stored, values, 0.0)


def dominant(stored: Array) -> Array:
    """A square matrix that is not singular in any type of entries."""
    return entries(stored) * ~np.eye(len(stored), dtype=bool) + np.diag(
        np.full(len(stored), 4.0 * len(stored))
    )


@st.composite
def matrix_files(
    draw: st.DrawFn, matrix: Array, forms: tuple[str, ...], types: tuple[str, ...] = PLAIN
) -> Any:
    """The ending of a file and the bytes with which it holds the matrix."""
    form, kind = draw(st.sampled_from(forms)), draw(st.sampled_from(types))
    return form.partition(".")[2], matrix_bytes(matrix, form, kind)


def matrix_bytes(matrix: Array, form: str, kind: str = "<f8") -> bytes:
    """A matrix in one of the forms `SPARSE` and `DENSE`, its entries of a type of NumPy's."""
    name, _, ending = form.partition(".")
    if ending.startswith("mtx"):
        text = _coordinates(matrix) if name == "coordinate" else _array(matrix)
        return gzip.compress(text.encode(), mtime=0) if ending.endswith("gz") else text.encode()
    file = io.BytesIO()
    if name in ("array", "fortran"):
        typed = _of_type(matrix, kind)
        save = np.save if ending == "npy" else np.savez
        save(file, np.asfortranarray(typed) if name == "fortran" else typed)
    else:
        np.savez(file, **npz_parts(matrix, name, kind))
    return file.getvalue()


def npz_parts(matrix: Array, form: str, kind: str = "<f8") -> dict[str, Any]:
    """What SciPy writes for a sparse matrix, by name; entries of types that SciPy refuses included."""
    import scipy.sparse as sp

    made = sp.coo_array(matrix).asformat(form)
    parts: dict[str, Any] = {"format": form.encode("ascii"), "shape": matrix.shape, "_is_array": True}
    names = {"coo": ("row", "col"), "dia": ("offsets",)}.get(form, ("indices", "indptr"))
    return parts | {name: getattr(made, name) for name in names} | {"data": _of_type(made.data, kind)}


def _of_type(values: Array, kind: str) -> Array:
    numeric = np.dtype(kind).kind in "fciub"
    return values.astype(kind) if numeric else np.zeros(values.shape, kind)


def _coordinates(matrix: Array) -> str:
    rows, columns = np.nonzero(matrix)
    lines = [f"{i + 1} {j + 1} {matrix[i, j]}" for i, j in zip(rows, columns, strict=True)]
    head = "%%MatrixMarket matrix coordinate real general"
    return "\n".join([head, f"{matrix.shape[0]} {matrix.shape[1]} {len(lines)}", *lines, ""])


def _array(matrix: Array) -> str:
    head = "%%MatrixMarket matrix array real general"
    return "\n".join([head, f"{matrix.shape[0]} {matrix.shape[1]}", *map(str, matrix.T.ravel()), ""])
