"""Vertices that are safe to eliminate first: some best order begins with them, so no search has to.

Write w for the weight of a vertex, W for that of a set, P and S for the neighbours of v above and below. v is
*tight below* if no cut between v and the outputs weighs less than W(S): it never has less below it than now.

**Beside an input.** v has one predecessor, an input u that weighs no more than v, and is tight below. Take
any order and move v to its front. A vertex that had v above it now has u there instead, which is no more
weight; none had v below it, for only u is above v. v itself costs w(v) · w(u) · W(S), the least it can. So
the order does not cost more.

**Behind a single edge.** v has one predecessor, an inner vertex u that weighs no more than v and whose only
successor is v; v is tight below, and no cut above u weighs less than W(S). Take any order. If v goes before
u, move v to the front: until v went, a vertex that had v above it now has u there instead, and v itself costs
w(v) · w(u) · W(S) in front and at least that later. If u goes before v, let v go in front, and u when v went:
between the two, u stands where v stood, with the same neighbours and no more weight. What u cost, at least
w(u) · W(S) · w(v) because of the cut above it, pays for v in front; what v cost pays for u. So
the order does not cost more.

Both hold with the directions reversed: before an output, and in front of a single edge. Elimination of what
is safe may make other vertices safe. Cuts of the graph that is left are cuts of the whole in which no
vertex that is gone has a part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainorder.elimination.cuts import Cuts
from chainorder.elimination.order_graph import OrderGraph
from chainorder.elimination.remaining import Remaining

MAX_VERTICES = 1_000
"""Vertices of a graph up to which reductions are looked for."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """What is left after safe eliminations.

    Attributes
    ----------
    order
        The vertices that were eliminated, in order.
    cost
        What that took.
    graph
        The graph that is left.
    origin
        Which vertex of the whole graph each of its vertices is.
    """

    order: tuple[int, ...]
    cost: int
    graph: OrderGraph
    origin: tuple[int, ...]

    @classmethod
    def none(cls, graph: OrderGraph) -> Reduction:
        """The whole graph."""
        return cls((), 0, graph, tuple(range(len(graph.weights))))


def reduced(graph: OrderGraph) -> Reduction:
    """Eliminate what is safe, until nothing is: O(n) cuts for each vertex that goes, at the most.

    A graph with vertices that may cost less than their weight says, or a very large one, stays as it is.
    """
    if len(graph.weights) > MAX_VERTICES or not graph.priced:
        return Reduction.none(graph)
    state = _State.of(graph)
    order: list[int] = []
    cost = 0
    waiting = dict.fromkeys(vertex for members in graph.units for vertex in members)
    while waiting:
        vertex = next(iter(waiting))
        del waiting[vertex]
        if state.is_safe(vertex):
            near = [*state.left.into[vertex], *state.left.out[vertex]]
            cost += state.eliminate(vertex)
            order.append(vertex)
            # Cuts far away grow, too, but what becomes safe by that alone is rare.
            waiting |= dict.fromkeys(each for each in near if graph.unit_of[each] >= 0)
    return state.rest(graph, order, cost)


@dataclass(eq=False)
class _State:
    """A graph in the course of safe eliminations."""

    left: Remaining
    ends: frozenset[int]
    cuts: Cuts

    @classmethod
    def of(cls, graph: OrderGraph) -> _State:
        ends = frozenset(vertex for vertex, unit in enumerate(graph.unit_of) if unit < 0)
        return cls(Remaining.of(graph), ends, Cuts(graph))

    def is_safe(self, vertex: int) -> bool:
        """Whether some best order of what is left begins with this vertex."""
        into, out, cuts = self.left.into, self.left.out, self.cuts
        return self._follows(vertex, into, out, cuts.above, cuts.below) or self._follows(
            vertex, out, into, cuts.below, cuts.above
        )

    def _follows(
        self,
        vertex: int,
        near: list[set[int]],
        far: list[set[int]],
        near_cut: Callable[[int], int],
        far_cut: Callable[[int], int],
    ) -> bool:
        """Whether a vertex is beside an input or behind a single edge; sides exchanged, the reverse."""
        if len(near[vertex]) != 1:
            return False
        (other,) = near[vertex]
        beside = other in self.ends
        weights = self.left.weights
        if weights[other] > weights[vertex] or not (beside or far[other] == {vertex}):
            return False
        beyond = self.left.weight(far[vertex])
        return far_cut(vertex) == beyond and (beside or near_cut(other) >= beyond)

    def eliminate(self, vertex: int) -> int:
        """Eliminate a vertex; what that takes."""
        self.cuts.forget(vertex)
        return self.left.eliminate(vertex)

    def rest(self, graph: OrderGraph, order: list[int], cost: int) -> Reduction:
        """The graph without the vertices that are gone."""
        gone = set(order)
        origin = tuple(vertex for vertex in range(len(graph.weights)) if vertex not in gone)
        number = {vertex: at for at, vertex in enumerate(origin)}
        units, places = [], []
        for members, place in zip(graph.units, graph.places, strict=True):
            left = tuple(number[vertex] for vertex in members if vertex not in gone)
            if left:
                units.append(left)
                places.append(place)
        edges = sorted((number[a], number[b]) for a in origin for b in self.left.out[a])
        pick = tuple(graph.weights[vertex] for vertex in origin)
        prices = tuple(graph.prices[vertex] for vertex in origin)
        rest = OrderGraph(pick, tuple(edges), tuple(units), tuple(places), prices, graph.exact)
        return Reduction(tuple(order), cost, rest, origin)
