"""Least cuts of an order graph, and what a group of its vertices costs at least.

Whatever was eliminated before, the neighbours of v above it then separate v from the inputs: every path from
an input to v has a last vertex that is still there, and that is a neighbour. So v costs at least its size
times the least weight of a vertex cut above it times the least one below it, in every order of vertices. This
is an argument about whole vertices: faces may be eliminated for less.

More is known of a group S, once it is decided in which order its members go. When v ∈ S is eliminated after
T ⊂ S, members of T are in no cut, and the neighbours separate v not only from the inputs but from all members
that are still there. The least sum over all orders of S, by dynamic programming over its subsets, is what
S costs at least; the sum over disjoint groups is what every order costs at least.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from chainorder.elimination import cut_kernel
from chainorder.elimination.cut_kernel import Network, Room, Side
from chainorder.elimination.order_graph import Neighbours, OrderGraph
from chainorder.system.compiling import SAFE, Columns

MAX_GROUP = 12
"""Members of a group at the most."""

SMALL = 12
"""Inner vertices up to which loading the compiled loops would take longer than they save."""


class Cuts:
    """Cuts of a graph; what was asked of a group is remembered.

    Parameters
    ----------
    graph
        Whose.
    fast
        Whether to compile the loops, if Numba is there and no cost can overflow.

    Attributes
    ----------
    slowest
        The seconds that a group took at the most.
    """

    def __init__(self, graph: OrderGraph, *, fast: bool | None = None) -> None:
        wanted = sum(map(len, graph.units)) > SMALL if fast is None else fast
        compiled = cut_kernel.fast() if wanted and graph.most < SAFE else None
        columns = Columns(compiled is not None)
        self.graph = graph
        self._least_cut = compiled["least_cut"] if compiled else cut_kernel.least_cut
        self._group = compiled["group_bound"] if compiled else cut_kernel.group_bound
        self._columns = columns
        end = [int(unit < 0) for unit in graph.unit_of]
        self._network = Network(
            side_of(columns, graph.into()),
            side_of(columns, graph.out()),
            columns.of(graph.weights),
            columns.of(graph.prices),
            columns.of(end),
        )
        self._room = self._make_room(0)
        self._size = 0
        self._members = columns.zeros(MAX_GROUP)
        self._known: dict[frozenset[int], int] = {frozenset(): 0}
        self.slowest = 0.0

    def above(self, vertex: int) -> int:
        """The least weight of vertices that separate a vertex from the inputs."""
        network = self._network
        return int(self._least_cut(network.up, network.down, network.weight, self._room, vertex))

    def below(self, vertex: int) -> int:
        """The least weight of vertices that separate a vertex from the outputs."""
        network = self._network
        return int(self._least_cut(network.down, network.up, network.weight, self._room, vertex))

    def forget(self, vertex: int) -> None:
        """Eliminate a vertex: no later cut has a part of it."""
        self._room.clear[vertex] = 1

    def group(self, members: frozenset[int]) -> int:
        """What the members cost at least: up to 2^k k cuts for k of them, each O(n m²), often O(m)."""
        if members not in self._known:
            started = time.perf_counter()
            self._known[members] = self._solve(members)
            self.slowest = max(self.slowest, time.perf_counter() - started)
        return self._known[members]

    def rests(self, members: frozenset[int]) -> list[int]:
        """What remains to be paid for a group at least, for every set of members, as bits, that is gone.

        Bits are those of the members in order.
        """
        self._solve(members)
        return [int(rest) for rest in self._room.least[: 1 << len(members)]]

    def _solve(self, members: frozenset[int]) -> int:
        size = len(members)
        if size > self._size:
            self._room, self._size = self._make_room(size), size
        for at, member in enumerate(sorted(members)):
            self._members[at] = member
        return int(self._group(self._network, self._room, self._members, size))

    def total(self, groups: Iterable[frozenset[int]]) -> int:
        """What disjoint groups cost at least."""
        return sum(map(self.group, groups))

    def _make_room(self, size: int) -> Room:
        zeros, count = self._columns.zeros, len(self.graph.weights)
        return Room(
            flow=zeros(len(self.graph.edges)),
            passed=zeros(count),
            came=zeros(2 * count),
            via=zeros(2 * count),
            queue=zeros(2 * count + 1),
            clear=zeros(count),
            stop=self._columns.of(self._network.end),
            above=zeros(size),
            below=zeros(size),
            cuts_above=zeros(size << size),
            cuts_below=zeros(size << size),
            least=zeros(1 << size),
        )


def side_of(columns: Columns, neighbours: Neighbours) -> Side:
    """Neighbours as columns."""
    return Side(*map(columns.of, (neighbours.first, neighbours.near, neighbours.edge)))
