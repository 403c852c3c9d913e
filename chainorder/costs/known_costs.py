"""What is known of a sparse chain before any product is looked at, shared by solvers that try in turn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from chainorder.costs.exact_fill import ExactFill, Words, letters_of, shared_patterns
from chainorder.costs.product_bounds import Boundaries, most
from chainorder.costs.sampled_fill import SAMPLES, SampledFill
from chainorder.costs.tables import Models
from chainorder.problems.chain import Chain
from chainorder.structures.pattern import Pattern
from chainorder.structures.selection import Selection
from chainorder.structures.sparse import Sparse

LONG, NARROW = 100, 100
"""A longer chain of smaller matrices is left to tables of all costs, which are quicker to fill."""


@dataclass(frozen=True, eq=False)
class Outline:
    """A chain, its patterns, bounds and samples, each made once it is asked for."""

    chain: Chain
    seed: int = 0
    samples: int = SAMPLES

    @staticmethod
    def pays(chain: Chain) -> bool:
        """Whether patterns of subchains are worth not making: some are sparse, and not many are small."""
        if len(chain) > LONG and int(chain.sizes.max()) <= NARROW:
            return False
        return any(isinstance(kind.structure, Sparse | Selection) for kind in chain.elementals.kinds)

    @cached_property
    def patterns(self) -> list[Pattern]:
        """Of the elementals; equal ones are one object."""
        return shared_patterns(self.chain)

    @cached_property
    def models(self) -> Models | None:
        """Tangents and adjoints, if there are any."""
        return Models(self.chain, self.patterns, 0) if self.chain.modelled else None

    @cached_property
    def boundaries(self) -> Boundaries:
        """Lower bounds of products."""
        return Boundaries.of(self.patterns)

    @cached_property
    def most(self) -> float:
        """What the best order costs at most."""
        return most(self.patterns, self.models)

    @cached_property
    def sampled(self) -> SampledFill:
        """Estimated costs; samples are drawn when they are asked for."""
        return SampledFill(self.patterns, letters_of(self.chain), self.seed, self.samples)

    def fill(self, budget: int | None = None) -> ExactFill:
        """Exact costs, within a budget."""
        return ExactFill(self.patterns, Words(letters_of(self.chain)), budget)
