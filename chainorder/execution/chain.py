"""The executor: the operations of a plan, in order, on operands that are freed as soon as they are used."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chainorder.costs.steps import Action, source_of
from chainorder.errors import InfeasibleError
from chainorder.execution.checks import (
    PROBES,
    Check,
    Tolerances,
    against_function,
    against_operand,
    against_probes,
    dot_products,
    residuals,
)
from chainorder.execution.conversions import owned
from chainorder.execution.memory import check_memory, check_probes
from chainorder.execution.model import CHUNK_ENTRIES
from chainorder.execution.operand import Operand, stored_entries
from chainorder.execution.operations import (
    Ledger,
    OperationRecord,
    Settings,
    check_same,
    operands_of,
    perform,
    stepped_number,
    stepped_of,
)
from chainorder.execution.premises import check_finite, check_seed, given_program, nonzero, rounding
from chainorder.execution.sources import Function, Jacobians, gather
from chainorder.plans.chain_operations import Operation
from chainorder.plans.chain_plan import Plan
from chainorder.solvers import plan as make_plan
from chainorder.structures.general import Sparse

if TYPE_CHECKING:
    pass
from chainorder.execution.result import FULL_CHECK, TOLERANCE, Execution

SPARSE_CHECK = 2_000_000
"""Stored entries times length up to which a chain of sparse patterns is compared with another order."""


def execute_chain(
    plan: Plan,
    jacobians: Sequence[Any] | None = None,
    *,
    function: Function | None = None,
    point: Any = None,
    seed: int = 0,
    verify: bool = True,
    tolerance: float | None = None,
    chunk_entries: int = CHUNK_ENTRIES,
    symbolic: bool = True,
    scheduler: Any = None,
    stand_ins: bool = False,
) -> Execution:
    """Compute the Jacobian of a chain in the order of a plan.

    Parameters
    ----------
    plan
        The order.
    jacobians
        The elemental Jacobians, input first: NumPy arrays or SciPy sparse matrices of shape (outputs,
        inputs), a diagonal also as its vector. For a matrix-free elemental also an object like
        `scipy.sparse.linalg.LinearOperator` (matmat: tangents; rmatmat: adjoints), or a pair of functions of
        one vector (v ↦ F'v, u ↦ uF'; None for one that is not there); they see copies of the vectors, and
        may return the same array again and again. By default those of the chain's
        network at a random point, or the chain's own matrices, or random stand-ins of the declared
        structures; `Execution.source` says which.
    function, point
        The function itself, from a vector of the chain's inputs to one of its outputs, and where it was
        differentiated; checked by the complex step if it takes complex arguments (it must then be analytic),
        else by central differences.
    seed
        Of everything that is random.
    verify
        Whether to check the result: that it is finite, against another order and against `function`, and
        tangents against adjoints.
    tolerance
        The largest relative error that passes; by default 1e-9, or 100 times the precision of the least
        precise Jacobian where that is more (float32: 1.2e-5), and 1e-5 for central differences.
    chunk_entries
        Entries of the tangents or adjoints that are in flight at once.
    symbolic
        Whether fma and entries are counted of symbolic patterns, as they were planned. Otherwise they are of
        what is stored: without entries that cancelled, with the zeros of well-filled results that are kept
        dense. That spares the symbolic products for both.
    scheduler
        Where the machines of the plan are: None for here, one operation after the other; ``local`` for a
        process for each; the address of a Dask scheduler, or a `distributed.Client`.
    stand_ins
        Whether random Jacobians may stand in for matrices that were in memory when the plan was saved, and
        for solves of which only the cost is known.

    Raises
    ------
    ExecutionError
        If the tolerance is none, a Jacobian does not fit its elemental, a matrix was in memory when the plan
        was saved and is not given, the plan needs more memory than there is, or workers were asked for and
        there are none.
    """
    check_seed(seed)
    function, point = given_program(function, point, plan.chain.inputs, plan.chain.outputs)
    Tolerances.of(tolerance, TOLERANCE)  # a wrong one is refused before the work
    largest = int(plan.chain.sizes.max())
    check_memory(max(plan.peak_memory, largest))  # models pass vectors
    if verify:
        check_probes(PROBES, largest)
    source = gather(plan.chain, jacobians, seed, stand_ins=stand_ins)
    settings = Settings(chunk_entries, symbolic)
    if scheduler is None:
        result, execution = _run(plan, source, settings)
    else:
        from chainorder.execution.workers import run_on_workers

        result, execution = run_on_workers(plan, source, settings, scheduler)
    if not verify:
        return execution
    check_finite([result], source.operands, source.models, "elemental {}".format)
    rounded = rounding(source.operands.values(), source.models.values())
    tolerances = Tolerances.of(tolerance, max(TOLERANCE, rounded))
    if function is None:
        function, point = source.function, source.point
    checks = list(_check_order(plan, source, result, seed, tolerances.exact))
    checks += dot_products(source.models, seed, tolerances.exact)
    checks += residuals(source.models, seed, tolerances.exact)
    if function is not None and point is not None:
        checks.append(against_function(result, function, point, seed, tolerances))
    if result.pattern.nnz and not nonzero(result):
        # Every comparison of zeros passes; say so instead of looking verified.
        checks = [replace(check, name=f"{check.name} (all zero: underflow?)") for check in checks]
    return replace(execution, checks=tuple(checks))


class _Run:
    """The operands that are live while a plan runs here, one operation after the other."""

    def __init__(self, plan: Plan, source: Jacobians, settings: Settings) -> None:
        self.chain = plan.chain
        self.source = source
        self.settings = settings
        self.live = {(n, n): operand for n, operand in source.operands.items()}
        self.ledger = Ledger(source)
        self.started = time.perf_counter()

    def operate(self, operation: Operation) -> OperationRecord:
        """Run one operation: its operands go, its result comes."""
        start = time.perf_counter() - self.started
        if operation.action is Action.REUSE:
            return self._reuse(operation, start)
        operands = [self.live.pop(place) for place in operands_of(operation)]
        stepped = stepped_of(operation, self.chain, self.source)
        done = perform(operation, operands, stepped, self.settings)
        if (number := stepped_number(operation)) is not None:
            self.live.pop((number, number), None)  # a step by its model makes an explicit matrix useless
        self.live[operation.j, operation.i] = done.result
        self.ledger.enter(operation, stored_entries(done.result))
        fma, evaluations, form = done.fma, done.evaluations, done.result.format
        return OperationRecord(operation, fma, evaluations, done.seconds, form, start)

    def _reuse(self, operation: Operation, start: float) -> OperationRecord:
        """The same result once more, without a copy."""
        source = source_of(operation.j, operation.split, operation.i)
        check_same(self.source, operation, source)
        self.live[operation.j, operation.i] = self.live[source]
        for number in range(operation.i, operation.j + 1):  # their own matrices are not needed any more
            self.live.pop((number, number))
        self.ledger.reuse(operation)
        return OperationRecord(operation, 0, 0, 0.0, self.live[source].format, start)


def _run(plan: Plan, source: Jacobians, settings: Settings) -> tuple[Operand, Execution]:
    run = _Run(plan, source, settings)
    records = tuple(run.operate(operation) for operation in plan.operations)
    (result,) = run.live.values()
    fma = sum(record.fma for record in records)
    seconds = sum(record.seconds for record in records)
    symbolic = settings.symbolic
    return result, Execution(
        plan,
        owned(result, source.operands.values()),
        fma,
        seconds,
        run.ledger.peak,
        records,
        symbolic=symbolic,
        provenance=source.provenance,
    )


def _check_order(
    plan: Plan, source: Jacobians, result: Operand, seed: int, tolerance: float
) -> Iterator[Check]:
    """Compare with another order: with all of it where that is cheap, else by random vectors."""
    for solver in ("reverse", "forward", "preaccumulation") if _quickly_priced(plan) else ():
        try:
            other = make_plan(plan.chain, solver=solver)
        except InfeasibleError:
            continue
        differs = other.operations != plan.operations
        cheap = other.fma <= FULL_CHECK * plan.fma and other.peak_memory <= FULL_CHECK * plan.peak_memory
        if differs and cheap:
            operand, _ = _run(other, source, Settings())
            yield against_operand(result, operand, f"{solver} order", tolerance)
            return
    yield from against_probes(result, source.models.values(), seed, tolerance)


def _quickly_priced(plan: Plan) -> bool:
    """Whether pricing another order is no work: no sparse patterns that could fill in, or small ones."""
    stored = sum(plan.chain.pattern(n).nnz for n in range(1, len(plan.chain) + 1) if _sparse(plan, n))
    return stored * len(plan.chain) <= SPARSE_CHECK


def _sparse(plan: Plan, number: int) -> bool:
    return isinstance(plan.chain.kind(number).structure, Sparse)
