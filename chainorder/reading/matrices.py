"""Matrix files: Matrix Market (.mtx, .mtx.gz), SciPy sparse or NumPy (.npz), NumPy (.npy); never pickles."""

from __future__ import annotations

import gzip
import struct
import tokenize
import zipfile
import zlib
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from chainorder.errors import MatrixError, StructureError
from chainorder.reading.market_header import market_note
from chainorder.reading.matrix_market import read_market
from chainorder.reading.numpy_files import DEFLATED_MOST, archive_note, read_archive, read_array
from chainorder.structures.number_types import as_floats

LONGEST = 160
"""Letters of what a library says."""

SUFFIXES = (".mtx", ".mtx.gz", ".npz", ".npy")

_DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    LookupError,
    OverflowError,
    MemoryError,  # a shape that no machine could hold
    RuntimeError,  # an archive that is encrypted, or compressed in an unknown way
    SyntaxError,  # headers of .npy files are Python literals
    TypeError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)


def read_matrix(path: Path) -> Any:
    """Read a matrix of floats (or complex floats; integers become floats).

    What a file claims is checked before it is believed. The kind of a file is that of its content: an .npy
    file that is called .npz is read all the same.

    Returns
    -------
    numpy.ndarray or scipy.sparse.csr_array
        Two-dimensional; explicit zeros of a sparse file are kept, duplicates added up.

    Raises
    ------
    MatrixError
        If the file is missing, of an unknown format, damaged, or not a two-dimensional numeric array; if a
        whole number in it is not exact in double precision.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise MatrixError(f"{path.name} is no matrix file; one ends in {', '.join(SUFFIXES)}")
    try:
        if path.exists() and not path.is_file():
            raise MatrixError(f"{path.name} is a folder or a device; name a file")
        with path.open("rb") as file:
            return _checked(_read(file, path), path.name)
    except FileNotFoundError:
        raise MatrixError(f"there is no file {path}") from None
    except StructureError as error:
        raise MatrixError(f"{path.name} cannot be read as a matrix: {error}") from None
    except _DAMAGE as error:
        raise MatrixError(
            f"{path.name} cannot be read as a matrix ({_reason(error)}); write it again"
        ) from error


def read_note(path: Path) -> str:
    """What a matrix file that can be read says of where its Jacobian came from; empty if it says nothing."""
    try:
        with path.open("rb") as file:
            return _note(file)
    except _DAMAGE:
        return ""


def _note(file: BufferedReader) -> str:
    """The note of a file, by its first bytes, as in `_read`."""
    first = file.peek(6)[:6]
    if first.startswith(b"PK"):
        return archive_note(file)
    if first.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=file) as text:
            return market_note(text)
    return "" if first == b"\x93NUMPY" else market_note(file)


def _reason(error: BaseException) -> str:
    """What a library says of damage, which may quote half of the file."""
    words = " ".join(str(error).split()) or type(error).__name__
    text = "".join(letter if letter.isprintable() else "?" for letter in words)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _read(file: BufferedReader, path: Path) -> Any:
    """What a file holds, by its first bytes."""
    size, first = path.stat().st_size, file.read(6)
    file.seek(0)
    if first == b"\x93NUMPY":
        return read_array(file, size)
    if first.startswith(b"PK"):
        return read_archive(file)
    if first.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=file) as text:
            return read_market(text, path.name, size * DEFLATED_MOST)
    if path.suffix.lower() in (".npy", ".npz"):
        raise ValueError(f"it begins with {first!r}, as no file of NumPy does")
    return read_market(file, path.name, size)


def _checked(matrix: Any, name: str) -> Any:
    """A matrix of floats, of a shape and size that a Jacobian can have; compressed rows if it is sparse."""
    from scipy.sparse import csr_array

    if matrix.ndim != 2 or matrix.dtype.kind not in "fciub":
        raise MatrixError(
            f"{name} holds an array of shape {matrix.shape} and type {matrix.dtype}; a Jacobian is "
            "two-dimensional and numeric"
        )
    if 0 in matrix.shape:
        shape = " × ".join(map(str, matrix.shape))
        raise MatrixError(f"{name} is {shape}; a Jacobian has at least one row and one column")
    if isinstance(matrix, np.ndarray):
        return as_floats(matrix)
    csr = csr_array(matrix)
    csr.sum_duplicates()
    return csr
