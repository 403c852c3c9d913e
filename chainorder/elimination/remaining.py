"""What is left of an order graph while vertices are eliminated, as sets of neighbours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chainorder.elimination.order_graph import OrderGraph


@dataclass(eq=False)
class Remaining:
    """A graph in the course of eliminations.

    Attributes
    ----------
    weights, prices
        See `OrderGraph`.
    into, out
        Predecessors and successors of every vertex that is left.
    """

    weights: tuple[int, ...]
    prices: tuple[int, ...]
    into: list[set[int]]
    out: list[set[int]]

    @classmethod
    def of(cls, graph: OrderGraph) -> Remaining:
        """The whole graph."""
        count = len(graph.weights)
        into: list[set[int]] = [set() for _ in range(count)]
        out: list[set[int]] = [set() for _ in range(count)]
        for a, b in graph.edges:
            out[a].add(b)
            into[b].add(a)
        return cls(graph.weights, graph.prices, into, out)

    def weight(self, vertices: Iterable[int]) -> int:
        """The weight of some vertices together."""
        return sum(map(self.weights.__getitem__, vertices))

    def cost(self, vertex: int) -> int:
        """What eliminating a vertex costs now."""
        return self.prices[vertex] * self.weight(self.into[vertex]) * self.weight(self.out[vertex])

    def eliminate(self, vertex: int) -> int:
        """Eliminate a vertex, in O(predecessors · successors); what that costs."""
        cost = self.cost(vertex)
        above, below = self.into[vertex], self.out[vertex]
        for each in above:
            self.out[each] |= below
            self.out[each].discard(vertex)
        for each in below:
            self.into[each] |= above
            self.into[each].discard(vertex)
        return cost
