"""What is claimed of the cost of a plan, be it for a chain or for a graph."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Claims(ABC):
    """The cost of a plan, and how far that may be above the least.

    Attributes
    ----------
    solver
        The registered name of the solver that made it.
    optimal
        Whether nothing costs less, by proof.
    lower_bound
        What every alternative costs at least; None if no bound is known.
    """

    solver: str
    optimal: bool
    lower_bound: int | None

    @property
    @abstractmethod
    def fma(self) -> int:
        """Fused multiply–adds of all operations."""

    @property
    def flops(self) -> int:
        """Floating point operations: two per fma; additions of parallel Jacobians apart."""
        return 2 * self.fma

    @property
    def cost(self) -> int:
        """What was minimised: its fma, unless a plan says otherwise."""
        return self.fma

    @property
    def gap(self) -> float | None:
        """How far the cost may be above the least, as a fraction of it; None if no bound is known."""
        if self.lower_bound is None:
            return None
        return gap_between(self.cost, self.lower_bound)

    @property
    def claim(self) -> str:
        """What is proved of it, in words."""
        if self.optimal:
            return "optimal"
        if self.lower_bound is None:
            return "no claim"
        if self.gap is None:
            return "heuristic"
        return f"heuristic, {excess(self.cost, self.lower_bound)} the optimum"


def gap_between(cost: int, bound: int) -> float | None:
    """How far a cost may be above a bound, as a fraction of it; None if only the bound is 0."""
    more = cost - bound
    return more / bound if bound else (0.0 if not more else None)


def excess(cost: int, bound: int) -> str:
    """How far a cost may be above the least, in words; the bound is not 0, or equal to the cost."""
    gap = gap_between(cost, bound)
    assert gap is not None
    return f"at most {1 + gap:,.1f} times" if gap >= 1 else f"at most {max(gap, 1e-4):.2%} above"
