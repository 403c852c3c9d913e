"""Plans beside one another: those of the orders that everybody uses, and the best."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from chainorder.errors import ChainorderError
from chainorder.plans.base import BasePlan
from chainorder.reading.wording import nearest_of
from chainorder.system.showing import Shown

SomePlan = TypeVar("SomePlan", bound=BasePlan)


@dataclass(frozen=True)
class Infeasible:
    """A baseline that a chain or graph does not have, and why."""

    solver: str
    why: str

    def __str__(self) -> str:
        return f"{self.solver}: infeasible ({self.why})"


@dataclass(frozen=True, repr=False)
class Ranking(Shown, Generic[SomePlan]):
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

    @classmethod
    def beside(cls, best: SomePlan, *, time_limit: float | None = None, seed: int = 0) -> Self:
        """The usual orders beside a plan: whatever keeps one from being stands in its place."""
        plans, infeasible = [], []
        for name in cls.usual(best):
            try:
                plans.append(cls.baseline(name, best, time_limit=time_limit, seed=seed))
            except ChainorderError as error:
                infeasible.append(Infeasible(name, str(error)))
            except MemoryError:
                infeasible.append(Infeasible(name, "its tables do not fit the memory"))
        return cls((*plans, best), tuple(infeasible))

    @classmethod
    @abstractmethod
    def sweeps(cls, best: SomePlan) -> tuple[str, ...]:
        """The solvers of the orders that everybody uses, to be run beside it."""

    @classmethod
    def usual(cls, best: SomePlan) -> tuple[str, ...]:
        """The solvers that it is compared with."""
        return cls.sweeps(best)

    @classmethod
    @abstractmethod
    def baseline(
        cls, name: str, best: SomePlan, *, time_limit: float | None = None, seed: int = 0
    ) -> SomePlan:
        """The plan of such a solver for the same problem, on the same machines, by the same objective."""

    @property
    def problem(self) -> Any:
        """The chain or graph that they are for."""
        return self.best.problem

    @property
    def best(self) -> SomePlan:
        """The plan of the chosen solver."""
        return self.plans[-1]

    @property
    def labels(self) -> tuple[str, ...]:
        """What reports call the plans: by their solvers, the last one ``best``."""
        return (*(each.solver for each in self.plans[:-1]), "best")

    def __iter__(self) -> Iterator[str]:
        return iter(self.labels)

    def __getitem__(self, label: str) -> SomePlan:
        """The plan that reports call so; raises `ChainorderError` if there is none, and lists the labels."""
        if label not in self.labels:
            why = next((f": {each.why}" for each in self.infeasible if each.solver == label), "")
            raise ChainorderError(f"there is no {label!r}{why}; {nearest_of(label, self.labels)}")
        return self.plans[self.labels.index(label)]

    @property
    def brief(self) -> str:
        """The cost of each order beside the best, in a line."""
        ratios = zip(self.labels, map(self.ratio, self.plans), strict=True)
        beside = (f"{label} {ratio:,.4g}" for label, ratio in ratios if label != "best" and ratio is not None)
        best = f"best {self.best.cost:,} ({self.best.claim})"
        return "; ".join([f"of {self.problem.title}", best, f"times that: {', '.join(beside) or 'none'}"])

    @property
    def outdone(self) -> bool:
        """Whether a plan of another solver costs less than that of the chosen one."""
        return any(each.cost < self.best.cost for each in self.plans)

    def ratio(self, other: SomePlan) -> float | None:
        """How many times the cost of the best it costs: 1 if both are 0, None if only the best is."""
        if other.cost == self.best.cost:
            return 1.0
        return other.cost / self.best.cost if self.best.cost else None
