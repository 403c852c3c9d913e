"""The choice between the best plan of the chain, colours, and the framework's own forward or reverse mode.

Plans are compared in fma, which is exact and says little about operations that are bound by memory or by
launching them. Whether a plan beats not cutting at all is therefore decided by an estimate of time, in units
of one fma of a large dense product. Nothing is measured when it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import assert_never

from chainorder.autodiff.colours import Colouring, Positions, colourings
from chainorder.autodiff.pieces import AnyPiece
from chainorder.autodiff.separation import Separation
from chainorder.autodiff.work import Work
from chainorder.costs.evaluations import evaluations
from chainorder.costs.steps import How, Instruction, Place, Step, replay
from chainorder.errors import ChainError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers import plan as make_plan
from chainorder.structures.banded import Diagonal, Identity
from chainorder.structures.dense import Dense
from chainorder.structures.pattern import Pattern

ENTRY = 24
"""What writing an entry takes: an fma of a large dense product takes about 0.02 ns, an entry 0.5 ns."""

READ = 12
"""What reading an entry of a constant takes."""

SUM = 75
"""What adding an entry to others takes where a reduction does that one by one."""

TAKE, PLACE = 30, 120
"""What reading an entry of a sparse Jacobian from the evaluations takes, and writing it into a dense one."""

NEAR = 3
"""Up to so many times what writing the Jacobian takes, other ways to compute it are not looked for."""

MARGIN = 0.85
"""What is less plain has to be estimated at less than this share of the time to be preferred."""


class Mode(StrEnum):
    """How a Jacobian is computed."""

    PLAN = "plan"
    COLOURS = "colours"
    SEPARABLE = "separable"
    BLOCKS = "blocks"
    FORWARD = "jacfwd"
    REVERSE = "jacrev"


OWN = Mode.REVERSE, Mode.FORWARD
"""Those of the framework."""


@dataclass(frozen=True)
class Rates:
    """What a framework makes of work.

    Attributes
    ----------
    launch
        What launching an operation takes, in fma of a large dense product.
    transform
        What transforming a function for an evaluation takes, once for all directions.
    call
        What a call takes whatever is done in it.
    """

    launch: int
    transform: int = 0
    call: int = 0

    def shared(self, batch: int) -> Rates:
        """The rates for one of many that are computed at once: they share what is done once."""
        return Rates(self.launch // batch, self.transform // batch, self.call // batch)

    def evaluate(self, work: Work, directions: int) -> int:
        """The time of evaluating a linear map in some directions at once."""
        once = work.constants * READ + work.kernels * self.launch
        return directions * (work.products + work.moved * ENTRY + work.sums * SUM) + once

    def multiply(self, left: Pattern, right: Pattern) -> int:
        """The time of a product of two Jacobians."""
        if left.free or right.free:
            return 0
        rows, columns = left.shape[0], right.shape[1]
        if left.diagonal and right.diagonal:
            return rows * ENTRY + self.launch
        if left.diagonal or right.diagonal:
            return rows * columns * (ENTRY + READ) + self.launch
        inner = left.shape[1]  # sparse factors are multiplied as dense ones
        read = (rows + columns) * inner * READ
        return rows * inner * columns + read + rows * columns * ENTRY + self.launch


@dataclass(frozen=True)
class Choice:
    """How the Jacobian of a function is computed, and what the ways were estimated to take.

    Attributes
    ----------
    pieces
        Those that the function was cut into, input first.
    plan
        The best plan of their chain.
    times
        The estimates, in fma of a large dense product; only of what can be done.
    forced
        What is done whatever the estimates say; None if they decide.
    positions
        Where the Jacobian may be nonzero, if that is known.
    colouring
        The best colouring of these, if there is one.
    separation
        How it is made of a part that is not linear, if that is worth a look.
    groups
        Where blocks are computed apart: the groups of blocks, with a choice of its own for each.
    results, arguments
        The arrays of the result and of the arguments, where there are several.
    """

    pieces: tuple[AnyPiece, ...]
    plan: Plan
    times: Mapping[Mode, int]
    forced: Mode | None = None
    positions: Positions | None = field(default=None, repr=False)
    colouring: Colouring | None = field(default=None, repr=False)
    separation: Separation | None = field(default=None, repr=False)
    groups: tuple[Group, ...] = ()
    results: tuple[Leaf, ...] = ()
    arguments: tuple[Leaf, ...] = ()

    def __str__(self) -> str:
        gains = (f"{self.factor(mode):,.2f} times as fast as {mode}" for mode in OWN if mode in self.times)
        size = f"{self.chain.inputs:,} → {self.chain.outputs:,}"
        return ", ".join([f"Jacobian of {size} by {self.way}", *gains])

    def __repr__(self) -> str:
        return f"<{self}>"

    @property
    def way(self) -> str:
        """How it is computed, in some words."""
        match self.mode:
            case Mode.COLOURS:
                return str(self.colouring)
            case Mode.PLAN:
                return f"a plan of {len(self.pieces)} pieces"
            case Mode.SEPARABLE:
                return str(self.separation)
            case Mode.BLOCKS:
                return f"{len(self.groups)} groups of blocks"
            case Mode.FORWARD | Mode.REVERSE:
                return str(self.mode)
            case _:
                assert_never(self.mode)

    def divided(self, groups: Sequence[Group], rates: Rates) -> Choice:
        """The same where groups of blocks may be computed apart, in one call."""
        times = [group.choice.times[group.choice.mode] for group in groups]
        time = sum(times) - (len(times) - 1) * rates.call
        return replace(self, times={**self.times, Mode.BLOCKS: time}, groups=tuple(groups))

    @property
    def chain(self) -> Chain:
        """The chain of the pieces."""
        return self.plan.chain

    @property
    def places(self) -> Positions | None:
        """Where what is done leaves entries that may be nonzero, if that is known."""
        if self.mode is Mode.SEPARABLE and self.separation is not None:
            return self.separation.whole
        return self.positions

    @cached_property
    def mode(self) -> Mode:
        """What is done: colours, and a plan rather than these, only where that seems to be worth it."""
        if self.forced is not None:
            return self.forced
        best = min(
            (mode for mode in OWN if mode in self.times), key=lambda mode: self.times[mode], default=None
        )
        for mode in (Mode.COLOURS, Mode.SEPARABLE, Mode.PLAN, Mode.BLOCKS):
            if mode in self.times and (best is None or self.times[mode] < MARGIN * self.times[best]):
                best = mode
        assert best is not None  # there always is a plan
        return best

    def factor(self, mode: Mode) -> float:
        """How many times faster than a mode the chosen one is estimated to be."""
        return self.times[mode] / max(1, self.times[self.mode])


@dataclass(frozen=True)
class Leaf:
    """An array of the result or of the arguments.

    Attributes
    ----------
    name
        Where it is in their tree.
    size
        Its entries.
    """

    name: str
    size: int


@dataclass(frozen=True)
class Group:
    """Blocks of a Jacobian that are computed together.

    Attributes
    ----------
    rows, columns
        The numbers of the arrays of the result and of the arguments that they are about.
    choice
        How.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    choice: Choice


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
    pieces: Sequence[AnyPiece],
    rates: Rates,
    name: str | None = None,
    solver: str | None = None,
    positions: Positions | None = None,
    separation: Callable[[], Separation | None] = lambda: None,
    *,
    dense: bool = True,
) -> Choice:
    """Plan the chain of the pieces, and estimate whether that beats colours, forward and reverse mode.

    Parameters
    ----------
    pieces
        Those of the function, input first.
    rates
        What the framework makes of work.
    name
        Of the chain.
    solver
        The solver of a plan that is used in any case.
    positions
        Where the Jacobian may be nonzero, if that is known.
    separation
        Finds what of it is not linear, if there is anything else; asked where that may bring something.
    dense
        Whether the Jacobian is wanted as arrays with all entries.
    """
    times = framework_times(pieces, rates)
    found = [] if positions is None or solver else list(colourings(positions))
    by_colours = {
        each: time for each in found if (time := colours_time(each, pieces, rates, dense)) is not None
    }
    colouring = min(by_colours, key=lambda each: by_colours[each], default=None)
    if colouring is not None:
        times[Mode.COLOURS] = by_colours[colouring]
    separated = separation() if min(times.values(), default=0) > _near(pieces, positions, dense) else None
    if separated is not None:
        separated, time = _separated(separated, rates, dense)
        if time is not None:
            times[Mode.SEPARABLE] = time
    chain = Chain([piece.elemental for piece in pieces], name)
    plans = [make_plan(chain, solver=each) for each in ((solver,) if solver else ("auto", *_sweeps(pieces)))]
    plan = min(plans, key=lambda each: plan_time(each, pieces, rates))
    times[Mode.PLAN] = plan_time(plan, pieces, rates)
    times = {mode: rates.call + time for mode, time in times.items()}
    forced = Mode.PLAN if solver is not None else None
    return Choice(tuple(pieces), plan, times, forced, positions, colouring, separated)


