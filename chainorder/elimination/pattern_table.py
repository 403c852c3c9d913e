"""Patterns of the Jacobians of a graph, each kept once, and what operations on them cost.

Jacobians are added where paths meet, so beside products there are unions; every operation is done once for
each pair of patterns and looked up from then on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from chainorder.costs.fma import FMA
from chainorder.costs.model import CostModel
from chainorder.structures.pattern import Pattern


class Union(NamedTuple):
    """The number of a sum's pattern, the additions (positions that both have), and what the sum costs."""

    pattern: int
    adds: int
    cost: int


@dataclass(eq=False)
class Patterns:
    """Numbers for patterns: equal ones have the same number.

    Attributes
    ----------
    model
        What prices products and sums.
    """

    model: CostModel
    kept: list[Pattern] = field(default_factory=list)
    _numbers: dict[Pattern, int] = field(default_factory=dict)
    _entries: dict[int, int] = field(default_factory=dict)
    _products: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    _fma: dict[tuple[int, int], int] = field(default_factory=dict)
    _sums: dict[tuple[int, int], Union] = field(default_factory=dict)

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

    def fma(self, left: int, right: int) -> int:
        """The fma of a product, whatever the model is."""
        if self.model is FMA:
            return self.product(left, right)[1]
        pair = left, right
        if pair not in self._fma:
            self._fma[pair] = FMA.product(self.kept[left], self.kept[right])
        return self._fma[pair]

    def sum(self, a: int, b: int) -> Union:
        """The sum of two patterns."""
        pair = (a, b) if a <= b else (b, a)
        if pair not in self._sums:
            first, second = self.kept[a], self.kept[b]
            both = first | second
            cost = self.model.sum(first, second, both)
            self._sums[pair] = Union(self.number(both), first.nnz + second.nnz - both.nnz, cost)
        return self._sums[pair]
