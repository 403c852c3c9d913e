"""The arrays that SciPy's sparse formats consist of, checked before its compiled code follows them.

SciPy checks some of what they say when a matrix is made and nothing when they change later: where an index is
out of range it reads and writes outside of its memory.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.errors import StructureError
from chainorder.structures.number_types import native

Array = npt.NDArray[Any]
Convert = Callable[[Array], Array]

PARTS = {
    "csr": ("data", "indices", "indptr"),
    "csc": ("data", "indices", "indptr"),
    "bsr": ("data", "indices", "indptr"),
    "coo": ("data", "row", "col"),
    "dia": ("data", "offsets"),
}
"""What a matrix of a format consists of: its entries, and whole numbers."""


def sound(matrix: Any, convert: Convert = native) -> Any:
    """A SciPy sparse matrix as a sparse array, another one as a NumPy array; shares what `convert` leaves.

    O(entries).

    Raises
    ------
    StructureError
        If an index is out of range, the arrays do not fit together, or `convert` raises it.
    """
    from scipy.sparse import issparse

    match matrix.format if issparse(matrix) else None:
        case None:
            return convert(np.asarray(matrix))
        case "lil":
            return assemble("csr", matrix.shape, _of_lists(matrix), convert)
        case "dok":
            return assemble("coo", matrix.shape, _of_keys(matrix), convert)
        case form:
            parts = {name: np.asarray(getattr(matrix, name)) for name in PARTS[form]}
            return assemble(form, matrix.shape, parts, convert)


def with_data(matrix: Any, data: Array) -> Any:
    """A SciPy matrix of a format with data, with others; its other arrays are shared, and not checked."""
    other = copy.copy(matrix)  # a tenth of what the constructor takes
    other.data = data
    return other


def assemble(form: str, shape: tuple[int, int], parts: Mapping[str, Array], convert: Convert = native) -> Any:
    """The SciPy sparse array that consists of these arrays, after a check; see `sound`."""
    from scipy import sparse

    data = convert(parts["data"])
    places = [_whole(name, parts[name]) for name in PARTS[form][1:]]
    if data.ndim != {"bsr": 3, "dia": 2}.get(form, 1):
        raise _broken(f"data of shape {data.shape} in the format {form}")
    match form:
        case "coo":
            for name, index, size in zip(PARTS[form][1:], places, shape, strict=True):
                _check_length(name, index, len(data))
                _check_range(name, index, size)
            return sparse.coo_array((data, tuple(places)), shape=shape)
        case "dia":
            _check_length("offsets", places[0], len(data))
            _check_range("offsets", places[0], shape[1], 1 - shape[0])
            if len(np.unique(places[0])) < len(data):
                raise _broken("offsets that come twice")
            return sparse.dia_array((data, places[0]), shape=shape)
        case _:
            _check_compressed(form, shape, data, *places)
            return getattr(sparse, f"{form}_array")((data, *places), shape=shape)


def _check_compressed(form: str, shape: tuple[int, int], data: Array, indices: Array, indptr: Array) -> None:
    rows, columns = shape[::-1] if form == "csc" else shape
    if form == "bsr":
        height, width = data.shape[1:]
        if not height or not width or rows % height or columns % width:
            raise _broken(f"blocks of {height} × {width} in {rows} × {columns}")
        rows, columns = rows // height, columns // width
    _check_length("indptr", indptr, rows + 1)
    _check_length("indices", indices, len(data))
    if indptr[0] != 0 or (indptr[1:] < indptr[:-1]).any() or indptr[-1] > len(indices):
        raise _broken(f"an indptr that does not rise from 0 to at most {len(indices)}, the number of indices")
    _check_range("indices", indices[: indptr[-1]], columns)


def _whole(name: str, values: Array) -> Array:
    """Indices in a type that SciPy knows."""
    if values.dtype.kind not in "iu" or values.ndim != 1:
        raise _broken(f"{name} of type {values.dtype} and shape {values.shape}, not whole numbers in a row")
    if values.dtype.kind == "u" and len(values) and int(values.max()) >= 2**63:
        raise _broken(f"{name} up to {int(values.max())}")
    signed = np.int32 if values.dtype.itemsize <= 2 or values.dtype == np.int32 else np.int64
    return values.astype(signed, copy=False)


def _check_length(name: str, values: Array, length: int) -> None:
    if len(values) != length:
        raise _broken(f"{name} of length {len(values)} where it should be {length}")


def _check_range(name: str, values: Array, size: int, least: int = 0) -> None:
    if len(values) and (int(values.min()) < least or int(values.max()) >= size):
        found = f"{name} from {values.min()} to {values.max()}"
        raise _broken(f"{found} where {least} to {size - 1} are possible")


def _broken(what: str) -> StructureError:
    return StructureError(f"the matrix has {what}; build it again")


def _of_lists(matrix: Any) -> dict[str, Array]:
    """Compressed rows of a list of lists."""
    counts = [list(map(len, lists)) for lists in (matrix.rows, matrix.data)]
    if counts[0] != counts[1]:
        raise _broken("rows with more or less columns than entries")
    indices, data = (list(chain.from_iterable(lists)) for lists in (matrix.rows, matrix.data))
    return {
        "data": np.array(data, matrix.dtype),
        "indices": np.array(indices, np.int64),
        "indptr": np.cumsum([0, *counts[0]]),
    }


def _of_keys(matrix: Any) -> dict[str, Array]:
    """Coordinates of a dictionary."""
    row, col = np.array(list(matrix.keys()), np.int64).reshape(-1, 2).T
    return {"data": np.array(list(matrix.values()), matrix.dtype), "row": row, "col": col}
