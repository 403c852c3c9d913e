"""Compressed rows: SciPy's ``csr_array`` as patterns use it, and how much of it is written out."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainorder.errors import StructureError
from chainorder.structures.index_sets import IntArray
from chainorder.structures.number_types import native
from chainorder.structures.sparse_arrays import Convert, sound

MAX_ENTRIES = 200_000_000
"""Entries of one explicit symbolic pattern; more would not fit the memory of an ordinary machine."""

WIDE = 2**22
"""Rows or columns up to which there may be a number for each of them, whatever their positions."""


THIN = 8
"""How many times as many rows or columns as positions there may be in larger matrices."""


def hypersparse(shape: tuple[int, int], nnz: int) -> bool:
    """Whether a number for each row and column would take far more memory than the positions."""
    return max(shape) > max(WIDE, THIN * nnz)


def canonical(matrix: Any, convert: Convert = native) -> Any:
    """A matrix as compressed rows, sorted, duplicates added up; one that is so already is not copied.

    Raises
    ------
    StructureError
        If it is broken; see `sound`.
    """
    from scipy.sparse import csr_array

    csr = csr_array(sound(matrix, convert))
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()  # sorts the indices as well
    if csr.indices.dtype == np.int64 and max(*csr.shape, csr.nnz) < 2**31:
        # SciPy would convert all other matrices that this one is multiplied by, each time.
        narrow = csr.indices.astype(np.int32), csr.indptr.astype(np.int32)
        csr = csr_array((csr.data, *narrow), shape=csr.shape)
    return csr


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


def bool_csr(shape: tuple[int, int], indptr: IntArray, indices: IntArray) -> Any:
    """Compressed rows with ones at all positions."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(indices), bool), indices, indptr), shape=shape)


def check_explicit(shape: tuple[int, int], nnz: int) -> None:
    """Refuse to write out a pattern that would not fit the memory."""
    if nnz > MAX_ENTRIES:
        raise StructureError(
            f"the symbolic pattern of a {shape[0]} × {shape[1]} product has {nnz:,} entries, more than the "
            f"{MAX_ENTRIES:,} that are kept; declare the wide factor dense or split the chain"
        )
