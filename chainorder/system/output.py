"""Files that are written: checked before the work, written beside, renamed when they are complete.

What stood there stays whole until then, whatever happens in between.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chainorder.errors import OutputError

_DESCRIPTORS = {"/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/([0-9]+)")


CALL = b'{"call": '
"""What the file begins with that keeps a batch in the making; nothing else does."""


class ReaderGoneError(Exception):
    """Whoever reads stdout (head, less) wants no more."""


@dataclass(frozen=True)
class Output:
    """A file that can be written.

    Attributes
    ----------
    name
        As the user calls it.
    path
        Where it lies: behind all links, which stay.
    direct
        Whether it is no file with a content of its own, but a device, a pipe or an open descriptor: these
        are written as they are.
    """

    name: str
    path: Path
    direct: bool = False

    @classmethod
    def at(cls, name: str | Path) -> Output:
        """Check that a file can be written.

        Raises
        ------
        OutputError
            If it is a folder, or it or its folder is not there or not writable.
        """
        name = os.fspath(name)
        try:
            return cls._at(name)
        except (OSError, ValueError) as error:
            raise OutputError(name, reason(error)) from None

    @classmethod
    def _at(cls, name: str) -> Output:
        there = _status(name)
        if not name or name.endswith(os.sep) or (there is not None and stat.S_ISDIR(there.st_mode)):
            raise OutputError(name, "is a folder; name a file in it")
        direct = _descriptor(name) is not None or (there is not None and not stat.S_ISREG(there.st_mode))
        path = Path(name if direct else os.path.realpath(name))
        if not path.parent.is_dir():
            raise OutputError(name, f"there is no folder {path.parent}; make it, or write elsewhere")
        if there is not None and not os.access(path, os.W_OK):
            raise OutputError(name, "is not writable; write elsewhere")
        if not direct and not os.access(path.parent, os.W_OK | os.X_OK):
            raise OutputError(name, f"the folder {path.parent} is not writable; write elsewhere")
        return cls(name, path, direct)

    def refuse_inputs(self, inputs: Iterable[Path]) -> None:
        """Raise `OutputError` if the file, under whatever name, is one of those that are read."""
        if self.direct:
            return
        for each in inputs:
            with suppress(OSError, ValueError):  # one is not there yet; or inline sizes, which are no path
                if not self.path.samefile(each):
                    continue
                also = "" if os.fspath(each) == self.name else f" (it is {each}, too)"
                raise OutputError(
                    self.name, f"is both read and written{also}; write elsewhere, or give --force"
                )

    @contextmanager
    def writing(self, beside: Path | None = None) -> Iterator[BinaryIO]:
        """The file, open for bytes; what was there is replaced when, and only if, all went well.

        Parameters
        ----------
        beside
            A file in the same folder that is written first; by default one with a random name.

        Raises
        ------
        OutputError
            If writing fails.
        """
        try:
            if self.direct:
                descriptor = _descriptor(self.name)
                with open(self.name if descriptor is None else os.dup(descriptor), "wb") as file:  # noqa: PTH123
                    yield file
                return
            beside = beside or self.path.with_name(f".chainorder-{os.urandom(6).hex()}.tmp")
            try:
                with beside.open("wb") as file:
                    yield file
                    self._complete(file)
                beside.replace(self.path)
            except BaseException:
                with suppress(OSError):
                    beside.unlink()
                raise
        except BrokenPipeError:
            raise  # the reader has gone, and wants no more
        except OSError as error:
            raise OutputError(self.name, reason(error)) from None

    def _complete(self, file: BinaryIO) -> None:
        """Bring all to the disk, under the owner and with the permissions of what is replaced."""
        file.flush()
        os.fsync(file.fileno())
        replaced = _status(self.path)
        if replaced is not None and hasattr(os, "fchown"):
            with suppress(PermissionError):
                os.fchown(file.fileno(), replaced.st_uid, replaced.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(replaced.st_mode))

    def write(self, parts: Iterable[str | bytes]) -> None:
        """Write a text, or bytes, in parts; what UTF-8 has no bytes for is escaped."""
        with self.writing() as file:
            for part in parts:
                file.write(encoded(part))


def partial_name(output: str) -> str:
    """What keeps the finished part of an output that takes long."""
    return f"{output}.partial"


def encoded(text: str | bytes) -> bytes:
    """The bytes of a text in all files that are written; of what is no text, as they are."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")


def reason(error: OSError | ValueError) -> str:
    """Why a file cannot be written."""
    match error:
        case NotADirectoryError():
            return "a part of its path is a file, not a folder; write elsewhere"
        case OSError(strerror=str(why)):
            return f"cannot be written ({why}); write elsewhere"
        case _:
            return f"cannot be written ({error}); write elsewhere"


def _status(path: str | Path) -> os.stat_result | None:
    """What stands at a path, behind links; None for nothing."""
    try:
        return os.stat(path)  # noqa: PTH116 -- a Path would not keep a trailing slash
    except FileNotFoundError:
        return None


def _descriptor(name: str) -> int | None:
    """The descriptor that a name stands for: opened by its name, what was written to it would be cut off."""
    if match := _DESCRIPTOR.fullmatch(name):
        return int(match[1])
    return _DESCRIPTORS.get(name)
