"""The inner loops of the bound of cuts: least vertex cuts, and the cheapest order of a few vertices.

Plain functions on flat columns: on lists of exact Python ints as they are, on int64 arrays compiled by Numba.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from chainorder.system.compiling import compiled

Ints = Any
"""A flat column: an int64 array when compiled, else a list."""


class Side(NamedTuple):
    """The neighbours of all vertices on one side, with the numbers of the edges to them."""

    first: Ints
    near: Ints
    edge: Ints


class Network(NamedTuple):
    """A graph whose cuts are wanted.

    Attributes
    ----------
    up, down
        Predecessors and successors.
    weight
        Of every vertex.
    price
        See `OrderGraph`.
    end
        1 of inputs and outputs, else 0.
    """

    up: Side
    down: Side
    weight: Ints
    price: Ints
    end: Ints


class Room(NamedTuple):
    """What the loops write to.

    Attributes
    ----------
    flow, passed
        How much flows along each edge and through each vertex.
    came, via, queue
        Of each side of each vertex: from where it was reached, and along which edge (−1: through the vertex).
    clear, stop
        Of each vertex: whether it is eliminated, so that it can be in no cut; whether flow ends there.
    above, below
        Members of the group that reach each member, and that it reaches, as bits.
    cuts_above, cuts_below
        For each member and set of eliminated others the least cut; −1 where it is not known.
    least
        What remains at least to be paid for a group when a set of members is gone.
    """

    flow: Ints
    passed: Ints
    came: Ints
    via: Ints
    queue: Ints
    clear: Ints
    stop: Ints
    above: Ints
    below: Ints
    cuts_above: Ints
    cuts_below: Ints
    least: Ints


def enter(room: Room, node: int, before: int, via: int, tail: int) -> int:
    """Put a node at the end of the queue unless it was reached before; where the queue ends then."""
    if room.came[node] >= 0:
        return tail
    room.came[node], room.via[node] = before, via
    room.queue[tail] = node
    return tail + 1


def find_path(there: Side, back: Side, weight: Ints, room: Room, start: int) -> int:
    """Breadth first from a vertex to one where flow ends, as far as capacity is left; −1 if there is none.

    Sides of vertices are numbered: 2 v where flow enters v, 2 v + 1 where it leaves.
    """
    for node in range(len(room.came)):
        room.came[node] = -1
    room.came[2 * start] = 2 * start
    tail = enter(room, 2 * start + 1, 2 * start + 1, -1, 0)
    head = 0
    while head < tail:
        node = room.queue[head]
        head += 1
        vertex = node >> 1
        if node & 1:
            if room.stop[vertex] and vertex != start:
                return int(node)
            for at in range(there.first[vertex], there.first[vertex + 1]):
                tail = enter(room, 2 * there.near[at], node, there.edge[at], tail)
            if room.passed[vertex] > 0:
                tail = enter(room, node - 1, node, -1, tail)
            continue
        if room.clear[vertex] or room.passed[vertex] < weight[vertex]:
            tail = enter(room, node + 1, node, -1, tail)
        for at in range(back.first[vertex], back.first[vertex + 1]):
            if room.flow[back.edge[at]] > 0:
                tail = enter(room, 2 * back.near[at] + 1, node, back.edge[at], tail)
    return -1


def capacity_of(weight: Ints, room: Room, start: int, node: int) -> int:
    """How much the path that leads to a node can take."""
    least = -1
    while node != 2 * start + 1:
        before, edge = room.came[node], room.via[node]
        vertex, left = node >> 1, -1
        if edge >= 0:
            if node & 1:  # back along an edge: no more than flows there
                left = room.flow[edge]
        elif node & 1:
            if not room.clear[vertex]:
                left = weight[vertex] - room.passed[vertex]
        else:
            left = room.passed[vertex]
        if left >= 0 and (least < 0 or left < least):
            least = left
        node = before
    return least


def augment(room: Room, start: int, node: int, amount: int) -> None:
    """Send flow along the path that leads to a node."""
    while node != 2 * start + 1:
        before, edge = room.came[node], room.via[node]
        if edge >= 0:
            room.flow[edge] += -amount if node & 1 else amount
        else:
            room.passed[node >> 1] += amount if node & 1 else -amount
        node = before


def least_cut(there: Side, back: Side, weight: Ints, room: Room, start: int) -> int:
    """The least weight of vertices without which no path leads from a vertex to where flow ends.

    Maximum flow by shortest augmenting paths (Edmonds & Karp 1972): O(vertices · edges²), but with a cut of
    k vertices of weight 1 only k + 1 searches.
    """
    for edge in range(len(room.flow)):
        room.flow[edge] = 0
    for vertex in range(len(room.passed)):
        room.passed[vertex] = 0
    total = 0
    node = find_path(there, back, weight, room, start)
    while node >= 0:
        amount = capacity_of(weight, room, start, node)
        augment(room, start, node, amount)
        total += amount
        node = find_path(there, back, weight, room, start)
    return total


def mark_reached(side: Side, room: Room, members: Ints, size: int, at: int) -> int:
    """The members that a member reaches on one side, as bits."""
    for vertex in range(len(room.stop)):
        room.came[vertex] = 0
    room.queue[0] = members[at]
    head, tail = 0, 1
    while head < tail:
        vertex = room.queue[head]
        head += 1
        for place in range(side.first[vertex], side.first[vertex + 1]):
            near = side.near[place]
            if not room.came[near]:
                room.came[near] = 1
                room.queue[tail] = near
                tail += 1
    found = 0
    for other in range(size):
        if room.came[members[other]]:
            found |= 1 << other
    return found


def cut_after(
    there: Side,
    back: Side,
    p: Network,
    room: Room,
    members: Ints,
    size: int,
    at: int,
    reached: int,
    gone: int,
) -> int:
    """The least cut on one side of a member, when some of those that it reaches are gone."""
    for other in range(size):
        room.clear[members[other]] = gone >> other & 1
        if (reached & ~gone) >> other & 1:
            room.stop[members[other]] = 1
    found = least_cut(there, back, p.weight, room, members[at])
    for other in range(size):
        room.clear[members[other]] = 0
        room.stop[members[other]] = p.end[members[other]]
    return found


def group_bound(p: Network, room: Room, members: Ints, size: int) -> int:
    """What eliminating some vertices costs at least, whatever is done with all others meanwhile.

    Dynamic programming over the sets of members that are gone, from all of them back: O(2^size · size) cuts
    at most, but only one for every set of members that reach, or are reached from, the member in question.
    """
    for at in range(size):
        room.above[at] = mark_reached(p.up, room, members, size, at)
        room.below[at] = mark_reached(p.down, room, members, size, at)
    for slot in range(size << size):
        room.cuts_above[slot] = room.cuts_below[slot] = -1
    whole = (1 << size) - 1
    room.least[whole] = 0
    for gone in range(whole - 1, -1, -1):
        room.least[gone] = -1
        for at in range(size):
            if gone >> at & 1:
                continue
            before, after = gone & room.above[at], gone & room.below[at]
            slot, other = (at << size) + before, (at << size) + after
            if room.cuts_above[slot] < 0:
                room.cuts_above[slot] = cut_after(
                    p.up, p.down, p, room, members, size, at, room.above[at], before
                )
            if room.cuts_below[other] < 0:
                room.cuts_below[other] = cut_after(
                    p.down, p.up, p, room, members, size, at, room.below[at], after
                )
            cost = room.least[gone | 1 << at] + (
                p.price[members[at]] * room.cuts_above[slot] * room.cuts_below[other]
            )
            if room.least[gone] < 0 or cost < room.least[gone]:
                room.least[gone] = cost
    return int(room.least[0])


FUNCTIONS = (
    enter,
    find_path,
    capacity_of,
    augment,
    least_cut,
    mark_reached,
    cut_after,
    group_bound,
)


@cache
def fast() -> dict[str, Any] | None:
    """The functions compiled, if they can be."""
    return compiled(__name__, globals(), FUNCTIONS)
