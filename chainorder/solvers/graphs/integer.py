"""Vertex elimination as an integer program, by HiGHS through SciPy: for more vertices than sets can hold.

Variables say which of two inner vertices is eliminated first, which edges are ever there, and which
products are made (compare arXiv 2605.24280). The program prices dense products only; the order that it
finds is then run with real patterns and the cheapest models. The bound that is claimed is the one of shared
paths.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations, permutations
from typing import Any

import numpy as np

from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.moves import feasible_arcs
from chainorder.elimination.path_bounds import PathBound
from chainorder.elimination.vertex_orders import Sweep, VertexGraph, order_cost
from chainorder.errors import SolverError
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.vertex_plans import plan_of_order
from chainorder.problems.graph import Graph
from chainorder.solvers.graphs.local import improve
from chainorder.solvers.graphs.orders import time_to_write
from chainorder.solvers.options import Options
from chainorder.system.waiting import made_by

SECONDS = 60.0
"""Time that the program gets without a time limit: it may take for ever."""

PART = 1 / 3
"""Of the time that is left what local search takes, and the bound: the rest is for the program."""

PUNCTUAL = 0.8
"""Of the time that is left what HiGHS is told: it takes more, now and then, and what is late is lost."""

MAX_INNER = 120
"""Inner vertices of which every three can be put in order by rows of a program."""

MAX_PRODUCTS = 50_000
"""Variables for products that a program of reasonable size has."""


@dataclass(eq=False)
class _Program:
    """Rows of ``lower ≤ A x`` and the objective, in the making; the entries of A in columns."""

    names: dict[Any, int] = field(default_factory=dict)
    objective: list[float] = field(default_factory=list)
    at_row: list[int] = field(default_factory=list)
    at_column: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    binary: list[bool] = field(default_factory=list)

    def variable(self, name: Any, price: float = 0, *, binary: bool = False) -> int:
        if name not in self.names:
            self.names[name] = len(self.names)
            self.objective.append(price)
            self.binary.append(binary)
        return self.names[name]

    def at_least(self, lower: float, terms: list[tuple[int, float]]) -> None:
        for variable, factor in terms:
            self.at_row.append(len(self.lower))
            self.at_column.append(variable)
            self.values.append(factor)
        self.lower.append(lower)

    def solution(self, until: float) -> Any:
        """The values of the best solution that is found till then, more or less; None if there is none."""
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        shape = len(self.lower), len(self.names)
        rows = csr_array((self.values, (self.at_row, self.at_column)), shape=shape)
        objective = np.array(self.objective) / max(self.objective)
        left = max(0.0, until - time.monotonic())
        return milp(
            objective,
            integrality=np.array(self.binary, int),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(rows, np.array(self.lower)),
            options={"time_limit": PUNCTUAL * left},
        ).x


def solve(graph: Graph, options: Options) -> GraphPlan:
    """The best order that the integer program, or local options, finds; with a lower bound and so a gap."""
    if len(graph.inner) > MAX_INNER:
        count = len(graph.inner)
        raise SolverError(f"{count:,} inner vertices; a program takes {MAX_INNER}: use annealing or auto")
    arcs = feasible_arcs(graph, options.model)
    options = time_to_write(graph, options)
    cost, order, sweep = improve(arcs, options.share(PART))
    bound = PathBound.of(arcs, options.share(PART).left).cost
    options.report(cost, bound)
    if bound < cost and len(order) > 1:
        found = _order_by_program(graph, arcs, options)
        if found is not None and (better := order_cost(VertexGraph.of(arcs), found)) < cost:
            order, sweep = found, Sweep.BEST
            options.report(better, bound)
    return plan_of_order(graph, order, sweep, solver="integer", lower_bound=bound, arcs=arcs)


def _order_by_program(graph: Graph, arcs: Arcs, options: Options) -> list[int] | None:
    """The order that the program ends with; None if it finds none in time."""
    until = time.monotonic() + (SECONDS if options.left is None else options.left)
    program = _program(graph, arcs, options)
    x = None if program is None else made_by(until, partial(program.solution, until))
    if program is None or x is None:
        return None
    places = {name: place for place, name in enumerate(graph.vertices)}
    inner = [places[name] for name in graph.inner]
    earlier = {j: sum(_precedes(program, x, other, j) > 0.5 for other in inner if other != j) for j in inner}
    return sorted(inner, key=earlier.__getitem__)


def _precedes(program: _Program, x: Any, first: int, second: int) -> float:
    if first < second:
        return float(x[program.names["before", first, second]])
    return 1 - float(x[program.names["before", second, first]])


def _program(graph: Graph, arcs: Arcs, options: Options) -> _Program | None:
    """The program; None if the time is up before it is written."""
    places = {name: place for place, name in enumerate(graph.vertices)}
    inner = [places[name] for name in graph.inner]
    reach = _reach(graph, places)
    triples = [(i, j, k) for j in inner for i in reach if j in reach[i] for k in reach[j]]
    if len(triples) > MAX_PRODUCTS:
        raise SolverError(f"{len(triples):,} possible products are too many for a program; use lookahead")
    program = _Program()
    for u, v in combinations(sorted(inner), 2):
        program.variable(("before", u, v), binary=True)
    for u in inner:  # what precedes is transitive
        if options.over:
            return None
        for v, w in permutations((vertex for vertex in inner if vertex > u), 2):
            terms = [_order_term(program, *pair) for pair in ((u, v), (v, w), (w, u))]
            program.at_least(sum(c for _, _, c in terms) - 2, [(x, -f) for x, f, _ in terms])
    edges = {(arcs[e].source, arcs[e].target) for e in range(len(graph.edges))}
    sizes = list(graph.vertices.values())
    for i, j, k in triples:
        made = program.variable(("product", i, j, k), float(sizes[i] * sizes[j] * sizes[k]))
        conditions = [
            (program.variable(("edge", *pair)), 1.0, 0.0) for pair in ((i, j), (j, k)) if pair not in edges
        ]
        conditions += [_order_term(program, j, other) for other in (i, k) if other in inner]
        # made ≥ Σ conditions − (their number − 1): all of them together make the product.
        right = 1 + sum(constant - 1 for _, _, constant in conditions)
        program.at_least(right, [(made, 1.0), *((x, -factor) for x, factor, _ in conditions)])
        if (i, k) not in edges:
            program.at_least(0, [(program.variable(("edge", i, k)), 1.0), (made, -1.0)])
    return program


def _order_term(program: _Program, first: int, second: int) -> tuple[int, float, float]:
    """That one precedes the other, as factor · variable + constant."""
    if first < second:
        return program.names["before", first, second], 1.0, 0.0
    return program.names["before", second, first], -1.0, 1.0


def _reach(graph: Graph, places: dict[str, int]) -> dict[int, set[int]]:
    import networkx as nx

    digraph = nx.DiGraph([(places[edge.source], places[edge.target]) for edge in graph.edges])
    return {vertex: set(nx.descendants(digraph, vertex)) for vertex in digraph}
