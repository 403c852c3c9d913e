"""Simulated annealing of an order of vertices: seeded, anytime, compiled where Numba is installed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from chainorder.elimination import order_kernel
from chainorder.elimination.cuts import SMALL, side_of
from chainorder.elimination.order_graph import OrderGraph
from chainorder.elimination.order_kernel import BEST, NEVER, TOTAL, Orders
from chainorder.elimination.remaining import Remaining
from chainorder.system.compiling import SAFE, Columns

HOT, COOLING, SLICES = 1.3, 0.92, 50
"""The first temperature of a round, in units of what a vertex costs on the average; its factor from slice to
slice; and their number."""

MOVES = 40
"""Moves of a slice, times the number of units."""

MOST_MOVES = 4_000
"""Moves of a slice, at the most: some hundredths of a second, compiled."""


WORK = 5_000_000
"""Edges looked at in a slice, at the most: neighbours in a large graph may be many edges away."""

MANY = 2_000
"""Units from which an order is priced with sets of neighbours: in large graphs they are found far away."""


class OrderSearch:
    """Orders of the units of a graph, better and better.

    Parameters
    ----------
    graph
        Whose units are eliminated; its prices are exact.
    order
        The units in the order to begin with.
    seed
        Of random choices: the same order for a seed, compiled or not.
    fast
        Whether to compile the loops, if Numba is there and no cost can overflow.

    Attributes
    ----------
    moves
        Changed orders that were priced so far.
    rounds
        How often the temperature went down.
    """

    def __init__(
        self, graph: OrderGraph, order: Sequence[int], seed: int = 0, *, fast: bool | None = None
    ) -> None:
        wanted = sum(map(len, graph.units)) > SMALL if fast is None else fast
        self._graph = graph
        compiled = order_kernel.fast() if wanted and graph.most < SAFE else None
        self._evaluate = compiled["evaluate"] if compiled else order_kernel.evaluate
        self._anneal = compiled["anneal"] if compiled else order_kernel.anneal
        self._state = order_state(Columns(compiled is not None), graph, order, seed)
        self._state.at[BEST] = self._price(order)
        self._limit = min(MOVES * len(order), MOST_MOVES)
        self._hot = HOT * self.cost / max(1, len(order))
        self._slice = 0
        self.rounds = self.moves = 0

    @property
    def cost(self) -> int:
        """What the best order costs."""
        return int(self._state.at[BEST])

    @property
    def order(self) -> list[int]:
        """The units in the best order so far."""
        return [int(unit) for unit in self._state.best]

    def advance(self) -> None:
        """One slice: some moves at a temperature; after a round of slices, hot again from the best order."""
        if len(self._state.order) > 1:
            heat = self._hot * COOLING**self._slice
            self.moves += self._anneal(self._state, self._limit, WORK, heat)
        self._slice += 1
        if self._slice == SLICES:
            self._slice = 0
            self.rounds += 1
            self.begin(self.order)

    def begin(self, order: Sequence[int]) -> None:
        """Go on from an order; the best so far is kept."""
        for position, unit in enumerate(order):
            self._state.order[position] = unit
        if self._price(order) < self.cost:
            self._state.at[BEST] = self._state.at[TOTAL]
            for position, unit in enumerate(order):
                self._state.best[position] = unit

    def _price(self, order: Sequence[int]) -> int:
        """Price the present order, position by position."""
        if len(order) < MANY:
            return int(self._evaluate(self._state))
        left, total = Remaining.of(self._graph), 0
        for position, unit in enumerate(order):
            cost = sum(map(left.eliminate, self._graph.units[unit]))
            self._state.cost[position], self._state.place[unit] = cost, position
            total += cost
        self._state.at[TOTAL] = total
        return total


def order_cost(graph: OrderGraph, order: Sequence[int], *, fast: bool | None = None) -> int:
    """What eliminating the units in an order costs: O(n m) for n vertices and m edges, often much less."""
    return OrderSearch(graph, order, fast=fast).cost


def order_state(columns: Columns, graph: OrderGraph, order: Sequence[int], seed: int) -> Orders:
    """The columns of a graph, with its units in an order."""
    of, zeros = columns.of, columns.zeros
    units, count = len(graph.units), len(graph.weights)
    return Orders(
        up=side_of(columns, graph.into()),
        down=side_of(columns, graph.out()),
        weight=of(graph.weights),
        price=of(graph.prices),
        unit=of(unit if unit >= 0 else units for unit in graph.unit_of),
        first=of(accumulate((len(members) for members in graph.units), initial=0)),
        member=of(vertex for members in graph.units for vertex in members),
        at=of((0, 0, _mixed(seed), 0)),
        order=of(order),
        place=of([0] * units + [NEVER]),
        cost=zeros(units),
        best=of(order),
        fresh=zeros(units),
        seen=zeros(count + 1),
        queue=zeros(count + 1),
        allowance=columns.reals(order_kernel.ALLOWANCES),
    )


def _mixed(seed: int) -> int:
    """32 bits that are not all 0, and differ widely for seeds that are near (Knuth's multiplicative hash)."""
    return max(1, (seed + 1) * 2_654_435_761 % 2**32)
