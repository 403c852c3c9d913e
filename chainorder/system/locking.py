"""Files that one process at a time may have."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from chainorder.errors import OutputError
from chainorder.system.output import Output, reason


def open_locked(name: str) -> BinaryIO:
    """A file, made if there is none, open to read and to append, for this process alone until it is closed.

    Raises
    ------
    OutputError
        If another process has it, or it cannot be written.
    """
    path = Path(name)
    while True:
        if Output.at(name).direct:
            raise OutputError(name, "is no regular file; move it away")
        try:
            file = path.open("a+b")
        except OSError as error:
            raise OutputError(name, reason(error)) from None
        if not _lock(file):
            file.close()
            raise OutputError(name, "another process is writing it; wait for that, or write elsewhere")
        with suppress(FileNotFoundError):  # the process that had it has finished, and removed it
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()


def _lock(file: BinaryIO) -> bool:
    """Lock a file until this process closes it or ends, however; whom it forks does not share the lock."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # a file system without locks
    return True
