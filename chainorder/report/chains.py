"""From results to reports: what is shown of a plan, a comparison, an execution, a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from chainorder.costs.pricing import price
from chainorder.plans.chain_operations import Operation, formula, node_name
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.reading.words import JACOBIANS
from chainorder.report import common, times
from chainorder.report.model import Report, Sheet
from chainorder.report.numbers import Cell
from chainorder.report.operations import Listing
from chainorder.report.pictures import pictures, run_pictures
from chainorder.report.reasons import gain, verdict
from chainorder.report.schedules import measured_chart, planned_charts, schedule_note

if TYPE_CHECKING:
    from chainorder.comparison.chains import Comparison
    from chainorder.execution.result import Execution


def plan_report(plan: Plan, *, verbose: bool = False, sort: str | None = None, every: bool = False) -> Report:
    """One plan: its operations, its totals, its claim."""
    listing = Listing(plan, partial(_entries, plan), sort, every or verbose)
    notes = [
        f"{_about(plan)}{plan.fma:,} fma = {plan.flops:,} flops; peak memory {plan.peak_memory:,} entries",
        f"order: {plan.names.order(plan.operations)}",
        f"solver: {plan.solver} ({plan.claim})",
        *times.prediction_notes(plan),
        *common.limit_note(plan.chain),
    ]
    if plan.machines > 1:
        notes.insert(0, schedule_note(plan))
    # On several machines, how far the search came is always of interest.
    notes += [f"why: {plan.why}"] if (verbose or plan.machines > 1) and plan.why else []
    rows = tuple(_operation_row(plan, place) for place in listing.places)
    hidden = frozenset() if plan.machines > 1 else frozenset({"machine"})
    return Report(
        plan.chain.title,
        ("result", "action", "of", "fma", *times.lasting(plan), "start", "machine"),
        rows,
        (*listing.note(), *notes),
        plan.to_data,
        hidden,
        planned_charts(plan),
        pictures=partial(pictures, plan),
        graph=plan.to_networkx,
        shown=partial(listing.sheet, plan.names.formula, partial(_shape, plan.chain)),
    )


def _shape(chain: Chain, operation: Operation) -> tuple[int, int]:
    return int(chain.sizes[operation.j]), int(chain.sizes[operation.i - 1])


def _entries(plan: Plan) -> Sequence[int] | None:
    """The stored entries of all results, unless that takes the products of large sparse patterns."""
    if not plan.has_small_patterns:
        return None
    entries: Sequence[int] = price(plan.chain, plan.operations.steps).entries.tolist()
    return entries


def _operation_row(plan: Plan, place: int) -> tuple[Cell, ...]:
    operation = plan.operations[place]
    what = node_name(operation.j, operation.i), str(operation.action), formula(operation)
    when = times.number(plan, operation.start), operation.machine
    return *what, operation.fma, *times.spent(plan, place), *when


def comparison_report(comparison: Comparison, *, verbose: bool = False) -> Report:
    """The baselines beside the best: the thing people look at first."""
    scalars = ("fma", "flops", "makespan", "peak memory")
    ratio = f"{comparison.best.objective} ÷ best"
    predicted = times.predicted_columns(comparison.best)
    columns = ("order", *scalars, *predicted, ratio, "claim", "solver", "chain", "bracketing")
    rows = tuple(
        (
            label,
            plan.fma,
            plan.flops,
            times.number(plan, plan.makespan),
            plan.peak_memory,
            *times.predicted_cells(plan, comparison.best),
            comparison.ratio(plan),
            plan.claim if label == "best" else "",
            plan.solver,
            comparison.chain.name,
            plan.bracketing,
        )
        for label, plan in zip(comparison.labels, comparison.plans, strict=True)
    )
    notes = [
        verdict(comparison),
        *gain(comparison),
        *map(str, comparison.infeasible),
        f"best order: {comparison.best.names.order(comparison.best.operations)}",
        *times.prediction_notes(comparison.best),
        *common.limit_note(comparison.chain),
    ]
    notes += [f"why: {comparison.best.why}"] if verbose and comparison.best.why else []
    hidden = {"solver", "chain", "bracketing"} | ({"flops"} if comparison.best.machines > 1 else {"makespan"})
    return Report(
        comparison.chain.title,
        columns,
        rows,
        tuple(notes),
        partial(common.comparison_data, comparison),
        frozenset(hidden),
        planned_charts(comparison.best),
        pictures=partial(pictures, comparison),
        outdone=comparison.outdone,
        shown=partial(_ranked, columns, rows, frozenset(hidden | {"flops"})),
    )


def _ranked(columns: tuple[str, ...], rows: Sequence[tuple[Cell, ...]], hidden: frozenset[str]) -> Sheet:
    """What people see of a comparison: flops follow from fma."""
    shown = [place for place, column in enumerate(columns) if column not in hidden]
    texts = [tuple(map(row.__getitem__, shown)) for row in rows]
    return Sheet(tuple(map(columns.__getitem__, shown)), texts)


def execution_report(executions: Sequence[tuple[str, Execution]], skipped: Sequence[str] = ()) -> Report:
    """One run, or several of one chain: predicted beside measured."""
    last = executions[-1][1]
    rows = tuple(common.run_row(label, run, last) for label, run in executions)
    notes = [common.run_note(label, run, _beside_estimate(run)) for label, run in executions]
    notes += dict.fromkeys(note for each in executions for note in times.measured_notes(*each))
    notes += common.order_notes(executions)
    notes += [f"Jacobian: {common.matrix_note(last.jacobian)}{_formats(last)}", str(last.provenance)]
    notes += common.limit_note(last.plan.chain)
    charts = planned_charts(last.plan)
    charts = (*charts, measured_chart(last.plan, last.records)) if charts else ()
    return Report(
        last.plan.chain.title,
        common.run_columns(),
        rows,
        (*notes, *skipped),
        partial(common.executions_data, executions, skipped, _run_data),
        frozenset({JACOBIANS}),
        charts,
        pictures=partial(run_pictures, executions),
        outdone=common.outdone(executions),
    )


def _formats(run: Execution) -> str:
    """How the results of its operations were stored."""
    counts = Counter(record.format for record in run.records)
    stored = ", ".join(f"{count:,} {name}" for name, count in counts.most_common())
    return f"; results stored as {stored}" if stored else ""


def _beside_estimate(run: Execution) -> str | None:
    if run.plan.estimate is None:
        return None
    off = run.fma / run.plan.fma - 1 if run.plan.fma else 0.0
    return f"counted {off:+.1%} beside the estimate"


def _run_data(run: Execution) -> dict[str, Any]:
    kept = ("fma", "seconds", "format", "start", "machine")
    return {
        "jacobian": common.matrix_data(run.jacobian),
        "operations": common.records_data(run, *kept),
    }


def _about(plan: Plan) -> str:
    return "" if plan.estimate is None else "about "
