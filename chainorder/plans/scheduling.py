"""Steps on several machines: list scheduling of a tree of operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from chainorder.costs.prediction import Prediction
from chainorder.costs.pricing import Results, price, time_column
from chainorder.costs.steps import Row, Steps, instruction_of
from chainorder.plans.chain_operations import Timetable
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain

if TYPE_CHECKING:
    from chainorder.costs.profile import Profile


class Job(NamedTuple):
    """An operation of a tree, to be scheduled.

    Attributes
    ----------
    row
        The step.
    fma
        How long it takes: its fma, or picoseconds.
    operands
        Places of the jobs whose results it uses; those at hand from the start are none of them.
    entries
        Stored entries of its result: what a transfer of it costs, in units of the delay per entry.
    """

    row: Row
    fma: int
    operands: tuple[int, ...]
    entries: int


@dataclass(frozen=True)
class Schedule:
    """Where and when each job runs; lists by the places of the jobs."""

    machine: list[int]
    start: list[int]
    makespan: int


def jobs_of(
    chain: Chain, steps: Steps, results: Results | None = None, times: Sequence[int] | None = None
) -> list[Job]:
    """The jobs that steps in an executable order stand for; they take their fma, or the given times."""
    prices = price(chain, steps, results)
    lasting = prices.fma.tolist() if times is None else times
    jobs: list[Job] = []
    made: dict[tuple[int, int], int] = {}
    for row, fma, entries in zip(steps, lasting, prices.entries.tolist(), strict=True):
        operands = tuple(made[operand] for operand in instruction_of(*row).operands if operand in made)
        made[row[1], row[3]] = len(jobs)
        jobs.append(Job(row, fma, operands, entries))
    return jobs


def tails(jobs: Sequence[Job]) -> list[int]:
    """What has to run after each job until the whole is done, the job itself included.

    Operands stand before the jobs that use them.
    """
    after = [job.fma for job in jobs]
    for place in range(len(jobs) - 1, -1, -1):
        for operand in jobs[place].operands:
            after[operand] = jobs[operand].fma + after[place]
    return after


def list_schedule(jobs: Sequence[Job], machines: int, transfer: int = 0) -> Schedule:
    """Whenever a machine is free, start the ready job with the longest tail; O(n log n).

    A job runs where it can start first: on the machine that is free longest, or one that made an operand.
    Where that makes no difference, on the one with the largest operands.
    """
    after = tails(jobs)
    parent = {operand: place for place, job in enumerate(jobs) for operand in job.operands}
    waiting = [len(job.operands) for job in jobs]
    machine, end = [0] * len(jobs), [0] * len(jobs)
    free_at = [0] * min(machines, len(jobs))
    free = [(0, number) for number in range(len(free_at))]  # out of date where `free_at` is later
    ready = [(-after[place], place) for place, count in enumerate(waiting) if not count]
    heapify(ready)
    running: list[tuple[int, int]] = []

    def start_on(number: int, job: Job, now: int) -> tuple[int, int, int]:
        """When a job could start on a machine, and how much of its operands lies there."""
        start, local = max(now, free_at[number]), 0
        for operand in job.operands:
            moved = machine[operand] != number
            start = max(start, end[operand] + (transfer * jobs[operand].entries if moved else 0))
            local += 0 if moved else jobs[operand].entries
        return start, -local, number

    now = 0
    for _ in jobs:
        while True:
            while free[0][0] != free_at[free[0][1]]:
                number = heappop(free)[1]
                heappush(free, (free_at[number], number))
            if ready and free[0][0] <= now:
                break
            now = max(now, running[0][0])
            while running and running[0][0] <= now:
                done = parent.get(heappop(running)[1])
                if done is not None:
                    waiting[done] -= 1
                    if not waiting[done]:
                        heappush(ready, (-after[done], done))
        place = heappop(ready)[1]
        job = jobs[place]
        numbers = {free[0][1], *(machine[operand] for operand in job.operands)}
        start, _, machine[place] = min(start_on(number, job, now) for number in numbers)
        end[place] = free_at[machine[place]] = start + job.fma
        heappush(running, (end[place], place))
    starts = [stop - job.fma for stop, job in zip(end, jobs, strict=True)]
    return Schedule(machine, starts, max(end, default=0))


def assign_machines(jobs: Sequence[Job], starts: Sequence[int], machines: int) -> list[int]:
    """Machines for jobs of which never more run at once: one that made an operand, where it is free."""
    free_at: dict[int, int] = {}
    machine = [0] * len(jobs)
    order = sorted(
        range(len(jobs)), key=lambda place: (starts[place], starts[place] + jobs[place].fma, place)
    )
    for place in order:
        near = [machine[operand] for operand in sorted(jobs[place].operands, key=lambda o: -jobs[o].entries)]
        candidates = (
            number for number in (*near, *range(machines)) if free_at.get(number, 0) <= starts[place]
        )
        machine[place] = next(candidates)
        free_at[machine[place]] = starts[place] + jobs[place].fma
    return machine


def plan_of_schedule(
    chain: Chain,
    jobs: Sequence[Job],
    schedule: Schedule,
    *,
    solver: str,
    lower_bound: int | None,
    why: str,
    transfer: int = 0,
    objective: str = "makespan",
    results: Results | None = None,
    profile: Profile | None = None,
) -> Plan:
    """The plan of scheduled jobs; its operations stand in the order of their starts.

    With the objective seconds, the jobs take picoseconds by the profile.
    """
    order = sorted(
        range(len(jobs)),
        # A job of no length ends when its successor starts; the longer subchain is the successor.
        key=lambda p: (schedule.start[p], schedule.start[p] + jobs[p].fma, jobs[p].row[1] - jobs[p].row[3]),
    )
    rows = np.array([jobs[place].row for place in order], np.int64).reshape(-1, 4).T
    timetable = Timetable(
        np.array([schedule.machine[place] for place in order], np.int32),
        time_column([schedule.start[place] for place in order]),
        transfer,
    )
    return Plan.of(
        chain,
        Steps(rows[0].astype(np.uint8), rows[1], rows[2], rows[3]),
        solver=solver,
        lower_bound=lower_bound,
        why=why,
        objective=objective,
        timetable=timetable,
        results=results,
        predicted=None if profile is None else Prediction(tuple(jobs[p].fma for p in order), profile),
    )


def scheduled(plan: Plan, machines: int, objective: str = "makespan", transfer: int = 0) -> Plan:
    """The operations of a plan for one machine, list-scheduled on several; its fma stay what they are."""
    results = _results_again(plan)
    jobs = jobs_of(plan.chain, plan.operations.steps, results, plan.times)
    bound = plan.lower_bound
    if bound is not None and objective != "fma":
        bound = -(-bound // machines)
    made = plan_of_schedule(
        plan.chain.on(machines),
        jobs,
        list_schedule(jobs, machines, transfer),
        solver=plan.solver,
        lower_bound=bound,
        why=f"{plan.why}; for one machine, then scheduled by longest tails first",
        transfer=transfer,
        objective=objective,
        results=results,
        profile=None if plan.times is None or plan.predicted is None else plan.predicted.profile,
    )
    return replace(made, estimate=plan.estimate)


def _results_again(plan: Plan) -> Results | None:
    """What the estimate of a plan says of its results; None of a plan with exact costs."""
    if plan.estimate is None:
        return None
    from chainorder.costs.guessed_fill import guesses_again

    return guesses_again(plan.chain, plan.estimate)
