"""One operation of a plan, wherever it runs: operands in, the result and what it took out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from chainorder.costs.steps import Action, Shares, source_of
from chainorder.errors import ExecutionError
from chainorder.execution.checks import relative_error
from chainorder.execution.kernels import multiply
from chainorder.execution.model import CHUNK_ENTRIES, Evaluated, Model, by_adjoints, by_tangents
from chainorder.execution.operand import Operand, fma_between
from chainorder.execution.sources import Jacobians
from chainorder.plans.chain_operations import Operation
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import ModelCosts
from chainorder.structures.pattern import Pattern


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """What one operation did.

    Attributes
    ----------
    operation
        The planned operation.
    fma
        Counted from the operands at hand, or from the evaluations of models.
    evaluations
        Tangents or adjoints evaluated.
    seconds
        Wall time.
    format
        The representation of the result.
    start
        When it started, in seconds since the first operation did.
    machine
        Where it ran: a number of the plan, or another one if that machine had gone.
    """

    operation: Operation
    fma: int
    evaluations: int
    seconds: float
    format: str
    start: float = 0.0
    machine: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """How operations run.

    Attributes
    ----------
    chunk
        Entries of the tangents or adjoints that are in flight at once.
    symbolic
        Whether results keep the positions of entries that cancelled.
    """

    chunk: int = CHUNK_ENTRIES
    symbolic: bool = True


@dataclass(frozen=True, eq=False)
class Stepped:
    """The elemental whose model an operation evaluates.

    Attributes
    ----------
    kind
        Right in all but its sizes.
    pattern
        Of its Jacobian.
    model
        Its tangents and adjoints.
    """

    kind: ModelCosts
    pattern: Pattern
    model: Model


@dataclass(frozen=True, eq=False)
class Done:
    """What came of an operation: the result, counted fma, evaluations, wall time."""

    result: Operand
    fma: int
    evaluations: int
    seconds: float


def stepped_number(operation: Operation) -> int | None:
    """The elemental whose model an operation evaluates; None of a product."""
    if operation.action in (Action.MULTIPLY, Action.REUSE):
        return None
    return operation.i if operation.action is Action.ADJOINT else operation.j


def stepped_of(operation: Operation, chain: Chain, source: Jacobians) -> Stepped | None:
    """The same with its model."""
    number = stepped_number(operation)
    if number is None:
        return None
    return Stepped(chain.kind_of(number), chain.pattern(number), source.models[number])


def operands_of(operation: Operation) -> list[tuple[int, int]]:
    """The (j, i) of the Jacobians that an operation uses; those of models are not among them."""
    j, k, i = operation.j, operation.split, operation.i
    match operation.action:
        case Action.MULTIPLY:
            return [(j, k + 1), (k, i)]
        case Action.ACCUMULATE:
            return []
        case Action.TANGENT:
            return [(j - 1, i)]
        case Action.ADJOINT:
            return [(j, i + 1)]
        case Action.REUSE:
            return [source_of(j, k, i)]
        case _:
            assert_never(operation.action)


class Ledger:
    """Counts the stored entries that are live while operations run in the order of a plan.

    Attributes
    ----------
    peak
        The most so far.
    """

    def __init__(self, source: Jacobians) -> None:
        self._live = {(n, n): operand.pattern.entries for n, operand in source.operands.items()}
        # The factors of a solve are held until it is used.
        self._live |= {(n, n): model.fma for n, model in source.models.items() if model.fma is not None}
        self._shares = Shares()
        self._entries = self.peak = sum(self._live.values())

    def enter(self, operation: Operation, entries: int) -> None:
        """An operation makes a result of so many entries; then its operands go."""
        self.peak = max(self.peak, self._entries + entries)
        number = stepped_number(operation)
        # A step by its model makes an explicit matrix useless.
        gone = [*operands_of(operation), *([] if number is None else [(number, number)])]
        self._entries += entries - sum(self._gone(place) for place in gone)
        self._live[operation.j, operation.i] = entries

    def reuse(self, operation: Operation) -> None:
        """The same result is live once more; the matrices of its own elementals go."""
        place = operation.j, operation.i
        (source,) = operands_of(operation)
        self._shares.share(source, place)
        self._entries -= sum(self._gone((n, n)) for n in range(operation.i, operation.j + 1))
        self._live[place] = self._live[source]

    def _gone(self, place: tuple[int, int]) -> int:
        entries = self._live.pop(place, 0)
        return entries if self._shares.last(place) else 0


def perform(
    operation: Operation, operands: Sequence[Operand], stepped: Stepped | None, settings: Settings
) -> Done:
    """Run one operation, and count what it does from the operands at hand."""
    started = time.perf_counter()
    if stepped is None:
        result = multiply(*operands, symbolic=settings.symbolic)
        seconds = time.perf_counter() - started
        left, right = operands
        return Done(result, fma_between(left, right), 0, seconds)
    by_tangent = operation.action is Action.TANGENT or operation.mode == "tangent"
    evaluated = _evaluate(operands[0] if operands else None, stepped, settings.chunk, by_tangent=by_tangent)
    seconds = time.perf_counter() - started
    cost = stepped.kind.tangent if by_tangent else stepped.kind.adjoint
    cost = cost if stepped.model.fma is None else stepped.model.fma
    fma = evaluated.evaluations * (0 if cost is None else cost) + stepped.kind.overhead
    return Done(evaluated.result, fma, evaluated.evaluations, seconds)


def _evaluate(operand: Operand | None, stepped: Stepped, chunk: int, *, by_tangent: bool) -> Evaluated:
    pattern = stepped.pattern
    if by_tangent:
        pattern = pattern if operand is None else pattern @ operand.pattern
        return by_tangents(stepped.model, operand, pattern, chunk)
    pattern = pattern if operand is None else operand.pattern @ pattern
    return by_adjoints(stepped.model, operand, pattern, chunk)


def check_same(jacobians: Jacobians, operation: Operation, source: tuple[int, int]) -> None:
    """Raise `ExecutionError` unless the elementals of a reused product are those of its source."""
    numbers = range(operation.i, operation.j + 1), range(source[1], source[0] + 1)
    for number, other in zip(*numbers, strict=True):
        mine, theirs = jacobians.operands[number], jacobians.operands[other]
        if mine is not theirs and relative_error(mine.matrix(), theirs.matrix()) != 0:
            raise ExecutionError(
                f"the plan reuses products of elemental {other} for {number}, but their Jacobians differ; "
                "plan with the solver dynamic, which reuses nothing"
            )
