"""Matrix Market text (Boisvert, Pozo & Remington 1996, NISTIR 5935), proved before SciPy reads it.

SciPy's reader is quick, but takes the longest number that a word begins with, drops what follows, and
believes the header. Here a regular expression has to cover all lines before SciPy is given them; one that it
does not cover is an error. What is outside of the format but unambiguous is read: comments among the entries,
D exponents, a + before a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BufferedIOBase, BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.reading.market_header import Header, Lines, read_header
from chainorder.reading.market_words import line_count, loss, misfit, place, proof, shown, ways_to_read
from chainorder.structures.number_types import EXACT

Array = npt.NDArray[Any]
Entries = tuple[Array, Array, Array]
"""Rows and columns, counted from 0, and values, in the order of their lines; rows of an array are empty."""

PIECE = 2**19
"""Bytes of text that are proved and read at a time: few enough that SciPy starts no threads for them."""

WIDE = 10**9
"""Rows and columns that SciPy is told of: more than an index of proved text can say."""

MIRRORED = {"symmetric": np.positive, "skew-symmetric": np.negative, "hermitian": np.conjugate}


def read_market(stream: BufferedIOBase, room: int, name: str) -> Any:
    """The matrix of a Matrix Market text: a `scipy.sparse.coo_array`, or a NumPy array if it says ``array``.

    Parameters
    ----------
    stream
        The text, of which only a piece is in memory at a time.
    room
        Bytes that the text has at most.
    name
        Of the file, for errors.

    Raises
    ------
    MatrixError
        With its line, where a line is not made of whole words, does not fit what the header states, or has a
        number that double precision does not hold.
    """
    lines = Lines(stream, name)
    header = read_header(lines, room)
    rows, columns, values = map(np.concatenate, zip(*_parts(lines, header), strict=True))
    if header.coordinate:
        return _mirrored(header, rows, columns, values)
    return _filled(header, values)


def _parts(lines: Lines, header: Header) -> Iterator[Entries]:
    """The entries of one piece of text after the other."""
    known, done = proof(header.words), 0
    yield _parse(b"", 0, header)  # there may be no line at all
    for text in lines.pieces(PIECE):
        piece = _Piece(text, header, known, done)
        for entry, message in piece.faults():
            at, line = place(text, entry)
            why = f"{shown(line)} {message}" if message else misfit(line, header.words, header.shape)
            raise lines.wrong(why, lines.number + 1 + at)
        yield piece.entries
        done += piece.count
    if done < header.entries:
        stated = f"line {header.line} states {header.entries:,}; mend that, or write it again"
        raise lines.wrong(f"the file ends after {done:,} entries where {stated}")


@dataclass(frozen=True)
class _Piece:
    """Some lines of a file.

    Attributes
    ----------
    text
        As it is in the file.
    header
        What they have to fit.
    known
        What matches as many lines as are entries.
    done
        Entries before these.
    """

    text: bytes
    header: Header
    known: re.Pattern[bytes]
    done: int

    @cached_property
    def _proved(self) -> tuple[bytes, int]:
        """The text as SciPy reads it, and how many bytes of it are proved."""
        text, end = b"", 0
        for text in ways_to_read(self.text):
            match = self.known.match(text)
            end = match.end() if match else 0
            if end == len(text):
                break
        return text, end

    @cached_property
    def count(self) -> int:
        """Entries in it."""
        return line_count(self._proved[0])

    @cached_property
    def entries(self) -> Entries:
        """Read by SciPy: only after the lines are proved."""
        return _parse(self._proved[0], self.count, self.header)

    def faults(self) -> Iterator[tuple[int, str]]:
        """Entries that are wrong, and what is said of their line; nothing of one that is misshapen."""
        text, end = self._proved
        if end < len(text):
            yield text.count(b"\n", 0, end), ""
        left = self.header.entries - self.done
        if self.count > left:
            stated = f"{self.header.entries:,} that line {self.header.line} states"
            yield left, f"is one more than the {stated}; mend that"
        for wrong, why in self._misplaced():
            if wrong.any():
                yield int(np.argmax(wrong)), why
        yield from self._lost()

    def _misplaced(self) -> Iterator[tuple[Array, str]]:
        (rows, columns, values), (height, width) = self.entries, self.header.shape
        matrix = f"of a {self.header.symmetry} matrix"
        if self.header.coordinate:
            stated = f"{height} × {width} that line {self.header.line} states"
            yield (rows >= height) | (columns >= width), f"lies outside of the {stated}"
        match self.header.symmetry:
            case "skew-symmetric":
                yield self._on_diagonal & (values != 0), f"lies on the diagonal {matrix}; it is 0 there"
            case "hermitian":
                wrong = self._on_diagonal & (values.imag != 0)
                yield wrong, f"lies on the diagonal {matrix}; it is real there"
        if self.header.coordinate and self.header.symmetry != "general":
            yield rows < columns, f"lies above the diagonal {matrix}; swap row and column, or say general"

    @cached_property
    def _on_diagonal(self) -> Array:
        rows, columns, values = self.entries
        if self.header.coordinate:
            return np.equal(rows, columns)
        if self.header.symmetry == "skew-symmetric":
            return np.zeros(len(values), bool)  # not written down
        lengths = np.arange(self.header.shape[0], 0, -1)
        return np.isin(np.arange(self.done, self.done + len(values)), np.cumsum(lengths) - lengths)

    def _lost(self) -> Iterator[tuple[int, str]]:
        """Numbers that double precision does not hold."""
        values, whole = self.entries[2], self.header.field == "integer"
        doubtful = np.abs(values) >= EXACT if whole else np.isinf(values)  # rounded to EXACT, too
        lines = self._proved[0].split(b"\n") if doubtful.any() else []
        for entry in np.flatnonzero(doubtful).tolist():
            for word in lines[entry].split()[2 * self.header.coordinate :]:
                if why := loss(word, whole=whole):
                    yield entry, why


def _parse(text: bytes, count: int, header: Header) -> Entries:
    from scipy.io import mmread

    nothing = np.empty(0, np.int32)
    if not count:  # SciPy crashes on arrays without rows
        return nothing, nothing, np.empty(0, np.complex128 if header.field == "complex" else np.float64)
    field = "real" if header.field == "integer" else header.field  # int64 would overflow
    sizes = f"{WIDE} {WIDE} {count}" if header.coordinate else f"{count} 1"
    head = f"%%MatrixMarket matrix {header.layout} {field} general\n{sizes}\n"
    made = mmread(BytesIO(head.encode() + text))
    if isinstance(made, np.ndarray):
        return nothing, nothing, made.ravel()
    return made.row, made.col, made.data


def _mirrored(header: Header, rows: Array, columns: Array, values: Array) -> Any:
    """Coordinates, with the other triangle."""
    from scipy.sparse import coo_array

    if header.symmetry != "general":
        below = rows != columns
        mirror = MIRRORED[header.symmetry](values[below])
        rows, columns = np.concatenate([rows, columns[below]]), np.concatenate([columns, rows[below]])
        values = np.concatenate([values, mirror])
    return coo_array((values, (rows, columns)), shape=header.shape)


def _filled(header: Header, values: Array) -> Array:
    """An array of the values of all columns, or of those below the diagonal."""
    if header.symmetry == "general":
        return values.reshape(header.shape, order="F")
    matrix = np.zeros(header.shape, values.dtype)
    columns, rows = np.triu_indices(header.shape[0], int(header.symmetry == "skew-symmetric"))
    matrix[columns, rows] = MIRRORED[header.symmetry](values)
    matrix[rows, columns] = values
    return matrix
