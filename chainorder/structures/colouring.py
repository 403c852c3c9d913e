"""Colourings: which columns (or rows) of a pattern can be evaluated together.

Columns that have no row in common are structurally orthogonal: one tangent in the direction of their sum
yields them all (A. R. Curtis, M. J. D. Powell & J. K. Reid, *On the estimation of sparse Jacobian matrices*,
1974). The colouring meant here is the sequential greedy one, in the natural order of columns; where a pattern
has closed forms, they are optimal. Rows are the columns of the transpose.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from chainorder.structures.index_sets import IntArray, check_listed
from chainorder.structures.pattern import Pattern
from chainorder.structures.positions import SparsePattern


def column_colours(pattern: Pattern) -> int:
    """How many evaluations yield all non-empty columns."""
    closed = pattern.closed_colour_count()
    return int(_greedy(pattern.compact).max(initial=-1)) + 1 if closed is None else closed


def row_colours(pattern: Pattern) -> int:
    """How many evaluations yield all non-empty rows."""
    if pattern.closed_colour_count() is not None:
        return column_colours(pattern.transposed())
    return column_colours(_transposed(pattern.compact))


def colour_columns(pattern: Pattern) -> IntArray:
    """The colour of every column, from 0; −1 for an empty one. Shape (columns,)."""
    size = pattern.shape[1]
    check_listed(size)
    closed = pattern.closed_colours()
    if closed is not None:
        return closed
    colours = _greedy(pattern.compact)
    if len(colours) == size:
        return colours
    spread = np.full(size, -1)
    spread[pattern.columns_from(None)] = colours  # the columns of a compact pattern are those not empty
    return spread


@lru_cache(maxsize=4096)
def _transposed(pattern: SparsePattern) -> Pattern:
    return pattern.transposed()


@lru_cache(maxsize=4096)
def _greedy(pattern: SparsePattern) -> IntArray:
    """Sequential greedy colouring of the columns, in their natural order."""
    csc = pattern.csr().tocsc()
    filled = pattern.columns_from(None)
    columns = np.arange(pattern.width) if filled is None else filled
    return first_fit(columns, csc.indptr, csc.indices, pattern.height)


def first_fit(order: IntArray, starts: IntArray, crossings: IntArray, places: int) -> IntArray:
    """Colours of lines, each the first that no other one has that crosses at the same place.

    Parameters
    ----------
    order
        The lines that are coloured, in their order.
    starts, crossings
        Line l crosses others at the places ``crossings[starts[l]:starts[l + 1]]``.
    places
        How many there are.

    Returns
    -------
    array
        A colour for every line, from 0; −1 for those that are not in the order. Linear in the crossings, but
        for the colours, which are the bits of numbers.
    """
    used, crossed = [0] * places, crossings.tolist()
    colours = np.full(len(starts) - 1, -1)
    begins, ends = starts[order].tolist(), starts[order + 1].tolist()
    for line, begin, end in zip(order.tolist(), begins, ends, strict=True):
        taken = 0
        for place in crossed[begin:end]:
            taken |= used[place]
        free = ~taken & (taken + 1)
        for place in crossed[begin:end]:
            used[place] |= free
        colours[line] = free.bit_length() - 1
    return colours
