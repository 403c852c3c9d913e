"""Fill guessed from samples, for the tables of solvers."""

from __future__ import annotations

from dataclasses import dataclass

from chainorder.costs.estimate import Estimate
from chainorder.costs.known_costs import Outline
from chainorder.costs.sampled_fill import MANY, SampledFill
from chainorder.costs.steps import Step
from chainorder.errors import PlanError
from chainorder.problems.chain import Chain
from chainorder.structures.compressed_rows import hypersparse
from chainorder.structures.pattern import Pattern
from chainorder.structures.sparse import Sparse

COUNTED, MOST_COUNTED = 2**24, 2**28
"""Sizes up to which positions are counted one by one: in any case, and where there are so many."""


def estimable(chain: Chain) -> bool:
    """Whether the costs of a chain can be estimated: its tangents and adjoints are dense, its sizes fit."""
    return with_colours(chain) is None and countable(chain)


def countable(chain: Chain) -> bool:
    """Whether a count for every row and column takes little memory beside the positions of the chain."""
    size = int(chain.sizes.max())
    structures = [kind.structure for kind in chain.elementals.kinds]
    positions = [each.positions.nnz for each in structures if isinstance(each, Sparse)]
    many = size <= MOST_COUNTED and not hypersparse((size, size), max(positions, default=0))
    return size <= COUNTED or many


def with_colours(chain: Chain) -> int | None:
    """An elemental that has tangents or adjoints, and may have fewer colours than rows or columns."""
    if not chain.modelled:
        return None
    numbers = (number for number in range(1, len(chain) + 1) if chain.kind_of(number).modelled)
    return next((number for number in numbers if not is_full(chain.pattern(number))), None)


def is_full(pattern: Pattern) -> bool:
    """Whether every position of the matrix belongs to it."""
    return pattern.full


@dataclass(frozen=True, slots=True)
class Guess:
    """A Jacobian of which only the number of entries is known, about."""

    entries: int


class Guesses:
    """Results of steps by samples."""

    def __init__(self, sampled: SampledFill) -> None:
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
        return self.sampled.product(i - 1, k - 1, j - 1)

    def evaluations(self, step: Step, j: int, i: int, result: Guess) -> int:
        """Of a dense elemental: the non-empty columns, or rows, of the result."""
        if i == j:
            return self.sampled.patterns[i - 1].shape[1 if step.by_tangents else 0]
        count = self.sampled.tangents if step.by_tangents else self.sampled.adjoints
        return count(i - 1, j - 1)


def guesses_again(chain: Chain, estimate: Estimate) -> Guesses:
    """What an estimate was made of."""
    if not 1 <= estimate.samples <= MANY:
        raise PlanError(f"estimated by {estimate.samples} samples; 1 to {MANY} can be recounted")
    return Guesses(Outline(chain, estimate.seed, estimate.samples).sampled)
