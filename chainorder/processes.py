"""Processes: how this one is interrupted, and how those that it starts end with it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor

Made = TypeVar("Made")

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask a process to end; not every system has all of them."""

PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that a process gets when the one that started it is gone."""


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


def interrupt_on_signals() -> None:
    """Make the signals that ask this process to end raise `Interrupted`; what it ignores stays ignored."""
    _handle(_interrupt)


def exit_on_signals() -> None:
    """Make these signals end this process at once: it has nothing that could be left unfinished."""
    _handle(_exit)


def _handle(handler: Callable[[int, Any], None]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # it gets none
    for number in ENDING:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler, _interrupt, _exit):
            signal.signal(number, handler)


def _interrupt(number: int, _frame: Any) -> None:
    raise Interrupted(number)


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


def apart_from_terminal(make: Callable[[], Made]) -> Made:
    """Call something whose threads and processes do not hear of Ctrl-C; this one does, while it waits."""
    from concurrent.futures import Future

    future: Future[Made] = Future()

    def run() -> None:
        try:
            future.set_result(make())
        except BaseException as error:  # noqa: BLE001 -- raised where it is waited for
            future.set_exception(error)

    _start_tracker()
    with signals_held([number for number in ENDING if number != signal.SIGTERM]):
        threading.Thread(target=run, daemon=True).start()
    return future.result()


def _start_tracker() -> None:
    """Start the process that frees what others leave behind; when it starts, it lets signals through.

    It would warn of all that it frees, which is no news where work was broken off.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return
    from multiprocessing import resource_tracker

    sys.warnoptions.append("ignore::UserWarning:multiprocessing.resource_tracker")
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.pop()


def end_with_parent() -> None:
    """Make this process of a pool end with the one that started it, however that ends.

    Ctrl-C is for the parent, which then ends its workers.
    """
    from multiprocessing import parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in ENDING[1:]:
        signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    if sys.platform == "linux":  # even where a long call keeps the thread below from running
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_outlive, args=(parent.sentinel,), daemon=True).start()


def _outlive(sentinel: int) -> None:
    from multiprocessing.connection import wait

    wait([sentinel])
    os._exit(1)


@contextmanager
def process_pool(workers: int) -> Iterator[Executor]:
    """Processes that are killed when the work is broken off: what they are at is not waited for."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children

    others = set(active_children())
    pool = ProcessPoolExecutor(workers, initializer=end_with_parent)
    try:
        yield pool
    except BaseException:
        for child in set(active_children()) - others:
            child.kill()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
