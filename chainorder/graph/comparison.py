"""The usual orders of a graph beside the best one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainorder.comparison import Infeasible, ratio
from chainorder.errors import SolverError
from chainorder.graph.graph import Graph
from chainorder.graph.plan import GraphPlan
from chainorder.solvers import plan

RULES = ("forward", "reverse", "markowitz", "relative-markowitz", "minimum-fill", "lookahead")
"""What every graph is compared with."""


@dataclass(frozen=True)
class GraphComparison:
    """Plans for one graph, the usual ones first and the best last.

    Attributes
    ----------
    plans
        Of the rules that the graph admits, then of the chosen solver.
    infeasible
        The rules that it does not admit.
    """

    plans: tuple[GraphPlan, ...]
    infeasible: tuple[Infeasible, ...] = ()

    @property
    def graph(self) -> Graph:
        """The graph they are for."""
        return self.best.graph

    @property
    def best(self) -> GraphPlan:
        """The plan of the chosen solver."""
        return self.plans[-1]

    @property
    def labels(self) -> tuple[str, ...]:
        """What reports call the plans: the rules by their names, the last one ``best``."""
        return (*(each.solver for each in self.plans[:-1]), "best")

    def ratio(self, other: GraphPlan) -> float | None:
        """How many times the cost of the best it costs: 1 if both are 0, None if only the best is."""
        return ratio(other.fma, self.best.fma)


def compare_graph(graph: Graph, *, solver: str = "auto", **options: Any) -> GraphComparison:
    """Plan a graph by the usual rules and by a solver; `options` are further arguments of `plan`.

    Raises
    ------
    SolverError
        If the solver is unknown, or cannot take this graph.
    """
    plans, infeasible = [], []
    for name in RULES:
        try:
            plans.append(plan(graph, solver=name, **options))
        except SolverError as error:
            infeasible.append(Infeasible(name, str(error)))
    return GraphComparison((*plans, plan(graph, solver=solver, **options)), tuple(infeasible))
