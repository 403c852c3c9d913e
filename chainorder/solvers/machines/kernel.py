"""The inner loop of the search for a schedule by a deadline: plain functions on flat arrays.

They run as they are on lists of exact Python ints, and compiled by Numba, if that is installed, on int64.

A schedule is built from its end: time runs backwards, the operation that ends the chain starts at 0, and an
operation releases its operands, the subchains that are still to be made. Operations are placed in the order
of their starts, each as early as it can, which reaches a best schedule: placing those of any schedule in its
own order starts none of them later.

What is left out is dominated, by rules of scheduling under limited resources:

- an operation that would have fitted into a gap that was left before it: only active schedules count
  (B. Giffler & G. L. Thompson, *Algorithms for solving production-scheduling problems*, Operations Research
  8, 1960, 487–503), which is the left-shift rule of E. Demeulemeester & W. Herroelen, *A branch-and-bound
  procedure for the multiple resource-constrained project scheduling problem*, Management Science 38, 1992,
  1803–1818;
- a state with the pending subchains of one that was searched and was nowhere later: their cutset rule, here
  with a table of fixed size;
- a machine that is as good as one tried before: identical machines are interchangeable.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from chainorder.system.compiling import compiled

Ints = Any
"""A flat column: an int64 array when compiled, else a list."""


class Instance(NamedTuple):
    """What is searched: all schedules of all trees of a chain.

    Attributes
    ----------
    machines
        How many.
    width, kept
        Subchains that can be pending at once, and up to how many a state is remembered.
    delta, columns, probes
        The grid of `late`, and at how many times the bound is taken.
    first
        Of each subchain, the place of its first alternative; one more at the end.
    cost, left, right
        Of each alternative, its fma and the subchains that it releases (−1: none).
    longest
        The cost of the costliest alternative of each subchain.
    path
        The critical path of each subchain.
    late
        The late work of each subchain; see `chainorder.solvers.machines.bounds`.
    delay
        How long the result of each subchain takes to another machine.
    moving
        Whether any delay is above 0. If not, machines are alike, and only their times count.
    sign
        A random number for each subchain: a set of them is known by the exclusive or.
    """

    machines: int
    width: int
    kept: int
    delta: int
    columns: int
    probes: int
    first: Ints
    cost: Ints
    left: Ints
    right: Ints
    longest: Ints
    path: Ints
    late: Ints
    delay: Ints
    moving: bool
    sign: Ints


LEVEL, DEADLINE, BEST, LENGTH, NODES = 0, 1, 2, 3, 4


class State(NamedTuple):
    """Where the search is: one level for each operation that is placed.

    Attributes
    ----------
    at
        Level, deadline, best makespan (−1: none), its operations, nodes so far.
    pending, release, gap, home
        At each level, `width` places: the subchains to be made, in order; when the operation that uses
        each starts (in reverse: has ended); the longest time that a machine was left idle although it was
        released; the machine of that operation.
    count, sign
        At each level: how many are pending, and their sign.
    free
        At each level, `machines` places: when each machine is free; in order if machines are alike.
    place, alternative, machine
        At each level: what is tried next.
    taken, start, on
        At each level: the alternative taken from there, its start and its machine.
    best_taken, best_start, best_on
        The same of the best schedule.
    seen_sign, seen
        States that were searched, by their sign (a power of two of them): what is pending, release, gap and
        home of each, then `free`.
    """

    at: Ints
    pending: Ints
    release: Ints
    gap: Ints
    home: Ints
    count: Ints
    sign: Ints
    free: Ints
    place: Ints
    alternative: Ints
    machine: Ints
    taken: Ints
    start: Ints
    on: Ints
    best_taken: Ints
    best_start: Ints
    best_on: Ints
    seen_sign: Ints
    seen: Ints


def explore(p: Instance, s: State, nodes: int) -> bool:
    """Search on for a number of nodes; whether there is nothing left to search.

    The deadline falls below every schedule that is found, so the last one found is the best there is.
    """
    until = s.at[NODES] + nodes
    while s.at[LEVEL] >= 0 and s.at[NODES] < until:
        level = s.at[LEVEL]
        place = s.place[level]
        if place < 0:
            s.at[LEVEL] = level - 1
            continue
        alternative = s.alternative[level]
        if alternative >= p.first[s.pending[level * p.width + place] + 1]:
            turn_to(p, s, level, place - 1)
            continue
        machine = s.machine[level]
        s.machine[level] = machine + 1
        if not p.moving or machine + 1 == p.machines:
            s.machine[level] = 0
            s.alternative[level] = alternative + 1
        if not place_operation(p, s, level, place, alternative, machine):
            continue
        s.at[NODES] += 1
        if s.count[level + 1] == 0:
            keep_best(p, s, level + 1)
        elif not is_hopeless(p, s, level + 1) and not is_known(p, s, level + 1):
            turn_to(p, s, level + 1, s.count[level + 1] - 1)
            s.at[LEVEL] = level + 1
    return bool(s.at[LEVEL] < 0)


def turn_to(p: Instance, s: State, level: int, place: int) -> None:
    """Try the alternatives of a pending subchain next; the longest subchains come first."""
    s.place[level] = place
    s.machine[level] = 0
    if place >= 0:
        s.alternative[level] = p.first[s.pending[level * p.width + place]]


def place_operation(p: Instance, s: State, level: int, place: int, alternative: int, machine: int) -> bool:
    """Make the next level; False if it leads to nothing that is better and not found elsewhere."""
    here = level * p.width + place
    cost = p.cost[alternative]
    if cost <= s.gap[here]:
        return False  # started in the gap instead, it would delay nothing
    start = max(s.release[here], s.free[level * p.machines + machine])
    if p.moving:
        if s.home[here] != machine:
            start = max(start, s.release[here] + p.delay[s.pending[here]])
        if has_twin(p, s, level, machine):
            return False
    end = start + cost
    if end > s.at[DEADLINE] or not pass_pending(p, s, level, place, start):
        return False
    s.sign[level + 1] = s.sign[level] ^ p.sign[s.pending[here]]
    release_operand(p, s, level + 1, p.left[alternative], end, machine)
    release_operand(p, s, level + 1, p.right[alternative], end, machine)
    occupy(p, s, level, machine, start, end)
    s.taken[level] = alternative
    s.start[level] = start
    s.on[level] = machine
    return True


def has_twin(p: Instance, s: State, level: int, machine: int) -> bool:
    """Whether an earlier machine is as good as this one: free at the same time, and both without results."""
    free = level * p.machines
    for other in range(machine):
        if s.free[free + other] == s.free[free + machine]:
            apart = True
            for place in range(level * p.width, level * p.width + s.count[level]):
                if (s.home[place] == machine or s.home[place] == other) and p.delay[s.pending[place]] > 0:
                    apart = False
            if apart:
                return True
    return False


def pass_pending(p: Instance, s: State, level: int, place: int, start: int) -> bool:
    """Hand what stays pending to the next level; False if all alternatives of one would have fit a gap."""
    here, there = level * p.width, (level + 1) * p.width
    idle_from = s.free[level * p.machines]
    for other in range(s.count[level]):
        if other == place:
            continue
        subchain, release, gap = s.pending[here + other], s.release[here + other], s.gap[here + other]
        idle = start - max(release, idle_from)
        if not p.moving and idle > 0 and idle > gap:
            gap = idle
            if gap >= p.longest[subchain]:
                return False
        s.pending[there] = subchain
        # Nothing starts before `start` again. A result that is on its way must not look as if it left then.
        s.release[there] = release if p.moving else max(release, start)
        s.gap[there] = gap
        s.home[there] = s.home[here + other]
        there += 1
    s.count[level + 1] = s.count[level] - 1
    return True


def release_operand(p: Instance, s: State, level: int, subchain: int, at: int, machine: int) -> None:
    """Add a subchain to those that are pending, which stand in the order of their numbers."""
    if subchain < 0:
        return
    first = level * p.width
    place = first + s.count[level]
    while place > first and s.pending[place - 1] > subchain:
        s.pending[place] = s.pending[place - 1]
        s.release[place] = s.release[place - 1]
        s.gap[place] = s.gap[place - 1]
        s.home[place] = s.home[place - 1]
        place -= 1
    s.pending[place] = subchain
    s.release[place] = at
    s.gap[place] = -1
    s.home[place] = machine
    s.count[level] += 1
    s.sign[level] ^= p.sign[subchain]


def occupy(p: Instance, s: State, level: int, machine: int, start: int, end: int) -> None:
    """Hand on when machines are free: no earlier than the last start; in order where machines are alike."""
    here, there = level * p.machines, (level + 1) * p.machines
    if p.moving:
        for other in range(p.machines):
            s.free[there + other] = max(s.free[here + other], start)
        s.free[there + machine] = end
        return
    place = there
    for other in range(here + 1, here + p.machines):
        free = max(s.free[other], start)
        if free > end:
            s.free[place] = end
            end = free
        else:
            s.free[place] = free
        place += 1
    s.free[place] = end


def is_hopeless(p: Instance, s: State, level: int) -> bool:
    """Whether the bounds show that what is pending cannot be done by the deadline."""
    deadline = s.at[DEADLINE]
    free = level * p.machines
    earliest = s.free[free]
    for other in range(free + 1, free + p.machines):
        earliest = min(earliest, s.free[other])
    pending = range(level * p.width, level * p.width + s.count[level])
    for place in pending:
        if max(s.release[place], earliest) + p.path[s.pending[place]] > deadline:
            return True
    time = earliest
    step = max(p.delta, (deadline - earliest) // p.probes)
    while time < deadline:
        room = 0
        for other in range(free, free + p.machines):
            room += max(0, deadline - max(time, s.free[other]))
        for place in pending:
            passed = max(0, time - max(s.release[place], earliest))
            column = (passed + p.delta - 1) // p.delta
            if column < p.columns:
                room -= p.late[s.pending[place] * p.columns + column]
        if room < 0:
            return True
        time += step
    return False


def is_known(p: Instance, s: State, level: int) -> bool:
    """Whether a state with the same pending subchains was searched that was nowhere later; else note it."""
    count = s.count[level]
    if count > p.kept:
        return False
    slot = s.sign[level] & (len(s.seen_sign) - 1)
    row, first, free = slot * (4 * p.kept + p.machines), level * p.width, level * p.machines
    if s.seen_sign[slot] == s.sign[level]:
        known = True
        for k in range(count):
            at = row + 4 * k
            known = known and s.seen[at] == s.pending[first + k] and s.seen[at + 1] <= s.release[first + k]
            known = known and s.seen[at + 2] <= s.gap[first + k] and s.seen[at + 3] == s.home[first + k]
        for k in range(p.machines):
            known = known and s.seen[row + 4 * p.kept + k] <= s.free[free + k]
        if known:
            return True
    s.seen_sign[slot] = s.sign[level]
    for k in range(count):
        at = row + 4 * k
        s.seen[at], s.seen[at + 1] = s.pending[first + k], s.release[first + k]
        s.seen[at + 2], s.seen[at + 3] = s.gap[first + k], s.home[first + k]
    for k in range(p.machines):
        s.seen[row + 4 * p.kept + k] = s.free[free + k]
    return False


def keep_best(p: Instance, s: State, level: int) -> None:
    """Keep a schedule that is complete, and ask for a better one."""
    latest = 0
    for other in range(level * p.machines, (level + 1) * p.machines):
        latest = max(latest, s.free[other])
    s.at[BEST] = latest
    s.at[DEADLINE] = latest - 1
    s.at[LENGTH] = level
    for k in range(level):
        s.best_taken[k], s.best_start[k], s.best_on[k] = s.taken[k], s.start[k], s.on[k]


@cache
def fast() -> Callable[[Instance, State, int], bool] | None:
    """`explore` compiled, if it can be."""
    functions = (
        turn_to,
        has_twin,
        pass_pending,
        release_operand,
        occupy,
        place_operation,
        is_hopeless,
        is_known,
        keep_best,
        explore,
    )
    found = compiled(__name__, globals(), functions)
    return None if found is None else found["explore"]
