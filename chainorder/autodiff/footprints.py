"""Footprints: for every entry of a value, the set of inputs that it may depend on.

A footprint is an array of labels in the shape of its value; equal sets have equal labels, which this store
hands out. What only moves entries then moves labels, whatever the sets are, and what mixes entries works each
set out once. Whoever asks for more than the budget is told to give up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Labels: TypeAlias = npt.NDArray[np.intp]

EMPTY, FULL = 0, 1
"""The labels of no input, and of all of them. Label 2 + i is input i alone."""

CALL = 5_000
"""What an operation on labels takes at least, in members of sets that are looked at (some 20 ns each)."""

LABEL = 8
"""Labels that are handled in the time of one member."""


class BudgetError(Exception):
    """It would take longer than it may."""


class Footprints:
    """The sets of inputs that have a label.

    Sets are told apart by the sum of random 64-bit numbers of their members: that two different ones agree is
    less likely than that the memory is at fault.

    Parameters
    ----------
    size
        The number of inputs.
    budget
        How many members of sets may be looked at.
    """

    def __init__(self, size: int, budget: int) -> None:
        self.size, self.left = size, budget
        self._numbers = np.random.default_rng(0).integers(2**64, size=size, dtype=np.uint64)
        # Label l has the members from _starts[l] to _starts[l + 1]: EMPTY, FULL and single ones at first.
        self._starts = np.concatenate([[0], [0], np.arange(size, 2 * size + 1)]).astype(np.int32)
        self._members = np.concatenate([np.arange(size), np.arange(size)]).astype(np.int32)
        self._known: dict[int, int] = {}

    def spend(self, members: int) -> None:
        """Take from the budget; raises `BudgetError` when it is used up."""
        self.left -= members
        if self.left < 0:
            raise BudgetError

    def inputs(self, shape: Sequence[int]) -> Labels:
        """The footprint of the inputs themselves."""
        return np.arange(2, self.size + 2).reshape(shape)

    def counts(self, labels: Labels) -> Labels:
        """How many inputs are in each set."""
        return (self._starts[labels + 1] - self._starts[labels]).astype(np.intp)

    def listed(self, labels: Labels) -> tuple[Labels, Labels]:
        """The sets of some labels, one after the other, rising: for every member its place, and the input."""
        counts = self.counts(labels)
        keys = (
            np.repeat(np.arange(len(labels)) * self.size, counts) + self._members[self._where(labels, counts)]
        )
        places, members = np.divmod(np.sort(keys), max(1, self.size))
        return places, members

    def joined(self, *footprints: Labels) -> Labels:
        """The unions entry by entry of footprints of the same shape."""
        first, *others = footprints
        for other in others:
            first = self._pairs(first, other)
        return first

    def over(self, labels: Labels, axes: Sequence[int], *, keep: bool = False) -> Labels:
        """The unions along some axes, which are dropped or kept with one entry."""
        self.spend(CALL + labels.size // LABEL)
        axes = [axis % labels.ndim for axis in axes]
        kept = [axis for axis in range(labels.ndim) if axis not in axes]
        shape = [labels.shape[axis] for axis in kept]
        rows = int(np.prod(shape))
        table = labels.transpose([*kept, *axes]).reshape(rows, -1 if labels.size else 0)
        made = self._unions_of_rows(table).reshape(shape)
        return np.expand_dims(made, tuple(axes)) if keep else made

    def all_of(self, footprints: Sequence[Labels]) -> int:
        """The label of everything in some footprints."""
        return int(self.over(np.concatenate([each.ravel() for each in footprints]), [0]))

    def united(self, rows: Labels, labels: Labels, count: int) -> Labels:
        """For each of `count` rows the union of the labels that stand beside its number."""
        total = self._labels
        self.spend(CALL + len(labels))
        keys = np.unique((rows * total + labels)[labels != EMPTY])
        rows, labels = np.divmod(keys, total)
        made = np.zeros(count, np.intp)
        made[rows] = labels  # right where there is only one
        several = np.bincount(rows, minlength=count) > 1
        made[rows[labels == FULL]] = FULL
        several &= made != FULL
        chosen = several[rows]
        if chosen.any():
            numbers = np.cumsum(several) - 1
            made[several] = self._made(numbers[rows[chosen]], labels[chosen])
        return made

    def _pairs(self, first: Labels, second: Labels) -> Labels:
        if first is second:
            return first
        self.spend(CALL + first.size // LABEL)
        for one, other in ((first, second), (second, first)):
            if not one.any():
                return other
        differ = np.asarray(first != second)
        if not differ.any():
            return first
        total = self._labels
        one, other = np.asarray(first)[differ], np.asarray(second)[differ]
        codes, inverse = np.unique(
            np.minimum(one, other) * total + np.maximum(one, other), return_inverse=True
        )
        numbers = np.arange(len(codes))
        pairs = np.concatenate(np.divmod(codes, total))
        made = np.array(first)
        made[differ] = self.united(np.concatenate([numbers, numbers]), pairs, len(codes))[inverse]
        return made

    def _unions_of_rows(self, table: Labels) -> Labels:
        if not table.size:
            return np.zeros(len(table), np.intp)
        same = (table == table[:, :1]).all(axis=1)
        made = table[:, 0].copy()
        if not same.all():
            mixed = table[~same]
            rows = np.repeat(np.arange(len(mixed)), mixed.shape[1])
            made[~same] = self.united(rows, mixed.ravel(), len(mixed))
        return made

    def _made(self, rows: Labels, labels: Labels) -> Labels:
        """The labels of the unions of some labels, row after row."""
        self.spend(int(self.counts(labels).sum()))
        used, places = np.unique(labels, return_inverse=True)
        counts = self.counts(used)
        sets = _rows(np.cumsum(counts), self._members[self._where(used, counts)], self.size)
        made = _rows(np.cumsum(np.bincount(rows)), places, len(used)) @ sets
        sums = np.add.reduceat(self._numbers[made.indices], made.indptr[:-1])
        sums, first, inverse = np.unique(sums, return_index=True, return_inverse=True)
        keys = sums.tolist()
        new = np.array([key not in self._known for key in keys])
        if new.any():
            self._store(sums[new].tolist(), made[first[new]])
        chosen = np.array([self._known[key] for key in keys])
        chosen[np.diff(made.indptr)[first] == self.size] = FULL
        return chosen[inverse]

    def _store(self, keys: Sequence[int], sets: Any) -> None:
        """Give labels to the rows of a matrix, which are new."""
        self._known.update(zip(keys, range(self._labels, self._labels + len(keys)), strict=True))
        end = int(self._starts[-1])
        if end + len(sets.indices) > len(self._members):
            self._members = np.resize(self._members, 2 * (end + len(sets.indices)))
        self._members[end : end + len(sets.indices)] = sets.indices
        self._starts = np.concatenate([self._starts, end + sets.indptr[1:]])

    def _where(self, labels: Labels, counts: Labels) -> Labels:
        """Where the members of some sets stand, by their counts."""
        begin = self._starts[labels] - (np.cumsum(counts) - counts)
        return np.repeat(begin, counts) + np.arange(int(counts.sum()))

    @property
    def _labels(self) -> int:
        """How many there are."""
        return len(self._starts) - 1


def _rows(ends: Labels, columns: npt.NDArray[Any], width: int) -> Any:
    """Compressed rows without values."""
    from scipy.sparse import csr_array

    starts = np.concatenate([[0], ends]).astype(np.int32)
    shape = len(ends), width
    return csr_array((np.ones(len(columns), bool), columns.astype(np.int32), starts), shape=shape)
