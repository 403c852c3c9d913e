"""Matrix files: Matrix Market (.mtx, .mtx.gz), SciPy sparse or NumPy (.npz), NumPy (.npy); never pickles."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from chainorder.errors import ChainorderError

SUFFIXES = (".mtx", ".mtx.gz", ".npz", ".npy")


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
    except (OSError, ValueError, EOFError, KeyError, OverflowError, zipfile.BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise MatrixError(f"{path.name} cannot be read as a matrix ({reason}); write it again") from error
    if matrix.ndim != 2 or matrix.dtype.kind not in "fciub":
        raise MatrixError(
            f"{path.name} holds an array of shape {matrix.shape} and type {matrix.dtype}; a Jacobian is "
            "two-dimensional and numeric"
        )
    return matrix if matrix.dtype.kind in "fc" else matrix.astype(np.float64)


def _read(path: Path) -> Any:
    from scipy import io, sparse

    if path.name.endswith((".mtx", ".mtx.gz")):
        matrix = io.mmread(path)
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as archive:
            names = archive.files
            if "format" not in names:
                if len(names) != 1:
                    raise MatrixError(f"{path.name} holds {len(names)} arrays ({', '.join(names)}); keep one")
                return archive[names[0]]
        matrix = sparse.load_npz(path)
    else:
        return np.load(path, allow_pickle=False)
    if isinstance(matrix, np.ndarray):
        return matrix
    csr = sparse.csr_array(matrix)
    csr.sum_duplicates()
    return csr
