"""Sparse chains whose fill-in would cost more to know than it saves: the best order by estimated costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from chainorder.chain import Chain
from chainorder.compressed_rows import hypersparse
from chainorder.errors import PlanError, SolverError
from chainorder.estimate import Estimate
from chainorder.models import check_feasible, check_models
from chainorder.pattern import DensePattern, Pattern
from chainorder.plan import Plan
from chainorder.solvers.lazy import Search
from chainorder.solvers.outline import Outline
from chainorder.solvers.sampling import MANY, Sampled
from chainorder.steps import Row, Step, Steps
from chainorder.structure import Sparse

FEW_SIZE, MAX_SIZE = 2**24, 2**28
"""Sizes up to which positions are counted one by one: in any case, and where there are so many."""

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
    coloured = _coloured(chain)
    if coloured is not None:
        raise SolverError(
            f"elemental {coloured} has tangents or adjoints and is not dense; their number is not estimated: "
            "plan with exact fill"
        )
    if not _countable(chain):
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
        steps = Search(outline.sampled, outline.boundaries, outline.models, limit).run()
    return steps


def estimable(chain: Chain) -> bool:
    """Whether the costs of a chain can be estimated: its tangents and adjoints are dense, its sizes fit."""
    return _coloured(chain) is None and _countable(chain)


def _countable(chain: Chain) -> bool:
    """Whether a count for every row and column takes little memory beside the positions of the chain."""
    size = int(chain.sizes.max())
    structures = [kind.structure for kind in chain.elementals.kinds]
    positions = [each.positions.nnz for each in structures if isinstance(each, Sparse)]
    many = size <= MAX_SIZE and not hypersparse((size, size), max(positions, default=0))
    return size <= FEW_SIZE or many


def _coloured(chain: Chain) -> int | None:
    """An elemental that has tangents or adjoints, and may have fewer colours than rows or columns."""
    if not chain.modelled:
        return None
    numbers = (number for number in range(1, len(chain) + 1) if chain.kind(number).modelled)
    return next((number for number in numbers if not is_full(chain.pattern(number))), None)


def is_full(pattern: Pattern) -> bool:
    """Whether every position of the matrix belongs to it."""
    return isinstance(pattern, DensePattern) and pattern.full


@dataclass(frozen=True, slots=True)
class Guess:
    """A Jacobian of which only the number of entries is known, about."""

    entries: int


class Guesses:
    """Results of steps by samples."""

    def __init__(self, sampled: Sampled) -> None:
        self.sampled = sampled
        self.deviation = 0.0  # the sum of standard errors: products share samples

    def own(self, number: int) -> Guess:
        """The entries of an elemental, to the unit."""
        return Guess(self.sampled.patterns[number - 1].entries)

    def product(self, j: int, k: int, i: int, left: Guess, right: Guess) -> Guess:
        """The entries of a product, about."""
        return Guess(self.sampled.entries(i - 1, j - 1))

    def fma(self, j: int, k: int, i: int, left: Guess, right: Guess) -> int:
        """What it costs, about."""
        self.deviation += self.sampled.error(i - 1, k - 1, j - 1)
        return self.sampled.join(i - 1, k - 1, j - 1)

    def evaluations(self, step: Step, j: int, i: int, result: Guess) -> int:
        """Of a dense elemental: the non-empty columns, or rows, of the result."""
        if i == j:
            return self.sampled.patterns[i - 1].shape[1 if step.by_tangents else 0]
        count = self.sampled.tangents if step.by_tangents else self.sampled.adjoints
        return count(i - 1, j - 1)


def price_by_samples(chain: Chain, steps: Steps, sampled: Sampled, **labels: Any) -> Plan:
    """The plan that runs the given steps, priced by estimates, with the error of these."""
    guesses = Guesses(sampled)
    plan = Plan.of(chain, steps, fills=guesses, **labels)
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
    if not chain.kind(start).explicit:
        rows.append((accumulated, start, 0, start))
    for number in range(2, last + 1) if name == "forward" else range(last - 1, 0, -1):
        step = Step.MULTIPLY if chain.kind(number).explicit else stepped
        rows.append((step, number, number - 1, 1) if name == "forward" else (step, last, number, number))
    return price_by_samples(chain, Steps.of_rows(rows), outline.sampled, solver=name, why="asked for")


def preaccumulation(outline: Outline) -> Plan:
    """The best order that accumulates every matrix-free elemental and then multiplies, by samples."""
    check_feasible(outline.chain)
    if outline.models is not None:
        outline.models.forbid_steps()
    steps = best_steps(outline)
    return price_by_samples(outline.chain, steps, outline.sampled, solver="preaccumulation", why="asked for")


def guesses_again(chain: Chain, estimate: Estimate) -> Guesses:
    """What an estimate was made of."""
    if not 1 <= estimate.samples <= MANY:
        raise PlanError(f"estimated by {estimate.samples} samples; 1 to {MANY} can be recounted")
    return Guesses(Outline(chain, estimate.seed, estimate.samples).sampled)
