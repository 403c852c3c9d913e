"""The command line in this process, under limits, as a shell would see it."""

from __future__ import annotations

import io
import os
import resource
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CPU_SECONDS = 20
"""Processor time that one command or check may take."""

MEMORY = 3 * 2**30
"""Bytes of address space of a process, libraries included."""


class TooLongError(BaseException):
    """The time is over; no ordinary exception, so that nothing handles it."""


@dataclass(frozen=True)
class Outcome:
    """What came of a command.

    Attributes
    ----------
    status
        The exit status; None where an exception escaped.
    error
        The traceback of that exception, else empty.
    """

    command: tuple[str, ...]
    status: int | None
    stdout: str
    stderr: str
    error: str = ""
    place: str = ""


def limit_memory() -> None:
    """Let an allocation fail rather than the machine."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**30, 2**30))


@contextmanager
def limited(seconds: float = CPU_SECONDS) -> Iterator[None]:
    """Raise `TooLongError` after so much processor time; C code that does not come back is the parent's."""

    def stop(*_: object) -> None:
        raise TooLongError(f"more than {seconds} s of processor time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def run(command: tuple[str, ...], stdin: bytes = b"") -> Outcome:
    """Run one command line in the current folder."""
    from chainorder.cli import main

    streams = [io.TextIOWrapper(io.BytesIO(content), encoding="utf-8") for content in (stdin, b"", b"")]
    kept = sys.argv, sys.stdin, sys.stdout, sys.stderr
    sys.argv = ["chainorder", *command]
    sys.stdin, sys.stdout, sys.stderr = streams
    status: int | None = 0
    error = place = ""
    try:
        with warnings.catch_warnings(), limited():
            warnings.simplefilter("ignore")
            for shown in (RuntimeWarning, UserWarning, FutureWarning):
                warnings.simplefilter("always", shown)
            main()
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except (Exception, TooLongError) as escaped:  # noqa: BLE001 -- whatever escapes is what is looked for
        status, error, place = None, traceback.format_exc(), place_of(escaped)
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = kept
    stdout, stderr = (_text(stream) for stream in streams[1:])
    return Outcome(command, status, stdout, stderr, error, place)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode("utf-8", "replace")


def place_of(error: BaseException) -> str:
    """What was raised, and the innermost function of the package that it came through."""
    package = f"{os.sep}chainorder{os.sep}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if package in frame.filename]
    if not frames:
        return type(error).__name__
    inner = frames[-1]
    return f"{type(error).__name__} in {Path(inner.filename).stem}.{inner.name}"
