"""Fill guessed from samples, for the tables of solvers."""

from __future__ import annotations

from collections.abc import Hashable

from chainorder.costs.estimate import Estimate
from chainorder.costs.guesses import Stated, look_of
from chainorder.costs.known_costs import Outline
from chainorder.costs.pricing import Results
from chainorder.costs.product_facts import Facts, Look
from chainorder.costs.rough_fill import RoughFill
from chainorder.costs.sampled_fill import MANY, SampledFill
from chainorder.costs.steps import Step
from chainorder.errors import PlanError
from chainorder.problems.chain import Chain
from chainorder.structures.compressed_rows import hypersparse
from chainorder.structures.dense import DensePattern
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


class Guesses(Results):
    """Results of steps by samples."""

    def __init__(self, sampled: SampledFill) -> None:
        self.sampled = sampled
        self.deviation = 0.0  # the sum of standard errors: products share samples
        self._looks: dict[Hashable, Look] = {}

    def own(self, number: int) -> Pattern:
        """The pattern of an elemental."""
        return self.sampled.patterns[number - 1]

    def product(self, j: int, k: int, i: int, left: Look, right: Look) -> Look:
        """How much there is of a product, about."""
        return self.look(i - 1, j - 1)

    def look(self, i: int, j: int) -> Look:
        """The same of the subchain i..j, elementals counted from 0."""
        sampled = self.sampled
        # Subchains at an end are all different; their words would take O(length²) to make.
        at_end = i == 0 or j == len(sampled.patterns) - 1
        key = (i, j) if at_end else sampled.words[i, j]
        if key not in self._looks:
            first, last = sampled.patterns[i], sampled.patterns[j]
            shape = last.shape[0], first.shape[1]
            if i == j:
                self._looks[key] = first
            elif is_full(first) or is_full(last):
                self._looks[key] = DensePattern(*shape)
            else:
                self._looks[key] = look_of(shape, sampled.entries(i, j))
        return self._looks[key]

    def fma(self, j: int, k: int, i: int, left: Look, right: Look) -> int:
        """What it costs, about."""
        self.deviation += self.sampled.error(i - 1, k - 1, j - 1)
        return self.sampled.product(i - 1, k - 1, j - 1)

    def facts(self, j: int, k: int, i: int, left: Look, right: Look, made: Look) -> Facts:
        """What its time depends on, about."""
        return Stated(self.sampled.product(i - 1, k - 1, j - 1), made.nnz)

    def evaluations(self, step: Step, j: int, i: int, result: Look) -> int:
        """Of a dense elemental: the non-empty columns, or rows, of the result."""
        if i == j:
            return self.sampled.patterns[i - 1].shape[1 if step.by_tangents else 0]
        count = self.sampled.tangents if step.by_tangents else self.sampled.adjoints
        return count(i - 1, j - 1)


def guesses_again(chain: Chain, estimate: Estimate) -> Guesses | RoughFill:
    """What an estimate was made of."""
    if estimate.samples == 0:
        return RoughFill(chain)
    if not 1 <= estimate.samples <= MANY:
        raise PlanError(f"estimated by {estimate.samples} samples; 0 to {MANY} can be recounted")
    return Guesses(Outline(chain, estimate.seed, estimate.samples).sampled)
