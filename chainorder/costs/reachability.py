"""Which columns of subchains are reached from some rows of a boundary: exact counts of their positions.

The rows are compressed rows while they are nearly empty, later one machine word per column for 64 of them,
bit b set where row b has a position; one more elemental is then an ``or`` over the positions of its columns,
and the counts are those of set bits: O(positions + size) per elemental and 64 rows at most. Columns of
subchains that end at the boundary are the same, transposed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from chainorder.costs.exact_fill import Subchain, Words
from chainorder.costs.reach_loops import WORD, count, count_weighted, gather
from chainorder.structures.index_sets import IntArray
from chainorder.structures.pattern import Bits, Pattern

KEPT = 2**28
"""Bytes of bit patterns that are kept in order to be extended."""

DEAR = 3
"""How many bit operations take as long as a multiply–add of compressed rows."""

Orientation = Callable[[int], Pattern]


class Reach:
    """Which sampled rows of a boundary reach which columns, for all subchains from there on.

    What is found is kept by the name of the sample, which stands for its rows.

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
        self._listed: dict[int, Any] = {}
        self._counts: dict[Hashable, IntArray] = {}
        self._reached: dict[Hashable, Any] = {}
        self._kept = 0

    def counts(self, rows: IntArray, name: Hashable, first: int, last: int) -> IntArray:
        """Positions in every sampled row of the product first..last."""
        key = name, self._words[first, last]
        if key not in self._counts:
            self._counts[key] = self._counted(rows, name, (first, last), None)
        return self._counts[key]

    def product_fma(self, rows: IntArray, name: Hashable, first: int, last: int) -> IntArray:
        """fma of multiplying the next elemental to every sampled row of the product first..last."""
        key = name, self._words[first, last + 1], "product"
        if key not in self._counts:
            degrees = self._along(last + 1).row_counts()
            self._counts[key] = self._counted(rows, name, (first, last), degrees)
        return self._counts[key]

    def _counted(
        self, rows: IntArray, name: Hashable, subchain: Subchain, degrees: IntArray | None
    ) -> IntArray:
        """Columns that every sampled row reaches, or the sums of their degrees; 64 rows at a time."""
        blocks = [rows[start : start + WORD] for start in range(0, max(1, len(rows)), WORD)]
        reached = (self._reach(block, (name, n), *subchain) for n, block in enumerate(blocks))
        counts = [_counted(found, degrees, len(block)) for found, block in zip(reached, blocks, strict=True)]
        return counts[0] if len(counts) == 1 else np.concatenate(counts)

    def _reach(self, rows: IntArray, name: Hashable, first: int, last: int) -> Any:
        known = last
        while known >= first and (name, self._words[first, known]) not in self._reached:
            known -= 1
        if known < first:
            reached = _selection(rows, self._along(first).shape[0])
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
        if pattern.diagonal:
            return reached
        if isinstance(reached, Same):
            if self._across(place).rows_into(None) is None:
                return Same(pattern.shape[1], reached.bits)
            reached = np.full(reached.size, reached.bits)
        elif not isinstance(reached, np.ndarray):
            if pattern.storage == "rows":
                work = int(pattern.row_counts()[reached.indices].sum())
                if work < (pattern.nnz + sum(pattern.shape)) // DEAR:
                    return reached @ pattern.csr()
            reached = _bits(reached)
        bits = self._spread(place, reached)
        return Same(len(bits), bits[0]) if (bits == bits[0]).all() else bits

    def _spread(self, place: int, bits: Bits) -> Bits:
        """For every column, the bits of all rows in which it has a position."""
        pattern = self._across(place)
        closed = pattern.closed_reach(bits)
        if closed is not None:
            return closed
        letter = self._words[place, place]
        if letter not in self._listed:
            self._listed[letter] = pattern.csr()
        return gather(self._listed[letter].indptr, self._listed[letter].indices, bits)


@dataclass(frozen=True, slots=True)
class Same:
    """The same bits for every column."""

    size: int
    bits: np.uint64


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


def _counted(reached: Any, degrees: IntArray | None, samples: int) -> Any:
    """Columns that each sampled row reaches, or the sum of their degrees."""
    if isinstance(reached, Same):
        total = reached.size if degrees is None else int(degrees.sum(dtype=np.int64))
        return (total * count(np.array([reached.bits])))[:samples]
    if isinstance(reached, np.ndarray):
        return (count(reached) if degrees is None else count_weighted(reached, degrees))[:samples]
    if degrees is None:
        return np.diff(reached.indptr).astype(np.int64)
    running = np.concatenate([[0], np.cumsum(degrees[reached.indices], dtype=np.int64)])
    return np.diff(running[reached.indptr])
