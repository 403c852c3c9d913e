"""Predicted and measured times, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainorder.plans.base import BasePlan
from chainorder.report.numbers import duration

if TYPE_CHECKING:
    from chainorder.costs.profile import Profile
    from chainorder.execution.result import Execution


def cost_of(plan: BasePlan) -> str:
    """What was minimised, with its unit."""
    if plan.objective == "seconds" and plan.predicted is not None:
        return duration(plan.predicted.seconds)
    return f"{plan.cost:,} fma"


def prediction_notes(plan: BasePlan) -> list[str]:
    """What a plan is predicted to take, by which profile, and whether that is of another machine."""
    if plan.predicted is None:
        return []
    said = f"predicted: {duration(plan.predicted.seconds)} by {plan.predicted.profile.name}"
    return [said, *_doubts(plan.predicted.profile)]


def measured_notes(label: str, run: Execution) -> list[str]:
    """What was measured beside what was predicted, and the error of that."""
    predicted = run.plan.predicted
    if predicted is None:
        return []
    error = predicted.seconds / run.seconds - 1 if run.seconds else 0.0
    return [
        f"{label}: measured {duration(run.seconds)}, predicted {duration(predicted.seconds)} ({error:+.0%})",
        *_doubts(predicted.profile),
    ]


def _doubts(profile: Profile) -> list[str]:
    """Whether a profile is of another machine, or stale."""
    from chainorder.costs.machine import Machine  # who plans by fma does not ask what this one is

    return profile.notes(Machine.here())
