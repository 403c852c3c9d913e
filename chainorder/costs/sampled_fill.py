"""Costs of products by sampling, where the patterns of subchains would cost more than they save.

What multiplying two subchains at boundary k costs is a sum over its inner indices l: (positions in column l
of the left) × (positions in row l of the right). It is estimated from 64 of these, for all pairs of subchains
that meet there. Counts of the sampled indices are exact: see `chainorder.costs.reachability`.

Indices are sampled in strata: sorted by what they contribute where the elementals themselves meet, cut into
64 runs of equal weight (half of it that contribution, half the number of indices), one index of each run at
random. Where few indices reach from the input of the chain to its output, as behind a selection, half of the
sample is drawn among these. Boundaries of up to 64 indices, and counts that are equal within every run, are
exact; the error is estimated from differences of neighbouring runs (collapsed strata: W. G. Cochran,
*Sampling Techniques*, 1977, §5A.12).

E. Cohen's rank sketches (*Structure prediction and the order of optimization for sparse matrix products*,
1998) spend the same O(64 · positions) bit operations on every index instead of on 64 of them, and tell a
count to within 1/√62 = 13 %, with the same error for all indices that reach the same rows, which is where
products fill in; counts of sampled indices have no error of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.costs.exact_fill import Words
from chainorder.costs.product_bounds import alive
from chainorder.costs.reachability import Reach
from chainorder.structures.index_sets import IndexSet, IntArray, mask_of, sum_of
from chainorder.structures.number_types import EXACT
from chainorder.structures.pattern import Pattern, fma

SAMPLES = 64
"""Indices of a boundary that are looked at, if nothing else is said."""

MANY = 256
"""Indices that are looked at where 64 leave much doubt."""

THIN = 4
"""How many times as many indices as those that matter make these worth a sample of their own."""

SHARE = 16
"""Of how many inputs or outputs one is looked at, where few samples are wanted."""


@dataclass(frozen=True, eq=False)
class Stratified:
    """Sampled indices of a boundary, and how many each of them stands for."""

    indices: IntArray
    weights: npt.NDArray[np.float64]

    @classmethod
    def of(cls, contributions: IntArray, generator: np.random.Generator, samples: int) -> Stratified:
        """One of each run of indices that contribute about the same; see the module's text."""
        alive = np.flatnonzero(contributions)
        if len(alive) <= samples:
            return cls(alive, np.ones(len(alive)))
        values = contributions[alive]
        small = values.max() < 2**16  # sorted by radix
        order = np.argsort(values.astype(np.uint16) if small else values, kind="stable")
        weights = np.cumsum(values[order] / values.sum(dtype=float) + 1 / len(alive))
        edges = np.searchsorted(weights, np.linspace(0, weights[-1], samples + 1)[1:-1])
        edges = np.unique(np.concatenate([[0], edges, [len(alive)]]))
        sizes = np.diff(edges)
        drawn = edges[:-1] + (generator.random(len(sizes)) * sizes).astype(np.int64)
        return cls(alive[order[drawn]], sizes.astype(np.float64))

    @classmethod
    def around(
        cls, alive: IndexSet, contributions: IntArray, generator: np.random.Generator, samples: int
    ) -> Stratified:
        """The same, half of them among a few indices that matter, which would hardly be met otherwise."""
        few = (
            contributions if alive is None else np.where(mask_of(len(contributions), alive), contributions, 0)
        )
        if not 0 < THIN * np.count_nonzero(few) < np.count_nonzero(contributions):
            return cls.of(contributions, generator, samples)
        parts = [cls.of(each, generator, samples // 2) for each in (few, contributions - few)]
        indices, weights = zip(*((part.indices, part.weights) for part in parts), strict=True)
        return cls(np.concatenate(indices), np.concatenate(weights))

    def total(self, counts: npt.NDArray[Any]) -> int:
        """The estimated sum over all indices, without rounding: the same each time that it is asked for."""
        if self._all:
            return sum_of(counts)
        total = float(self.weights @ counts)
        if total < EXACT:
            return int(total)  # all are whole numbers, and so are the sums of some of them
        return sum(int(weight) * count for weight, count in zip(self.weights, counts.tolist(), strict=True))

    @property
    def _all(self) -> bool:
        """Whether every index is looked at."""
        return bool(self.weights.max(initial=1) == 1)

    def error(self, counts: npt.NDArray[Any]) -> float:
        """Its standard error."""
        if self._all:
            return 0.0
        # The difference of two neighbouring runs overstates the variance within them.
        means = counts[: len(counts) // 2 * 2].astype(float).reshape(-1, 2)
        sizes = self.weights[: len(means) * 2].reshape(-1, 2)
        within = np.where(sizes > 1, sizes, 0)
        variance = ((means[:, 0] - means[:, 1]) ** 2 / 2 * (within**2).sum(axis=1)).sum()
        return float(np.sqrt(variance))


NOTHING = Stratified(np.zeros(0, np.int64), np.zeros(0)), np.zeros(0, np.int64)


@dataclass
class SampledFill:
    """Estimated costs of a chain's products; the same seed gives the same ones.

    Attributes
    ----------
    patterns
        Those of the elementals.
    letters
        Equal for elementals that are alike.
    seed
        Of the samples.
    samples
        Indices of a boundary that are looked at; with fewer than 64, less of the ends, too.
    """

    patterns: Sequence[Pattern]
    letters: Sequence[Hashable]
    seed: int = 0
    samples: int = SAMPLES
    words: Words = field(init=False)
    _samples: dict[Hashable, Stratified] = field(init=False, default_factory=dict)
    _counted: dict[Hashable, tuple[Stratified, npt.NDArray[Any]]] = field(init=False, default_factory=dict)
    _filled: dict[Hashable, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.words = Words(self.letters)
        self._last = len(self.patterns) - 1
        backwards = self.patterns[::-1]
        self._right = Reach(
            lambda place: backwards[place],
            lambda place: backwards[place].transposed(),
            Words(self.letters[::-1]),
        )
        self._left = Reach(
            lambda place: self.patterns[place].transposed(), lambda place: self.patterns[place], self.words
        )

    def split(self, i: int, k: int, j: int) -> None:
        """Nothing depends on how a subchain is made."""

    def product(self, i: int, k: int, j: int) -> int:
        """fma of the product of the subchains k+1..j and i..k, about."""
        return round(self.estimate(i, k, j))

    def estimate(self, i: int, k: int, j: int) -> float:
        """The same, not rounded."""
        if i == k and j == k + 1:
            return fma(self.patterns[j], self.patterns[i])
        sample, counts = self._counts(i, k, j)
        return sample.total(counts)

    def error(self, i: int, k: int, j: int) -> float:
        """The standard error of that estimate."""
        if i == k and j == k + 1:
            return 0.0
        sample, counts = self._counts(i, k, j)
        return sample.error(counts)

    def _counts(self, i: int, k: int, j: int) -> tuple[Stratified, npt.NDArray[Any]]:
        """Inner indices that were sampled, and the fma of each."""
        if self._free(i, k) or self._free(k + 1, j):
            return NOTHING
        if i == 0 and j == k + 1:  # a sweep's products: from the columns of the input, without looking back
            return self._inputs, self._left.joining(self._inputs.indices, "inputs", 0, k)
        if j == self._last and i == k:
            return self._outputs, self._right.joining(self._outputs.indices, "outputs", 0, j - k - 1)
        key = self.words[k + 1, j], self.words[i, k]
        if key not in self._counted:
            sample, name = self._sample(k)
            left = self._left.counts(sample.indices, name, k + 1, j)
            right = self._right.counts(sample.indices, name, self._last - k, self._last - i)
            self._counted[key] = sample, left * right
        return self._counted[key]

    def entries(self, i: int, j: int) -> int:
        """Positions of the subchain i..j, about."""
        if i == j or self._free(i, j):
            return self.patterns[i].entries if i == j else 0
        if i == 0:
            return round(self._inputs.total(self._left.counts(self._inputs.indices, "inputs", 0, j)))
        sample, name = (self._outputs, "outputs") if j == self._last else self._sample(j)
        return round(sample.total(self._right.counts(sample.indices, name, self._last - j, self._last - i)))

    @cached_property
    def _nothing_empty(self) -> bool:
        everything = [(p.rows_into(None), p.columns_from(None)) for p in self.patterns]
        return all(rows is None and columns is None for rows, columns in everything)

    @cached_property
    def _inputs(self) -> Stratified:
        return self._end(self.patterns[0].column_counts(), 0)

    @cached_property
    def _outputs(self) -> Stratified:
        return self._end(self.patterns[-1].row_counts(), 1)

    def _end(self, counts: IntArray, key: int) -> Stratified:
        """A sample of the inputs or outputs; where few are wanted, of a small part of a sweep."""
        few = self.samples if self.samples >= SAMPLES else min(self.samples, max(8, len(counts) // SHARE))
        return Stratified.of(counts, self._generator(key), few)

    def sweep(self) -> float:
        """About what the cheaper sweep costs, from sampled columns of the input and rows of the output."""
        return min(self.sweeps())

    def sweeps(self) -> tuple[float, float]:
        """About what the forward and the reverse sweep cost: exactly, for up to 64 inputs (outputs)."""
        last = self._last
        forward = sum(self.estimate(0, k, k + 1) for k in range(last))
        return forward, sum(self.estimate(k, k, last) for k in range(last - 1, -1, -1))

    def _generator(self, *key: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *key])

    def tangents(self, i: int, j: int) -> int:
        """How many tangents of a dense elemental j yield the subchain i..j: its non-empty columns."""
        if self._nothing_empty:
            return self.patterns[i].shape[1]
        key = self.words[i, j - 1], "columns"
        if key not in self._filled:
            reached: IndexSet = None
            for pattern in self.patterns[i:j][::-1]:
                reached = pattern.columns_from(reached)
            self._filled[key] = self.patterns[i].shape[1] if reached is None else len(reached)
        return self._filled[key]

    def adjoints(self, i: int, j: int) -> int:
        """How many adjoints of a dense elemental i yield the subchain i..j: its non-empty rows."""
        if self._nothing_empty:
            return self.patterns[j].shape[0]
        key = self.words[i + 1, j], "rows"
        if key not in self._filled:
            reached: IndexSet = None
            for pattern in self.patterns[i + 1 : j + 1]:
                reached = pattern.rows_into(reached)
            self._filled[key] = self.patterns[j].shape[0] if reached is None else len(reached)
        return self._filled[key]

    def _free(self, i: int, j: int) -> bool:
        return all(pattern.free for pattern in self.patterns[i : j + 1])

    def _sample(self, k: int) -> tuple[Stratified, Hashable]:
        """The sample of a boundary; boundaries between the same elementals have the same one."""
        name = self.letters[k], self.letters[k + 1]
        if name not in self._samples:
            rows, columns = self.patterns[k].row_counts(), self.patterns[k + 1].column_counts()
            contributions = rows.astype(np.int64) * columns
            generator = self._generator(len(contributions))
            alive = self._alive[k] if self._neighbours[name] == 1 else None
            self._samples[name] = Stratified.around(alive, contributions, generator, self.samples)
        return self._samples[name], name

    @cached_property
    def _neighbours(self) -> Counter[Hashable]:
        """How many boundaries lie between the same elementals."""
        return Counter(pairwise(self.letters))

    @cached_property
    def _alive(self) -> list[IndexSet]:
        return alive(self.patterns)
