"""Footprints: for every entry of a value, the set of inputs that it may depend on.

A footprint is an array of labels in the shape of its value; equal sets have equal labels, which this store
hands out. What only moves entries then moves labels, whatever the sets are, and what mixes entries works each
set out once. Whoever asks for more than the budget is told to give up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Labels: TypeAlias = npt.NDArray[np.intp]

EMPTY, FULL = 0, 1
"""The labels of no input, and of all of them. Label 2 + i is input i alone."""

CALL = 1_000
"""What an operation on labels takes at least, in members of sets that are looked at (some 10 ns each)."""

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
        self._starts = np.concatenate([[0, 0], np.arange(size) + size])
        self._counts = np.concatenate([[0, size], np.ones(size, np.intp)])
        self._members = np.concatenate([np.arange(size), np.arange(size)])
        self._used = 2 * size
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
        return self._counts[labels]

    def listed(self, labels: Labels) -> tuple[Labels, Labels]:
        """The sets of some labels, one after the other, rising: for every member its place, and the input."""
        counts = self._counts[labels]
        places = np.repeat(np.arange(len(labels)), counts)
        ends = np.cumsum(counts)
        inside = np.arange(len(places)) - np.repeat(ends - counts, counts)
        return places, self._members[np.repeat(self._starts[labels], counts) + inside]

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
        total = len(self._counts)
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
        total = len(self._counts)
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
        self.spend(int(self._counts[labels].sum()))
        places, members = self.listed(labels)
        rows, members = np.divmod(np.unique(rows[places] * self.size + members), self.size)
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        counts = np.diff(starts, append=len(rows))
        sums = np.add.reduceat(self._numbers[members], starts)
        sums, first, inverse = np.unique(sums, return_index=True, return_inverse=True)
        known = self._known
        new = np.array([number not in known for number in sums.tolist()])
        chosen = first[new]
        known.update(
            zip(sums[new].tolist(), self._stored(starts[chosen], counts[chosen], members), strict=True)
        )
        made = np.array([known[number] for number in sums.tolist()])[inverse]
        made[counts == self.size] = FULL
        return made

    def _stored(self, starts: Labels, counts: Labels, members: Labels) -> list[int]:
        """New labels for the sets that start somewhere among some members."""
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        places = np.repeat(starts - (ends - counts), counts) + np.arange(total)
        if self._used + total > len(self._members):
            more = max(self._used, total)
            self._members = np.concatenate([self._members, np.empty(more, np.intp)])
        self._members[self._used : self._used + total] = members[places]
        number = len(self._counts)
        self._starts = np.concatenate([self._starts, self._used + ends - counts])
        self._counts = np.concatenate([self._counts, counts])
        self._used += total
        return list(range(number, number + len(counts)))
