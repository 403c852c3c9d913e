"""Processes that this one starts: they end with it, however it ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from chainorder.system.signals import ENDING, signals_held
from chainorder.system.waiting import begun

Made = TypeVar("Made")

PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that a process gets when the one that started it is gone."""


def apart_from_terminal(make: Callable[[], Made]) -> Made:
    """Call something whose threads and processes do not hear of Ctrl-C; this one does, while it waits."""
    _start_tracker()
    with signals_held([number for number in ENDING if number != signal.SIGTERM]):
        future = begun(make)
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
    """Processes that are killed when the work is broken off: what they are at is not waited for.

    When one dies, what was given to them and not finished is lost, and new ones take their place.
    """
    from multiprocessing import active_children

    others = set(active_children())
    pool = _Processes(workers)
    try:
        yield pool
    except BaseException:
        for child in set(active_children()) - others:
            child.kill()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


class _Processes(Executor):
    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._workers, initializer=end_with_parent)

    def submit(self, function: Callable[..., Made], /, *args: Any, **options: Any) -> Future[Made]:
        with signals_held():
            try:
                return self._pool.submit(function, *args, **options)
            except BrokenProcessPool:
                self._pool = self._start()
                return self._pool.submit(function, *args, **options)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def call_apart(function: Callable[..., Made], *args: Any) -> Made:
    """Call a function in a process of its own; raises `BrokenProcessPool` if that dies."""
    with process_pool(1) as pool:
        return pool.submit(function, *args).result()
