"""The best order of vertices that is found, and what every one costs at least, in turns."""

from __future__ import annotations

from collections.abc import Sequence

from chainorder.elimination.cut_bounds import CutBound, too_large
from chainorder.elimination.exact_search import MAX_UNITS, ExactSearch
from chainorder.elimination.order_graph import OrderGraph
from chainorder.elimination.order_search import OrderSearch
from chainorder.elimination.reductions import Reduction, reduced

PROPOSALS = 8
"""Changes of groups that the bound tries in a turn."""

STATES, FEW_STATES = 20_000, 500
"""Sets that the exact search looks at in a turn, compiled and not."""

EXACT_TURN = 0.5
"""Turns for each unit before the exact search begins: better groups make it shorter."""

BUDGET = 50_000
"""Sets after which the exact search begins again with better groups; four times as many each time."""

ROUNDS, BOUND_ROUNDS = 12, 3
"""Rounds without gain after which the search ends by itself, and rounds of the bound."""

QUIET = 8
"""In one of so many turns the search goes on that has not gained for long."""


class Contest:
    """Orders from above, cuts from below and all sets between, until they meet.

    Attributes
    ----------
    admits_exact
        Whether the sets between may be searched one by one.

    Parameters
    ----------
    graph
        Whose orders.
    order
        Its units in an order to begin with.
    seed
        Of random choices.
    fast
        Whether to compile the loops, if Numba is there; by default if the graph is large enough for that.
    """

    def __init__(
        self, graph: OrderGraph, order: Sequence[int], seed: int = 0, *, fast: bool | None = None
    ) -> None:
        self.graph = graph
        self.reduction = reduced(graph)
        # A unit of several entries cannot be eliminated by halves: then reductions serve the bound alone.
        single = all(len(members) == 1 for members in graph.units)
        self._first = self.reduction if single else Reduction.none(graph)
        self._units = _units_left(graph, self._first)
        number = {unit: at for at, unit in enumerate(self._units)}
        left = [number[unit] for unit in order if unit in number]
        self.bound = CutBound.of(self.reduction.graph, seed, fast=fast)
        self.search = OrderSearch(self._first.graph, left, seed, fast=fast) if graph.exact else None
        self._exact: ExactSearch | None = None
        self.admits_exact = single and graph.exact and len(left) <= MAX_UNITS
        self._budget = BUDGET
        self._fast = fast
        self._proved = False
        self._gain = 0
        self.turns = 0

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
    def bounded(self) -> bool:
        """Whether cuts say anything."""
        return any(self.graph.prices) and not too_large(self.reduction.graph)

    @property
    def least(self) -> int:
        """What every order costs at least, as far as it is known by now."""
        if self._proved and self.cost is not None:
            return self.cost
        return self.reduction.cost + self.bound.best

    @property
    def idle(self) -> bool:
        """Whether nobody has gained for a while."""
        searched = self.search is None or self.search.rounds >= self._gain + ROUNDS
        return searched and self.bound.rounds >= BOUND_ROUNDS

    def take_turns(self, seconds: float | None = None) -> bool:
        """Some moves, some tries at the bound, some sets; whether that gained anything.

        Parameters
        ----------
        seconds
            What is left, so that no long turn begins.
        """
        before = self.cost, self.least
        self.turns += 1
        if self.search is not None:
            self._move(self.search)
            if self.admits_exact and not self._proved and self.turns > EXACT_TURN * len(self._units):
                self._look_everywhere(self.search)
        if not self._proved:
            self.bound.improve(PROPOSALS, seconds)
        return (self.cost, self.least) != before

    def _move(self, search: OrderSearch) -> None:
        if search.rounds >= self._gain + ROUNDS and self.turns % QUIET:
            return
        cost = search.cost
        search.advance()
        if search.cost < cost:
            self._gain = search.rounds

    def _look_everywhere(self, search: OrderSearch) -> None:
        """Search exactly with the groups of the bound; begin again with better ones if it takes long."""
        if self._exact is None or self._exact.states > self._budget:
            self._budget *= 1 if self._exact is None else 4
            self._exact = ExactSearch(self.bound.cuts, self.bound.groups, search.cost, fast=self._fast)
        exact = self._exact
        exact.tighten(search.cost)
        exact.advance(STATES if exact.compiled else FEW_STATES)
        if exact.order is not None and exact.limit < search.cost:
            search.begin(exact.order)
        self._proved = exact.done


def _units_left(graph: OrderGraph, reduction: Reduction) -> list[int]:
    """The units of the whole graph that those of the graph that is left stand for."""
    return [graph.unit_of[reduction.origin[members[0]]] for members in reduction.graph.units]
