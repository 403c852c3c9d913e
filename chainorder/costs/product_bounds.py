"""What multiplying a chain costs at least and at most, from its elementals alone, without any product.

At least. Every order multiplies at each boundary once: some subchain that begins there by one that ends
there, which takes, for every inner index l, the positions of column l of the left times those of row l of the
right. An elemental with a full diagonal maps no set of columns to fewer rows (each column has its
own), so counts shrink only at others: there they may fall to 1, or to the rows of a dense one, or to 0 where
column l does not reach the output at all.

At most. Start at some boundary and multiply outwards, both ways: each product has at most as many columns
(rows) as the boundary, and as many fma as that times the positions of the elemental. With the product of
the two at last, this is an order that costs no more, whatever the patterns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainorder.costs.tables import Models
from chainorder.structures.index_sets import IndexSet, both, dot, mask_of, sum_of
from chainorder.structures.pattern import Pattern
from chainorder.structures.positions import SparsePattern

COUNTED = 2**20
"""Sizes up to which counts are looked at one by one; of the rows of a real matrix, always."""


UNBOUNDED = 2**62


@dataclass(frozen=True)
class Boundaries:
    """Bounds at each of the boundaries inside a chain; boundary k lies between elementals k and k + 1.

    Attributes
    ----------
    products
        fma of the product there, at least, by whether the left subchain may include the last
        elemental of the chain and the right one the first: ends are often what is narrow.
    tangents, adjoints
        Evaluations of a tangent step through the elemental behind it, an adjoint step through the one before.
    """

    products: dict[tuple[bool, bool], list[int]]
    tangents: list[int]
    adjoints: list[int]

    @classmethod
    def of(cls, patterns: Sequence[Pattern]) -> Boundaries:
        """The bounds of a chain: O(positions of its elementals)."""
        inner = range(len(patterns) - 1)
        right = {end: _least_counts(patterns, rows=True, end=end) for end in (True, False)}
        backwards = patterns[::-1]
        left = {end: _least_counts(backwards, rows=False, end=end)[::-1] for end in (True, False)}
        free = [patterns[k].free or patterns[k + 1].free for k in inner]
        products = {
            (last, first): [
                0 if free[k] else _dot(left[last][k], right[first][k], patterns[k].shape[0]) for k in inner
            ]
            for last in (True, False)
            for first in (True, False)
        }
        # A row of a dense result is as long as it has columns.
        tangents = [_evaluations(patterns[k + 1], right[True][k], left[True][k]) for k in inner]
        adjoints = [_evaluations(patterns[k], left[True][k], right[True][k]) for k in inner]
        return cls(products, tangents, adjoints)


def _evaluations(stepped: Pattern, counts: Any, others: Any) -> int:
    if not stepped.full:
        return 0
    return int(np.max(np.where(np.asarray(others) > 0, counts, 0)))


def _least_counts(patterns: Sequence[Pattern], *, rows: bool, end: bool) -> list[Any]:
    """Positions at least in each row of every subchain that ends at k (in each column, read backwards).

    One number where it holds for all; 0 where the row does not reach the input. Without `end`, of subchains
    that do not begin with the first elemental.
    """
    floor = UNBOUNDED
    reached: IndexSet = None
    counts = []
    for place, pattern in enumerate(patterns[:-1]):
        if place == 1 and not end:
            floor, reached = UNBOUNDED, None
        own = _own_counts(pattern, rows)
        least = min(own, floor) if isinstance(own, int) else np.minimum(own, floor)
        reached = pattern.rows_into(reached) if rows else pattern.columns_from(reached)
        if reached is not None:
            size = pattern.shape[0 if rows else 1]
            counted = size <= COUNTED or not isinstance(least, int)
            least = np.where(mask_of(size, reached), least, 0) if counted else 0
        counts.append(least)
        floor = _through(pattern, floor, rows)
    return counts


def _own_counts(pattern: Pattern, rows: bool) -> Any:
    even = pattern.row_count if rows else pattern.column_count
    if even is not None:
        return even
    size = pattern.shape[0 if rows else 1]
    if size > COUNTED and not isinstance(pattern, SparsePattern):
        return int(pattern.full_diagonal)
    counts = pattern.row_counts() if rows else pattern.column_counts()
    return (np.minimum(counts, UNBOUNDED) if counts.dtype == object else counts).astype(np.int64)


def _through(pattern: Pattern, floor: int, rows: bool) -> int:
    """To how few positions a row with at least `floor` can come by multiplying this elemental to it."""
    if pattern.full_diagonal:  # no product with it has fewer positions in a row or column
        return floor
    return min(floor, pattern.shape[1 if rows else 0] if pattern.full else 1)


def _dot(left: Any, right: Any, size: int) -> int:
    """Σ left · right over a boundary of the given size, exactly."""
    if isinstance(left, int) and isinstance(right, int):
        return size * left * right
    if isinstance(left, int):
        return left * sum_of(right)
    return right * sum_of(left) if isinstance(right, int) else dot(left, right)


def alive(patterns: Sequence[Pattern]) -> list[IndexSet]:
    """The indices of each boundary that the input reaches and that reach the output."""
    from_input, to_output = list[IndexSet](), list[IndexSet]()
    reached: IndexSet = None
    for pattern in patterns[:-1]:
        reached = _kept(reached, pattern.rows_into(reached))
        from_input.append(reached)
    reached = None
    for pattern in patterns[:0:-1]:
        reached = _kept(reached, pattern.columns_from(reached))
        to_output.append(reached)
    return [both(*pair) for pair in zip(from_input, reversed(to_output), strict=True)]


def _kept(before: IndexSet, now: IndexSet) -> IndexSet:
    """What is reached now, in the same memory as before if it is the same: in long chains it mostly is."""
    return before if before is not None and now is not None and np.array_equal(before, now) else now


def most(patterns: Sequence[Pattern], models: Models | None) -> float:
    """fma of the order that starts at the best boundary and goes outwards, at most; infinite if there is
    none.

    O(length²), vectorised.
    """
    sizes = np.array([patterns[0].shape[1], *(pattern.shape[0] for pattern in patterns)], float)
    entries = np.array([0 if pattern.free else pattern.nnz for pattern in patterns], float)
    tangents = adjoints = np.zeros((len(patterns), 2))
    leaves = np.zeros(len(patterns))
    if models is not None:
        entries = np.where([each is None for each in models.accumulations], entries, np.inf)
        leaves = np.array([0 if each is None else each.cost for each in models.accumulations], float)
        tangents = _lines(models.tangent_costs, models.overheads)
        adjoints = _lines(models.adjoint_costs, models.overheads)
    best = np.inf
    for w, width in enumerate(sizes.tolist()):
        products = entries * width
        by_tangents, by_adjoints = products, products
        if models is not None:
            by_tangents = np.minimum(products, tangents @ (width, 1))
            by_adjoints = np.minimum(products, adjoints @ (width, 1))
        cost = (
            by_tangents[w + 1 :].sum()
            + by_adjoints[: max(w - 1, 0)].sum()
            + leaves[max(w - 1, 0) : w + 1].sum()
        )
        inner = 0 < w < len(patterns)
        best = min(best, cost + (sizes[0] * width * sizes[-1] if inner else 0))
    return best * (1 + 1e-9)


def _lines(costs: Sequence[int | None], overheads: Sequence[int]) -> Any:
    """Rows (cost of one evaluation, cost of none); infinite where there is no model."""
    rows = zip(costs, overheads, strict=True)
    return np.array([(0.0, np.inf) if cost is None else (cost, overhead) for cost, overhead in rows], float)
