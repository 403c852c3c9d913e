"""Time limits: every search ends in time, with the best that it found."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from chainorder import Edge, Graph, SolverError, plan
from chainorder.plans.vertex_plans import seconds_to_write
from chainorder.problems.problem import Problem
from chainorder.solvers import Progress, all_solvers
from chainorder.system import waiting
from chainorder.system.waiting import made_by
from tests.graphs import random_graph
from tests.unfinished import UNFINISHED

LATE = 1.0
"""How late a search may end beside other tests; alone, `scripts/check_limits.py` asks for a tenth."""

TRIES = 3
"""A machine may be busy: one try has to be in time, by the clock of a machine that only does this."""

SEARCHES = {
    kind: [each.name for each in all_solvers(kind) if (each.options if kind == "graph" else each.schedules)]
    for kind in ("chain", "graph")
}


def in_time(problem: Problem, solver: str, limit: float) -> bool:
    """Whether a search ends in time; its plan is valid, its bounds are none that it refutes."""
    seen: list[Progress] = []
    started, worked = time.perf_counter(), time.process_time()
    try:
        best = plan(problem, solver=solver, time_limit=limit, progress=seen.append)
    except SolverError:  # too large for it
        return time.process_time() - worked < limit
    taken = time.perf_counter() - started
    late = (taken - limit) * min(1, (time.process_time() - worked) / taken)
    best.validate()
    assert all(each.lower_bound <= each.best for each in seen)
    assert best.cost == min([best.cost, *(each.best for each in seen)])
    return late <= LATE


@pytest.mark.parametrize("solver", ["integer", "lookahead"])
def test_libraries_that_seldom_look_at_the_clock_are_left_in_time(solver: str) -> None:
    graph = UNFINISHED["30 vertices"]()
    assert any(in_time(graph, solver, 0.4) for _ in range(TRIES))


@pytest.mark.slow
@pytest.mark.parametrize("make", UNFINISHED.values(), ids=list(UNFINISHED))
@pytest.mark.parametrize("limit", [1])
def test_searches_end_when_their_time_is_up(make: Callable[[], Problem], limit: float) -> None:
    problem = make()
    for solver in SEARCHES[problem.kind]:
        in_time(problem, solver, 0.1)  # what is loaded and compiled once
        assert any(in_time(problem, solver, limit) for _ in range(TRIES)), solver


def test_vertex_elimination_returns_the_best_so_far() -> None:
    pytest.importorskip("numba", reason="30 vertices need the extra 'machines'")
    graph = UNFINISHED["30 vertices"]()
    plan(graph, solver="vertex", time_limit=0.1)  # what is loaded and compiled once
    best = plan(graph, solver="vertex", time_limit=0.5)
    assert best.cost <= min(plan(graph, solver=rule).cost for rule in ("forward", "reverse", "markowitz"))
    assert "the best by then" in best.why
    best.validate()


def test_what_is_late_is_not_waited_for() -> None:
    assert made_by(None, lambda: 3) == made_by(time.monotonic() + 60, lambda: 3) == 3
    started = time.monotonic()
    assert made_by(started + 0.2, lambda: time.sleep(2)) is None
    assert 0.2 <= time.monotonic() - started < 1.5
    with pytest.raises(ZeroDivisionError):
        made_by(None, lambda: 1 // 0)


def test_who_is_asked_to_end_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "asked_to_end", lambda: True)
    assert made_by(None, lambda: time.sleep(0.5)) is None


def test_time_to_write_is_that_of_the_cheaper_sweep() -> None:
    layers = [[f"v{layer}.{at}" for at in range(4)] for layer in range(6)]
    edges = [Edge(a, b) for first, second in pairwise(layers) for a in first for b in second]
    graph = Graph({name: 1 for layer in layers for name in layer}, edges)
    assert len(plan(graph, solver="forward").operations) == 4 * 4**3
    assert seconds_to_write(graph) == pytest.approx(4 * 4**3 / 800_000)
    for seed in range(20):
        graph = random_graph(random.Random(seed), 12, ends=3, density=0.3)
        few = min(len(plan(graph, solver=sweep).operations) for sweep in ("forward", "reverse"))
        assert seconds_to_write(graph) == pytest.approx(few / 800_000)
