"""The usual orders of a graph beside the best one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainorder.errors import ChainorderError
from chainorder.plans.base import gap_between
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.ranking import Infeasible, Ranking
from chainorder.problems.graph import Graph
from chainorder.solvers import plan

RULES = ("forward", "reverse", "markowitz", "relative-markowitz", "minimum-fill", "lookahead")
"""What every graph is compared with."""


@dataclass(frozen=True)
class GraphComparison(Ranking[GraphPlan]):
    """Plans for one graph, the usual ones first and the best last.

    Attributes
    ----------
    plans
        Of the rules that the graph admits, then of the chosen solver.
    infeasible
        The rules that it does not admit.
    """

    @property
    def graph(self) -> Graph:
        """The graph they are for."""
        return self.best.graph

    def bound(self, plan: GraphPlan) -> int | None:
        """What every plan of the same model costs at least: orders of vertices, or all sequences of faces."""
        known = (self.best.lower_bound, self.best.vertex_bound if plan.model == "vertex" else None)
        return max((each for each in known if each is not None), default=None)

    def gap(self, plan: GraphPlan) -> float | None:
        """How far a plan may be above the best of its model, as a fraction of the bound; None without one."""
        bound = self.bound(plan)
        return None if bound is None else gap_between(plan.cost, bound)


def compare_graph(graph: Graph, *, solver: str = "auto", **options: Any) -> GraphComparison:
    """Plan a graph by the usual rules and by a solver; `options` are further arguments of `plan`.

    Raises
    ------
    SolverError
        If the solver is unknown, or cannot take this graph.
    """
    return beside_graph(plan(graph, solver=solver, **options), **options)


def beside_graph(best: GraphPlan, **options: Any) -> GraphComparison:
    """The usual rules beside a plan of a graph that is there already."""
    options["machines"] = best.machines
    plans, infeasible = [], []
    for name in RULES:
        try:
            plans.append(plan(best.graph, solver=name, **options))
        except ChainorderError as error:
            infeasible.append(Infeasible(name, str(error)))
    return GraphComparison((*plans, best), tuple(infeasible))
