"""Times of the products of a sparse chain, by samples of its fill-in."""

from __future__ import annotations

from dataclasses import dataclass

from chainorder.costs.guessed_fill import Guesses
from chainorder.costs.sampled_fill import SampledFill
from chainorder.costs.seconds import Seconds
from chainorder.costs.steps import Row, Step, Steps


@dataclass
class SampledTimes:
    """Times of the products of a chain, by samples; subchains are i..j, elementals counted from 0."""

    sampled: SampledFill
    model: Seconds

    def __post_init__(self) -> None:
        self._guesses = Guesses(self.sampled)
        self._last = len(self.sampled.patterns) - 1

    def outwards(self, place: int) -> int:
        """Multiplying outwards from the boundary behind so many elementals: a sweep, if it is an end."""
        last = self._last
        right = sum(self.product(k, k, place - 1) for k in range(place - 1))
        left = sum(self.product(place, k, k + 1) for k in range(place, last))
        return left + right + (self.product(0, place - 1, last) if 0 < place <= last else 0)

    def product(self, i: int, k: int, j: int) -> int:
        """The product of the subchains k+1..j and i..k."""
        guesses = self._guesses
        left, right, whole = guesses.look(k + 1, j), guesses.look(i, k), guesses.look(i, j)
        if not left.entries or not right.entries:  # free, or empty
            return self.model.profile.time("passed_on")
        return self.model.product_of(left, right, guesses.facts(j + 1, k + 1, i + 1, left, right, whole))

    def best(self) -> tuple[int, Steps]:
        """The least time and its order: the dynamic program, once for all subchains that are alike."""
        words = self.sampled.words
        costs = {words[place, place]: 0 for place in range(self._last + 1)}
        splits: dict[int, int] = {}
        for d in range(1, self._last + 1):
            for i in range(self._last + 1 - d):
                word = words[i, i + d]
                if word in costs:
                    continue
                options = (
                    (costs[words[i, k]] + costs[words[k + 1, i + d]] + self.product(i, k, i + d), k - i)
                    for k in range(i, i + d)
                )
                costs[word], splits[word] = min(options)
        rows: list[Row] = []
        pending = [(0, self._last)]
        while pending:
            i, j = pending.pop()
            if i < j:
                k = i + splits[words[i, j]]
                rows.append((Step.MULTIPLY, j + 1, k + 1, i + 1))
                pending += [(i, k), (k + 1, j)]
        return costs[words[0, self._last]], Steps.of_rows(rows)
