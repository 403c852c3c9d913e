"""Costs of joins by sampling, where the patterns of subchains would cost more than they save.

What joining two subchains at boundary k costs is a sum over its inner indices l: (positions in column l of
the left) × (positions in row l of the right). It is estimated from 64 of these, for all pairs of subchains
that meet there. The 64 sampled rows of a right subchain are compressed rows while they are nearly empty,
later one machine word per column, bit b set where sampled row b has a position; one more elemental is then
an ``or`` over the positions of its columns, and the counts are those of set bits: O(positions + size) per
elemental at most, exact for the sampled rows. Columns of left subchains are the same, transposed.

Indices are sampled in strata: sorted by what they contribute where the elementals themselves meet, cut into
64 runs of equal weight (half of it that contribution, half the number of indices), one index of each run at
random. Boundaries of up to 64 indices, and counts that are equal within every run, are exact; the error is
estimated from differences of neighbouring runs (collapsed strata: W. G. Cochran, *Sampling Techniques*,
1977, §5A.12).

E. Cohen's rank sketches (*Structure prediction and the order of optimization for sparse matrix products*,
1998) spend the same O(64 · positions) bit operations on every index instead of on 64 of them, and tell a
count to within 1/√62 = 13 %, with the same error for all indices that reach the same rows, which is where
products fill in; counts of sampled indices have no error of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.colouring import transposed
from chainorder.index_sets import IndexSet, IntArray
from chainorder.pattern import BandPattern, DensePattern, IdentityPattern, Pattern, SparsePattern, fma
from chainorder.solvers.fill import Subchain, Words

WORD = 64
"""Sampled indices that are propagated together: the bits of a machine word."""

SAMPLES = 64
"""Indices of a boundary that are looked at, if nothing else is said."""

MANY = 256
"""Indices that are looked at where 64 leave much doubt."""

SHARE = 16
"""Of how many inputs or outputs one is looked at, where few samples are wanted."""

KEPT = 2**28
"""Bytes of bit patterns that are kept in order to be extended."""

DEAR = 3
"""How many bit operations take as long as a multiply–add of compressed rows."""

Bits = npt.NDArray[np.uint64]
Orientation = Callable[[int], Pattern]


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
        weights = np.cumsum(values[order] / values.sum() + 1 / len(alive))
        edges = np.searchsorted(weights, np.linspace(0, weights[-1], samples + 1)[1:-1])
        edges = np.unique(np.concatenate([[0], edges, [len(alive)]]))
        sizes = np.diff(edges)
        drawn = edges[:-1] + (generator.random(len(sizes)) * sizes).astype(np.int64)
        return cls(alive[order[drawn]], sizes.astype(np.float64))

    def total(self, counts: npt.NDArray[Any]) -> float:
        """The estimated sum over all indices."""
        return float(self.weights @ counts)

    def error(self, counts: npt.NDArray[Any]) -> float:
        """Its standard error."""
        if self.weights.max(initial=1) == 1:
            return 0.0
        # The difference of two neighbouring runs overstates the variance within them.
        means = counts[: len(counts) // 2 * 2].astype(float).reshape(-1, 2)
        sizes = self.weights[: len(means) * 2].reshape(-1, 2)
        within = np.where(sizes > 1, sizes, 0)
        variance = ((means[:, 0] - means[:, 1]) ** 2 / 2 * (within**2).sum(axis=1)).sum()
        return float(np.sqrt(variance))


NOTHING = Stratified(np.zeros(0, np.int64), np.zeros(0)), np.zeros(0, np.int64)


class Reach:
    """Which sampled rows of a boundary reach which columns, for all subchains from there on.

    Sampled rows are compressed rows while they are nearly empty, and bits of words, one per column, later.

    Parameters
    ----------
    along, across
        The patterns in the order in which they are multiplied to the rows, and their transposes, by place.
    words
        Which subchains are alike.
    """

    def __init__(self, along: Orientation, across: Orientation, words: Words) -> None:
        self._along = along
        self._across = across
        self._words = words
        self._grouped: dict[int, _Rows] = {}
        self._counts: dict[Hashable, IntArray] = {}
        self._reached: dict[Hashable, Any] = {}
        self._kept = 0

    def counts(self, sample: Stratified, name: Hashable, first: int, last: int) -> IntArray:
        """Positions in every sampled row of the product first..last."""
        key = name, self._words[first, last]
        if key not in self._counts:
            self._counts[key] = self._counted(sample, name, (first, last), None)
        return self._counts[key]

    def joining(self, sample: Stratified, name: Hashable, first: int, last: int) -> IntArray:
        """fma of multiplying the next elemental to every sampled row of the product first..last."""
        key = name, self._words[first, last + 1], "joining"
        if key not in self._counts:
            degrees = self._along(last + 1).row_counts()
            self._counts[key] = self._counted(sample, name, (first, last), degrees)
        return self._counts[key]

    def _counted(
        self, sample: Stratified, name: Hashable, subchain: Subchain, degrees: IntArray | None
    ) -> IntArray:
        """Columns that every sampled row reaches, or the sums of their degrees; 64 rows at a time."""
        starts = range(0, max(1, len(sample.indices)), WORD)
        blocks = [sample.indices[start : start + WORD] for start in starts]
        reached = (self._reach(block, (name, n), *subchain) for n, block in enumerate(blocks))
        counts = [_counted(rows, degrees, len(block)) for rows, block in zip(reached, blocks, strict=True)]
        return counts[0] if len(counts) == 1 else np.concatenate(counts)

    def _reach(self, indices: IntArray, name: Hashable, first: int, last: int) -> Any:
        known = last
        while known >= first and (name, self._words[first, known]) not in self._reached:
            known -= 1
        if known < first:
            reached = _selection(indices, self._along(first).shape[0])
        else:
            reached = self._reached[name, self._words[first, known]]
        for place in range(known + 1, last + 1):
            reached = self._multiply(reached, place)
            self._keep((name, self._words[first, place]), reached)
        return reached

    def _keep(self, key: Hashable, reached: Any) -> None:
        self._reached[key] = reached
        self._kept += _bytes(reached)
        while self._kept > KEPT and len(self._reached) > 1:
            self._kept -= _bytes(self._reached.pop(next(iter(self._reached))))

    def _multiply(self, reached: Any, place: int) -> Any:
        """The sampled rows with one more elemental behind them."""
        pattern = self._along(place)
        if isinstance(pattern, IdentityPattern) or (isinstance(pattern, BandPattern) and pattern.diagonal):
            return reached
        if isinstance(reached, Same):
            if self._across(place).rows_into(None) is None:
                return Same(pattern.shape[1], reached.bits)
            reached = np.full(reached.size, reached.bits)
        elif not isinstance(reached, np.ndarray):
            if isinstance(pattern, SparsePattern):
                work = int(pattern.row_counts()[reached.indices].sum())
                if work < (pattern.nnz + sum(pattern.shape)) // DEAR:
                    return reached @ pattern.csr()
            reached = _bits(reached)
        bits = self._spread(place, reached)
        return Same(len(bits), bits[0]) if (bits == bits[0]).all() else bits

    def _spread(self, place: int, bits: Bits) -> Bits:
        """For every column, the bits of all rows in which it has a position."""
        match self._across(place):
            case BandPattern(size, lower, upper):
                spread = bits.copy()
                for offset in range(1, lower + 1):
                    spread[offset:] |= bits[: size - offset]
                for offset in range(1, upper + 1):
                    spread[: size - offset] |= bits[offset:]
                return spread
            case DensePattern(height, _, rows, columns):
                spread = np.zeros(height, np.uint64)
                spread[_slice(rows)] = np.bitwise_or.reduce(bits[_slice(columns)])
                return spread
            case pattern:
                if id(pattern) not in self._grouped:
                    self._grouped[id(pattern)] = _Rows.of(pattern)
                return self._grouped[id(pattern)].spread(bits)


@dataclass(frozen=True, slots=True)
class Same:
    """The same bits for every column."""

    size: int
    bits: np.uint64


@dataclass(frozen=True, eq=False)
class _Rows:
    """The columns of a pattern's non-empty rows, one row after the other."""

    height: int
    filled: IntArray
    starts: IntArray
    columns: IntArray

    @classmethod
    def of(cls, pattern: Pattern) -> _Rows:
        csr = pattern.csr()
        filled = np.flatnonzero(np.diff(csr.indptr))
        return cls(pattern.shape[0], filled, csr.indptr[filled], csr.indices)

    def spread(self, bits: Bits) -> Bits:
        spread = np.zeros(self.height, np.uint64)
        if len(self.filled):
            spread[self.filled] = np.bitwise_or.reduceat(bits[self.columns], self.starts)
        return spread


