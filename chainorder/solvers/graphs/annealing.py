"""Orders by annealing and bounds by cuts, in turns, until they meet: optimal among vertex orders then.

Where a Jacobian is matrix-free or a copy, orders cannot be priced by weights alone: `lookahead` searches
then, and the bound of cuts leaves out the vertices at such edges.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from chainorder.elimination.best_order import Contest
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.moves import feasible_arcs
from chainorder.elimination.order_graph import OrderGraph
from chainorder.elimination.path_bounds import MAX_EDGES, PathBound
from chainorder.elimination.vertex_orders import Sweep, VertexGraph, order_cost
from chainorder.errors import SolverError
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.vertex_plans import plan_of_order
from chainorder.problems.graph import Graph
from chainorder.solvers.graphs.local import improve
from chainorder.solvers.graphs.orders import best_of_rules, time_to_write
from chainorder.solvers.graphs.vertex import exact_order
from chainorder.solvers.options import Options

SECONDS = 10.0
"""How long search and bound take turns at the most, without a time limit."""

PROOF_SECONDS = 30.0
"""The same where all sets may be searched: until nothing is gained for long, or there is a proof."""

LARGE_SECONDS = 3.0
"""The same for a graph of more than `MAX_EDGES`, which is read, and written as a plan, for seconds, too."""

PATH_SECONDS = 10.0
"""How long the linear program of the path bound takes at the most, without a time limit."""

FEW = 8
"""Inner vertices of which all sets are tried at once."""


@dataclass(frozen=True)
class Found:
    """An order of vertices, and what is known of all of them.

    Attributes
    ----------
    cost, order, sweep
        The best order, as places of vertices, and the models that it uses.
    bound
        What every order costs at least; None where cuts say nothing.
    why
        What came of it, in words.
    """

    cost: int
    order: list[int]
    sweep: Sweep
    bound: int | None
    why: str

    @property
    def proved(self) -> bool:
        """Whether no order of vertices costs less."""
        return self.bound is not None and self.cost <= self.bound


def solve(graph: Graph, options: Options) -> GraphPlan:
    """The best order that is found, with the bound of cuts; that of paths if they do not meet."""
    return plan_by_annealing(graph, options, "annealing")


def plan_by_annealing(graph: Graph, options: Options, solver: str) -> GraphPlan:
    """The same, in the name of a solver."""
    arcs = feasible_arcs(graph, options.model)
    limited = options.time_limit is not None
    large = len(graph.edges) > MAX_EDGES
    options = time_to_write(graph, options)
    part = options.within(LARGE_SECONDS) if large and not limited else options
    found = best_vertices(arcs, part, patient=limited)
    lower = None
    if not found.proved and not options.over and not large:
        lower = PathBound.of(arcs, options.within(PATH_SECONDS).left).cost
    return plan_of_order(
        graph,
        found.order,
        found.sweep,
        solver=solver,
        lower_bound=lower,
        vertex_bound=found.bound,
        why=found.why,
        arcs=arcs,
    )


def best_vertices(arcs: Arcs, options: Options, *, patient: bool = False) -> Found:
    """The best order of the inner vertices that is found in time; never worse than the best rule's.

    Whoever is patient goes on when nothing was gained for a while.
    """
    if len(arcs.graph.inner) <= FEW:
        with suppress(SolverError):  # too many choices, or no time
            return _by_sets(arcs, options)
    orders = OrderGraph.of_arcs(arcs)
    exact = orders is not None and orders.exact
    cost, order, sweep = best_of_rules(arcs, options, orders) if exact else improve(arcs, options)
    if orders is None or not any(orders.prices):
        return Found(cost, order, sweep, None, "local search; cuts say nothing of these Jacobians")
    number = {place: unit for unit, place in enumerate(orders.places)}
    contest = Contest(orders, [number[place] for place in order], options.seed)
    if not patient:
        options = options.within(PROOF_SECONDS if contest.admits_exact else SECONDS)
    while not options.over and (patient or not contest.idle) and cost > contest.least:
        gained = contest.take_turns(options.left)
        if contest.cost is not None:
            cost = min(cost, contest.cost)
        if gained:
            options.report(cost, contest.least, "vertex orders")
    if contest.cost is not None:
        order, sweep = [orders.places[unit] for unit in contest.order], Sweep.BEST
    why = f"{len(contest.reduction.order)} of {len(orders.weights)} vertices were safe; {contest.turns} turns"
    return Found(cost, order, sweep, contest.least if contest.bounded else None, why)


def _by_sets(arcs: Arcs, options: Options) -> Found:
    """The cheapest order of a few vertices, whatever their Jacobians are."""
    order = exact_order(arcs, options)
    cost = order_cost(VertexGraph.of(arcs), order)
    return Found(cost, order, Sweep.BEST, cost, "all sets of vertices were looked at")
