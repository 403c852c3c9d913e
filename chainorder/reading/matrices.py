"""Matrix files of all formats: opened, unpacked, read, and held against what a Jacobian can be."""

from __future__ import annotations

import gzip
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np

from chainorder.errors import MatrixError, StructureError
from chainorder.reading.files import PACKED
from chainorder.reading.matrix_formats import SUFFIXES, MatrixFormat, format_of
from chainorder.reading.numpy_files import DEFLATED_MOST
from chainorder.structures.number_types import as_floats

LONGEST = 160
"""Letters of what a library says."""

DAMAGE = (
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
        with _opened(path) as (form, stream, size):
            return _checked(form.read(stream, size, path.name), path.name)
    except FileNotFoundError:
        raise MatrixError(f"there is no file {path}") from None
    except StructureError as error:
        raise MatrixError(f"{path.name} cannot be read as a matrix: {error}") from None
    except DAMAGE as error:
        raise MatrixError(
            f"{path.name} cannot be read as a matrix ({_reason(error)}); write it again"
        ) from error


def read_note(path: Path) -> str:
    """What a matrix file that can be read says of where its Jacobian came from; empty if it says nothing."""
    try:
        with _opened(path) as (form, stream, _):
            return form.note(stream) if form.note else ""
    except DAMAGE:
        return ""


@contextmanager
def _opened(path: Path) -> Iterator[tuple[MatrixFormat, BufferedIOBase, int]]:
    """A file's format, its content from the start, unpacked, and the bytes that this has at most."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not file.peek(1).startswith(PACKED):
            yield format_of(file.peek(1), path.name), file, size
            return
        with gzip.GzipFile(fileobj=file) as content:
            yield format_of(content.peek(1), path.name), content, size * DEFLATED_MOST


def _reason(error: BaseException) -> str:
    """What a library says of damage, which may quote half of the file."""
    words = " ".join(str(error).split()) or type(error).__name__
    text = "".join(letter if letter.isprintable() else "?" for letter in words)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


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