def _selection(indices: IntArray, size: int) -> Any:
    """Some rows of the identity."""
    from scipy.sparse import csr_array

    ones, starts = np.ones(len(indices), bool), np.arange(len(indices) + 1, dtype=np.int32)
    narrow = indices.astype(np.int32) if size < 2**31 else indices  # as SciPy's own: else all are converted
    return csr_array((ones, narrow, starts), shape=(len(indices), size))


def _bits(rows: Any) -> Bits:
    bits = np.zeros(rows.shape[1], np.uint64)
    for row, (start, stop) in enumerate(pairwise(rows.indptr.tolist())):
        bits[rows.indices[start:stop]] |= np.uint64(1 << row)
    return bits


def _bytes(reached: Any) -> int:
    if isinstance(reached, Same):
        return 8
    return int(reached.nbytes) if isinstance(reached, np.ndarray) else 5 * int(reached.nnz)


def _slice(indices: IndexSet) -> Any:
    return slice(None) if indices is None else indices


def _counted(reached: Any, degrees: IntArray | None, samples: int) -> Any:
    """Columns that each sampled row reaches, or the sum of their degrees."""
    if isinstance(reached, Same):
        total = reached.size if degrees is None else int(degrees.sum(dtype=np.int64))
        return total * _unpacked(np.array([reached.bits]))[0, :samples].astype(np.int64)
    if isinstance(reached, np.ndarray):
        unpacked = _unpacked(reached)
        if degrees is None:
            return unpacked.sum(axis=0, dtype=np.int32)[:samples].astype(np.int64)
        return (degrees.astype(np.float32) @ unpacked[:, :samples].astype(np.float32)).astype(np.int64)
    if degrees is None:
        return np.diff(reached.indptr).astype(np.int64)
    running = np.concatenate([[0], np.cumsum(degrees[reached.indices], dtype=np.int64)])
    return np.diff(running[reached.indptr])


