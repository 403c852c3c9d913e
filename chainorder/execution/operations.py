"""One operation of a plan, wherever it runs: operands in, the result and what it took out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from chainorder.chain import Chain, Elemental
from chainorder.execution.kernels import multiply
from chainorder.execution.model import CHUNK_ENTRIES, Evaluated, Model, by_adjoints, by_tangents
from chainorder.execution.operand import Operand
from chainorder.execution.sources import Jacobians
from chainorder.pattern import Pattern, counted_fma
from chainorder.plan import Operation
from chainorder.steps import Action


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

    kind: Elemental
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
    if operation.action is Action.MULTIPLY:
        return None
    return operation.i if operation.action is Action.ADJOINT else operation.j


def stepped_of(operation: Operation, chain: Chain, source: Jacobians) -> Stepped | None:
    """The same with its model."""
    number = stepped_number(operation)
    if number is None:
        return None
    return Stepped(chain.kind(number), chain.pattern(number), source.models[number])


def operands_of(operation: Operation) -> list[tuple[int, int]]:
    """The (j, i) of the Jacobians that an operation uses; those of models are not among them."""
    j, k, i = operation.j, operation.k or 0, operation.i
    match operation.action:
        case Action.MULTIPLY:
            return [(j, k + 1), (k, i)]
        case Action.ACCUMULATE:
            return []
        case Action.TANGENT:
            return [(j - 1, i)]
        case Action.ADJOINT:
            return [(j, i + 1)]
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
        self._entries = self.peak = sum(self._live.values())

    def enter(self, operation: Operation, entries: int) -> None:
        """An operation makes a result of so many entries; then its operands go."""
        self.peak = max(self.peak, self._entries + entries)
        number = stepped_number(operation)
        # A step by its model makes an explicit matrix useless.
        gone = [*operands_of(operation), *([] if number is None else [(number, number)])]
        self._entries += entries - sum(self._live.pop(place, 0) for place in gone)
        self._live[operation.j, operation.i] = entries


def perform(
    operation: Operation, operands: Sequence[Operand], stepped: Stepped | None, settings: Settings
) -> Done:
    """Run one operation, and count what it does from the operands at hand."""
    started = time.perf_counter()
    if stepped is None:
        result = multiply(*operands, symbolic=settings.symbolic)
        seconds = time.perf_counter() - started
        left, right = operands
        return Done(result, counted_fma(left.pattern, right.pattern), 0, seconds)
    by_tangent = operation.action is Action.TANGENT or operation.mode == "tangent"
    evaluated = _evaluate(operands[0] if operands else None, stepped, settings.chunk, by_tangent=by_tangent)
    seconds = time.perf_counter() - started
    cost = stepped.kind.tangent if by_tangent else stepped.kind.adjoint
    fma = evaluated.evaluations * (cost or 0) + stepped.kind.overhead
    return Done(evaluated.result, fma, evaluated.evaluations, seconds)


def _evaluate(operand: Operand | None, stepped: Stepped, chunk: int, *, by_tangent: bool) -> Evaluated:
    pattern = stepped.pattern
    if by_tangent:
        pattern = pattern if operand is None else pattern @ operand.pattern
        return by_tangents(stepped.model, operand, pattern, chunk)
    pattern = pattern if operand is None else operand.pattern @ pattern
    return by_adjoints(stepped.model, operand, pattern, chunk)
