"""Real processes of the command line: started, watched, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 60
"""Seconds that anything may take on a busy machine."""


def wait_until(true: Callable[[], Any], seconds: float = PATIENCE) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def as_in_a_terminal() -> Iterator[None]:
    """Where the tests run under nohup, SIGHUP is ignored, and processes that are started inherit that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@dataclass
class Command:
    """A command in a session of its own, whose processes are known by their environment."""

    arguments: tuple[object, ...]
    mark: str = field(default_factory=lambda: f"CHAINORDER_TEST={uuid.uuid4().hex}")

    def __post_init__(self) -> None:
        name, _, value = self.mark.partition("=")
        with as_in_a_terminal():
            self.process = subprocess.Popen(
                [sys.executable, "-m", "chainorder", *map(str, self.arguments)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, name: value},
                start_new_session=True,
            )

    def ready(self) -> bool:
        """Whether it is past its start and handles signals, or at its end."""
        if self.process.poll() is not None:
            return True
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)

    def members(self) -> list[int]:
        """Its processes that are alive: itself, its workers, theirs."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                marked = entry.name.isdigit() and self.mark.encode() in (entry / "environ").read_bytes()
                if marked and (entry / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def send(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the command alone, or as a terminal does to all of its group."""
        (os.killpg if group else os.kill)(self.process.pid, number)

    def end(self, seconds: float = PATIENCE) -> tuple[int, str]:
        """Its exit status and what it said on stderr, when all ends of its pipes are closed."""
        _, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, errors
