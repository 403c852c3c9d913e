"""An independent search over all operation trees, on Boolean matrices and by the words of the cost model.

It shares nothing with the solvers but the chain: patterns are arrays, the colouring is written out, and every
tree's total is in the set that is searched.
"""

from __future__ import annotations

from collections.abc import Mapping
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


class Operations:
    """fma and entries of every operation; elementals counted from 0, None for what is not possible."""

    def __init__(self, chain: Chain, own: list[np.ndarray] | None = None) -> None:
        self.elementals = list(chain.elementals)
        self.memory = chain.memory
        self.own = [chain.pattern(n + 1).csr().toarray() for n in range(len(chain))] if own is None else own
        self.pattern = cache(self._pattern)

    def _pattern(self, i: int, j: int) -> np.ndarray:
        return self.own[i] if i == j else (self.own[j].astype(int) @ self.pattern(i, j - 1).astype(int)) > 0

    def free(self, i: int, j: int) -> bool:
        return all(isinstance(each.structure, Identity | Selection) for each in self.elementals[i : j + 1])

    def product(self, i: int, k: int, j: int) -> int:
        cost = int(self.pattern(k + 1, j).sum(axis=0) @ self.pattern(i, k).sum(axis=1))
        return 0 if self.free(i, k) or self.free(k + 1, j) else cost

    def tangent(self, i: int, j: int) -> int | None:
        last = self.elementals[j]
        return None if last.tangent is None else colours(self.pattern(i, j)) * last.tangent + last.overhead

    def adjoint(self, i: int, j: int) -> int | None:
        first = self.elementals[i]
        if first.adjoint is None or (self.memory is not None and first.tape > self.memory):
            return None
        return colours(self.pattern(i, j).T) * first.adjoint + first.overhead

    def entries(self, i: int, j: int) -> int:
        return 0 if self.free(i, j) else int(self.pattern(i, j).sum())


def all_totals(chain: Chain, stepping: bool = True) -> set[int]:
    """The totals of all operation trees; empty if there is none."""
    costs = Operations(chain)

    @cache
    def totals(i: int, j: int) -> frozenset[int]:
        by_tangent, by_adjoint = costs.tangent(i, j), costs.adjoint(i, j)
        if i == j:
            ways = [0] if costs.elementals[i].explicit else [by_tangent, by_adjoint]
            return frozenset(way for way in ways if way is not None)
        found: set[int] = set()
        for k in range(i, j):
            cost = costs.product(i, k, j)
            found |= {a + b + cost for a in totals(k + 1, j) for b in totals(i, k)}
        if stepping and by_tangent is not None:
            found |= {total + by_tangent for total in totals(i, j - 1)}
        if stepping and by_adjoint is not None:
            found |= {total + by_adjoint for total in totals(i + 1, j)}
        return frozenset(found)

    return set(totals(0, len(chain) - 1))


def least_total(chain: Chain, costs: Mapping[tuple[str, int, int, int], int | None]) -> int | None:
    """The least total of all operation trees by a table of costs; None if there is none."""

    @cache
    def least(i: int, j: int) -> int | None:
        by_tangent, by_adjoint = costs["tangent", i, j, j], costs["adjoint", i, i, j]
        if i == j:
            ways = [0] if chain.elementals[i].explicit else [by_tangent, by_adjoint]
            return min((way for way in ways if way is not None), default=None)
        sums = [(costs["product", i, k, j], least(i, k), least(k + 1, j)) for k in range(i, j)]
        sums += [(by_tangent, least(i, j - 1), 0), (by_adjoint, least(i + 1, j), 0)]
        return min((sum(parts) for parts in sums if None not in parts), default=None)

    return least(0, len(chain) - 1)
