"""Text from files of unknown size and content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chainorder.errors import SpecError
from chainorder.spec.tokens import Mark, misread

MAX_BYTES = 256 * 2**20
"""Size of one spec, or of one line of JSON Lines."""


def read_text(path: Path) -> str:
    """The text of a spec file.

    Raises
    ------
    SpecError
        Without the file's name, if it cannot be read, is too large, or is no UTF-8.
    """
    try:
        size = path.stat().st_size
        _check_size("the file", size)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # a pipe has no size before it has been read
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None
    _check_size("the file", len(data))
    return _decode(data)


def read_lines(path: Path) -> Iterator[str | SpecError]:
    """The lines of a file, one at a time; an error for one that is too long or no UTF-8.

    Raises
    ------
    SpecError
        Without the file's name, if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_BYTES + 1):
                size = len(line)
                while not line.endswith(b"\n") and (more := file.readline(MAX_BYTES)):
                    line, size = more, size + len(more)
                try:
                    _check_size("the line", size)
                    yield _decode(line)
                except SpecError as error:
                    yield error
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None


def _check_size(what: str, size: int) -> None:
    if size > MAX_BYTES:
        raise SpecError(
            f"{what} has {size:,} bytes, more than the {MAX_BYTES:,} of a spec; write long runs with repeat, "
            "or one chain per line of a .jsonl file"
        )


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode())
        message = f"the byte 0x{error.object[error.start]:02X} is not UTF-8; save the file as UTF-8"
        raise misread(message, Mark(before.count(b"\n"), column)) from None


def _unreadable(error: OSError | ValueError) -> SpecError:
    match error:
        case FileNotFoundError():
            return SpecError("there is no such file")
        case IsADirectoryError():
            return SpecError("this is a folder; name a file in it")
        case PermissionError():
            return SpecError("the file may not be read; ask for the permission to")
        case OSError(strerror=str(reason)):
            return SpecError(f"the file cannot be read: {reason}")
        case _:
            return SpecError(f"the file cannot be read: {error}")
