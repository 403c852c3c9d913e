"""From results to reports: what is shown of a plan, a comparison, an execution, a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from chainorder.pictures.catalogue import pictures, run_pictures
from chainorder.plans.chain_operations import Operation, formula, node_name
from chainorder.plans.chain_plan import Plan
from chainorder.plans.saved import attributes
from chainorder.problems.chain import Chain
from chainorder.reading.numpy_files import JACOBIANS
from chainorder.report import common, times
from chainorder.report.model import Report
from chainorder.report.numbers import Cell
from chainorder.report.schedules import measured_chart, planned_charts, schedule_note

if TYPE_CHECKING:
    from chainorder.comparison.chains import Comparison
    from chainorder.execution.result import Execution

LONG_ORDER = 120
"""Characters of a bracketing that are shown to people."""

PREDICTED = "predicted seconds"


def plan_report(plan: Plan, *, verbose: bool = False) -> Report:
    """One plan: its operations, its totals, its claim."""
    notes = [
        f"{_about(plan)}{plan.fma:,} fma = {plan.flops:,} flops; peak memory {plan.peak_memory:,} entries",
        f"order: {_short_order(plan)}",
        f"solver: {plan.solver} ({plan.claim})",
        *times.prediction_notes(plan),
        *common.limit_note(plan.chain),
    ]
    if plan.machines > 1:
        notes.insert(0, schedule_note(plan))
    # On several machines, how far the search came is always of interest.
    notes += [f"why: {plan.why}"] if (verbose or plan.machines > 1) and plan.why else []
    operations, more = common.shown(plan.operations, verbose=verbose)
    rows = tuple(_operation_row(operation) for operation in operations)
    hidden = frozenset() if plan.machines > 1 else frozenset({"machine"})
    return Report(
        plan.chain.title,
        _OPERATION_COLUMNS,
        rows,
        (*more, *notes),
        plan.to_data,
        hidden,
        planned_charts(plan),
        pictures=partial(pictures, plan),
        graph=plan.to_networkx,
    )


_OPERATION_COLUMNS = ("result", "action", "of", "fma", "start", "machine")


def _operation_row(operation: Operation) -> tuple[Cell, ...]:
    result = node_name(operation.j, operation.i)
    place = operation.start, operation.machine
    return result, str(operation.action), formula(operation), operation.fma, *place


def comparison_report(comparison: Comparison, *, verbose: bool = False) -> Report:
    """The baselines beside the best: the thing people look at first."""
    scalars = ("fma", "flops", "makespan", "peak memory")
    ratio = f"{comparison.best.objective} ÷ best"
    predicted = () if comparison.best.predicted is None else (PREDICTED,)
    columns = ("order", *scalars, *predicted, ratio, "claim", "solver", "chain", "bracketing")
    rows = tuple(
        (
            label,
            plan.fma,
            plan.flops,
            plan.makespan,
            plan.peak_memory,
            *(None if plan.predicted is None else plan.predicted.seconds for _ in predicted),
            comparison.ratio(plan),
            plan.claim if label == "best" else "",
            plan.solver,
            comparison.chain.name,
            plan.bracketing,
        )
        for label, plan in zip(comparison.labels, comparison.plans, strict=True)
    )
    notes = [
        _verdict(comparison),
        *map(str, comparison.infeasible),
        f"best order: {_short_order(comparison.best)}",
        *times.prediction_notes(comparison.best),
        *_waist(comparison.chain),
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
    )


def _verdict(comparison: Comparison) -> str:
    """Which order, and how many times cheaper."""
    best, others = comparison.best, comparison.plans[:-1]
    cheaper = [plan for plan in others if plan.cost < best.cost and not _same_order(plan, best)]
    if cheaper:
        least = min(cheaper, key=lambda plan: plan.cost)
        return (
            f"{least.solver} is cheaper than the order asked for: {times.cost_of(least)} instead of "
            f"{times.cost_of(best)}"
        )
    same = [plan.solver for plan in others if plan.cost == best.cost or _same_order(plan, best)]
    gains = ", ".join(
        f"{_times(comparison.ratio(plan), best.objective)} than {plan.solver}"
        for plan in others
        if plan.solver not in same
    )
    if not same:
        names = " nor ".join(plan.solver for plan in others)
        return f"neither {names}: the best order is {gains}" if gains else "no baseline to compare with"
    verb = "order is" if len(same) == 1 else "orders are"
    verdict = f"{' and '.join(same)} {verb} {'optimal' if best.optimal else 'as good as the best found'}"
    return verdict + (f": {gains}" if gains else "")


def _same_order(plan: Plan, other: Plan) -> bool:
    """Whether two plans do the same; one may be priced exactly and the other estimated."""
    columns = ("step", "j", "k", "i")
    pairs = ((getattr(plan.operations, name), getattr(other.operations, name)) for name in columns)
    return plan.machines == 1 and all(np.array_equal(*pair) for pair in pairs)


def _times(ratio: float | None, objective: str) -> str:
    word = {"makespan": "shorter", "seconds": "quicker"}.get(objective, "cheaper")
    return f"infinitely {word}" if ratio is None else f"{ratio:,.2f} times {word}"


def _waist(chain: Chain) -> list[str]:
    """Where the chain is narrowest inside, if that is narrower than both ends."""
    if len(chain) < 2:
        return []
    inner = chain.sizes[1:-1]
    place = int(inner.argmin())
    width = int(inner[place])
    if width >= min(chain.inputs, chain.outputs):
        return []
    return [f"narrow waist: size {width:,} between F{place + 2} and F{place + 1}"]


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
    charts = (*charts, measured_chart(last.records)) if charts else ()
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
        "operations": [attributes(record, *kept) for record in run.records],
    }


def _about(plan: Plan) -> str:
    return "" if plan.estimate is None else "about "


def _short_order(plan: Plan) -> str:
    if len(plan.chain) > LONG_ORDER:
        return f"of {len(plan.chain):,} factors; --format json has it in full"
    return common.shortened(plan.bracketing, LONG_ORDER)
