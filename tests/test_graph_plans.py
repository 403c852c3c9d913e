"""Plans of graphs: published optima, exhaustive search, bounds, the validator, saving."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest

from chainorder import (
    Chain,
    Edge,
    Elemental,
    Graph,
    GraphError,
    GraphPlan,
    InfeasibleError,
    PlanError,
    SolverError,
    plan,
)
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.moves import Costs
from chainorder.elimination.path_bounds import PathBound
from chainorder.solvers.graphs.face import Reached, Space, search_faces
from chainorder.solvers.graphs.given import eliminate_in_order
from chainorder.solvers.options import Options, Progress
from chainorder.solvers.registry import all_solvers
from tests.graph_oracle import cheapest_faces, cheapest_vertices
from tests.graphs import random_graph
from tests.reference import REFERENCE, needs_reference

RULES = ("forward", "reverse", "markowitz", "relative-markowitz", "minimum-fill", "lookahead")


def published() -> dict[str, Any]:
    return dict(json.loads((REFERENCE / "admission_dags.json").read_text()))


def as_graph(data: dict[str, Any], *, products_only: bool = False) -> Graph:
    """A published graph; with products only, all elemental Jacobians are at hand."""
    vertices = {f"v{n}": size for n, size in enumerate(data["sizes"])}
    edges = []
    for edge in data["edges"]:
        models = {"tangent": edge["tangent"], "adjoint": edge["adjoint"], "explicit": edge["accumulated"]}
        edges.append(Edge(f"v{edge['source']}", f"v{edge['target']}", **({} if products_only else models)))
    return Graph(vertices, edges)


@needs_reference
def test_published_optima_are_reproduced_and_proved() -> None:
    for name, data in published().items():
        for products_only, key in ((False, "optimum"), (True, "optimum_products_only")):
            graph = as_graph(data, products_only=products_only)
            for solver in ("auto", "face") if not graph.is_chain else ("auto",):
                best = plan(graph, solver=solver)
                assert (name, best.fma, best.optimal) == (name, data[key], True)
                best.validate()


@needs_reference
def test_heuristics_on_published_graphs_stand_beside_the_optimum() -> None:
    for data in published().values():
        graph = as_graph(data)
        for solver in RULES:
            found = plan(graph, solver=solver)
            found.validate()
            assert found.fma >= data["optimum"]
        # Global modes evaluate every edge for all inputs (outputs), sweeps only for those that reach it.
        assert plan(graph, solver="forward").fma <= data["global_tangent"]
        assert plan(graph, solver="reverse").fma <= data["global_adjoint"]


@pytest.mark.parametrize("seed", range(8))
def test_face_elimination_is_optimal(seed: int) -> None:
    generator = random.Random(seed)
    compared = 0
    while compared < 10:
        graph = random_graph(
            generator, generator.randint(1, 3), density=0.6, matrix_free=generator.choice((0, 0.5, 1))
        )
        if len(graph.edges) > 7:
            continue
        best = plan(graph, solver="face")
        assert best.optimal
        assert best.fma == cheapest_faces(graph), graph.to_spec()
        best.validate()
        compared += 1


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_of_shared_paths_changes_no_optimum(seed: int) -> None:
    """Structured and matrix-free graphs, searched with the bound and without any."""
    generator = random.Random(100 + seed)
    for _ in range(5):
        graph = random_graph(generator, 2, density=0.5, matrix_free=0.4, structured=True)
        arcs = Arcs(graph)
        blind = search_faces(arcs, PathBound(()), 10**9, Options())
        best = plan(graph, solver="face")
        assert best.optimal
        assert best.fma == blind.lower_bound, graph.to_spec()
        assert PathBound.of(arcs).cost <= best.fma


@pytest.mark.parametrize("seed", range(10))
def test_vertex_elimination_is_the_best_order(seed: int) -> None:
    generator = random.Random(1000 + seed)
    for inner in (1, 2, 3, 4, 5, 6):
        graph = random_graph(generator, inner, ends=3, density=generator.choice((0.3, 0.5, 0.8)))
        best = plan(graph, solver="vertex")
        assert best.fma == cheapest_vertices(graph), graph.to_spec()
        assert (best.lower_bound or 0) <= best.fma
        best.validate()
        assert all(plan(graph, solver=rule).fma >= best.fma for rule in RULES)


def test_sets_and_arrays_agree() -> None:
    """The dense table against the search by sets, on the same graph stated sparse."""
    generator = random.Random(5)
    for _ in range(5):
        graph = random_graph(generator, 7, density=0.4)
        # A model that is never the cheapest keeps a graph from the arrays, but costs the same.
        edges = [replace(edge, tangent=10**6, explicit=True) for edge in graph.edges]
        other = Graph(graph.vertices, edges)
        assert plan(graph, solver="vertex").fma == plan(other, solver="vertex").fma


def test_integer_program_finds_the_best_order_of_small_graphs() -> None:
    generator = random.Random(8)
    for _ in range(4):
        graph = random_graph(generator, 5, density=0.5)
        assert plan(graph, solver="integer", time_limit=20).fma == plan(graph, solver="vertex").fma


def test_exact_costs_beyond_int64() -> None:
    graph = random_graph(random.Random(3), 5, density=0.6)
    large = Graph({name: size * 10**9 for name, size in graph.vertices.items()}, graph.edges)
    assert plan(large, solver="vertex").fma == plan(graph, solver="vertex").fma * 10**27


def test_a_chain_as_a_graph_gets_the_chains_optimum() -> None:
    generator = random.Random(4)
    for _ in range(20):
        sizes = [generator.randint(1, 9) for _ in range(generator.randint(2, 7))]
        elementals = [
            Elemental(n, m, tangent=generator.randint(1, 9), adjoint=generator.randint(1, 9))
            if generator.random() < 0.5
            else Elemental(n, m)
            for n, m in pairwise(sizes)
        ]
        chain = Chain(elementals)
        graph = Graph.from_chain(chain)
        best = plan(graph)
        assert (best.fma, best.optimal) == (plan(chain).fma, True)
        assert plan(graph, solver="face").fma == best.fma
        assert graph.chain() == chain
        best.validate()


def test_residual_graphs_are_merged_where_paths_meet() -> None:
    block = Graph({"x": 3, "h": 2, "y": 3}, [Edge("x", "h"), Edge("h", "y"), Edge("x", "y")])
    best = plan(block)
    assert (best.fma, best.adds, best.optimal) == (18, 9, True)
    assert [operation.vertices for operation in best.operations] == [("x", "h", "y")]


def test_plans_come_back_equal_from_json() -> None:
    generator = random.Random(6)
    for _ in range(10):
        graph = random_graph(generator, 3, matrix_free=0.5, structured=True)
        for solver in ("auto", "forward", "face"):
            found = plan(graph, solver=solver)
            assert GraphPlan.from_json(found.to_json()) == found
            found.validate()
    data = json.loads(plan(graph).to_json())
    assert data["model"] in ("face", "vertex")
    assert all(len(each["vertices"]) in (2, 3) for each in data["operations"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fma": 1}, "fma is stated as 1"),
        ({"arcs": (0, 99)}, "is not there"),
        ({"vertices": ("x", "h", "x")}, "are between"),
        ({"adds": 7}, "adds is stated as 7"),
        ({"start": 5}, "start is stated as 5"),
    ],
)
def test_the_validator_finds_what_is_wrong(change: dict[str, Any], message: str) -> None:
    graph = Graph({"x": 3, "h": 2, "y": 3}, [Edge("x", "h"), Edge("h", "y"), Edge("x", "y")])
    best = plan(graph)
    broken = replace(best, operations=(replace(best.operations[0], **change),))
    with pytest.raises(PlanError, match=message):
        broken.validate()


def test_the_validator_wants_the_whole_jacobian() -> None:
    graph = Graph({"x": 3, "h": 2, "k": 2, "y": 3}, [Edge("x", "h"), Edge("h", "k"), Edge("k", "y")])
    best = plan(graph)
    with pytest.raises(PlanError, match="ends before"):
        replace(best, operations=best.operations[:1]).validate()
    with pytest.raises(PlanError, match="says it is optimal"):
        replace(best, lower_bound=1, optimal=True).validate()


def test_a_bound_that_a_rule_beats_is_refused() -> None:
    generator = random.Random(9)
    graph = random_graph(generator, 4, density=0.6)
    dear = max((plan(graph, solver=rule) for rule in RULES), key=lambda each: each.fma)
    assert dear.fma > plan(graph, solver="markowitz").fma
    with pytest.raises(PlanError, match="the lower bound is"):
        replace(dear, lower_bound=dear.fma, optimal=True).validate()


def test_a_long_graph_is_planned_in_time() -> None:
    edges = [Edge(f"v{n}", f"v{n + step}") for n in range(300) for step in (1, 2) if n + step <= 300]
    graph = Graph({f"v{n}": 1 + n % 3 for n in range(301)}, edges)
    quick = plan(graph, time_limit=0.5)
    quick.validate()
    assert quick.fma <= plan(graph, solver="forward").fma


def test_time_limit_and_seed() -> None:
    graph = random_graph(random.Random(1), 9, ends=3, density=0.6)
    quick = plan(graph, time_limit=0.2)
    quick.validate()
    assert (quick.lower_bound or 0) <= plan(graph, solver="lookahead", seed=1).fma
    assert plan(graph, solver="lookahead", seed=3) == plan(graph, solver="lookahead", seed=3)
    with pytest.raises(SolverError, match="time_limit is 0"):
        plan(graph, time_limit=0)


@pytest.mark.parametrize("name", ["time_limit", "seed"])
@pytest.mark.parametrize("value", ["x", True, float("nan")])
def test_options_of_graphs_are_checked_as_those_of_chains(name: str, value: Any) -> None:
    for problem in (Chain.from_dims([4, 3, 2, 1]), Graph.from_chain(Chain.from_dims([4, 3, 2, 1]))):
        with pytest.raises(SolverError, match=f"^{name} is {value!r}; give"):
            plan(problem, **{name: value})


def test_improvements_are_reported() -> None:
    graph = random_graph(random.Random(1), 9, ends=3, density=0.6)
    for solver in ("auto", "lookahead", "vertex", "integer", "face"):
        seen: list[Progress] = []
        best = plan(graph, solver=solver, time_limit=0.5, progress=seen.append)
        assert seen[-1].best == best.fma
        assert seen[-1].lower_bound <= (best.lower_bound or 0)
        assert [each.best for each in seen] == sorted((each.best for each in seen), reverse=True)
    line = Graph.from_chain(Chain.from_dims([4, 3, 2, 1]))
    seen = []
    assert plan(line, progress=seen.append).fma == seen[-1].best == seen[-1].lower_bound


def test_own_orders() -> None:
    graph = Graph.from_chain(Chain.from_dims([4, 3, 2, 1]))
    assert eliminate_in_order(graph, "x2 x1").fma == 3 * 2 + 4 * 3
    spaced = Graph({"x": 2, "a b": 3, "y": 2}, [Edge("x", "a b"), Edge("a b", "y")])
    assert eliminate_in_order(spaced, "'a b'").order == "'a b'"
    for order, message in (
        ("x1", "lacks 'x2'"),
        ("'x1", "mend its quotes"),
        ("x1 x1 x2", "twice"),
        ("x1 x9", "no inner vertex"),
    ):
        with pytest.raises(PlanError, match=message):
            eliminate_in_order(graph, order)


def test_what_cannot_be_planned() -> None:
    graph = Graph(
        {"x": 2, "h": 2, "y": 2}, [Edge("x", "h", adjoint=3, tape=9), Edge("h", "y"), Edge("x", "y")]
    )
    for solver in all_solvers("graph"):
        with pytest.raises(InfeasibleError, match="x → h has only adjoints"):
            plan(graph, solver=solver.name, memory=5)
    with pytest.raises(SolverError, match="unknown solver 'fastest' for graphs"):
        plan(graph, solver="fastest")
    with pytest.raises(SolverError, match="leave objective"):
        plan(graph, machines=2, objective="fma")
    with pytest.raises(SolverError, match="needs tangents"):
        plan(graph, solver="forward")
    with pytest.raises(GraphError, match="branches"):
        graph.chain()


def test_graphs_come_back_from_networkx() -> None:
    generator = random.Random(2)
    for _ in range(10):
        graph = random_graph(generator, 3, matrix_free=0.5)
        assert Graph.from_networkx(graph.to_networkx()) == graph
    best = plan(graph)
    drawing = best.to_networkx()
    assert nx.is_directed_acyclic_graph(drawing)
    assert sum(cost for _, cost in drawing.nodes(data="fma")) == best.fma
    assert best.to_dot().startswith("digraph plan {")


def test_a_sweep_without_the_model_of_an_edge_that_stays_is_refused() -> None:
    """b → y has only adjoints: no forward sweep gets it, and nothing may leave it out."""
    edges = [Edge("x", "a", tangent=5), Edge("a", "y"), Edge("b", "y", adjoint=7)]
    graph = Graph({"x": 3, "a": 2, "b": 4, "y": 4}, edges)
    with pytest.raises(SolverError, match="b → y cannot be accumulated"):
        plan(graph, solver="forward")
    for solver in ("auto", "face", "vertex", "lookahead"):
        best = plan(graph, solver=solver)
        best.validate()
        assert best.fma == cheapest_faces(graph)


def test_edges_are_equal_however_they_are_stated() -> None:
    assert Edge("a", "b", explicit=True) == Edge("a", "b")
    assert Edge("a", "b", tangent=3, explicit=False) == Edge("a", "b", tangent=3)
    assert Edge("a", "b", tangent=3, explicit=True) != Edge("a", "b", tangent=3)


def bat_like(variant: int) -> Graph:
    """Nine matrix-free edges around a spine: orders of vertices are one above the optimum."""
    ends = [(0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4), (2, 5), (3, 6), (3, 5)]
    sizes = {f"v{n}": size for n, size in enumerate((2, 1, 1, 1, 1, 2, 2))}
    if variant:
        ends = [(0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4), (3, 5), (4, 6), (4, 7)]
        sizes = {f"v{n}": size for n, size in enumerate((2, 2, 1, 1, 1, 2, 1, 2))}
    edges = []
    for a, b in ends:
        evaluated = max(sizes[f"v{a}"], sizes[f"v{b}"])
        edges.append(Edge(f"v{a}", f"v{b}", tangent=evaluated, adjoint=evaluated))
    return Graph(sizes, edges)


@pytest.mark.slow
@pytest.mark.parametrize("variant", [0, 1])
def test_nine_matrix_free_edges_are_proved(variant: int) -> None:
    graph = bat_like(variant)
    best = plan(graph)
    best.validate()
    assert best.optimal
    assert best.fma <= plan(graph, solver="vertex").fma


def test_states_that_others_make_superfluous_are_dropped() -> None:
    graph = Graph({"x": 1, "h": 1, "y": 1}, [Edge("x", "h", tangent=3), Edge("h", "y", tangent=3)])
    arcs = Arcs(graph)
    start = Space(arcs, PathBound.of(arcs)).start()
    reached = Reached(Costs(arcs))
    assert reached.enter(start)
    at_hand = start.line.copy()
    at_hand.accumulate(0)
    dear, cheap = (replace(start, line=at_hand, cost=cost) for cost in (4, 3))
    assert not reached.enter(dear)  # the start can accumulate for less
    assert reached.enter(cheap)
    assert reached.holds(start)  # it costs less so far
    assert reached.enter(replace(start, line=at_hand, cost=0))  # with more at hand, and no dearer
    assert not reached.holds(start)
