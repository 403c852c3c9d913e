"""Calls that are not waited for any longer than there is time: of libraries that seldom look at a clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from chainorder.system.signals import asked_to_end

Made = TypeVar("Made")

LOOK = 0.05
"""Seconds between two looks whether somebody asks this process to end."""


def begun(make: Callable[[], Made]) -> Future[Made]:
    """A call in a thread of its own, which nobody waits for when this process ends."""
    future: Future[Made] = Future()

    def run() -> None:
        try:
            future.set_result(make())
        except BaseException as error:  # noqa: BLE001 -- raised where it is waited for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def made_by(until: float | None, make: Callable[[], Made]) -> Made | None:
    """What a call returns; None if it has not by then, or somebody asks for what there is.

    It is left to itself then, and should end soon by a limit of its own. A library that does not let other
    threads run meanwhile is waited for.

    Parameters
    ----------
    until
        When the time is up, a reading of `time.monotonic`; None if it never is.
    make
        What is called.
    """
    future = begun(make)
    while not asked_to_end():
        left = LOOK if until is None else min(LOOK, until - time.monotonic())
        if left <= 0:
            break
        if wait([future], left).done:
            return future.result()
    return None
