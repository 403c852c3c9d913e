"""Colourings: which columns (or rows) of a pattern can be evaluated together.

Columns that have no row in common are structurally orthogonal: one tangent in the direction of their sum
yields them all (A. R. Curtis, M. J. D. Powell & J. K. Reid, *On the estimation of sparse Jacobian matrices*,
1974). The colouring meant here is the sequential greedy one, in the natural order of columns, by networkx on
the column intersection graph; for bands and dense patterns it has the closed forms below, which are optimal.
Rows are the columns of the transpose.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from chainorder.errors import StructureError
from chainorder.structures.axes import AxesPattern
from chainorder.structures.hypersparse import HypersparsePattern
from chainorder.structures.index_sets import IntArray, check_listed
from chainorder.structures.pattern import BandPattern, DensePattern, IdentityPattern, Pattern, SparsePattern
from chainorder.structures.selection import SelectionPattern


def transposed(pattern: Pattern) -> Pattern:
    """The pattern of the transpose."""
    match pattern:
        case IdentityPattern():
            return pattern
        case BandPattern(size, lower, upper):
            return BandPattern(size, upper, lower)
        case SelectionPattern():
            return pattern.turned
        case DensePattern(height, width, rows, columns):
            return DensePattern(width, height, columns, rows)
        case AxesPattern():
            return pattern.transposed()
        case _:
            assert isinstance(pattern, SparsePattern | HypersparsePattern)
            return pattern.turned


def column_colours(pattern: Pattern) -> int:
    """How many evaluations yield all non-empty columns."""
    match pattern:
        case IdentityPattern():
            return 1
        case SelectionPattern():
            return min(1, pattern.nnz)
        case BandPattern(size, lower, upper):
            return min(size, lower + upper + 1)
        case DensePattern():
            return pattern.filled_columns
        case SparsePattern():
            return int(_greedy(pattern).max(initial=-1)) + 1
        case HypersparsePattern():
            return column_colours(pattern.core)
        case AxesPattern():
            return pattern.row_count
        case _:
            raise StructureError(f"a {type(pattern).__name__} has no colouring")


def row_colours(pattern: Pattern) -> int:
    """How many evaluations yield all non-empty rows."""
    pattern = pattern.core if isinstance(pattern, HypersparsePattern) else pattern
    return column_colours(_transposed(pattern) if isinstance(pattern, SparsePattern) else transposed(pattern))


def colour_columns(pattern: Pattern) -> IntArray:
    """The colour of every column, from 0; −1 for an empty one. Shape (columns,)."""
    size = pattern.shape[1]
    check_listed(size)
    match pattern:
        case IdentityPattern():
            return np.zeros(size, np.int64)
        case SelectionPattern():
            return pattern.column_counts() - 1
        case BandPattern(_, lower, upper):
            return np.arange(size) % min(size, lower + upper + 1)
        case DensePattern(columns=None):
            return np.arange(size) if pattern.filled_rows else np.full(size, -1)
        case DensePattern(columns=columns):
            colours = np.full(size, -1)
            colours[columns] = np.arange(pattern.filled_columns)
            return colours
        case SparsePattern():
            return _greedy(pattern)
        case HypersparsePattern():
            colours = np.full(size, -1)
            colours[pattern.columns] = _greedy(pattern.core)
            return colours
        case AxesPattern(rows=rows, columns=columns):
            # Columns that differ on a linked axis meet in no row: only the other axes tell colours apart.
            own = [axis for axis in columns if axis not in rows]
            lengths = pattern.lengths(columns)
            numbers = np.unravel_index(np.arange(size), lengths)
            kept = [numbers[columns.index(axis)] for axis in own]
            return np.ravel_multi_index(kept, pattern.lengths(own)) if own else np.zeros(size, np.int64)
        case _:
            raise StructureError(f"a {type(pattern).__name__} has no colouring")


@lru_cache(maxsize=4096)
def _transposed(pattern: SparsePattern) -> Pattern:
    return transposed(pattern)


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
