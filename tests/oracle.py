"""An independent search over all operation trees, on Boolean matrices and by the words of the cost model.

It shares nothing with the solvers but the chain: patterns are arrays, the colouring is written out, and every
tree's total is in the set that is searched.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from chainorder import Chain, Identity, Selection


def colours(pattern: np.ndarray) -> int:
    """Sequential greedy colouring of the columns in natural order; empty ones need none."""
    groups: list[np.ndarray] = []
    for column in pattern.T:
        if not column.any():
            continue
        for group in groups:
            if not (group & column).any():
                group |= column
                break
        else:
            groups.append(column.copy())
    return len(groups)


def all_totals(chain: Chain, stepping: bool = True) -> set[int]:  # noqa: C901 -- the whole model in one place
    """The totals of all operation trees; empty if there is none."""
    elementals = list(chain.elementals)
    own = [chain.pattern(number).csr().toarray() for number in range(1, len(chain) + 1)]

    @cache
    def pattern(i: int, j: int) -> np.ndarray:
        return own[i] if i == j else (own[j].astype(int) @ pattern(i, j - 1).astype(int)) > 0

    def free(i: int, j: int) -> bool:
        return all(isinstance(elementals[n].structure, Identity | Selection) for n in range(i, j + 1))

    def tape_fits(i: int) -> bool:
        return chain.memory is None or elementals[i].tape <= chain.memory

    @cache
    def totals(i: int, j: int) -> frozenset[int]:
        found: set[int] = set()
        if i == j:
            return frozenset(leaf(i))
        result = pattern(i, j)
        for k in range(i, j):
            left, right = pattern(k + 1, j), pattern(i, k)
            cost = int(left.sum(axis=0) @ right.sum(axis=1))
            cost = 0 if free(i, k) or free(k + 1, j) else cost
            found |= {a + b + cost for a in totals(k + 1, j) for b in totals(i, k)}
        first, last = elementals[i], elementals[j]
        if stepping and last.tangent is not None:
            cost = colours(result) * last.tangent + last.overhead
            found |= {total + cost for total in totals(i, j - 1)}
        if stepping and first.adjoint is not None and tape_fits(i):
            cost = colours(result.T) * first.adjoint + first.overhead
            found |= {total + cost for total in totals(i + 1, j)}
        return frozenset(found)

    def leaf(i: int) -> set[int]:
        elemental = elementals[i]
        if elemental.explicit:
            return {0}
        found = set()
        if elemental.tangent is not None:
            found.add(colours(own[i]) * elemental.tangent + elemental.overhead)
        if elemental.adjoint is not None and tape_fits(i):
            found.add(colours(own[i].T) * elemental.adjoint + elemental.overhead)
        return found

    return set(totals(0, len(chain) - 1))
