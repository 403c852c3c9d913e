"""Text from files, packed or not, and from standard input, of unknown size and content."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from chainorder.errors import SpecError
from chainorder.reading.tokens import Mark, misread

MAX_BYTES = 256 * 2**20
"""Size of one spec, or of one line of JSON Lines."""

MAX_RATIO = 200
"""How many times as long as its file an unpacked text may be, where it is long; 10 is ordinary."""

LONG = 32 * 2**20
"""Bytes from which on that is looked at."""

PACKED = b"\x1f\x8b"
"""What gzip begins with."""

STDIN = "-"
"""The path that stands for standard input."""


@dataclass(frozen=True)
class Source:
    """Where specs are read from.

    Attributes
    ----------
    name
        For error messages.
    stem
        What a chain that has no name is called after.
    kind
        The ending of its name in small letters, ``.gz`` apart; of standard input, that which suits its text.
    folder
        What paths in it are relative to.
    path
        The file; None for standard input, whose bytes are `content`.
    """

    name: str | Path
    stem: str
    kind: str
    folder: Path
    path: Path | None
    content: bytes = b""

    @classmethod
    def of(cls, path: str | Path) -> Source:
        """The source that a path stands for; ``-``, as a text, is standard input, which is read here.

        Raises
        ------
        SpecError
            If standard input cannot be read, or is too large.
        """
        if path == STDIN:
            content = _read_stdin()
            return cls("<stdin>", "stdin", _kind_of(content), Path(), None, content)
        path = Path(path)
        named = path.with_suffix("") if path.suffix.lower() == ".gz" else path
        return cls(path, named.stem, named.suffix.lower(), path.parent, path)

    @property
    def packed(self) -> bool:
        """Whether it is a file of gzip."""
        return self.path is not None and self.path.suffix.lower() == ".gz"

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Its bytes, unpacked; what cannot be read is a `SpecError` without the file's name."""
        try:
            if self.path is None:
                yield io.BytesIO(self.content)
            else:
                with self.path.open("rb") as file:
                    yield io.BufferedReader(gzip.GzipFile(fileobj=file)) if self.packed else file
        except (OSError, ValueError, EOFError, zlib.error) as error:
            raise _unreadable(error) from None


def read_text(source: Source) -> str:
    """The text of a spec.

    Raises
    ------
    SpecError
        Without the file's name, if it cannot be read, is too large, or is no UTF-8.
    """
    with source.open() as file:
        if source.path is not None and not source.packed:
            _check_size("the file", source.path.stat().st_size)
        data = bytearray()  # neither a pipe nor a packed file has a size before it has been read
        while len(data) <= MAX_BYTES and (more := file.read(LONG)):
            data += more
            _check_unpacked(source, len(data))
    _check_size("the file", len(data))
    return _decode(bytes(data))


def read_lines(source: Source) -> Iterator[str | SpecError]:
    """The lines of a source, one at a time; an error for one that is too long or no UTF-8.

    Raises
    ------
    SpecError
        Without the file's name, if it cannot be read, or is a small file that unpacks to a vast one.
    """
    unpacked = 0
    with source.open() as file:
        while piece := file.readline(LONG):
            line, size = bytearray(piece), len(piece)
            while not piece.endswith(b"\n") and (piece := file.readline(LONG)):
                line += piece if size <= MAX_BYTES else b""
                size += len(piece)
                _check_unpacked(source, unpacked + size)
            unpacked += size
            _check_unpacked(source, unpacked)
            try:
                _check_size("the line", size)
                yield _decode(bytes(line))
            except SpecError as error:
                yield error


def _check_unpacked(source: Source, size: int) -> None:
    """Refuse what a few bytes unpack to without end."""
    if source.path is None or not source.packed or size <= LONG:
        return
    if size > MAX_RATIO * source.path.stat().st_size:
        raise _endless()


def _endless() -> SpecError:
    return SpecError(
        f"unpacks to more than {MAX_RATIO} times its size; unpack it with gunzip, if it is meant to"
    )


def _check_size(what: str, size: int) -> None:
    if size > MAX_BYTES:
        raise SpecError(
            f"{what} has {size:,} bytes, more than the {MAX_BYTES:,} of a spec; write long runs with repeat, "
            "or one chain per line of a .jsonl file"
        )


def _read_stdin() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise SpecError("there is no standard input; name a file", "<stdin>")
    try:
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
        _check_size("the input", len(content))
        content = _unpacked(content) if content.startswith(PACKED) else content
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(error).within("<stdin>") from None
    except SpecError as error:
        raise error.within("<stdin>") from None
    return content


def _unpacked(content: bytes) -> bytes:
    """What standard input holds, where it is packed."""
    most = min(MAX_BYTES, max(LONG, MAX_RATIO * len(content)))
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        unpacked = file.read(most + 1)
    _check_size("the input", len(unpacked))
    if len(unpacked) > most:
        raise _endless()
    return unpacked


def _kind_of(content: bytes) -> str:
    """The ending that suits a text: JSON Lines are several objects, the first of them on one line."""
    first, _, rest = content.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")
    if not (first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")):
        return ".yaml"
    return ".jsonl"


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode())
        remedy = "call it .gz, for it is packed" if data.startswith(PACKED) else "save the file as UTF-8"
        message = f"the byte 0x{error.object[error.start]:02X} is not UTF-8; {remedy}"
        raise misread(message, Mark(before.count(b"\n"), column)) from None


def _unreadable(error: OSError | ValueError | EOFError | zlib.error) -> SpecError:
    match error:
        case FileNotFoundError():
            return SpecError("there is no such file")
        case IsADirectoryError():
            return SpecError("this is a folder; name a file in it")
        case PermissionError():
            return SpecError("the file may not be read; ask for the permission to")
        case gzip.BadGzipFile() | EOFError() | zlib.error():
            return SpecError(f"the file cannot be unpacked: {error}; pack it again, or take .gz off its name")
        case OSError(strerror=str(reason)):
            return SpecError(f"the file cannot be read: {reason}")
        case _:
            return SpecError(f"the file cannot be read: {error}")
