"""What every plan for several machines takes at least.

The last operation of a tree leaves the other machines idle, and so, to a degree, do those before it. Let the
tail of an operation be the time from its start to the end along the operations that use its result, at the
least: it starts no later than its tail before the end. The **late work** L(S, x) of a subchain S is what any
tree of S has to run earlier than x before its end, at the least:

    L(S, x) = min over ways w of S:  max(0, c_w − x) + Σ over operands O of w:  L(O, max(0, x − c_w)),

and L(S, 0) is the least work of S. By the end less x, all of it is done, so for every x with L > 0 a makespan
on m machines is at least x + L(whole, x) / m. This includes the critical path (the largest x with late work)
and work / m (x = 0).

For one given tree it is the bound of E. B. Fernández & B. Bussell, *Bounds on the number of processors and
time for multiprocessor optimal schedules*, IEEE Transactions on Computers C-22, 1973, 745–751, for the
intervals that begin with the schedule: the work that no schedule can move out of them. Here the tree is not
given, so the recurrence takes the least over all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainorder.costs.tables import Table
from chainorder.solvers.machines.alternatives import Alternatives


def critical_paths(ways: Alternatives) -> list[int]:
    """The least makespan of every subchain on as many machines as it likes: O(n³). Exact without transfer."""
    least: list[int] = []
    for options in ways.of:
        paths = [way.cost + max([least[o] for o in way.operands], default=0) for way in options]
        least.append(min(paths, default=0))
    return least


def least_work(ways: Alternatives) -> list[int]:
    """The least fma of every subchain, which is the least makespan on one machine: O(n³)."""
    least: list[int] = []
    for options in ways.of:
        least.append(min([way.cost + sum([least[o] for o in way.operands]) for way in options], default=0))
    return least


@dataclass(frozen=True, eq=False)
class LateWork:
    """L(S, x) of all subchains for x = 0, δ, 2δ, …; rounded down where it lies between.

    Attributes
    ----------
    table
        Shape (subchains, columns); exact integers.
    delta
        The distance δ of the columns.
    """

    table: Table
    delta: int

    @classmethod
    def of(cls, ways: Alternatives, horizon: int, columns: int) -> LateWork:
        """The table up to a horizon: O(n³) operations on rows."""
        work = least_work(ways)
        delta = max(1, -(-horizon // (columns - 1)))
        costliest = max((way.cost for way in ways.flat), default=0)
        dtype = np.dtype(np.int64 if 4 * (max(work) + costliest + horizon + delta) < 2**62 else object)
        times = np.arange(columns).astype(dtype) * delta
        table = np.zeros((len(ways.of), columns), dtype)
        for subchain, options in enumerate(ways.of):
            for place, way in enumerate(options):
                late = np.maximum(way.cost - times, 0)
                # x − c lies between columns; the late work at the later one is a bound.
                after = min(way.cost // delta, columns - 1) + 1
                for operand in way.operands:
                    late[:after] += work[operand]
                    late[after:] += table[operand, 1 : columns - after + 1]
                table[subchain] = late if place == 0 else np.minimum(table[subchain], late)
        return cls(table, delta)

    def bound(self, subchain: int, machines: int) -> int:
        """A lower bound of the makespan of a subchain."""
        late: list[int] = self.table[subchain].tolist()
        return max((x * self.delta + -(-work // machines) for x, work in enumerate(late) if work), default=0)


COLUMNS = 256
"""Columns of late work: more do not prune more."""


def lower_bound(ways: Alternatives, machines: int, horizon: int) -> int:
    """What every plan takes at least, if one takes no more than the horizon."""
    late = LateWork.of(ways, horizon, COLUMNS)
    return max(critical_paths(ways)[ways.whole], late.bound(ways.whole, machines))
