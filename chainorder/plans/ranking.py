"""Plans beside one another, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from chainorder.plans.base import BasePlan

SomePlan = TypeVar("SomePlan", bound=BasePlan)


@dataclass(frozen=True)
class Infeasible:
    """A baseline that a chain or graph does not have, and why."""

    solver: str
    why: str

    def __str__(self) -> str:
        return f"{self.solver}: infeasible ({self.why})"


@dataclass(frozen=True)
class Ranking(Generic[SomePlan]):
    """Plans for one chain or graph, those that everybody knows first and the best last.

    Attributes
    ----------
    plans
        Of the solvers that it admits, then of the chosen one.
    infeasible
        The solvers that it does not admit.
    """

    plans: tuple[SomePlan, ...]
    infeasible: tuple[Infeasible, ...] = ()

    @property
    def best(self) -> SomePlan:
        """The plan of the chosen solver."""
        return self.plans[-1]

    @property
    def labels(self) -> tuple[str, ...]:
        """What reports call the plans: by their solvers, the last one ``best``."""
        return (*(each.solver for each in self.plans[:-1]), "best")

    def ratio(self, other: SomePlan) -> float | None:
        """How many times the cost of the best it costs: 1 if both are 0, None if only the best is."""
        if other.cost == self.best.cost:
            return 1.0
        return other.cost / self.best.cost if self.best.cost else None
