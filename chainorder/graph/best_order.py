"""The best order of vertices that is found, and what every one costs at least, in turns."""

from __future__ import annotations

from collections.abc import Sequence

from chainorder.graph.cut_bounds import CutBound
from chainorder.graph.order_graph import OrderGraph
from chainorder.graph.order_search import OrderSearch
from chainorder.graph.reductions import Reduction, reduced

PROPOSALS = 8
"""Changes of groups that the bound tries, for each slice of the search."""

ROUNDS, BOUND_ROUNDS = 12, 3
"""Rounds without gain after which the search ends by itself, and rounds of the bound."""


class Contest:
    """Orders from above and cuts from below, until they meet.

    Parameters
    ----------
    graph
        Whose orders.
    order
        Its units in an order to begin with.
    seed
        Of random choices.
    """

    def __init__(self, graph: OrderGraph, order: Sequence[int], seed: int = 0) -> None:
        self.graph = graph
        self.reduction = reduced(graph)
        # A unit of several entries cannot be eliminated by halves: then reductions serve the bound alone.
        whole = all(len(members) == 1 for members in graph.units)
        self._first = self.reduction if whole else Reduction.none(graph)
        self._units = _units_left(graph, self._first)
        number = {unit: at for at, unit in enumerate(self._units)}
        left = [number[unit] for unit in order if unit in number]
        self.bound = CutBound.of(self.reduction.graph, seed)
        self.search = OrderSearch(self._first.graph, left, seed) if graph.exact else None
        self._gain = 0

    @property
    def cost(self) -> int | None:
        """What the best order by now costs; None where orders cannot be priced by themselves."""
        return None if self.search is None else self._first.cost + self.search.cost

    @property
    def order(self) -> list[int]:
        """The units in the best order by now; empty where orders cannot be priced by themselves."""
        if self.search is None:
            return []
        done = [self.graph.unit_of[vertex] for vertex in self._first.order]
        return done + [self._units[unit] for unit in self.search.order]

    @property
    def least(self) -> int:
        """What every order costs at least, as far as it is known by now."""
        return self.reduction.cost + self.bound.best

    @property
    def idle(self) -> bool:
        """Whether neither has gained for a while."""
        searched = self.search is None or self.search.rounds >= self._gain + ROUNDS
        return searched and self.bound.rounds >= BOUND_ROUNDS

    def take_turns(self, seconds: float | None = None) -> bool:
        """A slice of the search, and some tries at the bound; whether one of them gained."""
        before = self.least
        gained = False
        if self.search is not None:
            cost = self.search.cost
            self.search.advance()
            if gained := self.search.cost < cost:
                self._gain = self.search.rounds
        self.bound.improve(PROPOSALS, seconds)
        return gained or self.least > before


def _units_left(graph: OrderGraph, reduction: Reduction) -> list[int]:
    """The units of the whole graph that those of the graph that is left stand for."""
    return [graph.unit_of[reduction.origin[members[0]]] for members in reduction.graph.units]
