"""The exact search with a clock: the best schedule so far, and what every schedule takes at least."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from chainorder.plans.scheduling import Job, Schedule
from chainorder.solvers.machines.alternatives import Alternatives
from chainorder.solvers.machines.bounds import lower_bound
from chainorder.solvers.machines.search import Model, Search
from chainorder.solvers.machines.splits import best_schedule
from chainorder.system.waiting import made_by

SLICE, SLOW_SLICE = 20_000, 2_000
"""States between two looks at the clock, compiled and not: some hundredths of a second."""

SHORT = 24
"""Elementals of chains that are most often done before a compiler would be loaded."""

FIRST_STEP = 4
"""The first deadline from below lies a quarter of the gap above the bound."""

BUDGET = 2_000_000
"""States after which a deadline from below is given up for an earlier one; doubled each time."""


@dataclass
class Answer:
    """What is known so far.

    Attributes
    ----------
    jobs, schedule
        The best schedule.
    bound
        No schedule ends earlier.
    """

    jobs: list[Job]
    schedule: Schedule
    bound: int

    @property
    def proved(self) -> bool:
        """Whether the best schedule is optimal."""
        return self.schedule.makespan <= self.bound


@dataclass
class Hunt:
    """Two searches for a better schedule than the best: from above and from below.

    From above, any better schedule will do; when that is exhausted, the best is optimal. From below,
    deadlines are refuted one after the other, each of which raises the bound.
    """

    model: Model
    answer: Answer
    step: int = FIRST_STEP
    budget: int = BUDGET
    searched: int = 0
    searches: list[Search] = field(default_factory=list)

    def advance(self, pool: ThreadPoolExecutor | None) -> None:
        """Search a slice on, with two threads if there is a pool, and learn what came of it."""
        nodes = SLICE if self.model.compiled else SLOW_SLICE
        if not self.searches:
            self.searches = [Search(self.model, self.answer.schedule.makespan - 1)]
        elif len(self.searches) == 1:
            self.searches.append(self._from_below())
        list((pool.map if pool else map)(lambda search: search.advance(nodes), self.searches))
        self.searched += nodes
        for search in self.searches:
            self._learn(search)
        above, *below = self.searches
        above.tighten(self.answer.schedule.makespan - 1)
        if below and (below[0].done or self.searched > self.budget):
            if not below[0].done:
                self.step, self.budget = 2 * self.step, 2 * self.budget
            self.searches = [above]

    def _from_below(self) -> Search:
        self.searched = 0
        gap = self.answer.schedule.makespan - 1 - self.answer.bound
        return Search(self.model, self.answer.bound + gap // self.step)

    def _learn(self, search: Search) -> None:
        answer = self.answer
        if search.best is not None and search.best < answer.schedule.makespan:
            answer.jobs, answer.schedule = search.schedule()
        if search.done:  # no schedule ends by its deadline, which is below the best that it found
            answer.bound = max(answer.bound, search.deadline + 1)


def hunt(alternatives: Alternatives, machines: int, transfer: int, until: float | None) -> Iterator[Answer]:
    """The answer, again and again as it becomes better, until it is proved or the time is over.

    The time is over at `until`, a reading of `time.monotonic`.
    """
    jobs, schedule = best_schedule(alternatives, machines, transfer)
    answer = Answer(jobs, schedule, lower_bound(alternatives, machines, schedule.makespan))
    yield answer
    if alternatives.length <= SHORT and not answer.proved:
        model = Model(alternatives, machines, transfer, schedule.makespan, fast=False)
        Hunt(model, answer).advance(None)
        yield answer
    if answer.proved:
        return

    def prepare() -> Model:
        model = Model(alternatives, machines, transfer, answer.schedule.makespan)
        Search(model, answer.schedule.makespan - 1).advance(1)  # compiles
        return model

    prepared = made_by(until, prepare)
    if prepared is None:
        return
    going = Hunt(prepared, answer)
    pool = ThreadPoolExecutor(2)
    try:
        while not answer.proved and (until is None or time.monotonic() < until):
            before = answer.schedule.makespan, answer.bound
            going.advance(pool)
            if (answer.schedule.makespan, answer.bound) != before:
                yield answer
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who breaks it off does not wait for the last slices
