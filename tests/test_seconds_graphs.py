"""Time as the cost of eliminating graphs: exact in the model, against searches over everything."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import pytest

import chainorder as co
from chainorder.costs.profile import Profile
from chainorder.costs.seconds import Seconds
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.vertex_orders import VertexGraph, order_cost
from chainorder.errors import PlanError, SolverError
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.evaluation_time import EvaluationTime
from chainorder.solvers import all_solvers, plan, plan_in_order
from chainorder.solvers.graphs.orders import inner_places
from tests.graph_oracle import cheapest_faces
from tests.graphs import random_graph
from tests.test_seconds import PROFILES


def timed_graphs(seed: int, inner: int, count: int) -> Iterator[co.Graph]:
    """Random graphs of all structures, whose models have times."""
    generator = random.Random(seed)

    def time() -> EvaluationTime:
        return EvaluationTime(generator.randrange(10**7), generator.randrange(10**6))

    for _ in range(count):
        graph = random_graph(generator, inner, matrix_free=0.3, structured=True, selections=True, largest=9)
        edges = [
            replace(edge, tangent_time=time(), adjoint_time=time()) if edge.tangent else edge
            for edge in graph.edges
        ]
        yield co.Graph(graph.vertices, edges)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda each: each.name)
def test_faces_are_exact_as_a_search_over_everything_is(profile: Profile) -> None:
    for graph in timed_graphs(1, 2, 6):
        found = plan(graph, solver="face", objective="seconds", profile=profile)
        assert found.optimal and found.unit == "ps"
        assert found.cost == found.lower_bound == found.makespan == cheapest_faces(graph, Seconds(profile))
        assert found.claim == f"optimal in the model of {profile.name}"
        found.validate()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda each: each.name)
def test_orders_of_vertices_are_exact_as_all_of_them_are(profile: Profile) -> None:
    for graph in timed_graphs(2, 4, 4):
        arcs = Arcs(graph, Seconds(profile))
        try:
            found = plan(graph, solver="vertex", objective="seconds", profile=profile)
        except SolverError:  # a vertex that only faces eliminate
            continue
        orders = permutations(inner_places(graph))
        assert found.cost == min(order_cost(VertexGraph.of(arcs), order) for order in orders)
        assert found.optimal or found.claim == f"optimal among vertex orders in the model of {profile.name}"
        found.validate()


@pytest.mark.slow
def test_every_solver_plans_by_seconds_and_none_gets_below_the_bound() -> None:
    for graph in timed_graphs(3, 5, 4):
        best = plan(graph, objective="seconds", time_limit=0.5)
        for solver in all_solvers("graph"):
            try:
                found = plan(graph, solver=solver.name, objective="seconds", time_limit=0.3)
            except SolverError:
                continue
            assert found.objective == "seconds" and found.predicted is not None
            assert found.cost == found.predicted.picoseconds >= (best.lower_bound or 0)
            found.validate()
            assert GraphPlan.from_json(found.to_json()) == found


def test_a_chain_as_a_graph_takes_what_the_chain_takes() -> None:
    chain = co.Chain.from_dims([300, 4, 200, 3, 50])
    best, found = (plan(each, objective="seconds") for each in (chain, co.Graph.from_chain(chain)))
    assert found.optimal and found.cost == best.cost


def test_sums_are_part_of_the_time() -> None:
    graph = co.Graph({"x": 50, "h": 50, "y": 50}, [co.Edge("x", "h"), co.Edge("h", "y"), co.Edge("x", "y")])
    found = plan(graph, objective="seconds")
    product = plan(co.Chain.from_dims([50, 50, 50]), objective="seconds")
    assert found.cost == product.cost + PROFILES[0].time("add_dense", 2500)


def test_edges_without_a_time_are_refused_in_a_line() -> None:
    graph = co.Graph({"x": 3, "h": 2, "y": 4}, [co.Edge("x", "h", tangent=7), co.Edge("h", "y")])
    with pytest.raises(SolverError, match="x → h: seconds need the time of its tangent"):
        plan(graph, objective="seconds")


def test_given_orders_and_starts_are_timed() -> None:
    graph = co.Graph(
        {"x": 90, "a": 5, "b": 70, "y": 4}, [co.Edge(*pair) for pair in ("xa", "ab", "by", "xb", "ay")]
    )
    best = plan(graph, objective="seconds")
    given = plan_in_order(graph, "a b", objective="seconds")
    assert given.cost >= best.cost and given.lower_bound is None
    given.validate()
    begun = plan(graph, solver="lookahead", objective="seconds", start=plan(graph))
    assert begun.cost <= given.cost
    begun.validate()
    with pytest.raises(SolverError, match="the plan to start from is by seconds"):
        plan(graph, solver="lookahead", start=best)


def test_wrong_times_in_a_saved_plan_are_found() -> None:
    graph = co.Graph({"x": 3, "h": 2, "y": 4}, [co.Edge("x", "h"), co.Edge("h", "y"), co.Edge("x", "y")])
    data = json.loads(plan(graph, objective="seconds").to_json())
    data["predicted"]["times"][0] -= 1
    with pytest.raises(PlanError, match=r"predicted.picoseconds is \d+; its times say \d+"):
        GraphPlan.from_json(json.dumps(data))
    data["predicted"]["picoseconds"] -= 1
    data["makespan"] -= 1
    data["lower_bound"] -= 1
    with pytest.raises(PlanError, match="its time in picoseconds is stated"):
        GraphPlan.from_json(json.dumps(data)).validate()
