"""The inner loops of the search for an order of vertices: what a change costs, and annealing.

Plain functions on flat columns: on lists of exact Python ints as they are, on int64 arrays compiled by Numba.
Random numbers are drawn here, so both ways take the same steps for a seed.

No graph is changed: the neighbours of a vertex, once others are eliminated, are those that are there and are
reached through eliminated ones. What a vertex costs depends on the set that was eliminated before it, so a
change within a part of the order is priced by that part alone.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

from chainorder.elimination.cut_kernel import Ints, Side
from chainorder.system.compiling import compiled

NEVER = 2**40
"""The position of inputs and outputs."""

SHARPNESS = 1024
"""Different random allowances."""

ALLOWANCES = tuple(-math.log((k + 0.5) / SHARPNESS) for k in range(SHARPNESS))
"""A uniform number among these, times the temperature, is what a change may cost: Metropolis' rule."""

BEST, TOTAL, RANDOM, WORK = 0, 1, 2, 3


class Orders(NamedTuple):
    """The graph, and what the loops write to.

    Attributes
    ----------
    up, down
        Predecessors and successors of every vertex.
    weight, price
        See `OrderGraph`.
    unit
        Of every vertex the unit that it belongs to; the number of units for inputs and outputs.
    first, member
        The vertices of each unit.
    at
        The cost of the best order, of the present one, the state of the random numbers, and edges looked at.
    order, place, cost
        The units in the present order, where each stands (`NEVER` for ends), and what each position costs.
    best
        The best order.
    fresh
        What the positions of a changed part cost.
    seen, queue
        When each vertex was last met, with the clock at the end; vertices still to be looked at.
    allowance
        `ALLOWANCES`.
    """

    up: Side
    down: Side
    weight: Ints
    price: Ints
    unit: Ints
    first: Ints
    member: Ints
    at: Ints
    order: Ints
    place: Ints
    cost: Ints
    best: Ints
    fresh: Ints
    seen: Ints
    queue: Ints
    allowance: Any


def weight_beyond(side: Side, s: Orders, vertex: int, until: int) -> int:
    """The weight of the neighbours on one side, when the units before a position are eliminated."""
    clock = s.seen[len(s.seen) - 1] + 1
    s.seen[len(s.seen) - 1] = clock
    s.queue[0] = vertex
    left, total = 1, 0
    while left:
        left -= 1
        at = s.queue[left]
        s.at[WORK] += side.first[at + 1] - side.first[at]
        for slot in range(side.first[at], side.first[at + 1]):
            near = side.near[slot]
            if s.seen[near] != clock:
                s.seen[near] = clock
                if s.place[s.unit[near]] < until:
                    s.queue[left] = near
                    left += 1
                else:
                    total += s.weight[near]
    return total


def cost_at(s: Orders, position: int) -> int:
    """What eliminating the unit at a position costs."""
    unit = s.order[position]
    total = 0
    for slot in range(s.first[unit], s.first[unit + 1]):
        vertex = s.member[slot]
        above = weight_beyond(s.up, s, vertex, position)
        total += s.price[vertex] * above * weight_beyond(s.down, s, vertex, position)
    return total


def evaluate(s: Orders) -> int:
    """Price the present order; what it costs."""
    total = 0
    for position in range(len(s.order)):
        s.place[s.order[position]] = position
    for position in range(len(s.order)):
        s.cost[position] = cost_at(s, position)
        total += s.cost[position]
    s.at[TOTAL] = total
    return int(total)


def draw(s: Orders, below: int) -> int:
    """A random number from 0 to below `below` (G. Marsaglia, *Xorshift RNGs*, 2003, 32 bits)."""
    x = s.at[RANDOM]
    x ^= (x << 13) & 0xFFFFFFFF
    x ^= x >> 17
    x ^= (x << 5) & 0xFFFFFFFF
    s.at[RANDOM] = x
    return int(x % below)


def shift(s: Orders, source: int, target: int) -> None:
    """Move the unit at one position to another; those between make room."""
    unit = s.order[source]
    step = 1 if target > source else -1
    position = source
    while position != target:
        s.order[position] = s.order[position + step]
        s.place[s.order[position]] = position
        position += step
    s.order[target] = unit
    s.place[unit] = target


def reprice(s: Orders, first: int, last: int, limit: int) -> int:
    """What the positions from first to last cost now; −1 as soon as that is above a limit."""
    total = 0
    for position in range(first, last + 1):
        cost = cost_at(s, position)
        s.fresh[position] = cost
        total += cost
        if total > limit:
            return -1
    return int(total)


def reach(s: Orders) -> int:
    """How far a unit is moved: all scales are equally likely."""
    scale, count = 0, len(s.order) - 1
    while count >> scale:
        scale += 1
    return 1 + draw(s, 1 << draw(s, scale))


def anneal(s: Orders, moves: int, work: int, temperature: float) -> int:
    """Move single units to other places, at one temperature; how many moves it were.

    It ends after so many moves, or as soon as so many edges were looked at.

    A move that costs more is accepted with the probability exp(−more / temperature)
    (S. Kirkpatrick, C. Gelatt & M. Vecchi, *Optimization by simulated annealing*, 1983).
    """
    count = len(s.order)
    until = s.at[WORK] + work
    for move in range(moves):
        if s.at[WORK] > until:
            return move
        source = draw(s, count)
        distance = reach(s)
        target = source + (distance if draw(s, 2) else -distance)
        target = min(max(target, 0), count - 1)
        allowed = temperature * s.allowance[draw(s, SHARPNESS)]
        if source == target:
            continue
        first, last = min(source, target), max(source, target)
        before = 0
        for position in range(first, last + 1):
            before += s.cost[position]
        shift(s, source, target)
        after = reprice(s, first, last, before + int(allowed))
        if after < 0:
            shift(s, target, source)
            continue
        for position in range(first, last + 1):
            s.cost[position] = s.fresh[position]
        s.at[TOTAL] += after - before
        if s.at[TOTAL] < s.at[BEST]:
            s.at[BEST] = s.at[TOTAL]
            for position in range(count):
                s.best[position] = s.order[position]
    return moves


FUNCTIONS = (weight_beyond, cost_at, evaluate, draw, shift, reprice, reach, anneal)


@cache
def fast() -> dict[str, Any] | None:
    """The functions compiled, if they can be."""
    return compiled(__name__, globals(), FUNCTIONS)
