"""The usual orders of a graph beside the best one."""

from __future__ import annotations

from dataclasses import dataclass

from chainorder.comparison.ranking import Ranking
from chainorder.plans.base import gap_between
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.graph import Graph
from chainorder.solvers import plan

RULES = ("forward", "reverse", "markowitz", "relative-markowitz", "minimum-fill", "lookahead")
"""What every graph is compared with."""


@dataclass(frozen=True, repr=False)
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
        return plan(
            best.graph,
            solver=name,
            objective=None if best.times is None else "seconds",
            time_limit=time_limit,
            seed=seed,
            profile=None if best.predicted is None else best.predicted.profile,
        )
