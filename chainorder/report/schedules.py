"""What reports show of schedules: Gantt charts, and how makespans scale with the number of machines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from chainorder.plans.chain_json import chain_data, plan_data
from chainorder.plans.saved import SCHEMA_VERSION
from chainorder.problems.chain import Chain
from chainorder.report.model import Bar, Chart, Report

if TYPE_CHECKING:
    from chainorder.comparison.chains import Scaling
    from chainorder.execution.result import Execution
    from chainorder.plans.chain_plan import Plan
    from chainorder.problems.graph import Graph

MOST_LANES = 64
"""Machines that a chart shows; more would not be told apart."""

MOST_BARS = 2_000
"""Operations that a chart shows."""


def schedule_note(plan: Plan) -> str:
    """A schedule in a line."""
    used = len(set(plan.operations.machine.tolist()))
    busy = plan.fma / (used * plan.makespan) if used and plan.makespan else 1
    idle = "" if used == plan.machines else f", {used:,} of them used"
    delay = f", transfer {plan.transfer:,} fma per entry" if plan.transfer else ""
    return f"makespan {plan.makespan:,} on {plan.machines:,} machines{idle}, {busy:.0%} busy{delay}"


def has_chart(problem: Chain | Graph) -> bool:
    """Whether a plan, which is yet to be made, will have a Gantt chart."""
    if not isinstance(problem, Chain) or problem.machines == 1:
        return False
    return bool(problem.modelled or len(problem) > 1) and len(problem) <= MOST_BARS


def planned_charts(plan: Plan) -> tuple[Chart, ...]:
    """The Gantt chart of a plan for several machines, if it is small enough to draw."""
    if plan.machines == 1 or not 0 < len(plan.operations) <= MOST_BARS:
        return ()
    lanes: dict[int, list[Bar]] = {machine: [] for machine in range(min(plan.machines, MOST_LANES))}
    for operation in sorted(plan.operations, key=lambda o: (o.start, o.start + o.fma)):
        if operation.machine in lanes:
            label = _label(operation.j, operation.i)
            bar = Bar(operation.start, operation.start + operation.fma, label, str(operation.action))
            lanes[operation.machine].append(bar)
    used = {machine: bars for machine, bars in lanes.items() if bars}
    return (Chart("planned", [(f"machine {number}", bars) for number, bars in used.items()], "fma"),)


def measured_chart(run: Execution) -> Chart:
    """What happened when and where, beside what was planned."""
    lanes: dict[int, list[Bar]] = {}
    for record in sorted(run.records, key=lambda record: record.start):
        operation = record.operation
        label = _label(operation.j, operation.i)
        bar = Bar(record.start, record.start + record.seconds, label, str(operation.action))
        lanes.setdefault(record.machine, []).append(bar)
    return Chart("measured", [(f"machine {number}", lanes[number]) for number in sorted(lanes)], "seconds")


def _label(j: int, i: int) -> str:
    return f"F{j}" if i == j else f"F{j},{i}"


def scaling_report(scaling: Scaling) -> Report:
    """Makespan, speed-up, efficiency and gap against the number of machines."""
    chain = scaling.one.chain
    columns = (
        "machines",
        "makespan",
        "speed-up",
        "efficiency",
        "gap",
        "fma",
        "claim",
        "solver",
        "bracketing",
    )
    rows = tuple(
        (
            plan.machines,
            plan.makespan,
            scaling.speedup(plan),
            scaling.efficiency(plan),
            plan.gap,
            plan.fma,
            plan.claim,
            plan.solver,
            plan.bracketing,
        )
        for plan in scaling.plans
    )
    notes = tuple(f"{plan.machines:,} machines: {plan.why}" for plan in scaling.plans if not plan.optimal)
    charts = tuple(
        Chart(f"{plan.machines:,} machines", chart.lanes, chart.unit)
        for plan in scaling.plans
        for chart in planned_charts(plan)
    )
    title = f"{chain.name or 'chain'}: makespan by machines"
    data = partial(scaling_data, scaling)
    return Report(title, columns, rows, notes, data, frozenset({"solver", "bracketing"}), charts)


def scaling_data(scaling: Scaling) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "schema": SCHEMA_VERSION,
        "chain": chain_data(scaling.one.chain),
        "scaling": [
            plan_data(plan)
            | {
                "speedup": scaling.speedup(plan),
                "efficiency": scaling.efficiency(plan),
                "gap": plan.gap,
            }
            for plan in scaling.plans
        ],
    }
