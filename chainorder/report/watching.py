"""Progress for who calls from Python: in a notebook in its place, else on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Event, Thread
from typing import Any

from chainorder.report import progress as lines
from chainorder.system.phases import phase, watched

EVERY = 0.25
"""Seconds after which a notebook shows how it stands anew."""


@contextmanager
def progress() -> Iterator[None]:
    """Show what the calls inside are at, how far, and for how long, once that takes more than a second.

    In a notebook it stands below the cell, and goes when all is done; elsewhere it is a line on stderr, if
    that is a terminal.
    """
    if not in_notebook():
        with lines.shown(), phase("working"):
            yield
        return
    display = NotebookDisplay()
    try:
        with watched(display), phase("working"):
            yield
    finally:
        display.stop()


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"


class NotebookDisplay(lines.Display):
    """The same line below a cell, without widgets, which not every notebook has."""

    def _show(self) -> None:
        self._live = _Cell(self.text)
        self._live.start()


class _Cell:
    """A text below a cell that changes."""

    def __init__(self, text: Any) -> None:
        self._text, self._done, self._handle = text, Event(), None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Show it, and keep it up to date."""
        display: Any = import_module("IPython.display").display
        self._handle = display({"text/plain": self._text()}, raw=True, display_id=True)
        self._thread = Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self._done.wait(EVERY):
            self._write(self._text())

    def _write(self, text: str) -> None:
        handle: Any = self._handle
        handle.update({"text/plain": text}, raw=True)

    def stop(self) -> None:
        """Take it away."""
        self._done.set()
        if self._thread is not None:
            self._thread.join()
            self._write("")
