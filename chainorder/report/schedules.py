"""What reports show of schedules: Gantt charts, and a line."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from chainorder.problems.chain import Chain
from chainorder.problems.problem import Problem
from chainorder.report.model import Bar, Chart

if TYPE_CHECKING:
    from chainorder.execution.result import Execution
    from chainorder.plans.chain_plan import Plan

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


@singledispatch
def has_chart(problem: Problem) -> bool:
    """Whether a plan, which is yet to be made, will have a Gantt chart: one of a chain may."""
    return False


@has_chart.register(Chain)
def _(chain: Chain) -> bool:
    return chain.machines > 1 and (chain.modelled or len(chain) > 1) and len(chain) <= MOST_BARS


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
