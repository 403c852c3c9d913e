"""Which solver for which graph."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from chainorder.errors import SolverError
from chainorder.graph.bounds import PathBound
from chainorder.graph.costs import Move
from chainorder.graph.elimination import Sweep, VertexGraph, moves_of, order_cost
from chainorder.graph.graph import Graph
from chainorder.graph.line import Arcs
from chainorder.graph.plan import GraphPlan
from chainorder.graph.solvers.annealing import (
    MAX_EDGES,
    PATH_SECONDS,
    SECONDS,
    best_vertices,
    plan_by_annealing,
)
from chainorder.graph.solvers.face import search_faces
from chainorder.graph.solvers.registry import Search
from chainorder.graph.solvers.vertex import exact_order
from chainorder.steps import Step

WORK = 200_000
"""States of face elimination, times paths and edges, that `auto` looks at by itself: a few seconds."""

SMALL = 12
"""Inner vertices up to which `auto` finds the best vertex elimination to start from."""


def solve(graph: Graph, search: Search) -> GraphPlan:
    """A chain as a chain; else rules, local search and vertices until the bound is met, then faces."""
    if graph.is_chain:
        return _chain(graph)
    if len(graph.edges) > MAX_EDGES:
        return plan_by_annealing(graph, search, "auto")
    return solve_faces(graph, search, "auto", None if search.time_limit is not None else WORK)


def solve_faces(graph: Graph, search: Search, solver: str, work: int | None = None) -> GraphPlan:
    """Search faces below the best vertex elimination that is found, unless that meets the bound already."""
    arcs = Arcs(graph)
    found = best_vertices(graph, arcs, search.within(_half(search)))
    order, sweep, vertex_bound = found.order, found.sweep, found.bound
    bound = PathBound.of(arcs, search.within(PATH_SECONDS).left)
    if not found.proved and found.cost > bound.fma and len(order) <= SMALL:
        with suppress(SolverError):  # too many choices, or no time: what local search found stands
            order, sweep = exact_order(graph, arcs, search), Sweep.BEST
            vertex_bound = order_cost(VertexGraph.of(arcs), order)
    moves = moves_of(graph, order, sweep, arcs)
    best = GraphPlan.of(
        graph,
        moves,
        solver=solver,
        model="vertex",
        lower_bound=bound.fma,
        vertex_bound=vertex_bound,
        arcs=arcs,
    )
    if best.optimal:
        return replace(best, why="an order of vertices costs what every sequence of faces costs at least")
    states = None if work is None else work // (len(bound.paths) + len(graph.edges))
    searched = search_faces(graph, arcs, bound, best.fma, search, states)
    lower, why = max(bound.fma, searched.lower_bound), f"face elimination, {searched.states:,} states"
    return GraphPlan.of(
        graph,
        moves if searched.moves is None else searched.moves,
        solver=solver,
        model="vertex" if searched.moves is None else "face",
        lower_bound=lower,
        vertex_bound=vertex_bound,
        why=why,
        arcs=arcs,
    )


def _half(search: Search) -> float:
    """The seconds that orders of vertices may take before faces are looked at."""
    return SECONDS if search.left is None else min(SECONDS, search.left / 2)


def _chain(graph: Graph) -> GraphPlan:
    """The chain's optimum, as faces."""
    from chainorder.solvers import plan

    arcs = Arcs(graph)
    order = {arcs[edge].source: edge for edge in range(len(graph.edges))}
    at = next(iter(set(order) - {arcs[edge].target for edge in range(len(graph.edges))}))
    edges = []
    while at in order:
        edges.append(order[at])
        at = arcs[order[at]].target
    best = plan(graph.chain())
    made = {(number, number): edge for number, edge in enumerate(edges, 1)}
    moves = []
    for operation in best.operations:
        j, k, i = operation.j, operation.k, operation.i
        step = Step.of(str(operation.action), operation.mode)
        if k is None:
            moves.append(Move(step, made[i, i]))
            continue
        if step is Step.TANGENT:
            a, b = made[j - 1, i], made[j, j]
        elif step is Step.ADJOINT:
            a, b = made[i, i], made[j, i + 1]
        else:
            a, b = made[k, i], made[j, k + 1]
        moves.append(Move(step, a, b))
        made[j, i] = arcs.product(a, b)
    why = f"the graph is a chain: {best.why}"
    return GraphPlan.of(graph, moves, solver="auto", lower_bound=best.lower_bound, why=why, arcs=arcs)
