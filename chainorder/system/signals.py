"""Signals that ask this process to end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask a process to end; not every system has all of them."""


GRACE = 2.0
"""Seconds that tidying up may take."""


class Interrupted(BaseException):
    """A signal asks this process to end: what is unfinished is removed or said, nothing is waited for.

    Attributes
    ----------
    signal
        Which.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)


class _Once:
    """Raises `Interrupted` for the first signal.

    Those that follow within `GRACE` must not break off what tidies up; later ones end this process at once.
    """

    def __init__(self) -> None:
        self.asked: float | None = None

    def __call__(self, number: int, frame: Any) -> None:
        if self.asked is None:
            self.asked = time.monotonic()
            raise Interrupted(number)
        if time.monotonic() > self.asked + GRACE:
            _exit(number, frame)


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Let the signals that ask this process to end raise `Interrupted`; what it ignores stays ignored."""
    interrupt = _Once()
    before = _handle(interrupt)
    try:
        yield
    finally:
        for number, handler in before.items() if interrupt.asked is None else ():
            signal.signal(number, handler)


_asked: list[signal.Signals] = []


@contextmanager
def asking_first() -> Iterator[None]:
    """Let the first Ctrl-C only ask what runs meanwhile to end with what it has; the next one interrupts it.

    Whoever runs for long looks at `asked_to_end`; `end_if_asked` ends the process when all is written.
    """
    interrupt = signal.getsignal(signal.SIGINT)
    if not isinstance(interrupt, _Once):
        yield  # in a thread, in a notebook or where it is ignored: as it is there
        return

    def ask(number: int, _frame: Any) -> None:
        _asked.append(signal.Signals(number))
        signal.signal(signal.SIGINT, interrupt)

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, interrupt)


def asked_to_end() -> bool:
    """Whether what runs should end with what it has."""
    return bool(_asked)


def end_if_asked() -> None:
    """Raise `Interrupted` if a signal asked for that."""
    if _asked:
        raise Interrupted(_asked[0])


def exit_on_signals() -> None:
    """Make these signals end this process at once: it has nothing that could be left unfinished."""
    _handle(_exit)


def _handle(handler: Callable[[int, Any], None]) -> dict[signal.Signals, Any]:
    """Handle these signals, but for those that somebody else does or that are ignored; how they were."""
    if threading.current_thread() is not threading.main_thread():
        return {}  # it gets none
    before = {number: signal.getsignal(number) for number in ENDING}
    ours = {
        number: was
        for number, was in before.items()
        if was in (signal.SIG_DFL, signal.default_int_handler, _exit)
    }
    for number in ours:
        signal.signal(number, handler)
    return ours


def _exit(number: int, _frame: Any) -> None:
    os._exit(128 + number)


@contextmanager
def signals_held(numbers: Collection[int] = ENDING) -> Iterator[None]:
    """Hold signals back; threads and processes that are started meanwhile inherit that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
