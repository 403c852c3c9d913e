"""The usual orders of a graph beside the best one."""

from __future__ import annotations

from dataclasses import dataclass

from chainorder.comparison.ranking import Ranking
from chainorder.plans.graph_plan import GraphPlan
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

    @classmethod
    def sweeps(cls, best: GraphPlan) -> tuple[str, ...]:
        """Forward and reverse elimination."""
        return RULES[:2]

    @classmethod
    def usual(cls, best: GraphPlan) -> tuple[str, ...]:
        """All rules."""
        return RULES

    @classmethod
    def baseline(
        cls, name: str, best: GraphPlan, *, time_limit: float | None = None, seed: int = 0
    ) -> GraphPlan:
        """The plan of a rule."""
        return plan(best.graph, solver=name, time_limit=time_limit, seed=seed)
