"""The choice between the best plan of the chain and the framework's own forward or reverse mode.

Plans are compared in fma, which is exact and says little about operations that are bound by memory or by
launching them. Whether a plan beats not cutting at all is therefore decided by an estimate of time, in units
of one fma of a large dense product. Nothing is measured when it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from chainorder.autodiff.segments import Segment, Work, chain_of
from chainorder.costs.evaluations import evaluations
from chainorder.costs.steps import How, Instruction, Place, Step, replay
from chainorder.errors import ChainError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers import plan as make_plan
from chainorder.structures.banded import Diagonal, Identity
from chainorder.structures.dense import Dense
from chainorder.structures.pattern import Pattern

ENTRY = 8
"""What writing an entry takes: an fma of a large dense product takes about 0.06 ns, an entry 0.5 ns."""

READ = 4
"""What reading an entry of a constant takes."""

MARGIN = 0.85
"""A plan has to be estimated at less than this part of the framework's own mode to be preferred to it."""


class Mode(StrEnum):
    """How a Jacobian is computed."""

    PLAN = "plan"
    FORWARD = "jacfwd"
    REVERSE = "jacrev"


@dataclass(frozen=True)
class Rates:
    """What a framework makes of work.

    Attributes
    ----------
    launch
        What launching an operation takes, in fma of a large dense product.
    transform
        What transforming a function for an evaluation takes, once for all directions.
    """

    launch: int
    transform: int = 0

    def evaluate(self, work: Work, directions: int) -> int:
        """The time of evaluating a linear map in some directions at once."""
        once = work.constants * READ + work.kernels * self.launch
        return directions * (work.products + work.moved * ENTRY) + once

    def multiply(self, left: Pattern, right: Pattern) -> int:
        """The time of a product of two Jacobians."""
        if left.free or right.free:
            return 0
        rows, columns = left.shape[0], right.shape[1]
        if left.diagonal and right.diagonal:
            return rows * ENTRY + self.launch
        if left.diagonal or right.diagonal:
            return rows * columns * ENTRY + self.launch
        inner = left.shape[1]  # sparse factors are multiplied as dense ones
        read = (rows + columns) * inner * READ
        return rows * inner * columns + read + rows * columns * ENTRY + self.launch


@dataclass(frozen=True)
class Choice:
    """How the Jacobian of a function is computed, and what the ways were estimated to take.

    Attributes
    ----------
    segments
        The parts that the function was cut into, input first.
    plan
        The best plan of their chain.
    times
        The estimates, in fma of a large dense product; only of what can be done.
    forced
        Whether the plan is used whatever the estimates say.
    """

    segments: tuple[Segment, ...]
    plan: Plan
    times: Mapping[Mode, int]
    forced: bool = False

    @property
    def chain(self) -> Chain:
        """The chain of the segments."""
        return self.plan.chain

    @cached_property
    def mode(self) -> Mode:
        """What is done: the plan only where it is estimated to be worth it."""
        own = [mode for mode in (Mode.REVERSE, Mode.FORWARD) if mode in self.times]
        if self.forced or not own:
            return Mode.PLAN
        best = min(own, key=lambda mode: self.times[mode])
        return Mode.PLAN if self.times[Mode.PLAN] < MARGIN * self.times[best] else best

    def factor(self, mode: Mode) -> float:
        """How many times faster than a mode the chosen one is estimated to be."""
        return self.times[mode] / max(1, self.times[self.mode])


@dataclass(frozen=True)
class Unplanned:
    """A function that is left to the framework's own reverse mode (or forward mode, where only that works).

    Attributes
    ----------
    why
        The reason.
    """

    why: str
    mode: Mode = Mode.REVERSE

    @property
    def chain(self) -> Chain:
        """Raises `ChainError`: there is none."""
        raise ChainError(f"there is no chain to plan: {self.why}")


def choose(
    segments: Sequence[Segment], rates: Rates, name: str | None = None, solver: str | None = None
) -> Choice:
    """Plan the chain of the segments, and estimate whether that beats forward and reverse mode.

    A plan by a `solver` that is asked for by name is used in any case.
    """
    chain = chain_of(segments, name)
    plans = [
        make_plan(chain, solver=each) for each in ((solver,) if solver else ("auto", *_sweeps(segments)))
    ]
    plan = min(plans, key=lambda each: plan_time(each, segments, rates))
    times = {Mode.PLAN: plan_time(plan, segments, rates)}
    inputs, outputs = segments[0].inputs, segments[-1].outputs
    tangents = [segment.tangent for segment in segments]
    adjoints = [segment.adjoint for segment in segments]
    for mode, works, directions in ((Mode.FORWARD, tangents, inputs), (Mode.REVERSE, adjoints, outputs)):
        known = [work for work in works if work is not None]
        if len(known) == len(works):
            seeds = directions * directions * ENTRY + rates.launch
            times[mode] = rates.transform + seeds + sum(rates.evaluate(work, directions) for work in known)
    return Choice(tuple(segments), plan, times, forced=solver is not None)


def _sweeps(segments: Sequence[Segment]) -> tuple[str, ...]:
    """The sweeps that may be faster than the plan of least fma: those of sparse parts, by colours."""
    if all(isinstance(segment.structure, Dense | Diagonal | Identity) for segment in segments):
        return ()
    both = (("forward", [s.tangent for s in segments]), ("reverse", [s.adjoint for s in segments]))
    return tuple(solver for solver, works in both if None not in works)


def plan_time(plan: Plan, segments: Sequence[Segment], rates: Rates) -> int:
    """The estimated time of a plan's operations, and of writing the Jacobian out."""
    own = [plan.chain.pattern(number) for number in range(1, len(segments) + 1)]
    live = {(n, n): own[n - 1] for n, segment in enumerate(segments, 1) if segment.explicit}
    times: list[int] = []

    def make(instruction: Instruction[Place], operands: list[Pattern]) -> Pattern:
        number = instruction.through
        if instruction.how is How.REUSE:
            return operands[0]
        if number is None:
            left, right = operands
            times.append(rates.multiply(left, right))
            return left @ right
        pattern = instruction.how.pattern(own[number - 1], operands)
        times.append(_evaluation_time(instruction, segments[number - 1], pattern, rates))
        return pattern

    for _ in replay(plan.operations.steps.instructions(), live, make):
        pass
    (last,) = live.values()
    written = last.shape[0] * last.shape[1] * ENTRY if last.diagonal or last.free else 0
    return sum(times) + written


def _evaluation_time(
    instruction: Instruction[Place], segment: Segment, pattern: Pattern, rates: Rates
) -> int:
    """The time of evaluating a segment for a result of a pattern, and of making an identity for that."""
    forward = instruction.how is How.TANGENTS
    work = segment.tangent if forward else segment.adjoint
    assert work is not None
    made = not instruction.operands and not pattern.diagonal
    seeds = pattern.shape[1 if forward else 0] ** 2 * ENTRY if made else 0
    count = evaluations(Step.TANGENT if forward else Step.ADJOINT, pattern)
    return rates.transform + seeds + rates.evaluate(work, count)
