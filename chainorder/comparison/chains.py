"""The orders of a chain that everybody uses beside the best one."""

from __future__ import annotations

from dataclasses import dataclass

from chainorder.comparison.ranking import Ranking
from chainorder.costs.known_costs import Outline
from chainorder.plans.chain_plan import Plan
from chainorder.plans.scheduling import scheduled
from chainorder.problems.chain import Chain
from chainorder.solvers import plan
from chainorder.solvers.chains.estimated import preaccumulation, sweep
from chainorder.solvers.chains.seconds import timed
from chainorder.solvers.options import Options


@dataclass(frozen=True, repr=False)
class Comparison(Ranking[Plan]):
    """Plans for one chain, the baselines first and the best last.

    Attributes
    ----------
    plans
        Baselines by tangents only (forward), by adjoints only (reverse) and, if an elemental is matrix-free,
        by multiplying accumulated Jacobians only (preaccumulation); then the best.
    infeasible
        The baselines that cannot be.
    """

    @property
    def chain(self) -> Chain:
        """The chain they are for."""
        return self.best.chain

    @classmethod
    def sweeps(cls, best: Plan) -> tuple[str, ...]:
        """See `baselines`."""
        return baselines(best.chain)

    @classmethod
    def baseline(cls, name: str, best: Plan, *, time_limit: float | None = None, seed: int = 0) -> Plan:
        """A baseline, estimated where the plan beside it is: exactly, it would take too long."""
        chain, objective, transfer = best.chain, best.objective, best.transfer
        if best.estimate is None:
            return plan(
                chain,
                solver=name,
                objective=objective,
                transfer=transfer,
                time_limit=time_limit,
                seed=seed,
                profile=None if best.predicted is None else best.predicted.profile,
            )
        outline = Outline(chain.on(1), best.estimate.seed)
        made = preaccumulation(outline) if name == "preaccumulation" else sweep(outline, name)
        if best.predicted is not None:
            return timed(made, Options("seconds", profile=best.predicted.profile))
        return made if best.machines == 1 else scheduled(made, best.machines, objective, transfer)


def baselines(chain: Chain) -> tuple[str, ...]:
    """The solvers that a chain is compared with."""
    kinds = chain.elementals.kinds
    accumulated = any(not kind.explicit and kind.structure.evaluation is None for kind in kinds)
    # A chain that only solves has no such baseline: nobody should invert.
    return ("forward", "reverse", "preaccumulation") if accumulated else ("forward", "reverse")
