"""The fill-in of a chain, as far as it is asked for: patterns of subchains, exact costs of their products.

The pattern of a subchain costs as much to compute as the product itself, and a chain of n elementals has
n(n + 1)/2 subchains. So patterns are made on demand, from the split that was found the cheapest, once for
all subchains of the same elementals, and within a budget.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from chainorder.costs.pricing import PatternResults
from chainorder.errors import SolverError
from chainorder.problems.chain import Chain
from chainorder.structures.colouring import column_colours, row_colours
from chainorder.structures.pattern import Pattern, fma, in_closed_form

Subchain = tuple[int, int]
"""First and last elemental, counted from 0."""


class OverBudgetError(SolverError):
    """The patterns that a proof needs would take more work than is allowed."""


def shared_patterns(chain: Chain) -> list[Pattern]:
    """The patterns of all elementals; those of equal kind and size are one object."""
    made: dict[Hashable, Pattern] = {}
    for number, letter in enumerate(letters_of(chain), 1):
        if letter not in made:
            made[letter] = chain.pattern(number)
    return [made[letter] for letter in letters_of(chain)]


def letters_of(chain: Chain) -> list[Hashable]:
    """Equal for elementals of equal kind and size."""
    sizes = chain.sizes.tolist()
    return list(zip(chain.elementals.codes.tolist(), sizes, sizes[1:], strict=False))


class Words:
    """Numbers for subchains, equal just where their elementals are, one by one: ``words[i, j]``.

    What is known of one subchain is then known of all like it.
    """

    def __init__(self, letters: Sequence[Hashable]) -> None:
        names: dict[Hashable, int] = {}
        self._letters = [names.setdefault(letter, len(names)) for letter in letters]
        self._names: dict[tuple[int, int], int] = {}
        self._words = {(place, place): letter for place, letter in enumerate(self._letters)}

    def __getitem__(self, subchain: Subchain) -> int:
        i, last = subchain
        known = last
        while (i, known) not in self._words:
            known -= 1
        for j in range(known + 1, last + 1):
            pair = self._words[i, j - 1], self._letters[j]
            self._words[i, j] = self._names.setdefault(pair, len(self._letters) + len(self._names))
        return self._words[i, last]


@dataclass
class ExactFill:
    """The patterns of the subchains of a chain, made when they are asked for.

    Attributes
    ----------
    patterns
        Those of the elementals.
    words
        Which subchains are alike.
    budget
        Symbolic multiply–adds that may be spent; None for no limit.
    work
        How many have been spent.
    """

    patterns: Sequence[Pattern]
    words: Words
    budget: int | None = None
    work: int = 0
    _made: dict[int, Pattern] = field(init=False, default_factory=dict)
    _splits: dict[int, int] = field(init=False, default_factory=dict)
    _costs: dict[tuple[int, int], int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for place, pattern in enumerate(self.patterns):
            self._made[self.words[place, place]] = pattern

    def pattern(self, i: int, j: int) -> Pattern:
        """The pattern of the subchain i..j.

        Raises
        ------
        OverBudgetError
            If making it would exceed the budget.
        """
        pending = [(i, j)]
        while pending:
            first, last = pending[-1]
            if self.words[first, last] in self._made:
                pending.pop()
                continue
            split = first + self._splits.get(self.words[first, last], last - first - 1)
            parts = [(first, split), (split + 1, last)]
            missing = [part for part in parts if self.words[part] not in self._made]
            if missing:
                pending += missing
                continue
            right, left = (self._made[self.words[part]] for part in parts)
            self._made[self.words[first, last]] = self._product(left, right)
        return self._made[self.words[i, j]]

    def _product(self, left: Pattern, right: Pattern) -> Pattern:
        product = in_closed_form(left, right)
        if product is not None:
            return product
        cost = fma(left, right)
        if self.budget is not None and self.work + cost > self.budget:
            raise OverBudgetError(f"patterns take more than the {self.budget:,} multiply–adds allowed")
        self.work += cost
        return left @ right

    def split(self, i: int, k: int, j: int) -> None:
        """Say which split of the subchain i..j is cheap: its pattern will be made from i..k and k+1..j."""
        self._splits[self.words[i, j]] = k - i

    def product(self, i: int, k: int, j: int) -> int:
        """fma of the product of the subchains k+1..j and i..k."""
        words = self.words[k + 1, j], self.words[i, k]
        if words not in self._costs:
            self._costs[words] = fma(self.pattern(k + 1, j), self.pattern(i, k))
        return self._costs[words]

    def tangents(self, i: int, j: int) -> int:
        """How many tangents yield the Jacobian of the subchain i..j."""
        return column_colours(self.pattern(i, j))

    def adjoints(self, i: int, j: int) -> int:
        """How many adjoints do."""
        return row_colours(self.pattern(i, j))


def sweeps_within(fill: ExactFill) -> float:
    """What the cheaper sweep costs, if its patterns take a third of the budget at most; else infinity."""
    last = len(fill.patterns) - 1
    forward = [(0, k, k + 1) for k in range(last)]
    reverse = [(k, k, last) for k in range(last - 1, -1, -1)]
    for i in range(last):
        fill.split(i, i, last)
    budget, costs = fill.budget, [math.inf]
    for sweep in (forward, reverse):
        if budget is not None:
            fill.budget = fill.work + budget // 3
        with suppress(OverBudgetError):
            costs.append(sum(fill.product(*place) for place in sweep))
    fill.budget = budget
    return min(costs)


class FilledResults(PatternResults):
    """Results of steps that are made once, or have been made before."""

    def __init__(self, chain: Chain, fill: ExactFill) -> None:
        super().__init__(chain)
        self.fill = fill

    def product(self, j: int, k: int, i: int, left: Pattern, right: Pattern) -> Pattern:
        """The pattern of a product."""
        self.fill.split(i - 1, k - 1, j - 1)
        return self.fill.pattern(i - 1, j - 1)
