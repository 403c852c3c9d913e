"""The executor: the operations of a plan, in order, on operands that are freed as soon as they are used."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chainorder.errors import ExecutionError
from chainorder.execute.checks import Check, against_function, against_operand, against_probes
from chainorder.execute.kernels import multiply
from chainorder.execute.operand import Operand
from chainorder.execute.sources import Function, Jacobians, gather
from chainorder.pattern import counted_fma
from chainorder.plan import Operation, Plan
from chainorder.solvers import plan as make_plan

TOLERANCE = 1e-9
"""Relative error that passes by default: far above rounding, far below any mistake."""

FULL_CHECK = 4
"""How many times the plan's own cost a full comparison with another order may take."""

ENTRY_BYTES = 8


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """What one operation did.

    Attributes
    ----------
    operation
        The planned operation.
    fma
        Counted from the operands at hand.
    seconds
        Wall time.
    format
        The representation of the result.
    """

    operation: Operation
    fma: int
    seconds: float
    format: str


@dataclass(frozen=True, eq=False)
class Execution:
    """What came of running a plan.

    Attributes
    ----------
    plan
        The plan.
    jacobian
        F', shape (outputs, inputs): a NumPy array, or a SciPy sparse array where its pattern is sparse.
    fma
        Counted over all operations.
    seconds
        Wall time of all operations, without making Jacobians and checking.
    peak_memory
        The most stored matrix entries live at once.
    records
        One for each operation.
    checks
        Every comparison that was made.
    """

    plan: Plan
    jacobian: Any
    fma: int
    seconds: float
    peak_memory: int
    records: tuple[OperationRecord, ...]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed and the counts are those of the plan."""
        counted = self.fma == self.plan.fma and self.peak_memory == self.plan.peak_memory
        return counted and all(check.passed for check in self.checks)


def execute(
    plan: Plan,
    jacobians: Sequence[Any] | None = None,
    *,
    function: Function | None = None,
    point: Any = None,
    seed: int = 0,
    verify: bool = True,
    tolerance: float = TOLERANCE,
) -> Execution:
    """Compute the Jacobian of a chain in the order of a plan.

    Parameters
    ----------
    plan
        The order.
    jacobians
        The elemental Jacobians, input first: NumPy arrays or SciPy sparse matrices of shape (outputs,
        inputs), a diagonal also as its vector. By default those of the chain's network at a random point,
        or the chain's own matrices, or random ones of the declared structures.
    function, point
        The function itself, from a vector of the chain's inputs to one of its outputs, and where it was
        differentiated; checked by the complex step if it takes complex arguments (it must then be analytic),
        else by central differences.
    seed
        Of everything that is random.
    verify
        Whether to check the result, against another order and against `function`.
    tolerance
        The largest relative error that passes.

    Raises
    ------
    ExecutionError
        If a Jacobian does not fit its elemental, or the plan needs more memory than there is.
    """
    check_memory(plan)
    source = gather(plan.chain, jacobians, seed)
    result, execution = _run(plan, source.operands)
    if not verify:
        return execution
    function = function or source.function
    point = source.point if point is None else point
    checks = list(_check_order(plan, source, result, seed, tolerance))
    if function is not None and point is not None:
        checks.append(against_function(result, function, point, seed, tolerance))
    fields = {name: getattr(execution, name) for name in Execution.__dataclass_fields__}
    return Execution(**fields | {"checks": tuple(checks)})


def check_memory(plan: Plan) -> None:
    """Raise `ExecutionError` if the operands that are live at once would not fit this machine."""
    needed, there = plan.peak_memory * ENTRY_BYTES, _physical_memory()
    if needed > there:
        raise ExecutionError(
            f"the plan needs {needed / 2**30:,.1f} GiB for {plan.peak_memory:,} live entries; this machine "
            f"has {there / 2**30:,.1f} GiB: choose a better order, or declare structures"
        )


def _run(plan: Plan, operands: Sequence[Operand]) -> tuple[Operand, Execution]:
    live = {(number, number): operand for number, operand in enumerate(operands, 1)}
    stored = peak = sum(operand.pattern.entries for operand in operands)
    records = []
    for operation in plan.operations:
        assert operation.k is not None
        left, right = live.pop((operation.j, operation.k + 1)), live.pop((operation.k, operation.i))
        started = time.perf_counter()
        result = multiply(left, right)
        seconds = time.perf_counter() - started
        records.append(
            OperationRecord(operation, counted_fma(left.pattern, right.pattern), seconds, result.format)
        )
        entries = result.pattern.entries
        peak = max(peak, stored + entries)
        stored += entries - left.pattern.entries - right.pattern.entries
        live[operation.j, operation.i] = result
        del left, right
    (result,) = live.values()
    total = sum(record.fma for record in records)
    seconds = sum(record.seconds for record in records)
    return result, Execution(plan, result.matrix(), total, seconds, peak, tuple(records), ())


def _check_order(
    plan: Plan, source: Jacobians, result: Operand, seed: int, tolerance: float
) -> Iterator[Check]:
    """Compare with a sweep of another order: with all of it where that is cheap, else by random vectors."""
    for solver in ("reverse", "forward"):
        other = make_plan(plan.chain, solver=solver)
        differs = other.operations != plan.operations
        cheap = other.fma <= FULL_CHECK * plan.fma and other.peak_memory <= FULL_CHECK * plan.peak_memory
        if differs and cheap:
            operand, _ = _run(other, source.operands)
            yield against_operand(result, operand, f"{solver} order", tolerance)
            return
    yield from against_probes(result, source.operands, seed, tolerance)


def _physical_memory() -> int:
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 2**62  # not known: let the machine refuse
