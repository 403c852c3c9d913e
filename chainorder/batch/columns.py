"""The plans of all chains of a table at once: their operations in columns, one plan after the other.

What `chainorder.solvers.chains.dynamic.backtrack` and `chainorder.costs.pricing` do chain by chain is done
here subchain by subchain, for all chains; `tests/test_many.py` holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from chainorder.batch.tables import ChainTable
from chainorder.costs.steps import Step
from chainorder.plans.chain_operations import Operations
from chainorder.solvers.chains.dynamic import BY_ADJOINT, BY_TANGENT
from chainorder.structures.index_sets import IntArray

Flags = npt.NDArray[np.bool_]
Choices = npt.NDArray[np.signedinteger]


@dataclass(frozen=True, eq=False)
class PlanColumns:
    """The operations of many plans, each of them for one machine.

    Attributes
    ----------
    operations
        Those of all plans, each plan in an executable order and beginning at time 0.
    bounds
        Where the operations of each plan begin, and at last where all end: chains + 1 numbers.
    peaks
        The peak memory of each plan, in entries.
    """

    operations: Operations
    bounds: list[int]
    peaks: list[int]

    @classmethod
    def of(cls, table: ChainTable, choices: Choices) -> PlanColumns:
        """The plans that the choices for the subchains of a table mean: O(chains · length²)."""
        needed = _needed(choices)
        needed[:, :, 0] &= ~table.explicit
        length = choices.shape[1]
        # The order of `Steps.ordered`: by the last elemental, shorter subchains first.
        last, first = np.array([(j, i) for j in range(1, length + 1) for i in range(j, 0, -1)]).T
        row, cell = np.nonzero(needed[:, first - 1, last - first])
        j, i = last[cell], first[cell]
        step, k = _steps(table, choices, row, j, i)
        ends = np.cumsum(np.bincount(row, minlength=len(table)))
        bounds = np.concatenate([[0], ends])
        costs, entries, freed = _prices(table, row, step, j, k, i)
        own = np.where(table.explicit, table.sizes[:, 1:] * table.sizes[:, :-1], 0).sum(axis=1)
        live = own[row] + _running(entries, row, bounds) + entries - _running(freed, row, bounds)
        peaks = own.copy()
        np.maximum.at(peaks, row, live)
        machine, start = np.zeros(len(row), np.int32), _running(costs, row, bounds)
        return cls(Operations(step, j, k, i, costs, machine, start), bounds.tolist(), peaks.tolist())

    def of_plan(self, row: int) -> Operations:
        """The operations of one of the plans."""
        part = slice(self.bounds[row], self.bounds[row + 1])
        return Operations(*(getattr(self.operations, column.name)[part] for column in fields(Operations)))


def _needed(choices: Choices) -> Flags:
    """Which subchains each best plan makes: of the shape of `choices`."""
    length = choices.shape[1]
    needed = np.zeros(choices.shape, np.bool_)
    needed[:, 0, length - 1] = True
    for d in range(length - 1, 0, -1):
        for first in range(length - d):
            rows = np.flatnonzero(needed[:, first, d])
            choice = choices[rows, first, d].astype(np.int64)
            needed[rows[choice == BY_TANGENT], first, d - 1] = True
            needed[rows[choice == BY_ADJOINT], first + 1, d - 1] = True
            products = choice >= 0
            at, split = rows[products], choice[products]
            needed[at, first, split] = True
            needed[at, first + split + 1, d - split - 1] = True
    return needed


def _steps(
    table: ChainTable, choices: Choices, row: IntArray, j: IntArray, i: IntArray
) -> tuple[npt.NDArray[np.uint8], IntArray]:
    """What makes each of the subchains i..j: codes of `Step`, and k (0 where it means nothing)."""
    choice = choices[row, i - 1, j - i].astype(np.int64)
    by_tangents = table.evaluations(forward=True)[row, i - 1] <= table.evaluations(forward=False)[row, i - 1]
    accumulation = np.where(by_tangents, Step.ACCUMULATE_TANGENT, Step.ACCUMULATE_ADJOINT)
    cases = [i == j, choice == BY_TANGENT, choice == BY_ADJOINT]
    step = np.select(cases, [accumulation, Step.TANGENT, Step.ADJOINT], Step.MULTIPLY)
    return step.astype(np.uint8), np.select(cases, [0, j - 1, i], i + choice)


def _prices(
    table: ChainTable, row: IntArray, step: npt.NDArray[np.uint8], j: IntArray, k: IntArray, i: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Of each operation its fma, the entries of its result, and those that go after it."""
    outputs, inputs = table.sizes[row, j], table.sizes[row, i - 1]
    between = table.sizes[row, k]
    forward = (step == Step.TANGENT) | (step == Step.ACCUMULATE_TANGENT)
    by_tangents = inputs * table.tangent[row, j - 1] + table.overhead[row, j - 1]
    by_adjoints = outputs * table.adjoint[row, i - 1] + table.overhead[row, i - 1]
    product = step == Step.MULTIPLY
    costs = np.select([product, forward], [outputs * between * inputs, by_tangents], by_adjoints)
    used = [between * (outputs + inputs), between * inputs, between * outputs]
    freed = np.select([product, step == Step.TANGENT, step == Step.ADJOINT], used, 0)
    return costs, outputs * inputs, freed


def _running(values: IntArray, row: IntArray, bounds: IntArray) -> IntArray:
    """What comes before each value in its plan, summed; sums over all plans may wrap round and back."""
    before: IntArray = np.concatenate([np.zeros(1, np.int64), np.cumsum(values)])
    sums: IntArray = before[:-1] - before[bounds[row]]
    return sums
