"""Colourings: which columns (or rows) of a pattern can be evaluated together.

Columns that have no row in common are structurally orthogonal: one tangent in the direction of their sum
yields them all (A. R. Curtis, M. J. D. Powell & J. K. Reid, *On the estimation of sparse Jacobian matrices*,
1974). The colouring meant here is the sequential greedy one, in the natural order of columns, by networkx on
the column intersection graph; where a pattern has closed forms, they are optimal. Rows are the columns of the
transpose.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

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
    import networkx as nx

    csr = pattern.csr()
    filled = pattern.columns_from(None)
    columns = np.arange(pattern.width) if filled is None else filled
    graph: Any = nx.Graph()
    graph.add_nodes_from(columns.tolist())
    meeting = (csr.T @ csr).tocoo()
    above = meeting.row < meeting.col
    graph.add_edges_from(zip(meeting.row[above].tolist(), meeting.col[above].tolist(), strict=True))
    by_column = nx.coloring.greedy_color(graph, strategy=lambda g, _: sorted(g))
    colours = np.full(pattern.width, -1)
    colours[columns] = [by_column[column] for column in columns.tolist()]
    return colours
