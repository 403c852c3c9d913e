"""What planning a sparse chain may take, and what it takes, from sizes and entries alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from chainorder.costs.prediction import SECOND
from chainorder.costs.product_bounds import UNBOUNDED
from chainorder.costs.product_facts import Look
from chainorder.costs.rough_fill import RoughFill
from chainorder.costs.seconds import Seconds
from chainorder.costs.steps import Step
from chainorder.problems.chain import Chain
from chainorder.structures.sparse import Sparse

PART = 20
"""Of what can be saved, this part may be spent."""

LITTLE = SECOND // 500
"""Planning that takes no longer than 2 ms is in proportion to anything."""

ASKED, MADE, SYMBOLIC = 15_000_000, 30_000_000, 5_000
"""Picoseconds of asking for the time of a product, of making a pattern, and of a multiply–add of that."""

SAMPLED, LOOKED_AT = 100_000_000, 30_000
"""Picoseconds of estimating a product, and of looking at an entry of an elemental for that."""


@dataclass(frozen=True)
class Prospect:
    """What planning a chain may take, and what it takes; in picoseconds, from sizes and entries alone.

    Attributes
    ----------
    chain
        With sparse elementals; what has models is full.
    model
        Of the machine.
    """

    chain: Chain
    model: Seconds

    @cached_property
    def rough(self) -> RoughFill:
        """The guesses that all of it goes by."""
        return RoughFill(self.chain)

    @cached_property
    def outwards(self) -> dict[int, int]:
        """What multiplying outwards from some boundaries takes: both sweeps, and the narrowest inside."""
        places = [0, len(self.chain), *narrowest(self.chain)]
        return {place: self._outwards(place) for place in places}

    @property
    def takes(self) -> int:
        """What the best of these takes."""
        return min(self.outwards.values())

    @property
    def most(self) -> int:
        """What planning may take."""
        return self.takes // PART

    def _outwards(self, place: int) -> int:
        length = len(self.chain)
        total, left, right = 0, None, None
        if place:
            total, right = self._walk(place, range(place - 1, 0, -1))
        if place < length:
            taken, left = self._walk(place + 1, range(place + 2, length + 1))
            total += taken
        if left is None or right is None:
            return total
        return total + self._product(left, right, self.rough.product(0, 0, 0, left, right))

    def _walk(self, first: int, numbers: range) -> tuple[int, Look]:
        """Multiplying elementals one after the other: what it takes, and what comes of it."""
        forward, rough, memory = numbers.step > 0, self.rough, self.chain.memory
        known: dict[tuple[int, int], tuple[int, Look]] = {}
        total, look = self._first(first), cast("Look", rough.own(first))
        for number in numbers:
            own, kind = rough.own(number), self.chain.kind_of(number)
            key = id(own), id(look)
            if key not in known:
                left, right = (own, look) if forward else (look, own)
                made: Any = rough.product(0, 0, 0, left, right)
                if kind.explicit:
                    taken = self._product(left, right, made)
                else:
                    step = Step.TANGENT if forward else Step.ADJOINT
                    evaluated = self.model.evaluation(kind, step, made, memory)
                    taken = UNBOUNDED if evaluated is None else evaluated
                known[key] = taken, made
            taken, look = known[key]
            total += taken
        return total, look

    def _product(self, left: Look, right: Look, made: Look) -> int:
        return self.model.product_of(left, right, self.rough.facts(0, 0, 0, left, right, made))

    def _first(self, number: int) -> int:
        """What having the Jacobian of an elemental takes."""
        kind = self.chain.kind_of(number)
        if kind.explicit:
            return 0
        found = self.model.accumulation(kind, self.rough.own(number), self.chain.memory)
        return UNBOUNDED if found is None else found.cost

    @property
    def exact_pays(self) -> bool:
        """Whether the dynamic program may ask for everything."""
        return self.exact() <= max(self.most, LITTLE)

    def exact(self) -> int:
        """What asking for all products takes, with the patterns that this makes."""
        length = len(self.chain)
        asked = length**3 // 6 * ASKED // 2 + length**2 // 2 * MADE
        if asked > self.most + LITTLE:
            return asked
        return asked + SYMBOLIC * sum(self._filling(start) for start in range(1, length + 1))

    def _filling(self, start: int) -> int:
        """Multiply–adds of making the patterns of all subchains that begin there."""
        total, look = 0, cast("Look", self.rough.own(start))
        for number in range(start + 1, len(self.chain) + 1):
            own = self.rough.own(number)
            made = self.rough.product(0, 0, 0, own, look)
            total += 0 if made.nnz == made.shape[0] * made.shape[1] else self.rough.fma(0, 0, 0, own, look)
            look = made
        return total

    @property
    def guessed(self) -> bool:
        """Whether an order fills in, as far as sizes and entries can tell."""
        return bool(self.outwards) and self.rough.guessed

    @cached_property
    def looking(self) -> int:
        """What estimating both sweeps by samples takes."""
        kinds = {id(kind): kind.structure for kind in self.chain.elementals.kinds}.values()
        entries = sum(each.positions.nnz for each in kinds if isinstance(each, Sparse))
        return 2 * len(self.chain) * SAMPLED + entries * LOOKED_AT

    def search_pays(self, takes: int) -> bool:
        """Whether a twentieth of what an order takes suffices to estimate all products, after looking."""
        length, letters = len(self.chain), self.chain.sameness()
        alike = len(set(letters)) < length // 2
        return (length**2 // 2 if alike else length**3 // 6) * SAMPLED <= takes // PART


def narrowest(chain: Chain) -> list[int]:
    """How many elementals lie before the narrowest place, if it is narrower than both ends."""
    inner = chain.sizes[1:-1]
    waist = len(inner) and inner.min() < min(chain.inputs, chain.outputs)
    return [1 + int(inner.argmin())] if waist else []
