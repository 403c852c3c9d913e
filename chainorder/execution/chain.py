"""The executor: the operations of a plan, in order, on operands that are freed as soon as they are used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from chainorder.costs.steps import Ledger
from chainorder.errors import InfeasibleError
from chainorder.execution.backends import Backend
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
from chainorder.execution.model import Model
from chainorder.execution.operand import Operand
from chainorder.execution.operations import check_reuse, run_here, stepped_of, stored_at_start
from chainorder.execution.options import Options, run
from chainorder.execution.premises import check_finite, given_program, nonzero, rounding, told_zero
from chainorder.execution.result import FULL_CHECK, TOLERANCE, Execution
from chainorder.execution.sources import Jacobians, gather
from chainorder.plans.chain_plan import Plan
from chainorder.solvers import plan as make_plan
from chainorder.structures.sparse import Sparse
from chainorder.system.phases import phase

SPARSE_CHECK = 2_000_000
"""Stored entries times length up to which a chain of sparse patterns is compared with another order."""


@run.register
def _(plan: Plan, jacobians: Sequence[Any] | None, options: Options) -> Execution:
    """Run the plan of a chain, and check the result."""
    chain = plan.chain
    given = given_program(options.function, options.point, chain.inputs, chain.outputs)
    largest = int(chain.sizes.max())
    check_memory(max(plan.peak_memory, largest))  # models pass vectors
    if options.verify:
        check_probes(PROBES, largest)
    backend = options.made()
    source = gather(chain, jacobians, options.seed, stand_ins=options.stand_ins)
    if given[0] is not None:
        source = replace(source, function=given[0], point=given[1])
    check_reuse(plan, source)
    if options.scheduler is None:
        result, execution = _run(plan, source, backend)
    else:
        from chainorder.execution.workers import run_on_workers

        result, execution = run_on_workers(plan, source, options.settings, options.scheduler)
    execution = replace(execution, symbolic=options.symbolic, provenance=source.provenance)
    if not options.verify:
        return execution
    return replace(execution, checks=tuple(_checks(plan, source, result, backend, options)))


@phase("verifying")
def _checks(
    plan: Plan, source: Jacobians, result: Operand, backend: Backend[Operand, Model, Any], options: Options
) -> list[Check]:
    """Every comparison of a result."""
    seed, function, point = options.seed, source.function, source.point
    check_finite([result], source.operands, source.models, "elemental {}".format)
    rounded = rounding([result, *source.operands.values()], source.models.values())
    tolerances = Tolerances.of(options.tolerance, max(TOLERANCE, rounded))
    checks = list(_check_order(plan, source, result, backend, seed, tolerances.exact))
    checks += dot_products(source.models, seed, tolerances.exact, plan.names.label)
    checks += residuals(source.models, seed, tolerances.exact, plan.names.label)
    if function is not None and point is not None:
        checks.append(against_function(result, function, point, seed, tolerances))
    return told_zero(checks) if result.pattern.nnz and not nonzero(result) else checks


def _run(plan: Plan, source: Jacobians, backend: Backend[Operand, Model, Any]) -> tuple[Operand, Execution]:
    """Run a plan here."""
    live = {(n, n): backend.take(operand) for n, operand in source.operands.items()}
    ledger = Ledger(stored_at_start(source))
    stepped = partial(stepped_of, plan.chain, source)
    operations = list(plan.operations)
    records = run_here(backend, operations, plan.operations.steps.instructions(), live, ledger, stepped)
    (final,) = live.values()
    result = backend.to_host(final)
    fma = sum(record.fma for record in records)
    seconds = sum(record.seconds for record in records)
    return result, Execution(
        plan, owned(result, source.operands.values()), fma, seconds, ledger.peak, records
    )


def _check_order(
    plan: Plan,
    source: Jacobians,
    result: Operand,
    backend: Backend[Operand, Model, Any],
    seed: int,
    tolerance: float,
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
            operand, _ = _run(other, source, backend)
            yield against_operand(result, operand, f"{solver} order", tolerance)
            return
    yield from against_probes(result, source.models.values(), seed, tolerance)


def _quickly_priced(plan: Plan) -> bool:
    """Whether pricing another order is no work: no sparse patterns that could fill in, or small ones."""
    stored = sum(plan.chain.pattern(n).nnz for n in range(1, len(plan.chain) + 1) if _sparse(plan, n))
    return stored * len(plan.chain) <= SPARSE_CHECK


def _sparse(plan: Plan, number: int) -> bool:
    return isinstance(plan.chain.kind_of(number).structure, Sparse)
