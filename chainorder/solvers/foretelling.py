"""Plans by fma beside the seconds that they are predicted to take, where this machine was calibrated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chainorder.errors import ProfileError, SolverError
from chainorder.system.folders import cache_folder
from chainorder.system.later import later

MANY = 1_000
"""Operations up to which a prediction is made unasked."""

_PREDICT = {
    "chain": later("plans.chain_times", "predicted"),
    "graph": later("plans.graph_times", "predicted"),
}


def foretold(plan: Any) -> Any:
    """The same plan with its prediction; as it is where there is one, or none that is known at once."""
    if plan.predicted is not None or len(plan.operations) > MANY:
        return plan
    if not plan.has_small_patterns or not _calibrated():
        return plan
    from chainorder.costs.profiles import kept  # what this machine is, is asked where it was calibrated only

    try:
        profile = kept()
        return plan if profile is None else replace(plan, predicted=_PREDICT[plan.kind](plan, profile))
    except (SolverError, ProfileError):  # models whose time nobody states; a file that is no profile
        return plan


def _calibrated() -> bool:
    """Whether any profile is kept: start-up does without knowing the machine if there is none."""
    return any(cache_folder().glob("profile-*.json"))
