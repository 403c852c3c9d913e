"""What the steps of a plan cost and store, under the cost model of the patterns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from chainorder.chain import Chain
from chainorder.errors import PlanError
from chainorder.models import evaluations_fma
from chainorder.pattern import Pattern, fma
from chainorder.steps import Step, Steps

IntColumn = npt.NDArray[Any]
"""Exact integers: int64, or Python ints in an object array where int64 could overflow."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Costs of the steps of a plan.

    Attributes
    ----------
    fma
        Shape (steps,): fused multiply–adds of each.
    entries
        Shape (steps,): stored entries of each result.
    peak_memory
        The most stored matrix entries live at once: explicit elementals from the start until their use;
        operands and result of a step coexist, operands are freed after it.
    """

    fma: IntColumn
    entries: IntColumn
    peak_memory: int


def price(chain: Chain, steps: Steps) -> Prices:
    """Price steps: O(steps), vectorised where all elementals are dense and explicit."""
    return _price_dense(chain, steps) if chain.dense and not chain.modelled else _price_patterns(chain, steps)


def total(column: IntColumn) -> int:
    """The exact sum of a column."""
    return int(column.sum()) if len(column) else 0


def int_column(values: list[int]) -> IntColumn:
    """A column whose running sums are exact: int64 where they fit, else Python ints."""
    return np.array(values, np.int64 if sum(map(abs, values)) < 2**62 else object)


def time_column(times: list[int]) -> IntColumn:
    """A column of times to which costs of an `int_column` can be added."""
    return np.array(times, np.int64 if max(times, default=0) < 2**62 else object)


def starts(costs: IntColumn) -> IntColumn:
    """When each of a row of operations starts if they run one after the other."""
    return np.cumsum(costs, dtype=costs.dtype) - costs


def exact_sizes(chain: Chain) -> npt.NDArray[Any]:
    """Sizes in a type in which sums of `length` products of three of them are exact."""
    sizes = chain.sizes
    fits = 4 * len(chain) * int(sizes.max()) ** 3 < 2**63
    return sizes if fits else sizes.astype(object)


def _price_dense(chain: Chain, steps: Steps) -> Prices:
    sizes = exact_sizes(chain)
    elementals = sizes[1:] * sizes[:-1]
    if not len(steps):
        return Prices(elementals[:0], elementals[:0], total(elementals))
    rows, inner, columns = sizes[steps.j], sizes[steps.k], sizes[steps.i - 1]
    result = rows * columns
    released = inner * (rows + columns)
    # Live entries when a product ends, before its operands go.
    live = total(elementals) + np.cumsum(result) - starts(released)
    return Prices(result * inner, result, int(live.max()))


def _price_patterns(chain: Chain, steps: Steps) -> Prices:
    store = Store(chain)
    costs, entries = [], []
    for row in steps:
        costs.append(store.run(*row))
        entries.append(store.live[row[1], row[3]].entries)
    return Prices(int_column(costs), int_column(entries), store.peak)


class Store:
    """The patterns that are live while steps run, one after the other.

    Attributes
    ----------
    live
        Patterns of accumulated or multiplied Jacobians by their (j, i).
    entries, peak
        Stored entries now, and the most so far.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.live: dict[tuple[int, int], Pattern] = {}
        explicit = (n for n in range(1, len(chain) + 1) if chain.kind(n).explicit)
        self.unused = {n: chain.pattern(n) for n in explicit}
        self.entries = self.peak = sum(pattern.entries for pattern in self.unused.values())

    def run(self, step: Step, j: int, k: int, i: int) -> int:
        """Do one step; its fma."""
        match step:
            case Step.MULTIPLY:
                left, right = self._take(j, k + 1), self._take(k, i)
                self._put(j, i, left @ right, left.entries + right.entries)
                return fma(left, right)
            case Step.ACCUMULATE_TANGENT | Step.ACCUMULATE_ADJOINT:
                result = self.chain.pattern(i)
                self._put(i, i, result, 0)
            case Step.TANGENT:
                operand = self._take(j - 1, i)
                result = self.chain.pattern(j) @ operand
                self._put(j, i, result, operand.entries + self._pass_by(j))
            case Step.ADJOINT:
                operand = self._take(j, i + 1)
                result = operand @ self.chain.pattern(i)
                self._put(j, i, result, operand.entries + self._pass_by(i))
            case _:
                assert_never(step)
        return self._evaluations(step, j if step is Step.TANGENT else i, result)

    def _evaluations(self, step: Step, number: int, result: Pattern) -> int:
        cost = evaluations_fma(self.chain.kind(number), step, result, self.chain.memory)
        if cost is None:
            what = "tangent" if step.by_tangents else "adjoint within the memory"
            raise PlanError(f"elemental {number} has no {what}")
        return cost

    def _take(self, j: int, i: int) -> Pattern:
        if i == j and i in self.unused:
            return self.unused.pop(i)
        return self.live.pop((j, i))

    def _pass_by(self, number: int) -> int:
        """Entries of an explicit matrix that a step through its model makes useless."""
        return self.unused.pop(number).entries if number in self.unused else 0

    def _put(self, j: int, i: int, result: Pattern, released: int) -> None:
        self.live[j, i] = result
        self.peak = max(self.peak, self.entries + result.entries)
        self.entries += result.entries - released