def _near(pieces: Sequence[AnyPiece], positions: Positions | None, dense: bool) -> int:
    """A time beside which there is little to gain: some times what writing the Jacobian takes."""
    written = pieces[0].inputs * pieces[-1].outputs * ENTRY
    return NEAR * (written if dense or positions is None else positions.count * TAKE)


def framework_times(pieces: Sequence[AnyPiece], rates: Rates) -> dict[Mode, int]:
    """The estimated times of forward and of reverse mode, where the framework has them."""
    times: dict[Mode, int] = {}
    for mode, directions in ((Mode.FORWARD, pieces[0].inputs), (Mode.REVERSE, pieces[-1].outputs)):
        time = _evaluated(pieces, rates, directions, adjoint=mode is Mode.REVERSE)
        if time is not None:
            times[mode] = directions * directions * ENTRY + rates.launch + time
    return times


def colours_time(colouring: Colouring, pieces: Sequence[AnyPiece], rates: Rates, dense: bool) -> int | None:
    """The estimated time of evaluating and sorting out colours; None if the framework has no such rule."""
    inputs, outputs, count = pieces[0].inputs, pieces[-1].outputs, len(colouring.adjoint)
    total = placing((outputs, inputs), count) if dense else count * TAKE
    for directions, length, adjoint in (
        (colouring.tangents, inputs, False),
        (colouring.adjoints, outputs, True),
    ):
        time = _evaluated(pieces, rates, directions, adjoint=adjoint) if directions else 0
        if time is None:
            return None
        total += directions * length * ENTRY + time
    return total + 2 * rates.launch


