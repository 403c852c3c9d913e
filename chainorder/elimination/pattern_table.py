"""Patterns of the Jacobians of a graph, each kept once, and what operations on them cost.

Jacobians are added where paths meet, so beside products there are unions; every operation is done once for
each pair of patterns and looked up from then on.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from chainorder.structures.axes import AxesPattern
from chainorder.structures.colouring import column_colours, row_colours
from chainorder.structures.compressed_rows import hypersparse
from chainorder.structures.hypersparse import HypersparsePattern
from chainorder.structures.index_sets import IndexSet, all_or
from chainorder.structures.pattern import (
    BandPattern,
    DensePattern,
    IdentityPattern,
    Pattern,
    SparsePattern,
    band,
    fma,
)


@dataclass(eq=False)
class Patterns:
    """Numbers for patterns: equal ones have the same number."""

    kept: list[Pattern] = field(default_factory=list)
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _products: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    _sums: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    _colours: dict[tuple[int, bool], int] = field(default_factory=dict)

    def number(self, pattern: Pattern) -> int:
        """The number of a pattern."""
        key: Hashable = pattern
        if isinstance(pattern, DensePattern):
            filled = (None if axis is None else axis.tobytes() for axis in (pattern.rows, pattern.columns))
            key = (pattern.shape, *filled)
        if key not in self._numbers:
            self._numbers[key] = len(self.kept)
            self.kept.append(pattern)
        return self._numbers[key]

    def __getitem__(self, number: int) -> Pattern:
        return self.kept[number]

    def product(self, left: int, right: int) -> tuple[int, int]:
        """The number of the product's pattern, and its fma."""
        pair = left, right
        if pair not in self._products:
            a, b = self.kept[left], self.kept[right]
            self._products[pair] = self.number(a @ b), fma(a, b)
        return self._products[pair]

    def sum(self, a: int, b: int) -> tuple[int, int]:
        """The number of the union, and the additions: positions that both have."""
        pair = (a, b) if a <= b else (b, a)
        if pair not in self._sums:
            first, second = self.kept[a], self.kept[b]
            both = union(first, second)
            self._sums[pair] = self.number(both), first.nnz + second.nnz - both.nnz
        return self._sums[pair]

    def evaluations(self, number: int, *, tangents: bool) -> int:
        """How many tangents (adjoints) yield a result of this pattern."""
        key = number, tangents
        if key not in self._colours:
            pattern = self.kept[number]
            self._colours[key] = column_colours(pattern) if tangents else row_colours(pattern)
        return self._colours[key]


def union(a: Pattern, b: Pattern) -> Pattern:
    """The pattern of a sum."""
    if isinstance(b, DensePattern) and b.full:
        a, b = b, a
    match a, b:
        case DensePattern(full=True), _:
            return a
        case ((IdentityPattern() | BandPattern()), (IdentityPattern() | BandPattern())):
            return band(a.shape[0], *map(max, _widths(a), _widths(b)))
        case AxesPattern(), AxesPattern() if (a.rows, a.columns, a.sizes) == (b.rows, b.columns, b.sizes):
            return AxesPattern(a.rows, a.columns, a.sizes, a.varies | b.varies)
        case DensePattern(), DensePattern() if _same(a.columns, b.columns):
            return DensePattern(*a.shape, _either(a.height, a.rows, b.rows), a.columns)
        case DensePattern(), DensePattern() if _same(a.rows, b.rows):
            return DensePattern(*a.shape, a.rows, _either(a.width, a.columns, b.columns))
        case _ if hypersparse(a.shape, a.nnz + b.nnz):
            positions = zip(a.coordinates(), b.coordinates(), strict=True)
            return HypersparsePattern.of(*a.shape, *map(np.concatenate, positions)).reduced
        case _:
            return SparsePattern.of(a.csr() + b.csr()).reduced


def _same(a: IndexSet, b: IndexSet) -> bool:
    return a is b if a is None or b is None else np.array_equal(a, b)


def _either(size: int, a: IndexSet, b: IndexSet) -> IndexSet:
    return None if a is None or b is None else all_or(size, np.union1d(a, b))


def _widths(pattern: IdentityPattern | BandPattern) -> tuple[int, int]:
    return (0, 0) if isinstance(pattern, IdentityPattern) else (pattern.lower, pattern.upper)
