"""An independent search over all operation trees, orders and assignments: the oracle of makespans.

It shares nothing with the planners but the chain: costs are counted on Boolean matrices, by the words of the
cost model.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from chainorder import Chain
from tests.oracle import Operations

Tree = tuple[int, int, tuple["Tree", ...]]
"""fma, entries of the result, and what it uses; a matrix at hand is none of it."""


def trees(costs: Operations, i: int, j: int) -> Iterator[Tree | None]:
    """Every alternative for a subchain, counted from 0, dominated ones too; None where it is at hand."""
    entries = costs.entries(i, j)
    by_tangent, by_adjoint = costs.tangent(i, j), costs.adjoint(i, j)
    if i == j:
        if costs.elementals[i].explicit:
            yield None
        else:
            yield from ((cost, entries, ()) for cost in (by_tangent, by_adjoint) if cost is not None)
        return
    for k in range(i, j):
        for left, right in product(trees(costs, k + 1, j), trees(costs, i, k)):
            yield costs.product(i, k, j), entries, tuple(t for t in (left, right) if t is not None)
    if by_tangent is not None:
        yield from ((by_tangent, entries, (t,) if t else ()) for t in trees(costs, i, j - 1))
    if by_adjoint is not None:
        yield from ((by_adjoint, entries, (t,) if t else ()) for t in trees(costs, i + 1, j))


def least_makespan(chain: Chain, machines: int, transfer: int = 0) -> int:
    """Over all trees, all orders of their operations and all assignments, each as early as it can be."""
    found = trees(Operations(chain), 0, len(chain) - 1)
    return min((_best_schedule(tree, machines, transfer) for tree in found if tree), default=0)


def _best_schedule(tree: Tree, machines: int, transfer: int) -> int:  # noqa: C901 -- the model in one place
    nodes: list[Tree] = [tree]
    uses: list[list[int]] = [[]]
    for place, node in enumerate(nodes):
        for operand in node[2]:
            uses[place].append(len(nodes))
            nodes.append(operand)
            uses.append([])
    best = sum(node[0] for node in nodes)

    def extend(done: dict[int, tuple[int, int]], free: tuple[int, ...]) -> None:
        nonlocal best
        if max(free) >= best:
            return
        if len(done) == len(nodes):
            best = max(free)
            return
        for place in range(len(nodes)):
            if place in done or any(use not in done for use in uses[place]):
                continue
            for machine in range(machines):
                start = free[machine]
                for use in uses[place]:
                    end, where = done[use]
                    start = max(start, end + (transfer * nodes[use][1] if where != machine else 0))
                end = start + nodes[place][0]
                later = (*free[:machine], end, *free[machine + 1 :])
                extend({**done, place: (end, machine)}, later)
                if free[machine] == 0 and not done:
                    break  # the first operation may run on any machine

    extend({}, (0,) * machines)
    return best
