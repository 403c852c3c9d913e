"""The usual rules on graphs whose costs are weights, large ones too: a queue by cost, neighbours as sets."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from chainorder.elimination.order_graph import Neighbours, OrderGraph
from chainorder.elimination.remaining import Remaining

Order = list[int]
"""Units of an order graph."""


def priced(graph: OrderGraph, order: Iterable[int]) -> tuple[int, Order]:
    """What eliminating the units in an order costs, and the order."""
    left, units = Remaining.of(graph), list(order)
    return sum(left.eliminate(vertex) for unit in units for vertex in graph.units[unit]), units


def rules(graph: OrderGraph) -> Iterator[tuple[int, Order]]:
    """The orders of all rules with what they cost: forward, reverse, Markowitz and relative Markowitz."""
    units = range(len(graph.units))
    yield priced(graph, units)
    yield priced(graph, units[::-1])
    yield greedy(graph)
    yield greedy(graph, last_costs(graph))


def greedy(graph: OrderGraph, less: Iterable[int] | None = None) -> tuple[int, Order]:
    """Next the unit whose cost, less a given number, is least; of equals, the first.

    What the order costs, and the order. Only neighbours of what is eliminated change their cost: with P of
    them above and S below, O(P · S + (P + S) (P + S + log n)) a unit. Old entries of the queue are passed
    over.
    """
    left = Remaining.of(graph)
    allowed = [0] * len(graph.units) if less is None else list(less)

    def score(unit: int) -> int:
        return sum(map(left.cost, graph.units[unit])) - allowed[unit]

    scores = {unit: score(unit) for unit in range(len(graph.units))}
    queue = [(each, unit) for unit, each in scores.items()]
    heapq.heapify(queue)
    order: Order = []
    total = 0
    while scores:
        found, unit = heapq.heappop(queue)
        if scores.get(unit) != found:
            continue
        del scores[unit]
        order.append(unit)
        members = graph.units[unit]
        near = {graph.unit_of[each] for v in members for side in (left.into, left.out) for each in side[v]}
        total += sum(map(left.eliminate, members))
        for other in near & scores.keys():
            scores[other] = score(other)
            heapq.heappush(queue, (scores[other], other))
    return total, order


def last_costs(graph: OrderGraph) -> list[int]:
    """What every unit costs at the very end: its weight, inputs that reach it, outputs that it reaches."""
    above = _reached(graph, graph.into(), range(len(graph.weights)))
    below = _reached(graph, graph.out(), range(len(graph.weights) - 1, -1, -1))
    return [sum(graph.prices[v] * above(v) * below(v) for v in members) for members in graph.units]


def _reached(graph: OrderGraph, side: Neighbours, order: Iterable[int]) -> Callable[[int], int]:
    """The weight of the ends that lead to each vertex; vertices are numbered in topological order."""
    ends = [vertex for vertex, unit in enumerate(graph.unit_of) if unit < 0]
    bit = {vertex: 1 << at for at, vertex in enumerate(ends)}
    found = [0] * len(graph.weights)
    for vertex in order:
        for near in side[vertex]:
            found[vertex] |= bit.get(near, 0) | found[near]

    @cache
    def weight(mask: int) -> int:
        return sum(graph.weights[vertex] for at, vertex in enumerate(ends) if mask >> at & 1)

    return lambda vertex: weight(found[vertex])
