"""Orders by annealing and bounds by cuts, in turns, until they meet: optimal among vertex orders then.

Where a Jacobian is matrix-free or a copy, orders cannot be priced by weights alone: `lookahead` searches
then, and the bound of cuts leaves out the vertices at such edges.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainorder.graph.best_order import Contest
from chainorder.graph.bounds import PathBound
from chainorder.graph.elimination import Sweep, moves_of
from chainorder.graph.graph import Graph
from chainorder.graph.line import Arcs
from chainorder.graph.order_graph import OrderGraph
from chainorder.graph.plan import GraphPlan
from chainorder.graph.solvers.local import improve
from chainorder.graph.solvers.orders import best_of_rules
from chainorder.graph.solvers.registry import Search

SECONDS = 10.0
"""How long search and bound take turns at the most, without a time limit."""

PATH_SECONDS = 10.0
"""How long the linear program of the path bound takes at the most, without a time limit."""


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


def solve(graph: Graph, search: Search) -> GraphPlan:
    """The best order that is found, with the bound of cuts; that of paths if they do not meet."""
    arcs = Arcs(graph)
    limited = search.time_limit is not None
    found = best_vertices(graph, arcs, search if limited else search.within(SECONDS), patient=limited)
    lower = None
    if not found.proved and not search.over:
        lower = PathBound.of(arcs, search.within(PATH_SECONDS).left).fma
    return GraphPlan.of(
        graph,
        moves_of(graph, found.order, found.sweep, arcs),
        solver="annealing",
        model="vertex",
        lower_bound=lower,
        vertex_bound=found.bound,
        why=found.why,
        arcs=arcs,
    )


def best_vertices(graph: Graph, arcs: Arcs, search: Search, *, patient: bool = False) -> Found:
    """The best order of the inner vertices that is found in time; never worse than the best rule's.

    Whoever is patient goes on when nothing was gained for a while, as long as there is time.
    """
    orders = OrderGraph.of(graph)
    exact = orders is not None and orders.exact
    cost, order, sweep = (best_of_rules if exact else improve)(graph, arcs, search)
    if orders is None or not any(orders.prices):
        return Found(cost, order, sweep, None, "local search; cuts say nothing of these Jacobians")
    number = {place: unit for unit, place in enumerate(orders.places)}
    contest = Contest(orders, [number[place] for place in order], search.seed)
    while not search.over and (patient or not contest.idle) and cost > contest.least:
        gained = contest.take_turns(search.left)
        if contest.cost is not None:
            cost = min(cost, contest.cost)
        if gained:
            search.report(cost, contest.least)
    if contest.cost is not None:
        order, sweep = [orders.places[unit] for unit in contest.order], Sweep.BEST
    why = f"{len(contest.reduction.order)} of {len(orders.weights)} vertices were safe; {contest.turns} turns"
    return Found(cost, order, sweep, contest.least, why)
