"""What is known of a plan whose costs are estimated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """How costs were estimated, and how well.

    Attributes
    ----------
    samples
        Inner indices that were looked at for each product; 0 where it is guessed from sizes and entries.
    seed
        Of the samples; the same seed gives the same estimate.
    error
        Twice the standard error of the plan's fma, relative to it: true in about 95 of 100 cases, a bit less
        often for the order that looked cheapest and where a few rows hold most positions. Not known, 1, where
        nothing was looked at.
    """

    samples: int
    seed: int
    error: float
