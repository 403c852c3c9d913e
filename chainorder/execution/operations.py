"""The operations of a plan, wherever they run: operands in, the result and what it took out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from chainorder.costs.steps import At, How, Instruction, Ledger, Place, Step, replay, source_of
from chainorder.errors import ExecutionError
from chainorder.execution.backends import Backend, Form
from chainorder.execution.checks import relative_error
from chainorder.execution.model import Model
from chainorder.execution.sources import Jacobians
from chainorder.plans.chain_operations import Operation
from chainorder.plans.chain_plan import Plan
from chainorder.plans.graph_operations import GraphOperation
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import ModelCosts
from chainorder.structures.pattern import Pattern
from chainorder.system.phases import phase

Planned = TypeVar("Planned", Operation, GraphOperation)
"""An operation of a chain's plan, or of a graph's."""


@dataclass(frozen=True, slots=True)
class OperationRecord(Generic[Planned]):
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
    adds
        Additions where the result is added to others in a graph.
    """

    operation: Planned
    fma: int
    evaluations: int
    seconds: float
    format: str
    start: float = 0.0
    machine: int = 0
    adds: int = 0


@dataclass(frozen=True, eq=False)
class Stepped:
    """An elemental whose model is evaluated.

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
class Done(Generic[Form]):
    """What came of an instruction: the result, counted fma and additions, evaluations, wall time."""

    result: Form
    fma: int
    adds: int
    evaluations: int
    started: float
    seconds: float

    def record(self, operation: Planned, start: float) -> OperationRecord[Planned]:
        """The record of an operation that starts with the instruction."""
        form = self.result.format
        return OperationRecord(
            operation, self.fma, self.evaluations, self.seconds, form, start, adds=self.adds
        )


def stepped_of(chain: Chain, source: Jacobians, number: int) -> Stepped:
    """An elemental of a chain with its model."""
    return Stepped(chain.kind_of(number), chain.pattern(number), source.models[number])


def stored_at_start(source: Jacobians) -> dict[Place, int]:
    """Entries of the explicit Jacobians of a chain, and the factors of solves, held until they are used."""
    stored = {(n, n): operand.pattern.entries for n, operand in source.operands.items()}
    return stored | {(n, n): model.fma for n, model in source.models.items() if model.fma is not None}


def check_reuse(plan: Plan, source: Jacobians) -> None:
    """Raise `ExecutionError` unless the elementals of reused products are those of the products' sources."""
    steps = plan.operations.steps
    for step, j, k, i in steps if (steps.step == Step.REUSE).any() else ():
        last, first = source_of(j, k, i)
        pairs = zip(range(i, j + 1), range(first, last + 1), strict=True) if step is Step.REUSE else ()
        for number, other in pairs:
            mine, theirs = source.operands[number], source.operands[other]
            if mine is not theirs and relative_error(mine.matrix(), theirs.matrix()) != 0:
                raise ExecutionError(
                    f"the plan reuses products of elemental {other} for {number}, but their Jacobians "
                    "differ; plan with the solver dynamic, which reuses nothing"
                )


def perform(
    backend: Backend[Any, Model, Form],
    instruction: Instruction[Any],
    operands: list[Form],
    stepped: Stepped | None,
) -> Done[Form]:
    """Carry out one instruction, and count what it does from the operands at hand."""
    model, own = (None, None) if stepped is None else (stepped.model, stepped.pattern)
    started = time.perf_counter()
    done = backend.carry_out(instruction, operands, model, own)
    seconds = time.perf_counter() - started
    fma = adds = 0
    if stepped is not None:
        fma = _evaluations_fma(stepped, instruction.how, done.evaluations)
    elif instruction.how is How.MULTIPLY:
        fma = backend.fma(*operands)
    elif instruction.how is How.ADD:
        adds = sum(each.pattern.nnz for each in operands) - done.result.pattern.nnz
    return Done(done.result, fma, adds, done.evaluations, started, seconds)


def _evaluations_fma(stepped: Stepped, how: How, count: int) -> int:
    cost = stepped.kind.tangent if how is How.TANGENTS else stepped.kind.adjoint
    cost = cost if stepped.model.fma is None else stepped.model.fma
    return count * (0 if cost is None else cost) + stepped.kind.overhead


def run_here(
    backend: Backend[Any, Model, Form],
    operations: Sequence[Planned],
    instructions: Iterable[Instruction[At]],
    live: dict[At, Form],
    ledger: Ledger[At],
    stepped: Callable[[int], Stepped],
) -> tuple[OperationRecord[Planned], ...]:
    """Run the operations of a plan, one after the other; a record for each.

    Parameters
    ----------
    backend
        What carries them out.
    operations, instructions
        What is planned, and what that means.
    live
        The Jacobians at hand; in the end, those that are left.
    ledger
        Counts their entries.
    stepped
        Gives the elemental that an instruction evaluates.
    """
    last: list[Done[Form]] = []
    records: list[OperationRecord[Planned]] = []
    began = time.perf_counter()

    def make(instruction: Instruction[At], operands: list[Form]) -> Form:
        through = instruction.through
        last[:] = [perform(backend, instruction, operands, None if through is None else stepped(through))]
        return last[0].result

    with phase("multiplying", len(operations)) as working:
        for instruction, result in replay(instructions, live, make):
            ledger.enter(instruction, backend.entries(result))
            number, done = instruction.number, last.pop()
            if number < len(records):  # a sum that follows from the operation
                before = records[number]
                seconds, adds = before.seconds + done.seconds, before.adds + done.adds
                records[number] = replace(before, seconds=seconds, adds=adds)
                continue
            records.append(done.record(operations[number], done.started - began))
            working.advance()
    return tuple(records)
