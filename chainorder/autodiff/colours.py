"""Colours of a whole Jacobian: which of its columns and rows are evaluated together.

Columns that share no row are yielded by one tangent, rows that share no column by one adjoint (A. R. Curtis,
M. J. D. Powell & J. K. Reid 1974). Where a few rows are long, as a loss beside a field, neither is few: then
the long rows are left to adjoints, and columns may meet in them; or long columns to tangents (T. F. Coleman &
A. Verma, *The efficient computation of sparse Jacobian matrices using automatic differentiation*, 1998; here
with a threshold). Colours are given out first fit, in linear time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from chainorder.autodiff.footprints import Footprints, Labels
from chainorder.structures.colouring import first_fit

Mask = npt.NDArray[np.bool_]

MOST = 2**20
"""Positions up to which colours are looked for: a second or less."""

WORTH = 0.6
"""The share of the evaluations up to which colours, or sparing rows or columns, are looked into."""


@dataclass(frozen=True, eq=False)
class Positions:
    """Where a Jacobian may be nonzero.

    Attributes
    ----------
    shape
        Rows and columns.
    rows, columns
        Of every position, row after row.
    kinds
        Of every row; rows of a kind have the same columns.
    """

    shape: tuple[int, int]
    rows: Labels
    columns: Labels
    kinds: Labels

    @classmethod
    def of(cls, sets: Footprints, labels: Labels) -> Positions:
        """Those of a footprint of shape (rows,)."""
        return cls((len(labels), sets.size), *sets.listed(labels), labels)

    @classmethod
    def none(cls, shape: tuple[int, int]) -> Positions:
        """No positions."""
        nothing = np.zeros(0, np.intp)
        return cls(shape, nothing, nothing, np.zeros(shape[0], np.intp))

    def within(self, rows: Labels, columns: Labels) -> Positions:
        """Those in some rows and columns, rising, which are numbered anew."""
        new_rows, new_columns = (np.full(size, -1) for size in self.shape)
        new_rows[rows], new_columns[columns] = np.arange(len(rows)), np.arange(len(columns))
        row, column = new_rows[self.rows], new_columns[self.columns]
        kept = (row >= 0) & (column >= 0)
        return Positions((len(rows), len(columns)), row[kept], column[kept], self.kinds[rows])

    @property
    def count(self) -> int:
        """How many."""
        return len(self.rows)

    @property
    def described(self) -> str:
        """What they look like: zero, diagonal, a band, blocks, sparse or dense."""
        size = self.shape[0] * self.shape[1]
        if self.count in (0, size):
            return "dense" if self.count else "zero"
        square, offsets = self.shape[0] == self.shape[1], self.columns - self.rows
        if square and not offsets.any():
            return "diagonal"
        pairs = np.unique(self.kinds[self.rows] * self.shape[1] + self.columns)
        if len(pairs) == len(np.unique(self.columns)):  # rows that have a column in common are of one kind
            return f"{len(np.unique(self.kinds[self.rows])):,} blocks"
        diagonals = int(offsets.max()) - int(offsets.min()) + 1
        if square and diagonals * self.shape[0] <= 2 * self.count:
            return f"band of {diagonals}"
        return f"sparse, {self.count / size:.2%}"

    @cached_property
    def row_counts(self) -> Labels:
        """Positions in each row."""
        return np.bincount(self.rows, minlength=self.shape[0])

    @cached_property
    def column_counts(self) -> Labels:
        """Positions in each column."""
        return np.bincount(self.columns, minlength=self.shape[1])


@dataclass(frozen=True, eq=False)
class Colouring:
    """What is evaluated, and where the entries are then found.

    Attributes
    ----------
    columns
        The tangent that a column is part of; −1 for none. Shape (columns,).
    rows
        The adjoint that a row is part of; −1 for none. Shape (rows,).
    adjoint
        Which positions are read from an adjoint.
    """

    columns: Labels
    rows: Labels
    adjoint: Mask

    @property
    def tangents(self) -> int:
        """How many tangents are evaluated."""
        return int(self.columns.max(initial=-1)) + 1

    @property
    def adjoints(self) -> int:
        """How many adjoints are evaluated."""
        return int(self.rows.max(initial=-1)) + 1

    @property
    def total(self) -> int:
        """How many evaluations there are."""
        return self.tangents + self.adjoints

    def __str__(self) -> str:
        parts = [f"{n:,} {what}s" if n > 1 else f"1 {what}" for n, what in self._parts() if n]
        return " and ".join(parts) or "no evaluation"

    def _parts(self) -> tuple[tuple[int, str], ...]:
        return (self.tangents, "tangent"), (self.adjoints, "adjoint")


def colourings(positions: Positions) -> Iterator[Colouring]:
    """Colourings of a Jacobian that may be worth it: by columns, by rows, by both."""
    if positions.count > MOST:
        return
    sides = {True: positions.row_counts, False: positions.column_counts}
    least = {along: int(counts.max(initial=0)) for along, counts in sides.items()}
    fewest = min(positions.shape)
    for along_columns in sorted(least, key=lambda along: least[along]):
        if least[along_columns] <= fewest * WORTH:
            made = _one_sided(positions, along_columns)
            fewest = min(fewest, made.total)
            yield made
    for spare_rows in (True, False):
        spared, expected = _spared(positions, spare_rows)
        if expected < WORTH * min(least.values()):
            yield _two_sided(positions, spared, spare_rows)


def _one_sided(positions: Positions, along_columns: bool) -> Colouring:
    every = np.ones(positions.shape[0 if along_columns else 1], bool)
    rows, columns = (np.full(size, -1) for size in positions.shape)
    if along_columns:
        columns = _columns(positions, every)
    else:
        rows = _rows(positions, every)
    return Colouring(columns, rows, np.full(positions.count, not along_columns))


def _spared(positions: Positions, spare_rows: bool) -> tuple[Mask, float]:
    """The long rows (columns) that are best left to adjoints (tangents), and how few evaluations remain."""
    counts = positions.row_counts if spare_rows else positions.column_counts
    here, across = (positions.rows, positions.columns) if spare_rows else (positions.columns, positions.rows)
    best, fewest = np.zeros(len(counts), bool), np.inf
    threshold = int(counts.max(initial=0)) // 2
    while threshold >= 1:
        spared = counts > threshold
        least = int(counts[~spared].max(initial=0)) + int(np.bincount(across[spared[here]]).max(initial=0))
        if least < fewest:
            best, fewest = spared, least
        threshold //= 2
    return best, fewest


def _two_sided(positions: Positions, spared: Mask, spare_rows: bool) -> Colouring:
    if spare_rows:
        long = spared[positions.rows]
        rows = _first_fit(positions.rows[long], positions.columns[long], positions.shape)
        return Colouring(_columns(positions, ~spared), rows, long)
    long = spared[positions.columns]
    columns = _first_fit(positions.columns[long], positions.rows[long], positions.shape[::-1])
    return Colouring(columns, _rows(positions, ~spared), ~long)


def _columns(positions: Positions, rows: Mask) -> Labels:
    """The colours of columns that may meet but in some rows; of rows of a kind one is looked at."""
    one = np.zeros(positions.shape[0], bool)
    one[np.unique(positions.kinds, return_index=True)[1]] = True
    chosen = (one & rows)[positions.rows]
    return _first_fit(positions.columns[chosen], positions.rows[chosen], positions.shape[::-1])


def _rows(positions: Positions, columns: Mask) -> Labels:
    """The colours of rows that may meet but in some columns."""
    chosen = columns[positions.columns]
    return _first_fit(positions.rows[chosen], positions.columns[chosen], positions.shape)


def _first_fit(lines: Labels, crossings: Labels, shape: tuple[int, int]) -> Labels:
    """Colours of lines, no two of which cross another one at the same place; −1 of those that cross none.

    Lines take the first colour that is free, in their order, or the longest first if that needs fewer.
    """
    counts = np.bincount(lines, minlength=shape[0])
    starts = np.concatenate([[0], np.cumsum(counts)])
    crossed = crossings[np.argsort(lines, kind="stable")]
    filled = np.flatnonzero(counts)
    least = int(np.bincount(crossings).max(initial=0))
    colours = first_fit(filled, starts, crossed, shape[1])
    if colours.max(initial=-1) + 1 > least:
        longest = filled[np.argsort(-counts[filled], kind="stable")]
        colours = min(
            colours, first_fit(longest, starts, crossed, shape[1]), key=lambda each: int(each.max())
        )
    return colours
