"""Every way to make the Jacobian of every subchain: what the planners for several machines choose from.

Subchains are numbered by length and then by start, so operands have smaller numbers than what is made of
them, and the whole chain has the last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from chainorder.costs.evaluations import check_feasible
from chainorder.costs.fma import FMA
from chainorder.costs.model import CostModel
from chainorder.costs.steps import Row, Step
from chainorder.costs.tables import CostTables, Table
from chainorder.plans.scheduling import Job
from chainorder.problems.chain import Chain


class Alternative(NamedTuple):
    """One way to make a subchain: by an operation on others.

    Attributes
    ----------
    cost
        Of that operation, by the cost model.
    operands
        Numbers of the subchains that it uses and that have to be made; none that is at hand.
    row
        The step.
    """

    cost: int
    operands: tuple[int, ...]
    row: Row


@dataclass(frozen=True)
class Alternatives:
    """The ways that are worth a thought, for every subchain: O(n³) of them.

    A way is not, if another costs no more and uses no operand that it does not use: put in its place in any
    schedule, the other ends no later, and what only the first one needs is not made.

    Attributes
    ----------
    length
        Elementals of the chain.
    of
        By the number of the subchain; empty for explicit elementals, which are at hand.
    entries
        Stored entries of each subchain.
    """

    length: int
    of: Sequence[Sequence[Alternative]]
    entries: Sequence[int]

    @classmethod
    def of_chain(cls, chain: Chain, model: CostModel = FMA) -> Alternatives:
        """All ways of a chain within its memory, priced by a model.

        Raises
        ------
        InfeasibleError
            If an elemental has only adjoints and its tape exceeds the memory.
        """
        check_feasible(chain)
        costs = model.tables(chain)
        n = len(chain)
        found: list[list[Alternative]] = []
        entries: list[int] = []
        for d in range(n):
            options = _accumulations(costs) if d == 0 else _products(costs, d)
            found += (_undominated(each, found) for each in options)
            entries += costs.entries(d).tolist()
        return cls(n, found, entries)

    @cached_property
    def flat(self) -> list[Alternative]:
        """All of them."""
        return [way for options in self.of for way in options]

    @property
    def whole(self) -> int:
        """The number of the whole chain."""
        return len(self.of) - 1

    def number_of(self, way: Alternative) -> int:
        """The number of the subchain that a way makes."""
        _, j, _, i = way.row
        return number(self.length, i - 1, j - i)

    def entries_of(self, way: Alternative) -> int:
        """Stored entries of what a way makes."""
        return self.entries[self.number_of(way)]


def number(length: int, i: int, d: int) -> int:
    """The number of the subchain that begins with elemental i, counted from 0, and has d more."""
    return d * length - d * (d - 1) // 2 + i


def _accumulations(costs: CostTables) -> Iterator[list[Alternative]]:
    for i, way in enumerate(costs.accumulations):
        yield [] if way is None else [Alternative(way.cost, (), (way.step, i + 1, 0, i + 1))]


def _products(costs: CostTables, d: int) -> Iterator[list[Alternative]]:
    """All ways to make each subchain of d + 1 elementals."""
    n, rows = costs.length, costs.length - d
    products: Table = np.zeros((rows, d), costs.dtype)
    costs.products(d, products)
    steps = (costs.tangent_steps(d), Step.TANGENT), (costs.adjoint_steps(d), Step.ADJOINT)
    for first in range(rows):
        i, j = first + 1, first + d + 1
        ways = [
            Alternative(
                cost,
                (number(n, first, t), number(n, first + t + 1, d - t - 1)),
                (Step.MULTIPLY, j, i + t, i),
            )
            for t, cost in enumerate(products[first].tolist())
        ]
        for column, step in steps:
            if column is not None and column[first] < costs.never:
                tangent = step is Step.TANGENT
                operand = number(n, first if tangent else first + 1, d - 1)
                ways.append(
                    Alternative(int(column[first]), (operand,), (step, j, j - 1 if tangent else i, i))
                )
        yield ways


def _undominated(ways: list[Alternative], made: Sequence[Sequence[Alternative]]) -> list[Alternative]:
    """Those that no other undercuts with the same operands or fewer; operands at hand are left out."""
    pairs: list[Alternative] = []
    fewer: dict[int | None, Alternative] = {}  # by the one operand that is left, or None
    for way in ways:
        operands = tuple([operand for operand in way.operands if made[operand]])
        if len(operands) == 2:
            pairs.append(way)
            continue
        key = operands[0] if operands else None
        if key not in fewer or way.cost < fewer[key].cost:
            fewer[key] = way._replace(operands=operands)
    never = max([way.cost for way in ways], default=0) + 1
    cheapest = {key: way.cost for key, way in fewer.items()}
    without = cheapest.get(None, never)
    kept = [way for key, way in fewer.items() if key is None or way.cost < without]
    for way in pairs:
        left, right = way.operands
        if way.cost < min(without, cheapest.get(left, never), cheapest.get(right, never)):
            kept.append(way)
    return kept


class Tree(NamedTuple):
    """A way and the trees of its operands; its critical path and its work."""

    path: int
    work: int
    way: Alternative
    operands: tuple[Tree, ...]


def jobs_of_tree(ways: Alternatives, tree: Tree) -> list[Job]:
    """The operations of a tree, operands first."""
    nodes: list[Tree] = [tree]
    operands: list[list[int]] = [[]]
    for place, node in enumerate(nodes):  # grows on the way: results first
        for operand in node.operands:
            operands[place].append(len(nodes))
            nodes.append(operand)
            operands.append([])
    last = len(nodes) - 1
    return [
        Job(
            nodes[last - place].way.row,
            nodes[last - place].way.cost,
            tuple(last - operand for operand in operands[last - place]),
            ways.entries_of(nodes[last - place].way),
        )
        for place in range(len(nodes))
    ]
