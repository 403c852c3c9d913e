"""Inner loops of sparse products whose places are known: compiled by Numba, not used without it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from chainorder.execution.entries import Placing
from chainorder.execution.operand import Array
from chainorder.system.compiling import compiled, loaded

LISTED, EACH = 2**24, 16
"""Multiply–adds of a product up to which they are listed, at all and for each entry of the result."""

HEAVY = 2**29
"""Multiply–adds with an array for which Numba is loaded, in a quarter of a second."""

MANY = 16
"""Columns of an array from which four of its rows are added at a time."""


class Terms(NamedTuple):
    """The multiply–adds of a sparse product, in the order in which compressed rows are multiplied.

    Attributes
    ----------
    lefts, rights
        Which entries of the factors are multiplied.
    targets
        To which entry of the result that is added.
    """

    lefts: Array
    rights: Array
    targets: Array

    @classmethod
    def of(cls, left: Any, right: Any, made: Any) -> Terms | None:
        """Those of compressed rows that hold the numbers of their entries, from 1 on, and of the product.

        None without Numba, or where they are many. Listed they take 12 bytes each, and half of the time:
        nothing is looked up, sorted or branched on.
        """
        loops = fast()
        count = int(np.diff(right.indptr)[left.indices].sum(dtype=np.int64))
        if loops is None or count > EACH * made.nnz or count + left.nnz + right.nnz > LISTED:
            return None
        terms = cls(*(np.empty(count, np.int32) for _ in cls._fields))
        arrays = [
            each.astype(np.int64)
            for matrix in (left, right, made)
            for each in (matrix.indptr, matrix.indices)
        ]
        loops["list_terms"](*arrays, np.empty(made.shape[1], np.int64), *terms)
        numbers = [(each.data - 1).astype(np.int32) for each in (left, right)]
        return cls(numbers[0][terms.lefts], numbers[1][terms.rights], terms.targets)

    def placed(self, placing: Placing | None) -> Terms:
        """The same for a result in another layout."""
        if placing is None:
            return self
        targets = np.arange(len(placing.sources)) if placing.targets is None else placing.targets
        return self._replace(targets=targets.astype(np.int32)[np.argsort(placing.sources)][self.targets])

    def adding(self, *kinds: np.dtype[Any]) -> Callable[[Array, Array, Array], None]:
        """What makes the entries of the product, for the types of the factors and of the result."""
        loops = fast()
        assert loops is not None
        add = loops["add_terms"]
        empty = self.lefts[:0]
        add(np.empty(0, kinds[0]), empty, np.empty(0, kinds[1]), empty, empty, np.empty(0, kinds[2]))

        def fill(a: Array, b: Array, out: Array) -> None:
            flat = out.reshape(-1)
            flat.fill(0)
            add(a.reshape(-1), self.lefts, b.reshape(-1), self.rights, self.targets, flat)

        return fill


def list_terms(
    left: Array,
    inner: Array,
    right: Array,
    columns: Array,
    made: Array,
    made_columns: Array,
    place: Array,
    lefts: Array,
    rights: Array,
    targets: Array,
) -> None:
    """Fill in `Terms`: of each matrix the starts of rows and the columns; `place` has one for each column."""
    term = 0
    for row in range(len(left) - 1):
        for target in range(made[row], made[row + 1]):
            place[made_columns[target]] = target
        for p in range(left[row], left[row + 1]):
            for q in range(right[inner[p]], right[inner[p] + 1]):
                lefts[term], rights[term], targets[term] = p, q, place[columns[q]]
                term += 1


def add_terms(a: Array, lefts: Array, b: Array, rights: Array, targets: Array, out: Array) -> None:
    """Add the products of entries to those of the result."""
    for term in range(len(lefts)):
        out[targets[term]] += a[lefts[term]] * b[rights[term]]


def times_dense(starts: Array, indices: Array, data: Array, right: Array, out: Array) -> None:
    """Compressed rows times an array by rows: four of its rows at a time, added in their order."""
    for row in range(len(starts) - 1):
        made, p, end = out[row], starts[row], starts[row + 1]
        made[:] = 0
        while p + 4 <= end:
            a, b, c, d = data[p], data[p + 1], data[p + 2], data[p + 3]
            u, v, w, x = (
                right[indices[p]],
                right[indices[p + 1]],
                right[indices[p + 2]],
                right[indices[p + 3]],
            )
            for k in range(len(made)):
                made[k] = made[k] + a * u[k] + b * v[k] + c * w[k] + d * x[k]
            p += 4
        while p < end:
            a, u = data[p], right[indices[p]]
            for k in range(len(made)):
                made[k] += a * u[k]
            p += 1


def at_hand(work: int) -> dict[str, Callable[..., None]] | None:
    """The loops compiled, for so many multiply–adds: None unless Numba is loaded, or worth to be."""
    return fast() if work >= HEAVY or loaded() else None


@cache
def fast() -> dict[str, Callable[..., None]] | None:
    """The loops compiled; None without Numba."""
    return compiled(__name__, globals(), (list_terms, add_terms, times_dense))