def _unpacked(bits: Bits) -> npt.NDArray[np.uint8]:
    """One row of 64 bits for each word."""
    octets = bits.astype("<u8", copy=False).view(np.uint8).reshape(-1, 8)
    return np.unpackbits(octets, axis=1, bitorder="little")


@dataclass
class Sampled:
    """Estimated costs of a chain's joins; the same seed gives the same ones.

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
    _joins: dict[Hashable, tuple[Stratified, npt.NDArray[Any]]] = field(init=False, default_factory=dict)
    _filled: dict[Hashable, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.words = Words(self.letters)
        self._last = len(self.patterns) - 1
        backwards = self.patterns[::-1]
        self._right = Reach(
            lambda place: backwards[place],
            lambda place: transposed(backwards[place]),
            Words(self.letters[::-1]),
        )
        self._left = Reach(
            lambda place: transposed(self.patterns[place]), lambda place: self.patterns[place], self.words
        )

    def split(self, i: int, j: int, k: int) -> None:
        """Nothing depends on how a subchain is made."""

    def join(self, i: int, k: int, j: int) -> int:
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
            return self._inputs, self._left.joining(self._inputs, "inputs", 0, k)
        if j == self._last and i == k:
            return self._outputs, self._right.joining(self._outputs, "outputs", 0, j - k - 1)
        key = self.words[k + 1, j], self.words[i, k]
        if key not in self._joins:
            sample, name = self._sample(k)
            left = self._left.counts(sample, name, k + 1, j)
            right = self._right.counts(sample, name, self._last - k, self._last - i)
            self._joins[key] = sample, left * right
        return self._joins[key]

    def entries(self, i: int, j: int) -> int:
        """Positions of the subchain i..j, about."""
        if i == j or self._free(i, j):
            return self.patterns[i].entries if i == j else 0
        if i == 0:
            return round(self._inputs.total(self._left.counts(self._inputs, "inputs", 0, j)))
        sample, name = (self._outputs, "outputs") if j == self._last else self._sample(j)
        return round(sample.total(self._right.counts(sample, name, self._last - j, self._last - i)))

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
        few = self.samples if self.samples >= SAMPLES else min(self.samples, max(4, len(counts) // SHARE))
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
            self._samples[name] = Stratified.of(
                contributions, self._generator(len(contributions)), self.samples
            )
        return self._samples[name], name
