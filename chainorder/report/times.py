"""Predicted and measured times, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainorder.costs.prediction import SECOND
from chainorder.plans.base import BasePlan
from chainorder.reading.magnitudes import duration
from chainorder.report.numbers import Cell, Seconds

if TYPE_CHECKING:
    from chainorder.costs.profile import Profile
    from chainorder.report.common import Run


def number(plan: BasePlan, value: int) -> float:
    """A cost, a duration or a start of a plan: fma, or seconds."""
    return value if plan.unit == "fma" else Seconds(value / SECOND)


def in_unit(plan: BasePlan, value: int | None) -> Cell:
    """The same as a cell, which may be empty."""
    return None if value is None else number(plan, value)


def stated(plan: BasePlan, value: int) -> str:
    """The same in words; fma go without saying."""
    return f"{value:,}" if plan.unit == "fma" else duration(value / SECOND)


def cost_of(plan: BasePlan) -> str:
    """What was minimised, with its unit."""
    return stated(plan, plan.cost) + " fma" * (plan.unit == "fma")


def lasting(plan: BasePlan) -> tuple[str, ...]:
    """The head over what operations take, beside their fma: of plans by seconds."""
    return () if plan.times is None else ("seconds",)


def spent(plan: BasePlan, place: int) -> tuple[Cell, ...]:
    """What the operation at a place takes, under that head."""
    return () if plan.times is None else (number(plan, plan.times[place]),)


def predicted_columns(best: BasePlan) -> tuple[str, ...]:
    """The head over what plans are predicted to take, if the best of them is."""
    return () if best.predicted is None else ("predicted seconds",)


def predicted_cells(plan: BasePlan | None, best: BasePlan) -> tuple[Cell, ...]:
    """What a plan, if it is one, is predicted to take, under that head."""
    if best.predicted is None:
        return ()
    found = None if plan is None else plan.predicted
    return (None if found is None else Seconds(found.seconds),)


def prediction_notes(plan: BasePlan) -> list[str]:
    """What a plan is predicted to take, by which profile, and whether that is of another machine."""
    if plan.predicted is None:
        return []
    each = " for all operations" if plan.machines > 1 else ""
    said = f"predicted: {duration(plan.predicted.seconds)}{each} by {plan.predicted.profile.name}"
    return [said, *_doubts(plan.predicted.profile)]


def measured_notes(label: str, run: Run) -> list[str]:
    """What was measured beside what was predicted, and the error of that."""
    predicted, expected = run.plan.predicted, run.plan.expected
    if predicted is None or expected is None:
        return []
    error = expected / run.seconds - 1 if run.seconds else 0.0
    return [
        f"{label}: measured {duration(run.seconds)}, predicted {duration(expected)} ({error:+.0%})",
        *_doubts(predicted.profile),
    ]


def _doubts(profile: Profile) -> list[str]:
    """Whether a profile is of another machine, or stale."""
    from chainorder.costs.machine import Machine  # who plans by fma does not ask what this one is

    return profile.notes(Machine.here())
