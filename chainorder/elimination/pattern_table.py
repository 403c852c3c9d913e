"""Patterns of the Jacobians of a graph, each kept once, and what operations on them cost.

Jacobians are added where paths meet, so beside products there are unions; every operation is done once for
each pair of patterns and looked up from then on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chainorder.costs.model import CostModel
from chainorder.structures.pattern import Pattern


@dataclass(eq=False)
class Patterns:
    """Numbers for patterns: equal ones have the same number.

    Attributes
    ----------
    model
        What prices products.
    """

    model: CostModel
    kept: list[Pattern] = field(default_factory=list)
    _numbers: dict[Pattern, int] = field(default_factory=dict)
    _entries: dict[int, int] = field(default_factory=dict)
    _products: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    _sums: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def number(self, pattern: Pattern) -> int:
        """The number of a pattern."""
        if pattern not in self._numbers:
            self._numbers[pattern] = len(self.kept)
            self.kept.append(pattern)
        return self._numbers[pattern]

    def __getitem__(self, number: int) -> Pattern:
        return self.kept[number]

    def entries(self, number: int) -> int:
        """The entries that a matrix of a pattern stores."""
        if number not in self._entries:
            self._entries[number] = self.kept[number].entries
        return self._entries[number]

    def product(self, left: int, right: int) -> tuple[int, int]:
        """The number of the product's pattern, and what the product costs."""
        pair = left, right
        if pair not in self._products:
            a, b = self.kept[left], self.kept[right]
            self._products[pair] = self.number(a @ b), self.model.product(a, b)
        return self._products[pair]

    def sum(self, a: int, b: int) -> tuple[int, int]:
        """The number of the union, and the additions: positions that both have."""
        pair = (a, b) if a <= b else (b, a)
        if pair not in self._sums:
            first, second = self.kept[a], self.kept[b]
            both = first | second
            self._sums[pair] = self.number(both), first.nnz + second.nnz - both.nnz
        return self._sums[pair]
