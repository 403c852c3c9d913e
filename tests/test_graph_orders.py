"""Orders of vertices: cuts never above the optimum, safe eliminations keep it, annealing finds it."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from chainorder import Edge, Graph, GraphPlan, Identity, PlanError, SolverError, Sparse, compare, plan
from chainorder.elimination import cut_kernel
from chainorder.elimination.best_order import Contest
from chainorder.elimination.cut_bounds import CutBound
from chainorder.elimination.cuts import Cuts
from chainorder.elimination.exact_search import ExactSearch
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.order_graph import OrderGraph
from chainorder.elimination.order_rules import rules
from chainorder.elimination.order_search import OrderSearch, order_cost
from chainorder.elimination.reductions import reduced
from chainorder.elimination.vertex_orders import Sweep, VertexGraph, moves_of
from chainorder.elimination.vertex_orders import order_cost as vertex_cost
from chainorder.plans.vertex_plans import plan_of_order
from chainorder.report.graphs import graph_comparison_report
from chainorder.solvers.graphs.orders import _cost, _relative, greedy, inner_places
from chainorder.solvers.graphs.vertex import _DenseTable
from chainorder.solvers.options import Options
from tests.graphs import random_graph
from tests.order_checks import check_graph, groups_of, some_graph
from tests.order_oracle import cheapest_order, cheapest_weighted
from tests.reference import REFERENCE, needs_reference
from tests.slow import slow_but


def scalar_graph(name: str) -> tuple[Graph, dict[str, Any]]:
    """A published graph of scalars, and what is known of it."""
    data = json.loads((REFERENCE / "scalar_graphs.json").read_text())[name]
    count = data["inputs"] + data["inner"] + data["outputs"]
    vertices = {f"v{n}": 1 for n in range(count)}
    return Graph(vertices, [Edge(f"v{a}", f"v{b}") for a, b in data["edges"]], name), data


@pytest.mark.parametrize("seed", slow_but({0, 1, 2}, range(6)))
def test_no_bound_is_above_the_cheapest_order_and_no_reduction_loses_it(seed: int) -> None:
    """A sample of `scripts/check_orders.py`."""
    generator = random.Random(seed)
    seen = [what for _ in range(20) for what in check_graph(generator)]
    assert len(set(seen)) == 6, seen  # every kind of graph, every kind of proof


@pytest.mark.parametrize("seed", range(4))
def test_safe_eliminations_keep_the_optimum(seed: int) -> None:
    generator = random.Random(100 + seed)
    for _ in range(25):
        largest = generator.choice((1, 3, 9))
        graph = random_graph(generator, generator.randint(1, 7), ends=3, density=0.3, largest=largest)
        orders = OrderGraph.of(graph)
        assert orders is not None
        left = reduced(orders)
        assert left.cost + cheapest_weighted(left.graph) == cheapest_order(graph), graph.to_spec()


@pytest.mark.parametrize("seed", range(6))
def test_annealing_finds_and_claims_the_best_order(seed: int) -> None:
    generator = random.Random(200 + seed)
    for _ in range(4):
        graph = some_graph(generator)
        best = plan(graph, solver="annealing", seed=seed)
        best.validate()
        assert best.model == "vertex"
        assert best.fma == plan(graph, solver="vertex").fma
        assert GraphPlan.from_json(best.to_json()) == best
        if "among vertex orders" in best.claim:
            assert best.fma == cheapest_order(graph)


def test_matrix_free_edges_are_left_out_of_the_bound() -> None:
    generator = random.Random(7)
    for _ in range(40):
        graph = random_graph(generator, 4, density=0.5, matrix_free=0.4)
        orders = OrderGraph.of(graph)
        assert orders is not None
        bound = CutBound.of(orders)
        bound.improve(200)
        assert bound.best <= plan(graph, solver="vertex").fma, graph.to_spec()


def test_copies_may_be_free() -> None:
    graph = Graph({"x": 3, "h": 3, "y": 3}, [Edge("x", "h", Identity()), Edge("h", "y")])
    orders = OrderGraph.of(graph)
    assert orders is not None
    assert (orders.exact, orders.prices[1]) == (False, 0)
    assert plan(graph, solver="annealing").fma == 0


def test_sparse_jacobians_are_entries() -> None:
    pattern = [[1, 0], [1, 1]]
    graph = Graph(
        {"x": 2, "h": 2, "y": 2}, [Edge("x", "h", Sparse(pattern)), Edge("h", "y", Sparse(pattern))]
    )
    orders = OrderGraph.of(graph)
    assert orders is not None
    assert (len(orders.weights), len(orders.edges), orders.units) == (6, 6, ((2, 3),))
    assert order_cost(orders, [0]) == plan(graph).fma == 4


def test_large_sparse_jacobians_are_not_looked_into() -> None:
    graph = Graph(
        {"x": 3000, "h": 3000, "y": 1}, [Edge("x", "h", Sparse([[1] * 3000] * 3000)), Edge("h", "y")]
    )
    assert OrderGraph.of(graph) is not None  # full, after all


@needs_reference
@pytest.mark.parametrize("name", ["HumanHeartDipole", "PropaneCombustion"])
def test_published_graphs_are_proved(name: str) -> None:
    graph, data = scalar_graph(name)
    best = plan(graph, solver="annealing")
    best.validate()
    assert (best.fma, best.vertex_bound) == (data["best_known"], data["best_known"])
    assert best.claim == "optimal among vertex orders"
    assert not best.optimal
    assert json.loads(best.to_json())["claim"] == best.claim


@needs_reference
def test_the_orders_of_a_published_graph_are_found_from_every_seed() -> None:
    pytest.importorskip("numba")
    graph, data = scalar_graph("RoeFlux_1d")
    orders = OrderGraph.of(graph)
    assert orders is not None
    for seed in range(2):
        contest = Contest(orders, range(len(orders.units)), seed)
        for _ in range(120):
            contest.take_turns()
        assert contest.cost == data["best_known"]
        assert data["cut_bound"] < 275 <= contest.least <= contest.cost


@needs_reference
def test_rules_cost_what_is_published() -> None:
    graph, data = scalar_graph("RoeFlux_1d")
    orders = OrderGraph.of(graph)
    assert orders is not None
    units = range(len(orders.units))
    assert (order_cost(orders, units), order_cost(orders, units[::-1])) == (data["forward"], data["reverse"])
    alone = [frozenset((vertex,)) for members in orders.units for vertex in members]
    assert Cuts(orders).total(alone) == data["cut_bound"]


@pytest.mark.parametrize("seed", range(3))
def test_compiled_and_plain_loops_agree(seed: int) -> None:
    pytest.importorskip("numba")
    generator = random.Random(300 + seed)
    graph = random_graph(generator, 14, ends=4, density=0.2, largest=generator.choice((1, 9)))
    orders = OrderGraph.of(graph)
    assert orders is not None
    found = []
    for fast in (False, True):
        search = OrderSearch(orders, range(14), seed, fast=fast)
        for _ in range(8):
            search.advance()
        bound = CutBound.of(orders, seed, fast=fast)
        bound.improve(60)
        found.append((search.cost, search.order, bound.best, bound.total, set(bound.groups)))
    assert found[0] == found[1]


def test_sizes_that_no_int64_holds_are_exact() -> None:
    big = 10**12
    graph = Graph({"x": big, "a": big, "b": 2, "y": big}, [Edge("x", "a"), Edge("a", "b"), Edge("b", "y")])
    best = plan(Graph(graph.vertices, [*graph.edges, Edge("x", "b")]), solver="annealing")
    assert best.fma == cheapest_weighted_formula(big)
    assert best.claim == "optimal among vertex orders"


def cheapest_weighted_formula(big: int) -> int:
    """a first: big · big · 2, then b: 2 · big · big."""
    return big * big * 2 + 2 * big * big


def test_a_bound_above_the_cost_is_refused() -> None:
    graph = random_graph(random.Random(5), 4)
    best = plan(graph, solver="annealing")
    with pytest.raises(PlanError, match="of vertex orders is above the cost"):
        replace(best, vertex_bound=best.fma + 1).validate()


@pytest.mark.parametrize("seed", range(6))
def test_the_exact_search_finds_the_cheapest_order(seed: int) -> None:
    generator = random.Random(400 + seed)
    for _ in range(6):
        graph = random_graph(generator, generator.randint(1, 7), ends=3, largest=generator.choice((1, 9)))
        orders = OrderGraph.of(graph)
        assert orders is not None
        cuts, wanted = Cuts(orders), cheapest_order(graph)
        worst = order_cost(orders, range(len(orders.units)))
        search = ExactSearch(cuts, groups_of(generator, orders), worst)
        while not search.done:
            search.advance(50)
        assert search.limit == wanted, graph.to_spec()
        assert order_cost(orders, search.order or range(len(orders.units))) == wanted
        again = ExactSearch(cuts, [], wanted)  # without any bound, and nothing better to be found
        again.advance(10**6)
        assert (again.done, again.limit, again.order) == (True, wanted, None)


def test_the_exact_search_agrees_with_all_sets() -> None:
    pytest.importorskip("numba")
    for seed in range(3):
        graph = random_graph(random.Random(500 + seed), 15, ends=3, density=0.3, largest=20)
        table = _DenseTable.of(graph)
        assert table is not None
        orders = OrderGraph.of(graph)
        assert orders is not None
        number = {place: unit for unit, place in enumerate(orders.places)}
        wanted = order_cost(orders, [number[place] for place in table.order()])
        assert plan(graph, solver="vertex").fma == wanted
        for fast in (False, True):
            contest = Contest(orders, range(15), seed, fast=fast)
            while contest.cost != contest.least:
                contest.take_turns()
            assert contest.cost == wanted


def test_a_comparison_shows_bound_and_gap_of_every_row() -> None:
    graph = random_graph(random.Random(9), 6, ends=3)
    comparison = compare(graph, solver="annealing")
    report = graph_comparison_report(comparison)
    bound, gap = report.columns.index("bound"), report.columns.index("gap")
    best = comparison.best.fma
    assert comparison.best.vertex_bound == best
    assert [(row[bound], row[gap]) for row in report.rows] == [
        (best, (each.fma - best) / best) for each in comparison.plans
    ]
    saved = report.data()["plans"][0]
    assert (saved["bound"], saved["gap"]) == (best, (comparison.plans[0].fma - best) / best)


@pytest.mark.parametrize("seed", range(8))
def test_plans_of_orders_are_what_the_line_graph_says(seed: int) -> None:
    generator = random.Random(600 + seed)
    for sweep in Sweep:
        graph = random_graph(
            generator, 5, ends=3, largest=4, structured=generator.random() < 0.7, selections=True
        )
        order = inner_places(graph)
        generator.shuffle(order)
        quick = plan_of_order(graph, order, sweep, solver="given")
        slow = GraphPlan.of(graph, moves_of(graph, order, sweep), solver="given", model="vertex")
        assert quick == slow, graph.to_spec()
        quick.validate()


@pytest.mark.parametrize("seed", range(4))
def test_rules_are_the_same_with_sets_of_neighbours(seed: int) -> None:
    generator = random.Random(700 + seed)
    for _ in range(6):
        graph = random_graph(generator, 12, ends=3, density=0.25, largest=generator.choice((1, 9)))
        orders = OrderGraph.of(graph)
        assert orders is not None
        arcs = Arcs(graph)
        scores = greedy(arcs, _cost, Options()), greedy(arcs, _relative(arcs), Options())
        wanted = [inner_places(graph), inner_places(graph)[::-1], *scores]
        found = [(cost, [orders.places[unit] for unit in order]) for cost, order in rules(orders)]
        assert found == [(vertex_cost(VertexGraph.of(arcs), order), order) for order in wanted]


def layered(layers: int, width: int) -> Graph:
    """Full layers of scalars."""
    names = [[f"v{layer}.{n}" for n in range(width)] for layer in range(layers)]
    edges = [Edge(a, b) for first, second in pairwise(names) for a in first for b in second]
    return Graph({name: 1 for layer in names for name in layer}, edges)


@pytest.mark.slow
def test_layers_of_thousands_of_vertices_take_seconds() -> None:
    graph = layered(300, 8)
    started = time.perf_counter()
    best = plan(graph, time_limit=1)
    assert time.perf_counter() - started < 20  # a machine may be busy; it used to take minutes
    assert (len(graph.edges), best.solver, best.model) == (299 * 64, "auto", "vertex")
    assert best.fma == 298 * 8**3


def test_programs_of_many_vertices_are_refused_at_once() -> None:
    graph = random_graph(random.Random(0), 121, density=0.02)
    with pytest.raises(SolverError, match="121 inner vertices; a program takes 120: use annealing"):
        plan(graph, solver="integer")


def test_large_orders_are_searched_in_bounded_slices() -> None:
    graph = layered(210, 10)
    orders = OrderGraph.of(graph)
    assert orders is not None
    search = OrderSearch(orders, range(2080))
    assert search.cost == 208 * 10**3
    assert CutBound.of(orders).groups == []  # so many cuts would take too long
    if cut_kernel.fast():
        search.advance()
        assert search.cost <= 208 * 10**3
