"""What the steps of a plan cost and store, under the cost model of the patterns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from chainorder.costs.evaluations import evaluations, model_name
from chainorder.costs.product_facts import Counted, Facts
from chainorder.costs.steps import How, Instruction, Ledger, Place, Step, Steps, replay
from chainorder.errors import PlanError
from chainorder.problems.chain import Chain
from chainorder.structures.pattern import Pattern, fma

if TYPE_CHECKING:
    from chainorder.costs.exact_fill import ExactFill

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
    live
        Shape (steps,): stored entries live while each runs.
    peak_memory
        The most stored matrix entries live at once: explicit elementals from the start until their use;
        operands and result of a step coexist, operands are freed after it.
    """

    fma: IntColumn
    entries: IntColumn
    live: IntColumn
    peak_memory: int


def price(chain: Chain, steps: Steps, results: Results | None = None) -> Prices:
    """Price steps: O(steps), vectorised where all elementals are dense and explicit.

    By default products are made to price what comes of them; `results` knows better.
    """
    if chain.dense and not chain.modelled and not (steps.step == Step.REUSE).any():
        return _price_dense(chain, steps)
    numbers = range(1, len(chain) + 1)
    pricing = _Pricing(chain, PatternResults(chain) if results is None else results)
    live = {(n, n): pricing.results.own(n) for n in numbers if chain.kind_of(n).explicit}
    held = {(n, n): held for n in numbers if (held := chain.kind_of(n).held)}  # by a model until its use
    ledger = Ledger({place: stored.entries for place, stored in live.items()} | held)
    entries, during = [], []
    for instruction, result in replay(steps.instructions(), live, pricing.make):
        entries.append(result.entries)
        during.append(ledger.enter(instruction, entries[-1]))
    return Prices(int_column(pricing.costs), int_column(entries), int_column(during), ledger.peak)


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
        return Prices(elementals[:0], elementals[:0], elementals[:0], total(elementals))
    rows, inner, columns = sizes[steps.j], sizes[steps.k], sizes[steps.i - 1]
    result = rows * columns
    released = inner * (rows + columns)
    # Live entries when a product ends, before its operands go.
    live = total(elementals) + np.cumsum(result) - starts(released)
    return Prices(result * inner, result, live, int(live.max()))


class Result(Protocol):
    """What is known of a Jacobian that is stored."""

    @property
    def entries(self) -> int:
        """Matrix entries stored for it."""


class Results(Protocol):
    """What results of steps look like and cost; subchains by their last and first elemental, from 1."""

    def own(self, number: int) -> Result:
        """The Jacobian of an elemental."""

    def product(self, j: int, k: int, i: int, left: Any, right: Any) -> Result:
        """F'_{j,k+1} · F'_{k,i}."""

    def fma(self, j: int, k: int, i: int, left: Any, right: Any) -> int:
        """What that product costs."""

    def facts(self, j: int, k: int, i: int, left: Any, right: Any, made: Any) -> Facts:
        """What the time of that product, which is made, depends on."""

    def evaluations(self, step: Step, j: int, i: int, result: Any) -> int:
        """How many tangents or adjoints a step evaluates."""


class PatternResults:
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

    def facts(self, j: int, k: int, i: int, left: Pattern, right: Pattern, made: Pattern) -> Facts:
        """What its time depends on, to the unit."""
        return Counted(left, right, made)

    def evaluations(self, step: Step, j: int, i: int, result: Pattern) -> int:
        """The colours of the result."""
        return evaluations(step, result)


class FilledResults(PatternResults):
    """Results of steps that are made once, or have been made before."""

    def __init__(self, chain: Chain, fill: ExactFill) -> None:
        super().__init__(chain)
        self.fill = fill

    def product(self, j: int, k: int, i: int, left: Pattern, right: Pattern) -> Pattern:
        """The pattern of a product."""
        self.fill.split(i - 1, k - 1, j - 1)
        return self.fill.pattern(i - 1, j - 1)


class _Pricing:
    """What comes of steps, and the fma of each of them so far."""

    def __init__(self, chain: Chain, results: Results) -> None:
        self.chain = chain
        self.results = results
        self.costs: list[int] = []

    def make(self, instruction: Instruction[Place], operands: list[Result]) -> Result:
        """What is stored of a result."""
        how, factors, number, (j, i), *_ = instruction
        if how is How.REUSE:
            self.costs.append(0)
            return operands[0]
        if number is not None:
            return self._evaluated(instruction, number, operands)
        left, right = operands
        k = factors[1][0]
        self.costs.append(self.results.fma(j, k, i, left, right))
        return self.results.product(j, k, i, left, right)

    def _evaluated(self, instruction: Instruction[Place], number: int, operands: list[Result]) -> Result:
        """What evaluations of an elemental yield."""
        j, i = instruction.result
        forward = instruction.how is How.TANGENTS
        step = Step.TANGENT if forward else Step.ADJOINT
        kind, result = self.chain.kind_of(number), self.results.own(number)
        if operands:
            factors = (result, operands[0]) if forward else (operands[0], result)
            result = self.results.product(j, j - 1 if forward else i, i, *factors)
        cost = kind.tangent if forward else kind.adjoint_within(self.chain.memory)
        if cost is None:
            raise PlanError(f"elemental {number} has no {model_name(step)}")
        self.costs.append(self.results.evaluations(step, j, i, result) * cost + kind.overhead)
        return result
