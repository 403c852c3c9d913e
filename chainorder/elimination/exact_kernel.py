"""The inner loop of the exact search for an order: depth first over sets of units, bounded by groups.

Plain functions on flat columns, as in `order_kernel`, whose graph they share: a unit that is gone has the
position 0 there, one that is still there `THERE`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from chainorder.elimination import order_kernel
from chainorder.elimination.cut_kernel import Ints, Side
from chainorder.elimination.order_kernel import Orders, weight_beyond
from chainorder.system.compiling import compiled

THERE = 2
"""The position of units that are not eliminated."""

LEVEL, LIMIT, STATES = 0, 1, 2


class Tree(NamedTuple):
    """Where the search is: one level for each unit that is gone.

    Attributes
    ----------
    at
        The level; what a better order costs less than; states so far.
    owner, bit
        Of each unit, its group and its bit there (group −1 if it costs nothing).
    first, rest
        Where the table of each group begins, and the tables: what remains to be paid at least for every set.
    gone
        Of each group, the set that is gone.
    done, cost, least
        At each level: the set of units that are gone, as bits; what that took; what remains at least.
    price
        At each level, for every unit, what it costs next.
    count, turn, child, total
        At each level: units to be tried next, by what they lead to at least, and how many of them are tried.
    taken, best
        The units that are gone, in order; those of the best order.
    near
        Neighbours of a unit.
    seen, paid
        Sets that were searched from, and what they took: one for each slot of a hash.
    """

    at: Ints
    owner: Ints
    bit: Ints
    first: Ints
    rest: Ints
    gone: Ints
    done: Ints
    cost: Ints
    least: Ints
    price: Ints
    count: Ints
    turn: Ints
    child: Ints
    total: Ints
    taken: Ints
    best: Ints
    near: Ints
    seen: Ints
    paid: Ints


def price_of(s: Orders, unit: int) -> int:
    """What eliminating a unit costs now."""
    total = 0
    for slot in range(s.first[unit], s.first[unit + 1]):
        vertex = s.member[slot]
        above = weight_beyond(s.up, s, vertex, 1)
        total += s.price[vertex] * above * weight_beyond(s.down, s, vertex, 1)
    return total


def gather(side: Side, s: Orders, t: Tree, unit: int, count: int) -> int:
    """Add the units beside a unit on one side to `near`; how many there are then."""
    clock = s.seen[len(s.seen) - 1] + 1
    s.seen[len(s.seen) - 1] = clock
    left = 0
    for slot in range(s.first[unit], s.first[unit + 1]):
        s.queue[left] = s.member[slot]
        left += 1
    while left:
        left -= 1
        at = s.queue[left]
        for slot in range(side.first[at], side.first[at + 1]):
            near = side.near[slot]
            if s.seen[near] == clock:
                continue
            s.seen[near] = clock
            place = s.place[s.unit[near]]
            if place == 0:
                s.queue[left] = near
                left += 1
            elif place == THERE:
                t.near[count] = s.unit[near]
                count += 1
    return count


def rest_without(t: Tree, unit: int) -> int:
    """By how much what remains at least falls when a unit goes."""
    group = t.owner[unit]
    if group < 0:
        return 0
    table, gone = t.first[group], t.gone[group]
    return int(t.rest[table + gone] - t.rest[table + (gone | 1 << t.bit[unit])])


def list_children(s: Orders, t: Tree, level: int) -> None:
    """The units that may go next and lead to less than the limit, the most promising first."""
    row = level * len(t.taken)
    count = 0
    for unit in range(len(t.taken)):
        if t.done[level] >> unit & 1:
            continue
        total = t.cost[level] + t.price[row + unit] + t.least[level] - rest_without(t, unit)
        if total >= t.at[LIMIT]:
            continue
        slot = row + count
        while slot > row and t.total[slot - 1] > total:
            t.total[slot], t.child[slot] = t.total[slot - 1], t.child[slot - 1]
            slot -= 1
        t.total[slot], t.child[slot] = total, unit
        count += 1
    t.count[level], t.turn[level] = count, 0


def is_known(t: Tree, done: int, cost: int) -> bool:
    """Whether the search went on from this set at no more cost; else note that it does now."""
    slot = done % len(t.seen)
    if t.seen[slot] == done and t.paid[slot] <= cost:
        return True
    t.seen[slot], t.paid[slot] = done, cost
    return False


def descend(s: Orders, t: Tree, level: int, unit: int) -> None:
    """Eliminate a unit: only its neighbours cost something else then."""
    row, following = level * len(t.taken), (level + 1) * len(t.taken)
    t.done[level + 1] = t.done[level] | 1 << unit
    t.cost[level + 1] = t.cost[level] + t.price[row + unit]
    t.least[level + 1] = t.least[level] - rest_without(t, unit)
    count = gather(s.down, s, t, unit, gather(s.up, s, t, unit, 0))
    s.place[unit] = 0
    t.taken[level] = unit
    if t.owner[unit] >= 0:
        t.gone[t.owner[unit]] |= 1 << t.bit[unit]
    for other in range(len(t.taken)):
        t.price[following + other] = t.price[row + other]
    for slot in range(count):
        t.price[following + t.near[slot]] = price_of(s, t.near[slot])
    list_children(s, t, level + 1)
    t.at[LEVEL] = level + 1


def ascend(s: Orders, t: Tree, level: int) -> None:
    """Take back the last elimination."""
    t.at[LEVEL] = level - 1
    if level:
        unit = t.taken[level - 1]
        s.place[unit] = THERE
        if t.owner[unit] >= 0:
            t.gone[t.owner[unit]] ^= 1 << t.bit[unit]


def explore(s: Orders, t: Tree, states: int) -> bool:
    """Search some states on; whether there is nothing left to search.

    The limit falls to every better order that is found, so the last one found is the best there is.
    """
    until = t.at[STATES] + states
    size = len(t.taken)
    while t.at[LEVEL] >= 0 and t.at[STATES] < until:
        level = t.at[LEVEL]
        slot = level * size + t.turn[level]
        if t.turn[level] == t.count[level] or t.total[slot] >= t.at[LIMIT]:
            ascend(s, t, level)
            continue
        t.turn[level] += 1
        unit = t.child[slot]
        cost = t.cost[level] + t.price[level * size + unit]
        t.at[STATES] += 1
        if level + 1 == size:
            t.at[LIMIT] = cost
            t.taken[level] = unit
            for place in range(size):
                t.best[place] = t.taken[place]
        elif not is_known(t, t.done[level] | 1 << unit, cost):
            descend(s, t, level, unit)
    return bool(t.at[LEVEL] < 0)


FUNCTIONS = (
    weight_beyond,
    price_of,
    gather,
    rest_without,
    list_children,
    is_known,
    descend,
    ascend,
    explore,
)


@cache
def fast() -> dict[str, Any] | None:
    """The functions compiled, if they can be."""
    return compiled(__name__, vars(order_kernel) | globals(), FUNCTIONS)
