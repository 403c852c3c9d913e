"""The one registry of matrix files: what they are called, how they begin, and what reads them.

A new format is a file here with its two functions, and a line below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any

from chainorder.system.later import later


@dataclass(frozen=True)
class MatrixFormat:
    """A way to keep a matrix in a file.

    Attributes
    ----------
    suffixes
        What its files end in, lower case; one that ends in .gz is packed.
    begins
        What the content begins with, in small letters; empty if nothing but its name tells.
    read
        From a stream at its start, the bytes that it has at most and the name of the file, for errors, to an
        array or sparse matrix of numbers. What it raises of damage is one of `matrices.DAMAGE`.
    note
        From a stream at its start to what the file says of where its Jacobian came from; None if it has no
        place for that.
    """

    suffixes: tuple[str, ...]
    begins: tuple[bytes, ...]
    read: Callable[[BufferedIOBase, int, str], Any]
    note: Callable[[BufferedIOBase], str] | None = None


FORMATS = (
    MatrixFormat(
        (".mtx", ".mtx.gz"),
        (b"%%matrixmarket", b"%matrixmarket"),
        later("reading.matrix_market", "read_market"),
        later("reading.market_header", "market_note"),
    ),
    MatrixFormat(
        (".npz",),
        (b"pk\x03\x04",),
        later("reading.numpy_files", "read_archive"),
        later("reading.numpy_files", "archive_note"),
    ),
    MatrixFormat((".npy",), (b"\x93numpy",), later("reading.numpy_files", "read_array")),
)

SUFFIXES = tuple(suffix for form in FORMATS for suffix in form.suffixes)

BEGINNINGS = tuple(first for form in FORMATS for first in form.begins)


def format_of(head: bytes, name: str) -> MatrixFormat:
    """The format of a file by its first bytes, however it is called; else by its name, one of `SUFFIXES`."""
    begins = (form for form in FORMATS if head.lower().startswith(form.begins))
    called = (form for form in FORMATS if name.lower().endswith(form.suffixes))
    return next(begins, None) or next(called)
