"""The dynamic program, vectorised over the dense chains of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.batch.columns import Choices, PlanColumns
from chainorder.batch.tables import NEVER, ChainTable
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains.dynamic import BY_ADJOINT, BY_TANGENT
from chainorder.structures.index_sets import IntArray


@dataclass(frozen=True, eq=False)
class Solved:
    """The dynamic program's answers for the chains of a table.

    Attributes
    ----------
    table
        What was solved.
    totals
        Least costs, one for each chain.
    choices
        Shape (chains, length, length): the best choice for the subchain of a start and a number of further
        elementals, as in `chainorder.solvers.chains.dynamic`.
    feasible
        Shape (chains,).
    """

    table: ChainTable
    totals: list[int]
    choices: Choices
    feasible: npt.NDArray[np.bool_]

    @cached_property
    def columns(self) -> PlanColumns:
        """The operations of all plans, made when the first of them is looked at."""
        return PlanColumns.of(self.table, self.choices)

    def plan(self, chains: Sequence[Chain], row: int) -> Plan:
        """The plan of one of the chains; what it consists of is made when it is looked at."""
        make: dict[str, Callable[[], Any]] = {
            "chain": lambda: chains[row],
            "operations": lambda: self.columns.of_plan(row),
            "peak_memory": lambda: self.columns.peaks[row],
        }
        why = "planned together with others of its length by the dynamic program"
        return Plan.later(solver="dynamic", fma=self.totals[row], why=why, make=make)


def solve_table(table: ChainTable) -> Solved:
    """The recurrence of `chainorder.solvers.chains.dynamic`: O(length³) operations on arrays of shape
    (chains,)."""
    chains, n = table.tangent.shape
    sizes = np.ascontiguousarray(table.sizes.T)
    columns = (table.tangent, table.adjoint, table.tape, table.overhead)
    tangent, adjoint, tape, overhead = (np.ascontiguousarray(column.T) for column in columns)
    explicit = np.ascontiguousarray(table.explicit.T)
    no_tangent, no_adjoint = tangent < 0, (adjoint < 0) | (tape > table.memory)

    def by_tangents(j: int, i: int) -> IntArray:
        return np.where(no_tangent[j], NEVER, sizes[i] * tangent[j] + overhead[j])

    def by_adjoints(i: int, j: int) -> IntArray:
        return np.where(no_adjoint[i], NEVER, sizes[j + 1] * adjoint[i] + overhead[i])

    least = {}
    for i in range(n):
        least[i, i] = np.where(explicit[i], 0, np.minimum(by_tangents(i, i), by_adjoints(i, i)))
    feasible = np.all([least[i, i] < NEVER for i in range(n)], axis=0)
    choices = np.zeros((chains, n, n), np.int8 if n <= 128 else np.int32)
    for d in range(1, n):
        for i in range(n - d):
            j = i + d
            outer = sizes[i] * sizes[j + 1]
            options = {t: least[i, i + t] + least[i + t + 1, j] + outer * sizes[i + t + 1] for t in range(d)}
            options[BY_TANGENT] = least[i, j - 1] + by_tangents(j, i)
            options[BY_ADJOINT] = least[i + 1, j] + by_adjoints(i, j)
            best, choice = options.pop(0), choices[:, i, d]
            for code, cost in options.items():
                better = cost < best
                choice[better] = code
                best = np.minimum(best, cost)
            least[i, j] = best
    return Solved(table, least[0, n - 1].tolist(), choices, feasible)
