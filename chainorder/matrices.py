"""Matrix files: Matrix Market (.mtx, .mtx.gz), SciPy sparse or NumPy (.npz), NumPy (.npy); never pickles."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from chainorder.compressed_rows import MAX_ENTRIES
from chainorder.errors import ChainorderError

JACOBIANS = "jacobians"
"""The array of an .npz, or the comment of an .mtx, that says where what made a saved Jacobian came from."""

SUFFIXES = (".mtx", ".mtx.gz", ".npz", ".npy")

_DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    LookupError,
    OverflowError,
    MemoryError,  # a shape that no machine could hold
    RuntimeError,  # an archive that is encrypted, or compressed in an unknown way
    tokenize.TokenError,  # a header that was cut off
    zipfile.BadZipFile,
    zlib.error,
)


class MatrixError(ChainorderError):
    """A matrix file that is missing, damaged or holds no matrix."""


def read_matrix(path: Path) -> Any:
    """Read a matrix of floats (or complex floats; integers become floats).

    Returns
    -------
    numpy.ndarray or scipy.sparse.csr_array
        Two-dimensional; explicit zeros of a sparse file are kept, duplicates added up.

    Raises
    ------
    MatrixError
        If the file is missing, of an unknown format, damaged, or not a two-dimensional numeric array.
    """
    if not str(path).endswith(SUFFIXES):
        raise MatrixError(f"{path.name} is no matrix file; one ends in {', '.join(SUFFIXES)}")
    try:
        matrix = _read(path)
    except MatrixError:
        raise
    except FileNotFoundError:
        raise MatrixError(f"there is no file {path}") from None
    except _DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise MatrixError(f"{path.name} cannot be read as a matrix ({reason}); write it again") from error
    if matrix.ndim != 2 or matrix.dtype.kind not in "fciub":
        raise MatrixError(
            f"{path.name} holds an array of shape {matrix.shape} and type {matrix.dtype}; a Jacobian is "
            "two-dimensional and numeric"
        )
    if 0 in matrix.shape:
        raise MatrixError(f"{path.name} is {_times(matrix)}; a Jacobian has at least one row and one column")
    return matrix if matrix.dtype.kind in "fc" else matrix.astype(np.float64)


def _times(matrix: Any) -> str:
    return " × ".join(map(str, matrix.shape))


def _read(path: Path) -> Any:
    from scipy import io, sparse

    if path.suffix == ".npy":
        return np.load(path, allow_pickle=False)
    matrix = _read_npz(path) if path.suffix == ".npz" else io.mmread(path)
    if isinstance(matrix, np.ndarray):
        return matrix
    if max(matrix.shape) > MAX_ENTRIES:  # rows and columns without entries take memory, too
        raise MatrixError(f"{path.name} is {_times(matrix)}; sizes up to {MAX_ENTRIES:,} are read")
    if hasattr(matrix, "check_format"):
        matrix.check_format()  # SciPy writes to where the indices point before it looks at them
    # Floats first: sums of duplicates could overflow.
    csr = sparse.csr_array(matrix if matrix.dtype.kind not in "iub" else matrix.astype(np.float64))
    csr.sum_duplicates()
    return csr


def _read_npz(path: Path) -> Any:
    from scipy import sparse

    with path.open("rb") as file:  # NumPy leaves a file open that turns out not to be an archive
        with np.load(file, allow_pickle=False) as archive:
            names = [name for name in archive.files if name != JACOBIANS] or archive.files
            if "format" not in names:
                if len(names) != 1:
                    raise MatrixError(f"{path.name} holds {len(names)} arrays ({', '.join(names)}); keep one")
                return archive[names[0]]
        file.seek(0)
        return sparse.load_npz(file)
