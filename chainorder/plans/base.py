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
        excess = self.cost - self.lower_bound
        return excess / self.lower_bound if self.lower_bound else (0.0 if not excess else None)

    @property
    def claim(self) -> str:
        """What is proved of it, in words."""
        if self.optimal:
            return "optimal"
        if self.lower_bound is None:
            return "no claim"
        if self.gap is None:
            return "heuristic"
        if self.gap >= 1:
            return f"heuristic, at most {1 + self.gap:,.1f} times the optimum"
        return f"heuristic, at most {max(self.gap, 1e-4):.2%} above the optimum"
