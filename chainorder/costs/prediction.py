"""What steps are predicted to take on the machine of a profile."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainorder.costs.pricing import Results
    from chainorder.costs.profile import Profile
    from chainorder.costs.steps import Steps
    from chainorder.problems.chain import Chain

SECOND = 10**12
"""Picoseconds."""


@dataclass(frozen=True)
class Prediction:
    """How long a plan takes by a profile, which it carries: whoever has the plan can check it.

    Attributes
    ----------
    times
        Picoseconds of each operation, in their executable order.
    profile
        Of the machine that is meant.
    """

    times: tuple[int, ...]
    profile: Profile

    @cached_property
    def picoseconds(self) -> int:
        """Of all operations, one after the other."""
        return sum(self.times)

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.picoseconds / SECOND

    @classmethod
    def of(cls, chain: Chain, steps: Steps, profile: Profile, results: Results | None = None) -> Prediction:
        """The prediction of steps in an executable order; makes patterns, unless `results` knows or guesses.

        Raises
        ------
        SolverError
            If a step evaluates a model whose time nobody states; names the elemental.
        """
        from chainorder.costs.timing import step_times  # who has no prediction needs no model of time

        return cls(tuple(step_times(chain, steps, profile, results)), profile)

    def to_data(self) -> dict[str, Any]:
        """It as plain data."""
        stated = {"picoseconds": self.picoseconds, "seconds": self.seconds, "times": list(self.times)}
        return stated | {"profile": self.profile.to_data()}
