"""What a Matrix Market file says of itself, held against what it can hold before any memory is taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase

from chainorder.errors import MatrixError
from chainorder.reading.market_words import INDEX, NUMBER, WHOLE, Word, line_count, shown, split
from chainorder.reading.words import JACOBIANS
from chainorder.structures.compressed_rows import MAX_ENTRIES

ROOM = 2**20
"""Bytes that a line may have, and that comments and blank lines may take where there is no entry."""

ROOM_PER_ENTRY = 1024

BANNER = ("%%matrixmarket", "%matrixmarket")
LAYOUTS = ("coordinate", "array")
FIELDS = {
    "real": "real",
    "double": "real",
    "complex": "complex",
    "integer": "integer",
    "unsigned-integer": "integer",
    "pattern": "pattern",
}
SYMMETRIES = ("general", "symmetric", "skew-symmetric", "hermitian")


class Lines:
    """The lines of a text, counted, of which no more than a piece is in memory.

    Attributes
    ----------
    number
        Of the line that was read last, counted from 1; of the last one before a piece while it is read.
    """

    def __init__(self, stream: BufferedIOBase, name: str) -> None:
        self.number = 0
        self._stream, self._name, self._room = stream, name, ROOM

    def wrong(self, message: str, number: int | None = None) -> MatrixError:
        """The error of a line, by default that which was read last."""
        return MatrixError(f"{self._name} line {self.number if number is None else number}: {message}")

    def next(self) -> bytes:
        """The next line; empty at the end."""
        self.number += 1
        line = self._stream.readline(ROOM + 1)
        self._spend(len(line))
        self._check_length(line, self.number)
        return line

    def expect(self, entries: int) -> None:
        """Make room for so many entries."""
        self._room += ROOM_PER_ENTRY * entries

    def pieces(self, size: int) -> Iterator[bytes]:
        """The other lines, about `size` bytes at a time; the last one ends, too."""
        while text := self._stream.read(size):
            if not text.endswith(b"\n"):
                rest = self._stream.readline(ROOM + 1)
                self._check_length(rest, self.number + 1 + line_count(text))
                text += rest if rest.endswith(b"\n") else rest + b"\n"
            self._spend(len(text))
            yield text
            self.number += line_count(text)

    def _spend(self, read: int) -> None:
        """Keep what is unpacked within what the entries can take."""
        self._room -= read
        if self._room < 0:
            raise self.wrong("there is more text than the entries can take; remove comments and blank lines")

    def _check_length(self, line: bytes, number: int) -> None:
        if len(line) > ROOM:
            raise self.wrong(f"it is longer than {ROOM:,} bytes; mend it, or write the file again", number)


@dataclass(frozen=True)
class Header:
    """The first lines of a file.

    Attributes
    ----------
    layout, field, symmetry
        As in the format; the field is real, complex, integer or pattern.
    shape
        Rows and columns.
    entries
        Lines that follow.
    line
        Where the sizes stand.
    """

    layout: str
    field: str
    symmetry: str
    shape: tuple[int, int]
    entries: int
    line: int

    @property
    def coordinate(self) -> bool:
        """Whether an entry states its row and column."""
        return self.layout == "coordinate"

    @property
    def words(self) -> tuple[Word, ...]:
        """What stands on a line of an entry."""
        places = (("row", INDEX), ("column", INDEX)) if self.coordinate else ()
        match self.field:
            case "pattern":
                return places
            case "complex":
                return (*places, ("real part", NUMBER), ("imaginary part", NUMBER))
            case _:
                return (*places, ("value", WHOLE if self.field == "integer" else NUMBER))


def read_header(lines: Lines, room: int) -> Header:
    """Read the first lines of a file of at most `room` bytes, and check what they claim.

    Raises
    ------
    MatrixError
        If they are malformed, contradict each other, or claim more than there is room for.
    """
    layout, field, symmetry = _banner(lines)
    names = ("rows", "columns", "entries")[: 3 if layout == "coordinate" else 2]
    line = _sizes_line(lines)
    words = split(line)
    if len(words) != len(names) or not all(re.fullmatch(rb"\d{1,30}", word) for word in words):
        raise lines.wrong(f"{shown(line)} where {', '.join(names)} are expected, in whole numbers")
    rows, columns, *stated = map(int, words)
    shape = f"{rows} × {columns}"
    if max(rows, columns) > MAX_ENTRIES:
        raise lines.wrong(f"{shape}; sizes up to {MAX_ENTRIES:,} are read")
    if symmetry != "general" and rows != columns:
        raise lines.wrong(f"{shape} but {symmetry}; such a matrix is square: mend the sizes, or say general")
    entries = stated[0] if stated else _stored(rows, columns, symmetry)
    header = Header(layout, field, symmetry, (rows, columns), entries, lines.number)
    least = 2 * len(header.words) * entries - 1
    if entries > MAX_ENTRIES or least > room:
        limit = f"take {least:,} bytes, for which the file has no room; mend the sizes, or write it again"
        if least <= room:
            limit = f"are stated; up to {MAX_ENTRIES:,} are read"
        raise lines.wrong(f"{entries:,} entries {limit}")
    lines.expect(entries)
    return header


def market_note(stream: BufferedIOBase) -> str:
    """What a comment at the head of a file says under `JACOBIANS`; empty if there is none."""
    stream.readline(ROOM)
    while (line := stream.readline(ROOM).strip()).startswith(b"%"):
        key, _, word = line.lstrip(b"% ").partition(b": ")
        if key == JACOBIANS.encode():
            return word.decode("utf-8", "replace")
    return ""


def _banner(lines: Lines) -> tuple[str, str, str]:
    line = lines.next()
    words = [word.decode("latin-1").lower() for word in split(line)]
    if words[0] not in BANNER or len(words) != 5:
        raise lines.wrong(
            f"it is {shown(line)}; the first line is %%MatrixMarket matrix, and three words: "
            f"{' or '.join(LAYOUTS)}, a field such as real, a symmetry such as general"
        )
    for word, known in zip(words[1:], (("matrix",), LAYOUTS, FIELDS, SYMMETRIES), strict=True):
        if word not in known:
            raise lines.wrong(f"{shown(word.encode())} where {' or '.join(known)} is expected")
    layout, field, symmetry = words[2], FIELDS[words[3]], words[4]
    for clash in ("array", "skew-symmetric") if field == "pattern" else ():
        if clash in (layout, symmetry):
            raise lines.wrong(f"pattern and {clash} exclude each other; state values")
    return layout, field, symmetry


def _sizes_line(lines: Lines) -> bytes:
    while line := lines.next():
        if line.strip(b" \t\r\n") and not line.lstrip(b" \t").startswith(b"%"):
            return line
    raise lines.wrong("the file ends before the line with its sizes")


def _stored(rows: int, columns: int, symmetry: str) -> int:
    """The values of an array that are written down."""
    match symmetry:
        case "general":
            return rows * columns
        case "skew-symmetric":
            return rows * (rows - 1) // 2
        case _:
            return rows * (rows + 1) // 2
