"""Times of calls that take turns: what disturbs a machine for a while disturbs them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

RUNS, MOST_RUNS, PATIENCE = 3, 30, 0.3
"""Of each call: the more the shorter they are, for seconds."""

NEAR = 2
"""How many times as long as the fastest a call may take to be timed more than twice."""

Timer = Callable[[], float]
"""Does something, and says how many seconds that took."""


def spent(call: Callable[[], Any]) -> float:
    """Processor seconds."""
    started = time.process_time()
    call()
    return time.process_time() - started


def least(timers: Sequence[Timer]) -> list[float]:
    """The least time of each of some calls, which take turns, in an order that is drawn for every turn.

    What takes much longer than the fastest, twice, is not run again.
    """
    generator, taken = np.random.default_rng(0), [float("inf")] * len(timers)
    until, runs = time.perf_counter() + PATIENCE, 0
    while runs < RUNS or (runs < MOST_RUNS and time.perf_counter() < until):
        near = NEAR * min(taken) if runs >= 2 else float("inf")
        for place in generator.permutation(len(timers)).tolist():
            if taken[place] <= near:
                taken[place] = min(taken[place], timers[place]())
        runs += 1
    return taken
