"""The exact search: is there a schedule by a deadline?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from chainorder.plans.scheduling import Job, Schedule, assign_machines
from chainorder.solvers.machines import kernel
from chainorder.solvers.machines.alternatives import Alternative, Alternatives
from chainorder.solvers.machines.bounds import COLUMNS, LateWork, critical_paths, least_work
from chainorder.solvers.machines.kernel import BEST, DEADLINE, LENGTH, Instance, State

PROBES = 16
"""Times at which the bound is taken: more do not prune more."""

KEPT = 10
"""Pending subchains up to which a state is remembered."""

TABLE, SMALL_TABLE = 2**16, 2**10
"""States that are remembered, compiled and not."""

Explore = Callable[[Instance, State, int], bool]


class Model:
    """The problem as columns for the kernel; shared by all searches of a chain.

    Parameters
    ----------
    alternatives
        Of the chain.
    machines
        At least 2.
    transfer
        The delay for each entry.
    horizon
        A makespan that can be reached.
    fast
        Whether to compile the kernel, if Numba is there and no sum of costs can overflow.
    """

    def __init__(
        self, alternatives: Alternatives, machines: int, transfer: int, horizon: int, *, fast: bool = True
    ) -> None:
        self.alternatives = alternatives
        self.machines = machines
        late = LateWork.of(alternatives, horizon, COLUMNS)
        path, work = critical_paths(alternatives), least_work(alternatives)

        def promise(alternative: Alternative) -> int:
            """A bound on a subchain that is made by it: the best alternatives come first."""
            after = max([path[o] for o in alternative.operands], default=0)
            return alternative.cost + max(after, sum([work[o] for o in alternative.operands]) // machines)

        ordered = [sorted(options, key=promise) for options in alternatives.of]
        self.flat: list[Alternative] = [each for options in ordered for each in options]
        delays = [transfer * entries for entries in alternatives.entries]
        delays[alternatives.whole] = 0
        sums = (
            sum(path)
            + sum(delays)
            + 4 * sum(work)
            + machines * horizon
            + max(each.cost for each in self.flat)
        )
        compiled = kernel.fast() if fast and 8 * sums < 2**63 else None
        self.compiled = compiled is not None
        self.explore: Explore = compiled or kernel.explore
        column = self.column
        random = np.random.default_rng(0)
        self.instance = Instance(
            machines=machines,
            width=alternatives.length,
            kept=min(KEPT, alternatives.length),
            delta=late.delta,
            columns=COLUMNS,
            probes=PROBES,
            first=column([0, *accumulate(len(options) for options in ordered)]),
            cost=column([each.cost for each in self.flat]),
            left=column([each.operands[0] if each.operands else -1 for each in self.flat]),
            right=column([each.operands[1] if len(each.operands) > 1 else -1 for each in self.flat]),
            longest=column([max([each.cost for each in options], default=0) for options in ordered]),
            path=column(path),
            late=column(late.table.ravel().tolist()),
            delay=column(delays),
            moving=any(delays),
            sign=column(random.integers(1, 2**62, len(alternatives.of)).tolist()),
        )

    def column(self, values: Sequence[int]) -> Any:
        """Integers as the kernel takes them."""
        return np.array(values, np.int64) if self.compiled else list(values)

    def zeros(self, count: int) -> Any:
        """Room for integers."""
        return np.zeros(count, np.int64) if self.compiled else [0] * count


class Search:
    """All schedules by a deadline, searched bit by bit.

    Attributes
    ----------
    done
        Whether nothing is left to search: then `best` is the optimum, or no schedule meets the deadline.
    """

    def __init__(self, model: Model, deadline: int) -> None:
        self.model = model
        self.done = False
        p, zeros = model.instance, model.zeros
        levels = 2 * p.width + 1
        table = TABLE if model.compiled else SMALL_TABLE
        widths = dict.fromkeys(State._fields, levels) | {
            "at": 5,
            **dict.fromkeys(("pending", "release", "gap", "home"), levels * p.width),
            "free": levels * p.machines,
            "seen_sign": table,
            "seen": table * (4 * p.kept + p.machines),
        }
        self.state = State(**{name: zeros(width) for name, width in widths.items()})
        whole = model.alternatives.whole
        self.state.at[DEADLINE], self.state.at[BEST] = deadline, -1
        self.state.pending[0], self.state.gap[0], self.state.count[0] = whole, -1, 1
        self.state.sign[0] = p.sign[whole]
        kernel.turn_to(p, self.state, 0, 0)

    @property
    def deadline(self) -> int:
        """What is asked for now: less than every schedule found."""
        return int(self.state.at[DEADLINE])

    @property
    def best(self) -> int | None:
        """The least makespan found; None if none meets the deadline so far."""
        best = int(self.state.at[BEST])
        return best if best >= 0 else None

    def advance(self, nodes: int) -> None:
        """Search some nodes on."""
        self.done = self.model.explore(self.model.instance, self.state, nodes)

    def tighten(self, deadline: int) -> None:
        """Ask for better schedules than were asked for."""
        self.state.at[DEADLINE] = min(self.deadline, deadline)

    def schedule(self) -> tuple[list[Job], Schedule]:
        """The best schedule found, in forward time."""
        s, alternatives = self.state, self.model.alternatives
        makespan = int(s.at[BEST])
        jobs: list[Job] = []
        made: dict[int, int] = {}
        starts: list[int] = []
        machines: list[int] = []
        for level in range(int(s.at[LENGTH]) - 1, -1, -1):
            alternative = self.model.flat[s.best_taken[level]]
            made[alternatives.number_of(alternative)] = len(jobs)
            operands = tuple(made[o] for o in alternative.operands)
            jobs.append(
                Job(alternative.row, alternative.cost, operands, alternatives.entries_of(alternative))
            )
            starts.append(makespan - int(s.best_start[level]) - alternative.cost)
            machines.append(int(s.best_on[level]))
        if not self.model.instance.moving:
            machines = assign_machines(jobs, starts, self.model.machines)
        return jobs, Schedule(machines, starts, makespan)
