"""The orders that everybody uses beside the best one."""

from __future__ import annotations

from dataclasses import dataclass

from chainorder.chain import Chain
from chainorder.plan import Plan
from chainorder.solvers import plan

BASELINES = ("forward", "reverse")


@dataclass(frozen=True)
class Comparison:
    """Plans for one chain, the baselines first and the best last."""

    plans: tuple[Plan, ...]

    @property
    def chain(self) -> Chain:
        """The chain they are for."""
        return self.best.chain

    @property
    def best(self) -> Plan:
        """The plan of the chosen solver."""
        return self.plans[-1]

    @property
    def labels(self) -> tuple[str, ...]:
        """What reports call the plans: the baselines by their names, the last one ``best``."""
        return (*(each.solver for each in self.plans[:-1]), "best")

    def ratio(self, other: Plan) -> float | None:
        """How many times the cost of the best it costs: 1 if both are 0, None if only the best is."""
        if self.best.fma == other.fma:
            return 1.0
        return other.fma / self.best.fma if self.best.fma else None


def compare(chain: Chain, *, solver: str = "auto") -> Comparison:
    """Plan a chain with the forward sweep, the reverse sweep and a solver.

    Raises
    ------
    SolverError
        If the solver is unknown, or cannot take this chain.
    """
    return Comparison((*(plan(chain, solver=name) for name in BASELINES), plan(chain, solver=solver)))
