"""From results on graphs to reports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from chainorder.comparison.backpropagation import Backpropagation
from chainorder.comparison.graphs import GraphComparison
from chainorder.costs.prediction import SECOND
from chainorder.plans.chain_operations import SHOWN
from chainorder.plans.graph_operations import GraphOperation
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.saved import SCHEMA_VERSION
from chainorder.problems.graph import Graph
from chainorder.reading.words import JACOBIANS
from chainorder.report import common, times
from chainorder.report.model import Report
from chainorder.report.numbers import Cell, Seconds
from chainorder.report.operations import Listing
from chainorder.report.pictures import pictures, run_pictures, ways
from chainorder.report.reasons import gain, graph_verdict
from chainorder.report.schedules import measured_chart, planned_charts, schedule_note

if TYPE_CHECKING:
    from chainorder.comparison.hessian import SecondDerivatives
    from chainorder.execution.graph_result import GraphExecution

LONG_ORDER = 100
"""Characters of an order of vertices that are shown to people."""


def graph_plan_report(
    plan: GraphPlan, *, verbose: bool = False, sort: str | None = None, every: bool = False
) -> Report:
    """One plan: its operations, its totals, its claim."""
    listing = Listing(plan, partial(_entries, plan), sort, every or verbose)
    notes = [
        f"{plan.fma:,} fma = {plan.flops:,} flops; {plan.adds:,} additions; "
        f"peak memory {plan.peak_memory:,} entries",
        f"{plan.model} elimination, solver: {plan.solver} ({plan.claim})",
        *times.prediction_notes(plan),
        *common.limit_note(plan.graph),
    ]
    several = plan.machines > 1
    if several:
        notes.insert(0, schedule_note(plan))
    notes += [f"why: {plan.why}"] if plan.why and (verbose or not plan.optimal) else []
    rows = tuple(_operation_row(plan, place) for place in listing.places)
    columns = ("result", "action", "of", "fma", "additions", *times.lasting(plan), "start", "machine")
    hidden = frozenset(() if several else ("machine",))
    title, charts = plan.graph.title, planned_charts(plan)
    shown = partial(listing.sheet, lambda each: each.formula, partial(_shape, plan.graph), adds=True)
    notes = [*listing.note(), *notes]
    return Report(
        title,
        columns,
        rows,
        tuple(notes),
        plan.to_data,
        hidden,
        charts,
        pictures=partial(pictures, plan),
        graph=plan.to_networkx,
        shown=shown,
    )


def _operation_row(plan: GraphPlan, place: int) -> tuple[Cell, ...]:
    each = plan.operations[place]
    what = each.result, str(each.action), each.formula
    when = times.number(plan, each.start), each.machine
    return *what, each.fma, each.adds, *times.spent(plan, place), *when


def _shape(graph: Graph, operation: GraphOperation) -> tuple[int, int]:
    return graph.vertices[operation.vertices[-1]], graph.vertices[operation.vertices[0]]


def _entries(plan: GraphPlan) -> list[int]:
    """The stored entries of all results, before they are added to others."""
    from chainorder.elimination.replay import Replay
    from chainorder.plans.graph_validation import find_move

    replay, entries = Replay(plan.graph), []
    for operation in plan.operations:
        result, _ = replay.run(find_move(replay, operation, ""))
        entries.append(replay.line.arcs.entries(result))
    return entries


def graph_comparison_report(comparison: GraphComparison, *, verbose: bool = False) -> Report:
    """The usual orders beside the best."""
    rows = tuple(
        (
            label,
            plan.fma,
            plan.adds,
            plan.peak_memory,
            times.number(plan, plan.makespan),
            *times.predicted_cells(plan, comparison.best),
            comparison.ratio(plan),
            times.in_unit(plan, comparison.bound(plan)),
            comparison.gap(plan),
            plan.claim if label == "best" else "",
            plan.solver,
            comparison.graph.name,
            plan.order,
        )
        for label, plan in zip(comparison.labels, comparison.plans, strict=True)
    )
    best = comparison.best
    order = common.shortened(best.order, LONG_ORDER) or "(none)"
    notes = [
        graph_verdict(comparison),
        *gain(comparison),
        *map(str, comparison.infeasible),
        f"best: {best.model} elimination, inner vertices in the order {order}",
        *times.prediction_notes(best),
        *common.limit_note(comparison.graph),
    ]
    notes += [f"why: {best.why}"] if verbose and best.why else []
    columns = (
        "order",
        "fma",
        "additions",
        "peak memory",
        "makespan",
        *times.predicted_columns(best),
        f"{best.objective} ÷ best",
        "bound",
        "gap",
        "claim",
        "solver",
        "graph",
        "vertices",
    )
    hidden = frozenset({"solver", "graph", "vertices"} | ({"makespan"} if best.machines == 1 else set()))
    return Report(
        comparison.graph.title,
        columns,
        rows,
        tuple(notes),
        partial(graph_comparison_data, comparison),
        hidden,
        planned_charts(best),
        pictures=partial(pictures, comparison),
        outdone=comparison.outdone,
    )


def graph_comparison_data(comparison: GraphComparison) -> dict[str, Any]:
    """A comparison as plain data."""
    data = common.comparison_data(comparison)
    for stated, plan in zip(data["plans"], comparison.plans, strict=True):
        stated |= {"bound": comparison.bound(plan), "gap": comparison.gap(plan)}
    return data


def backpropagation_report(table: Backpropagation) -> Report:
    """The ways to the derivatives of a network, side by side."""
    forward, best = table.forward_pass.fma, table.best
    rows = tuple(
        (
            method.name,
            method.formula,
            method.fma,
            method.fma / forward if forward else None,
            method.holds,
            method.memory,
            *times.predicted_cells(method.plan, best),
            _claim(method.plan),
        )
        for method in table.methods
    )
    reverse = next(method.plan for method in table.methods if method.name == "reverse")
    assert reverse is not None
    verdict = "reverse accumulation is the best order"
    if best.cost < reverse.cost:
        how = "cheaper" if best.unit == "fma" else "quicker"
        ratio = reverse.cost / best.cost if best.cost else float("inf")
        verdict = f"the best order is {ratio:.2f} times {how} than reverse accumulation"
    elif best.optimal:
        verdict = "reverse accumulation is optimal"
    notes = (
        verdict,
        *times.prediction_notes(best),
        *table.facts(),
        "reverse: δ_l = (W_{l+1}ᵀ δ_{l+1}) ⊙ σ'(s_l), ∂W_l = δ_l x_{l-1}ᵀ, ∂b_l = δ_l",
        "B samples, layers of m × n weights, P weights and biases, F = B Σ m n, Σ_σ over layers with an "
        "activation; memory in entries",
    )
    head = ("way to the derivatives", "formula", "fma", "fma ÷ forward pass", "holds", "memory")
    columns = (*head, *times.predicted_columns(best), "claim")
    title, data = table.graph.title, partial(backpropagation_data, table)
    drawn = partial(ways, title, [(method.name, method.fma) for method in table.methods])
    return Report(title, columns, rows, notes, data, pictures=drawn)


def _claim(plan: GraphPlan | None) -> str:
    return "" if plan is None or plan.lower_bound is None else plan.claim


def backpropagation_data(table: Backpropagation) -> dict[str, Any]:
    """The comparison as plain data."""
    plans = [method.plan for method in table.methods if method.plan is not None]
    least = table.best.cost
    return {
        "schema": SCHEMA_VERSION,
        "graph": table.graph.to_data(),
        "methods": [
            {
                "name": method.name,
                "formula": method.formula,
                "fma": method.fma,
                "holds": method.holds,
                "memory": method.memory,
            }
            for method in table.methods
        ],
        "plans": [plan.to_data() | {"ratio": plan.cost / least if least else None} for plan in plans],
    }


def hessian_report(found: SecondDerivatives) -> Report:
    """The ways to second derivatives side by side; with what running them gave, if they were run."""
    checks, ran = found.checks or (), found.provenance
    errors = {check.name: check for check in checks}
    least = found.ways[-1].hessian
    rows = tuple(
        (
            way.name,
            way.product,
            way.hessian,
            way.hessian / least if least else None,
            *(() if way.time is None else (Seconds(way.time / SECOND),)),
            errors[way.name].error if way.name in errors else None,
            errors[way.name].passed if way.name in errors else None,
            None if ran is None else str(ran.source),
        )
        for way in found.ways
    )
    timed = ("predicted seconds",) * (found.ways[-1].time is not None)
    costs = ("way", "Hessian · vector, fma", "Hessian, fma", "fma ÷ best found", *timed)
    columns = (*costs, "error", "passed", JACOBIANS)
    hidden = frozenset(columns[len(costs) :] if found.checks is None else columns[-1:])
    notes = ["fma with the values that are needed: the forward pass, the gradient or the tangent"]
    notes += ["seconds of all eliminations for the Hessian, without the values"] * bool(timed)
    notes += [f"{check.name}: {common.within_tolerance(check)}" for check in checks]
    notes += [] if ran is None else [str(ran)]
    title, data = f"Hessian of {found.rows:,} × {found.rows:,}", partial(hessian_data, found)
    drawn = partial(ways, title, [(way.name, way.hessian) for way in found.ways])
    return Report(title, columns, rows, tuple(notes), data, hidden, pictures=drawn)


def hessian_data(found: SecondDerivatives) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "schema": SCHEMA_VERSION,
        "graph": found.graph.to_data(),
        "ways": [
            {
                "name": way.name,
                "hessian_vector_product": way.product,
                "hessian": way.hessian,
                "seconds": None if way.time is None else way.time / SECOND,
            }
            for way in found.ways
        ],
        "checks": common.checks_data(found.checks or ()),
        **({} if found.provenance is None else common.provenance_data(found.provenance)),
    }


def graph_execution_report(
    executions: Sequence[tuple[str, GraphExecution]], skipped: Sequence[str] = ()
) -> Report:
    """One run, or several of one graph: predicted beside measured."""
    last = executions[-1][1]
    rows = tuple(common.run_row(label, run, last, run.adds) for label, run in executions)
    notes = [common.run_note(label, run) for label, run in executions]
    notes += dict.fromkeys(note for each in executions for note in times.measured_notes(*each))
    blocks = [
        f"∂{target}/∂{source}: {common.matrix_note(block)}" for (source, target), block in last.blocks.items()
    ]
    notes += [*common.order_notes(executions), *blocks[:SHOWN], str(last.provenance)]
    notes += common.limit_note(last.plan.graph)
    charts = planned_charts(last.plan)
    return Report(
        last.plan.graph.title,
        common.run_columns("additions"),
        rows,
        (*notes, *skipped),
        partial(common.executions_data, executions, skipped, _run_data, "adds"),
        frozenset({JACOBIANS}),
        (*charts, measured_chart(last.plan, last.records)) if charts else (),
        pictures=partial(run_pictures, executions),
        outdone=common.outdone(executions),
    )


def _run_data(run: GraphExecution) -> dict[str, Any]:
    kept = ("fma", "adds", "seconds", "format")
    return {
        "blocks": [
            {"source": source, "target": target} | common.matrix_data(block)
            for (source, target), block in run.blocks.items()
        ],
        "operations": common.records_data(run, *kept),
    }
