"""Plans of graphs on several machines: the validator, the bounds, all schedules of small ones."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from click.testing import CliRunner

from chainorder import Edge, Graph, GraphError, GraphPlan, PlanError, compare, plan
from chainorder.cli import cli
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.path_bounds import PathBound, longest_path
from chainorder.plans.graph_schedules import Tasks, list_schedule, scheduled
from chainorder.solvers.graphs.face import Space
from tests.graphs import random_graph
from tests.slow import slow_but


@pytest.mark.parametrize("seed", range(8))
def test_schedules_are_valid_and_within_their_bounds(seed: int) -> None:
    generator = random.Random(seed)
    for machines in (2, 3, 8):
        graph = random_graph(
            generator,
            generator.randint(1, 6),
            ends=3,
            matrix_free=generator.choice((0, 0.4)),
            structured=generator.random() < 0.5,
        )
        one = plan(graph, solver=generator.choice(("markowitz", "auto")))
        several = scheduled(one, machines)
        several.validate()
        tasks = Tasks.of(one)
        assert several.fma == one.fma
        assert tasks.least(machines) <= several.makespan <= one.fma
        assert several.makespan <= 2 * tasks.least(machines)  # Graham's guarantee
        assert GraphPlan.from_json(several.to_json()) == several
        assert (several.lower_bound or 0) <= several.makespan
        assert several.optimal == (several.lower_bound == several.makespan)


@pytest.mark.parametrize("seed", range(20))
def test_no_list_of_few_operations_ends_before_the_bound(seed: int) -> None:
    graph = random_graph(random.Random(seed), 2, ends=2, density=0.4)
    one = plan(graph, solver="forward")
    tasks = Tasks.of(one)
    if tasks.operations > 7:
        pytest.skip("too many lists")
    best = min(_makespan(tasks, order, 2) for order in permutations(range(tasks.operations)))
    found = max(s.start + f for s, f in zip(list_schedule(tasks, 2), tasks.lasting, strict=False))
    assert tasks.least(2) <= best <= found


@pytest.mark.parametrize("seed", range(4))
def test_no_sequence_of_faces_ends_before_the_longest_path(seed: int) -> None:
    """Random sequences of random graphs, on as many machines as there are operations."""
    generator = random.Random(800 + seed)
    met = 0
    for _ in range(8):
        graph = random_graph(
            generator,
            generator.randint(1, 3),
            matrix_free=generator.choice((0, 0.5)),
            structured=seed % 2 == 0,
        )
        arcs = Arcs(graph)
        bound, space = longest_path(arcs), Space(arcs, PathBound.of(arcs))
        found = []
        for _ in range(25):
            node = space.start()
            while following := list(space.following(node)):
                node = generator.choice(following)
            made = GraphPlan.of(graph, node.history(), solver="face", arcs=arcs)
            found.append(Tasks.of(made).least(10**6))
        assert min(found) >= bound, graph.to_spec()
        met += min(found) == bound
    assert met >= 2


def test_a_long_path_proves_what_shared_work_does_not() -> None:
    graph = Graph(
        {"x": 1, "a": 9, "b": 9, "y": 9}, [Edge("x", "a"), Edge("a", "b"), Edge("b", "y"), Edge("x", "y")]
    )
    best = plan(graph, machines=4)
    best.validate()
    assert (best.makespan, best.lower_bound, best.claim) == (162, 162, "optimal")


@pytest.mark.parametrize("command", slow_but({"plan"}, ("plan", "compare", "run")))
def test_schedules_are_drawn(command: str, tmp_path: Path) -> None:
    spec, picture = tmp_path / "graph.json", tmp_path / "graph.svg"
    spec.write_text(json.dumps(random_graph(random.Random(4), 5, ends=3).to_spec()))
    call = [command, str(spec), "--machines", "2"]
    text = CliRunner().invoke(cli, call).output
    assert text.count("\nmachine ") == (4 if command == "run" else 2)  # planned, and measured
    assert CliRunner().invoke(cli, [*call, "-o", str(picture)]).exit_code == 0
    drawn = {"compare": "times the best", "plan": "∂y0/∂x0: multiply", "run": "∂y0/∂x0: multiply"}
    assert drawn[command] in picture.read_text()


def _makespan(tasks: Tasks, order: tuple[int, ...], machines: int) -> int:
    """Operations in a given order, each as early as it can on the machine that is free first."""
    end: dict[int, int] = {}
    free = [0] * machines

    def ready(place: int) -> int | None:
        found = 0
        for operand in tasks.operands[place]:
            at = end.get(operand) if operand < tasks.operations else ready(operand)
            if at is None:
                return None
            found = max(found, at)
        return found

    for place in order:
        at = ready(place)
        if at is None:
            return 10**9
        machine = free.index(min(free))
        end[place] = free[machine] = max(free[machine], at) + tasks.lasting[place]
    return max(end.values())


def test_what_a_schedule_may_not_do() -> None:
    graph = random_graph(random.Random(4), 4, ends=2)
    several = plan(graph, machines=2)
    *others, last = several.operations
    assert last.start > 0
    cases = {
        "its operands are there at": replace(last, start=0),
        "machine is 2; there are 2": replace(last, machine=2),
    }
    for message, wrong in cases.items():
        with pytest.raises(PlanError, match=message):
            replace(several, operations=(*others, wrong)).validate()
    together = tuple(replace(each, machine=0) for each in several.operations)
    with pytest.raises(PlanError, match="machine 0 is busy until"):
        replace(several, operations=together).validate()


def test_machines_are_numbers() -> None:
    graph = random_graph(random.Random(4), 2)
    for wrong in (0, 2.5, True, 10**9):
        with pytest.raises(GraphError, match="machines is"):
            plan(graph, machines=wrong)  # type: ignore[arg-type]


def test_rules_are_scheduled_too() -> None:
    graph = random_graph(random.Random(4), 5, ends=3)
    comparison = compare(graph, machines=3)
    assert {each.machines for each in comparison.plans} == {3}
    assert all(each.objective == "makespan" for each in comparison.plans)
    assert comparison.gap(comparison.best) == comparison.best.gap
