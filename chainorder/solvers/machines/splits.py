"""A fast heuristic: a few good trees, list-scheduled."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from chainorder.plans.scheduling import Job, Schedule, list_schedule
from chainorder.solvers.machines.alternatives import Alternative, Alternatives, Tree, jobs_of_tree

MOST_TREES = 12
"""Trees that are kept of a subchain, and that are scheduled of the whole chain."""

ALL_TREES = 300_000
"""Trees that are looked at in all, about: of the subchains of long chains, fewer are kept."""

SPLITS = 500_000
"""Splits of machines that are looked at; of long chains on many machines there are more, and none is."""


def best_schedule(ways: Alternatives, machines: int, transfer: int = 0) -> tuple[list[Job], Schedule]:
    """The best of list schedules of `good_trees` and, without transfer, of the schedule of `split_machines`.

    So it is never worse than that dynamic program, where that does not take too long.
    """
    trees = good_trees(ways, machines)
    jobs, best = _scheduled(ways, trees[0], machines, transfer)
    if not transfer and len(ways.flat) * machines**2 <= SPLITS:
        split = split_machines(ways, machines)
        if split.makespan < best.makespan:
            jobs, best = schedule_of_split(ways, split)
    for tree in trees[1:]:
        if max(tree.path, -(-tree.work // machines)) < best.makespan:
            other, schedule = _scheduled(ways, tree, machines, transfer)
            if schedule.makespan < best.makespan:
                jobs, best = other, schedule
    return jobs, best


def _scheduled(ways: Alternatives, tree: Tree, machines: int, transfer: int) -> tuple[list[Job], Schedule]:
    jobs = jobs_of_tree(ways, tree)
    return jobs, list_schedule(jobs, machines, transfer)


def good_trees(ways: Alternatives, machines: int) -> list[Tree]:
    """Trees of the whole chain with little on the critical path and little work.

    Of every subchain those are kept of which no other has both the shorter critical path and the less work,
    and of the whole chain also those of the least max(critical path, work / machines).
    """
    keep = max(2, min(MOST_TREES, int((ALL_TREES / len(ways.flat)) ** 0.5)))
    kept: list[list[Tree]] = []
    trees: list[Tree] = []
    for options in ways.of:
        trees = [tree for way in options for tree in _trees(way, kept)]
        kept.append(_spread(_front(trees), keep))
    trees.sort(key=lambda tree: (max(tree[0] * machines, tree[1]), tree[0]))
    return [*kept[-1], *trees[:MOST_TREES]]


def _trees(way: Alternative, kept: list[list[Tree]]) -> list[Tree]:
    """The trees of a way and of trees that are kept of its operands."""
    cost = way.cost
    match way.operands:
        case ():
            return [Tree(cost, cost, way, ())]
        case (operand,):
            return [Tree(t[0] + cost, t[1] + cost, way, (t,)) for t in kept[operand]]
        case (left, right):
            return [
                Tree(max(t[0], u[0]) + cost, t[1] + u[1] + cost, way, (t, u))
                for t in kept[left]
                for u in kept[right]
            ]
    raise AssertionError(way)


def _front(trees: list[Tree]) -> list[Tree]:
    """Those that none undercuts in both, by rising critical path."""
    front: list[Tree] = []
    for tree in sorted(trees, key=itemgetter(0, 1)):
        if not front or tree[1] < front[-1][1]:
            front.append(tree)
    return front


def _spread(trees: list[Tree], count: int) -> list[Tree]:
    """At most `count` of them, the first and the last among them."""
    if len(trees) <= count:
        return trees
    return [trees[round(place * (len(trees) - 1) / (count - 1))] for place in range(count)]


class Split(NamedTuple):
    """A tree whose subtrees have machines of their own, or all of them one after the other.

    Attributes
    ----------
    makespan
        Of this schedule.
    way
        The operation that ends it.
    share
        Machines of the first of two operands that are made at once; 0 if operands have all machines.
    operands
        What the operands are made by.
    """

    makespan: int
    way: Alternative
    share: int
    operands: tuple[Split, ...]


def split_machines(ways: Alternatives, machines: int) -> Split:
    """The dynamic program over splits of machines (Märtens & Naumann 2025).

    The operands of an operation are made one after the other by all machines that there are for it, or at
    once by some for the one and the rest for the other:

        T(S, m) = min over ways w:  c_w + min(T(L, m) + T(R, m), min over l + r = m:  max(T(L, l), T(R, r))).
    """
    table: list[list[Split]] = []
    for options in ways.of:
        counts = range(1, machines + 1) if options else ()
        table.append([_best_split(options, table, count) for count in counts])
    return table[-1][-1]


def _best_split(options: Iterable[Alternative], table: list[list[Split]], count: int) -> Split:
    best: Split | None = None
    for way in options:
        rows = [table[operand] for operand in way.operands]
        makespan, share = way.cost + sum([row[count - 1][0] for row in rows]), 0
        if len(rows) == 2:
            left, right = rows
            for some in range(1, count):
                parallel = way.cost + max(left[some - 1][0], right[count - some - 1][0])
                if parallel < makespan:
                    makespan, share = parallel, some
        if best is None or makespan < best[0]:
            shares = (share, count - share) if share else (count, count)
            best = Split(
                makespan, way, share, tuple([row[k - 1] for row, k in zip(rows, shares, strict=False)])
            )
    assert best is not None
    return best


def schedule_of_split(ways: Alternatives, split: Split) -> tuple[list[Job], Schedule]:
    """The schedule that a split stands for: machines from `first` on, from the time `start` on."""
    rows: list[tuple[int, int, Alternative]] = []  # start, machine, way
    pending = [(split, 0, 0)]
    while pending:
        each, start, first = pending.pop()
        end = start + each.makespan
        rows.append((end - each.way.cost, first, each.way))
        at = start
        for place, operand in enumerate(each.operands):
            if each.share:
                pending.append((operand, start, first + place * each.share))
            else:
                pending.append((operand, at, first))
                at += operand.makespan
    rows.reverse()  # operands first
    made: dict[int, int] = {}
    jobs: list[Job] = []
    for _, _, way in rows:
        made[ways.number_of(way)] = len(jobs)
        jobs.append(Job(way.row, way.cost, tuple(made[o] for o in way.operands), ways.entries_of(way)))
    return jobs, Schedule([row[1] for row in rows], [row[0] for row in rows], split.makespan)