def _separated(separation: Separation, rates: Rates, dense: bool) -> tuple[Separation, int | None]:
    """With the colouring that is best for it, and the estimated time; None if it cannot be evaluated so."""
    whole, terms = separation.whole, separation.sums.count
    total = terms * (TAKE + SUM) + (placing(whole.shape, whole.count) if dense else 0) + 2 * rates.launch
    times = {
        each: time
        for each in colourings(separation.middle)
        if (time := colours_time(each, [separation.piece], rates, dense=False)) is not None
    }
    best = min(times, key=lambda each: times[each], default=None)
    return replace(separation, colouring=best), None if best is None else times[best] + total


def _evaluated(pieces: Sequence[AnyPiece], rates: Rates, directions: int, *, adjoint: bool) -> int | None:
    works = [piece.adjoint if adjoint else piece.tangent for piece in pieces]
    known = [rates.evaluate(work, directions) for work in works if work is not None]
    return rates.transform + sum(known) if len(known) == len(works) else None


def _sweeps(pieces: Sequence[AnyPiece]) -> tuple[str, ...]:
    """The sweeps that may be faster than the plan of least fma: those of sparse pieces, by colours."""
    if all(isinstance(piece.structure, Dense | Diagonal | Identity) for piece in pieces):
        return ()
    both = (
        ("forward", [piece.tangent for piece in pieces]),
        ("reverse", [piece.adjoint for piece in pieces]),
    )
    return tuple(solver for solver, works in both if None not in works)


def plan_time(plan: Plan, pieces: Sequence[AnyPiece], rates: Rates) -> int:
    """The estimated time of a plan's operations, and of writing the Jacobian out."""
    own = [plan.chain.pattern(number) for number in range(1, len(pieces) + 1)]
    live = {(n, n): own[n - 1] for n, piece in enumerate(pieces, 1) if piece.explicit}
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
        times.append(_evaluation_time(instruction, pieces[number - 1], pattern, rates))
        return pattern

    for _ in replay(plan.operations.steps.instructions(), live, make):
        pass
    (last,) = live.values()
    written = last.shape[0] * last.shape[1] * ENTRY if last.diagonal or last.free else 0
    return sum(times) + written


def _evaluation_time(instruction: Instruction[Place], piece: AnyPiece, pattern: Pattern, rates: Rates) -> int:
    """The time of evaluating a piece for a result of a pattern, and of making an identity for that."""
    forward = instruction.how is How.TANGENTS
    work = piece.tangent if forward else piece.adjoint
    assert work is not None
    made = not instruction.operands and not pattern.diagonal
    seeds = pattern.shape[1 if forward else 0] ** 2 * ENTRY if made else 0
    count = evaluations(Step.TANGENT if forward else Step.ADJOINT, pattern)
    sorting = (
        0 if pattern.full or pattern.diagonal else placing(pattern.shape, pattern.nnz) + 2 * rates.launch
    )
    return rates.transform + seeds + rates.evaluate(work, count) + sorting


def placing(shape: tuple[int, int], entries: int) -> int:
    """What it takes to make a matrix of a shape of the entries of a sparse one."""
    return shape[0] * shape[1] * ENTRY + entries * (TAKE + PLACE)
