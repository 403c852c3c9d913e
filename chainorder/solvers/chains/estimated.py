"""Sparse chains whose fill-in would cost more to know than it saves: the best order by estimated costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chainorder.costs.estimate import Estimate
from chainorder.costs.evaluations import check_feasible, check_models
from chainorder.costs.guessed_fill import Guesses, countable, with_colours
from chainorder.costs.known_costs import Outline
from chainorder.costs.sampled_fill import MANY, SampledFill
from chainorder.costs.steps import Row, Step, Steps
from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains.lazy import LazyProgram

DOUBT = 0.15
"""Stated error of the fma from which more is looked at: a few indices have most of the positions."""

SLACK = 2
"""How many times as much as a sweep an order may seem to cost before it is given up."""


def solve(chain: Chain) -> Plan:
    """The order that is best by estimated costs: O(64 · positions) bit operations per product. Heuristic.

    Raises
    ------
    InfeasibleError
        If the memory admits no plan.
    SolverError
        If an elemental has tangents or adjoints and is not dense: colours are not estimated.
    """
    return solve_outline(Outline(chain))


def solve_outline(outline: Outline) -> Plan:
    """The same, where some of it is known already."""
    chain = outline.chain
    check_feasible(chain)
    coloured = with_colours(chain)
    if coloured is not None:
        raise SolverError(
            f"elemental {coloured} has tangents or adjoints and is not dense; their number is not estimated: "
            "plan with exact fill"
        )
    if not countable(chain):
        raise SolverError(
            f"this chain has sizes up to {int(chain.sizes.max()):,}, and few positions or too many to count "
            "them by estimates: plan with exact fill"
        )
    why = "the best order by an estimate of the fill-in"
    found = price_by_samples(chain, best_steps(outline), outline.sampled, solver="estimated", why=why)
    if outline.samples < MANY and found.estimate is not None and found.estimate.error > DOUBT:
        return solve_outline(Outline(chain, outline.seed, MANY))
    return found


def best_steps(outline: Outline) -> Steps:
    """The steps of the best order by samples."""
    limit = outline.most
    if outline.models is None:
        limit = min(limit, outline.sampled.sweep())
    steps = None
    while steps is None:
        limit *= SLACK
        steps = LazyProgram(outline.sampled, outline.boundaries, outline.models, limit).run()
    return steps


def price_by_samples(chain: Chain, steps: Steps, sampled: SampledFill, **labels: Any) -> Plan:
    """The plan that runs the given steps, priced by estimates, with the error of these."""
    guesses = Guesses(sampled)
    plan = Plan.of(chain, steps, results=guesses, **labels)
    error = 2 * guesses.deviation / plan.fma if plan.fma else 0.0
    return replace(plan, estimate=Estimate(sampled.samples, sampled.seed, round(error, 4)))


def sweep(outline: Outline, name: str) -> Plan:
    """The ``forward`` or ``reverse`` sweep, priced by samples.

    Raises
    ------
    InfeasibleError
        If a matrix-free elemental has no model for it, or only one whose tape exceeds the chain's memory.
    """
    chain, last = outline.chain, len(outline.chain)
    rows: list[Row] = []
    accumulated, stepped, start = Step.ACCUMULATE_TANGENT, Step.TANGENT, 1
    if name == "reverse":
        accumulated, stepped, start = Step.ACCUMULATE_ADJOINT, Step.ADJOINT, last
    check_models(chain, stepped)
    if not chain.kind_of(start).explicit:
        rows.append((accumulated, start, 0, start))
    for number in range(2, last + 1) if name == "forward" else range(last - 1, 0, -1):
        step = Step.MULTIPLY if chain.kind_of(number).explicit else stepped
        rows.append((step, number, number - 1, 1) if name == "forward" else (step, last, number, number))
    return price_by_samples(chain, Steps.of_rows(rows), outline.sampled, solver=name, why="asked for")


def preaccumulation(outline: Outline) -> Plan:
    """The best order that accumulates every matrix-free elemental and then multiplies, by samples."""
    check_feasible(outline.chain)
    if outline.models is not None:
        outline.models.forbid_steps()
    steps = best_steps(outline)
    return price_by_samples(outline.chain, steps, outline.sampled, solver="preaccumulation", why="asked for")
