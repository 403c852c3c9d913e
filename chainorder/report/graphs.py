"""From results on graphs to reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from chainorder.comparison.backpropagation import Backpropagation
from chainorder.comparison.graphs import GraphComparison
from chainorder.plans.chain_operations import SHOWN
from chainorder.plans.graph_json import graph_data, plan_data
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.saved import SCHEMA_VERSION, attributes
from chainorder.reading.numpy_files import JACOBIANS
from chainorder.report import common
from chainorder.report.model import Cell, Report

if TYPE_CHECKING:
    from chainorder.comparison.hessian import HessianProblem
    from chainorder.execution.checks import Check
    from chainorder.execution.graph import GraphExecution

LONG_ORDER = 100
"""Characters of an order of vertices that are shown to people."""


def graph_plan_report(plan: GraphPlan, *, verbose: bool = False) -> Report:
    """One plan: its operations, its totals, its claim."""
    notes = [
        f"{plan.fma:,} fma = {plan.flops:,} flops; {plan.adds:,} additions; "
        f"peak memory {plan.peak_memory:,} entries",
        f"{plan.model} elimination, solver: {plan.solver} ({plan.claim})",
        *common.limit_note(plan.graph),
    ]
    several = plan.machines > 1
    notes += [f"makespan {plan.makespan:,} fma on {plan.machines} machines"] if several else []
    notes += [f"why: {plan.why}"] if plan.why and (verbose or not plan.optimal) else []
    operations, more = common.shown(plan.operations, verbose=verbose)
    rows = tuple((o.result, str(o.action), o.formula, o.fma, o.adds, o.start, o.machine) for o in operations)
    columns = ("result", "action", "of", "fma", "additions", "start", "machine")
    data = partial(plan_data, plan)
    hidden = frozenset(() if several else ("machine",))
    return Report(plan.graph.title, columns, rows, (*more, *notes), data, hidden, graph=plan.to_networkx)


def graph_comparison_report(comparison: GraphComparison, *, verbose: bool = False) -> Report:
    """The usual orders beside the best."""
    rows = tuple(
        (
            label,
            plan.fma,
            plan.adds,
            plan.peak_memory,
            plan.makespan,
            comparison.ratio(plan),
            comparison.bound(plan),
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
        *map(str, comparison.infeasible),
        f"best: {best.model} elimination, inner vertices in the order {order}",
        *common.limit_note(comparison.graph),
    ]
    notes += [f"why: {best.why}"] if verbose and best.why else []
    columns = (
        "order",
        "fma",
        "additions",
        "peak memory",
        "makespan",
        "fma ÷ best" if best.machines == 1 else "makespan ÷ best",
        "bound",
        "gap",
        "claim",
        "solver",
        "graph",
        "vertices",
    )
    hidden = frozenset({"solver", "graph", "vertices"} | ({"makespan"} if best.machines == 1 else set()))
    data = partial(graph_comparison_data, comparison)
    outdone = any(plan.cost < best.cost for plan in comparison.plans)
    return Report(comparison.graph.title, columns, rows, tuple(notes), data, hidden, outdone=outdone)


def graph_comparison_data(comparison: GraphComparison) -> dict[str, Any]:
    """A comparison as plain data."""
    return {
        "schema": SCHEMA_VERSION,
        "graph": graph_data(comparison.graph),
        "plans": [
            plan_data(plan)
            | {
                "ratio": comparison.ratio(plan),
                "bound": comparison.bound(plan),
                "gap": comparison.gap(plan),
            }
            for plan in comparison.plans
        ],
        "infeasible": [{"solver": each.solver, "why": each.why} for each in comparison.infeasible],
    }


def backpropagation_report(table: Backpropagation) -> Report:
    """The ways to the derivatives of a network, side by side."""
    forward = table.forward_pass.fma
    rows = tuple(
        (
            method.name,
            method.formula,
            method.fma,
            method.fma / forward if forward else None,
            method.holds,
            method.memory,
            _claim(method.plan),
        )
        for method in table.methods
    )
    best = table.best
    reverse = next(method for method in table.methods if method.name == "reverse")
    verdict = "reverse accumulation is the best order"
    if best.fma < reverse.fma:
        verdict = f"the best order is {reverse.fma / best.fma:.2f} times cheaper than reverse accumulation"
    elif best.optimal:
        verdict = "reverse accumulation is optimal"
    notes = (
        verdict,
        *table.facts(),
        "reverse: δ_l = (W_{l+1}ᵀ δ_{l+1}) ⊙ σ'(s_l), ∂W_l = δ_l x_{l-1}ᵀ, ∂b_l = δ_l",
        "B samples, layers of m × n weights, P weights and biases, F = B Σ m n, Σ_σ over layers with an "
        "activation; memory in entries",
    )
    columns = ("way to the derivatives", "formula", "fma", "fma ÷ forward pass", "holds", "memory", "claim")
    return Report(table.graph.title, columns, rows, notes, partial(backpropagation_data, table))


def _claim(plan: GraphPlan | None) -> str:
    return "" if plan is None or plan.lower_bound is None else plan.claim


def backpropagation_data(table: Backpropagation) -> dict[str, Any]:
    """The comparison as plain data."""
    plans = [method.plan for method in table.methods if method.plan is not None]
    least = table.best.fma
    return {
        "schema": SCHEMA_VERSION,
        "graph": graph_data(table.graph),
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
        "plans": [plan_data(plan) | {"ratio": plan.fma / least if least else None} for plan in plans],
    }


def hessian_report(problem: HessianProblem, checks: Sequence[Check] | None = None) -> Report:
    """The ways to second derivatives side by side; with what running them gave, if they were run."""
    ways = problem.ways()
    errors = {check.name: check for check in checks or ()}
    ran = None if checks is None else problem.provenance
    least = ways[-1].hessian
    rows = tuple(
        (
            way.name,
            way.product,
            way.hessian,
            way.hessian / least if least else None,
            errors[way.name].error if way.name in errors else None,
            errors[way.name].passed if way.name in errors else None,
            None if ran is None else str(ran.source),
        )
        for way in ways
    )
    costs = ("way", "Hessian · vector, fma", "Hessian, fma", "fma ÷ best found")
    columns = (*costs, "error", "passed", JACOBIANS)
    hidden = frozenset(columns[len(costs) :] if checks is None else columns[-1:])
    notes = ["fma with the values that are needed: the forward pass, the gradient or the tangent"]
    notes += [f"{check.name}: {common.within_tolerance(check)}" for check in checks or ()]
    notes += [] if ran is None else [str(ran)]
    count = problem.first.graph.columns
    data: Mapping[str, Any] = {
        "schema": SCHEMA_VERSION,
        "graph": graph_data(problem.network.graph()),
        "ways": [
            {"name": way.name, "hessian_vector_product": way.product, "hessian": way.hessian} for way in ways
        ],
        "checks": common.checks_data(checks or ()),
        **({} if ran is None else common.provenance_data(ran)),
    }
    return Report(f"Hessian of {count:,} × {count:,}", columns, rows, tuple(notes), lambda: data, hidden)


def graph_execution_report(
    executions: Sequence[tuple[str, GraphExecution]], skipped: Sequence[str] = ()
) -> Report:
    """One run, or several of one graph: predicted beside measured."""
    last = executions[-1][1]
    rows = tuple(common.run_row(label, run, last, run.adds) for label, run in executions)
    notes = [common.run_note(label, run) for label, run in executions]
    blocks = [
        f"∂{target}/∂{source}: {common.matrix_note(block)}" for (source, target), block in last.blocks.items()
    ]
    data: Mapping[str, Any] = {
        "schema": SCHEMA_VERSION,
        "graph": graph_data(last.plan.graph),
        "runs": [_execution_data(label, run) for label, run in executions],
        **common.orders_data(executions),
        "skipped": list(skipped),
        "passed": all(run.passed for _, run in executions),
    }
    notes += [*common.order_notes(executions), *blocks[:SHOWN], str(last.provenance)]
    notes += common.limit_note(last.plan.graph)
    return Report(
        last.plan.graph.title,
        common.run_columns("additions"),
        rows,
        (*notes, *skipped),
        lambda: data,
        frozenset({JACOBIANS}),
        outdone=common.outdone(executions),
    )


def _execution_data(label: str, run: GraphExecution) -> dict[str, Any]:
    kept = ("fma", "adds", "seconds", "format")
    return {
        "order": label,
        "plan": plan_data(run.plan),
        **attributes(run, "fma", "adds", "seconds", "peak_memory"),
        **common.provenance_data(run.provenance),
        "blocks": [
            {"source": source, "target": target} | common.matrix_data(block)
            for (source, target), block in run.blocks.items()
        ],
        "operations": [attributes(record, *kept) for record in run.records],
        "checks": common.checks_data(run.checks),
        "passed": run.passed,
    }


def batch_row(plan: GraphPlan) -> tuple[Cell, ...]:
    """What a batch shows of a graph where it shows name, length and sizes of a chain."""
    graph = plan.graph
    return graph.name, len(graph.edges), graph.columns, graph.rows
