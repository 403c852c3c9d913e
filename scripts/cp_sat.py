"""A plain constraint model of the least makespan for OR-tools CP-SAT: the peer of the project's own search.

One optional interval for every subchain and way to make it, a cumulative constraint over the machines, and
two bounds for every subchain: its critical path, and its least work divided by the machines.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from chainorder import Chain
from chainorder.plans.scheduling import Schedule
from chainorder.solvers.machines.alternatives import Alternative, Alternatives
from chainorder.solvers.machines.bounds import critical_paths, least_work
from chainorder.solvers.machines.splits import best_schedule

WORKERS = 2


@dataclass(frozen=True)
class Answer:
    """What CP-SAT found: the best makespan, its bound, and how long it took."""

    makespan: int
    bound: int
    seconds: float

    @property
    def proved(self) -> bool:
        """Whether the makespan is optimal."""
        return self.bound >= self.makespan


def solve(chain: Chain, machines: int, seconds: float) -> Answer:
    """Search for so many seconds, on two threads, from the schedule of the project's heuristic on."""
    from ortools.sat.python import cp_model

    started = time.perf_counter()
    ways = Alternatives.of_chain(chain)
    _, schedule = best_schedule(ways, machines)
    model, makespan = _model(cp_model, ways, machines, schedule)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = WORKERS
    status = solver.solve(model)
    taken = time.perf_counter() - started
    if status == cp_model.INFEASIBLE:  # nothing is better than the heuristic
        return Answer(schedule.makespan, schedule.makespan, taken)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    best = int(solver.value(makespan)) if found else schedule.makespan
    bound = round(solver.best_objective_bound) if found else 0
    return Answer(best, min(best, max(bound, 0)), taken)


def _model(cp: Any, ways: Alternatives, machines: int, schedule: Schedule) -> tuple[Any, Any]:
    """Time runs backwards: the operation that ends the chain starts at 0 and releases its operands."""
    model = cp.CpModel()
    deadline = schedule.makespan - 1
    path, work = critical_paths(ways), least_work(ways)
    least = [max(p, -(-w // machines)) for p, w in zip(path, work, strict=True)]
    earliest = _earliest(ways)
    makespan = model.new_int_var(0, deadline, "makespan")
    starts: dict[int, Any] = {}
    chosen: dict[int, list[tuple[Alternative, Any]]] = {}
    uses: dict[int, list[tuple[Any, int, int]]] = {subchain: [] for subchain in range(len(ways.of))}
    intervals, load = [], []
    for subchain in range(ways.whole, -1, -1):
        start = earliest[subchain]
        if not ways.of[subchain] or start is None or start + least[subchain] > deadline:
            continue
        starts[subchain] = model.new_int_var(start, deadline, f"start {subchain}")
        chosen[subchain] = []
        for way in ways.of[subchain]:
            rest = max([least[o] for o in way.operands], default=0)
            rest = max(rest, -(-sum(work[o] for o in way.operands) // machines))
            if start + way.cost + rest > deadline:
                continue
            taken = model.new_bool_var("")
            chosen[subchain].append((way, taken))
            intervals.append(
                model.new_optional_fixed_size_interval_var(starts[subchain], way.cost, taken, "")
            )
            load.append(way.cost * taken)
            model.add(starts[subchain] + way.cost + rest <= makespan).only_enforce_if(taken)
            for operand in way.operands:
                uses[operand].append((taken, subchain, way.cost))
    for subchain in range(ways.whole + 1):
        literals = [taken for _, taken in chosen.get(subchain, [])]
        if subchain == ways.whole:
            model.add_exactly_one(literals)
            continue
        model.add(sum(literals) == sum(taken for taken, _, _ in uses[subchain]))
        for taken, user, cost in uses[subchain]:
            if subchain in starts:
                model.add(starts[subchain] >= starts[user] + cost).only_enforce_if(taken)
    model.add_cumulative(intervals, [1] * len(intervals), machines)
    model.add(sum(load) <= machines * makespan)
    model.minimize(makespan)
    return model, makespan


def _earliest(ways: Alternatives) -> list[int | None]:
    """Of every subchain, what at least runs after it; None if nothing uses it."""
    earliest: list[int | None] = [None] * len(ways.of)
    earliest[ways.whole] = 0
    for subchain in range(ways.whole, -1, -1):
        before = earliest[subchain]
        if before is None:
            continue
        for way in ways.of[subchain]:
            for operand in way.operands:
                start = earliest[operand]
                earliest[operand] = before + way.cost if start is None else min(start, before + way.cost)
    return earliest
