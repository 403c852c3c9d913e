"""What the operations of a chain's plan take, by a profile."""

from __future__ import annotations

from dataclasses import replace

from chainorder.costs import guessed_fill
from chainorder.costs.prediction import Prediction
from chainorder.costs.pricing import Results, int_column, starts
from chainorder.costs.profile import Profile
from chainorder.plans.chain_plan import Plan


def predicted(plan: Plan, profile: Profile) -> Prediction:
    """What the operations of a plan take; raises `SolverError` as `timed`."""
    return Prediction.of(plan.chain, plan.operations.steps, profile)


def timed(order: Plan, profile: Profile, results: Results | None = None) -> Plan:
    """The same order for one machine, with its time; no claim. Estimated orders are timed by their estimate.

    Raises
    ------
    SolverError
        If a step evaluates a model whose time nobody states; names the elemental.
    """
    if results is None and order.estimate is not None:
        results = guessed_fill.guesses_again(order.chain, order.estimate)
    predicted = Prediction.of(order.chain, order.operations.steps, profile, results)
    return replace(
        order,
        objective="seconds",
        predicted=predicted,
        operations=replace(order.operations, start=starts(int_column(list(predicted.times)))),
        optimal=False,
        lower_bound=None,
    )
