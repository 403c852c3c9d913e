"""Looking ahead from the rules: local search over orders of vertex elimination; no claim but the bound."""

from __future__ import annotations

import random

from chainorder.graph.bounds import PathBound
from chainorder.graph.elimination import Sweep, VertexGraph, moves_of, order_cost
from chainorder.graph.graph import Graph
from chainorder.graph.line import Arcs
from chainorder.graph.plan import GraphPlan
from chainorder.graph.solvers.orders import best_of_rules
from chainorder.graph.solvers.registry import Search

PATIENCE = 40
"""Moves without gain, times the number of inner vertices, after which the search ends."""

MAX_MOVES = 20_000


def solve(graph: Graph, search: Search) -> GraphPlan:
    """The best rule's order, improved by moving single vertices to other places."""
    arcs = Arcs(graph)
    _, order, sweep = improve(graph, arcs, search)
    return GraphPlan.of(
        graph,
        moves_of(graph, order, sweep, arcs),
        solver="lookahead",
        model="vertex",
        lower_bound=PathBound.of(arcs).fma,
        arcs=arcs,
    )


def improve(graph: Graph, arcs: Arcs, search: Search) -> tuple[int, list[int], Sweep]:
    """The cost, order and sweep that the search ends with; the same for a seed, unless time runs out."""
    cost, order, sweep = best_of_rules(graph, arcs)
    start = VertexGraph.of(arcs)
    if sweep is not Sweep.BEST and (again := order_cost(start.copy(), order, cost)) is not None:
        cost, sweep = again, Sweep.BEST
    if len(order) < 2:
        return cost, order, sweep
    generator = random.Random(search.seed)
    idle = 0
    for _ in range(MAX_MOVES):
        if idle >= PATIENCE * len(order) or search.over:
            break
        moved = _moved(order, generator)
        found = order_cost(start.copy(), moved, cost)
        idle += 1
        if found is not None and found <= cost:
            idle = idle if found == cost else 0
            cost, order, sweep = found, moved, Sweep.BEST
    return cost, order, sweep


def _moved(order: list[int], generator: random.Random) -> list[int]:
    """One vertex, or two neighbours together, at another place."""
    width = generator.choice((1, 1, 2))
    source = generator.randrange(len(order) - width + 1)
    part, rest = order[source : source + width], order[:source] + order[source + width :]
    target = generator.randrange(len(rest) + 1)
    return rest[:target] + part + rest[target:]
