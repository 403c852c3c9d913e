"""The cost model of fused multiply–adds, exact for symbolic patterns: what plans are priced by."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chainorder.costs.evaluations import evaluations_fma, least_evaluations
from chainorder.costs.model import CostModel
from chainorder.costs.steps import Step
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import ModelCosts
from chainorder.structures.pattern import Pattern, fma

if TYPE_CHECKING:
    from chainorder.costs.known_costs import Outline
    from chainorder.costs.tables import CostTables


class Fma(CostModel):
    """Products by their patterns; evaluations by colours, at the costs that the models state."""

    unit: ClassVar[str] = "fma"
    cubic: ClassVar[bool] = True

    def product(self, left: Pattern, right: Pattern) -> int:
        """Σ over inner indices of the positions in the column of the left and in the row of the right."""
        return fma(left, right)

    def evaluation(self, kind: ModelCosts, step: Step, result: Pattern, memory: int | None) -> int | None:
        """The colours of the result times the cost of one evaluation, and the overhead."""
        return evaluations_fma(kind, step, result, memory)

    def least_evaluation(
        self, kind: ModelCosts, step: Step, result: Pattern, memory: int | None
    ) -> int | None:
        """By the colours that there are at least."""
        cost = kind.tangent if step.by_tangents else kind.adjoint_within(memory)
        return None if cost is None else least_evaluations(step, result) * cost + kind.overhead

    def tables(self, chain: Chain) -> CostTables:
        """By the closed forms of dense elementals where that is enough, else from patterns."""
        from chainorder.costs.tables import DenseCosts, PatternCosts  # not needed to start, nor for graphs

        return DenseCosts(chain) if chain.dense else PatternCosts.of_chain(chain)

    def outline(self, chain: Chain) -> Outline | None:
        """Bounds, samples and fill on demand, where that pays."""
        from chainorder.costs.known_costs import Outline

        return Outline(chain) if Outline.pays(chain) else None


FMA = Fma()
