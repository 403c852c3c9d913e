"""What the steps of a plan cost and store, under the cost model of the patterns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, assert_never

import numpy as np
import numpy.typing as npt

from chainorder.costs.evaluations import evaluations, model_name
from chainorder.costs.steps import Shares, Step, Steps, source_of
from chainorder.errors import PlanError
from chainorder.problems.chain import Chain
from chainorder.structures.pattern import Pattern, fma

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


def price(chain: Chain, steps: Steps, fills: Fills | None = None) -> Prices:
    """Price steps: O(steps), vectorised where all elementals are dense and explicit.

    By default products are made to price what comes of them; `fills` knows better.
    """
    if chain.dense and not chain.modelled and not (steps.step == Step.REUSE).any():
        return _price_dense(chain, steps)
    store = Store(chain, Made(chain) if fills is None else fills)
    costs, entries = [], []
    for row in steps:
        costs.append(store.run(*row))
        entries.append(store.live[row[1], row[3]].entries)
    return Prices(int_column(costs), int_column(entries), store.peak)


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


class Stored(Protocol):
    """What is known of a Jacobian that is stored."""

    @property
    def entries(self) -> int:
        """Matrix entries stored for it."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the model of an elemental holds until it is used."""

    entries: int


class Fills(Protocol):
    """What results of steps look like and cost; subchains by their last and first elemental, from 1."""

    def own(self, number: int) -> Stored:
        """The Jacobian of an elemental."""

    def product(self, j: int, k: int, i: int, left: Any, right: Any) -> Stored:
        """F'_{j,k+1} · F'_{k,i}."""

    def fma(self, j: int, k: int, i: int, left: Any, right: Any) -> int:
        """What that product costs."""

    def evaluations(self, step: Step, j: int, i: int, result: Any) -> int:
        """How many tangents or adjoints a step evaluates."""


class Made:
    """Results made as patterns."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain

    def own(self, number: int) -> Pattern:
        """The pattern of an elemental."""
        return self.chain.pattern(number)

    def product(self, j: int, k: int, i: int, left: Pattern, right: Pattern) -> Pattern:
        """The pattern of a product."""
        return left @ right

    def fma(self, j: int, k: int, i: int, left: Pattern, right: Pattern) -> int:
        """What it costs, to the unit."""
        return fma(left, right)

    def evaluations(self, step: Step, j: int, i: int, result: Pattern) -> int:
        """The colours of the result."""
        return evaluations(step, result)


class Store:
    """What is live while steps run, one after the other.

    Attributes
    ----------
    live
        Accumulated or multiplied Jacobians by their (j, i).
    entries, peak
        Stored entries now, and the most so far.
    """

    def __init__(self, chain: Chain, fills: Fills) -> None:
        self.chain = chain
        self.fills = fills
        self.live: dict[tuple[int, int], Stored] = {}
        self.shares = Shares()
        explicit = (n for n in range(1, len(chain) + 1) if chain.kind_of(n).explicit)
        self.unused = {n: fills.own(n) for n in explicit}
        self.unused |= {
            n: Held(chain.kind_of(n).held) for n in range(1, len(chain) + 1) if chain.kind_of(n).held
        }
        self.entries = self.peak = sum(stored.entries for stored in self.unused.values())

    def run(self, step: Step, j: int, k: int, i: int) -> int:
        """Do one step; its fma."""
        match step:
            case Step.MULTIPLY:
                released = self._released(j, k + 1) + self._released(k, i)
                left, right = self._take(j, k + 1), self._take(k, i)
                self._put(j, i, self.fills.product(j, k, i, left, right), released)
                return self.fills.fma(j, k, i, left, right)
            case Step.REUSE:
                self.live[j, i] = self.live[source_of(j, k, i)]
                self.shares.share(source_of(j, k, i), (j, i))
                self.entries -= sum(self._pass_by(number) for number in range(i, j + 1))
                return 0
            case Step.ACCUMULATE_TANGENT | Step.ACCUMULATE_ADJOINT:
                result = self.fills.own(i)
                self._put(i, i, result, self._pass_by(i))
            case Step.TANGENT:
                released = self._released(j - 1, i)
                operand = self._take(j - 1, i)
                result = self.fills.product(j, j - 1, i, self.fills.own(j), operand)
                self._put(j, i, result, released + self._pass_by(j))
            case Step.ADJOINT:
                released = self._released(j, i + 1)
                operand = self._take(j, i + 1)
                result = self.fills.product(j, i, i, operand, self.fills.own(i))
                self._put(j, i, result, released + self._pass_by(i))
            case _:
                assert_never(step)
        return self._evaluate(step, j, i, result)

    def _evaluate(self, step: Step, j: int, i: int, result: Stored) -> int:
        number = j if step is Step.TANGENT else i
        kind = self.chain.kind_of(number)
        cost = kind.tangent if step.by_tangents else kind.adjoint_within(self.chain.memory)
        if cost is None:
            raise PlanError(f"elemental {number} has no {model_name(step)}")
        return self.fills.evaluations(step, j, i, result) * cost + kind.overhead

    def _take(self, j: int, i: int) -> Stored:
        if i == j and i in self.unused:
            return self.unused.pop(i)
        return self.live.pop((j, i))

    def _released(self, j: int, i: int) -> int:
        """Entries that go when an operand is used, unless the same result is used elsewhere, too."""
        if i == j and i in self.unused:
            return self.unused[i].entries
        return self.live[j, i].entries if self.shares.last((j, i)) else 0

    def _pass_by(self, number: int) -> int:
        """Entries of an explicit matrix, or held by a model, that a step makes useless."""
        return self.unused.pop(number).entries if number in self.unused else 0

    def _put(self, j: int, i: int, result: Stored, released: int) -> None:
        self.live[j, i] = result
        self.peak = max(self.peak, self.entries + result.entries)
        self.entries += result.entries - released
