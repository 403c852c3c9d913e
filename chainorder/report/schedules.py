"""What reports show of schedules: Gantt charts, and a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from chainorder.plans.base import BasePlan
from chainorder.report import times
from chainorder.report.model import MOST_BARS

if TYPE_CHECKING:
    from chainorder.execution.operations import OperationRecord
    from chainorder.report.charts import Bar, Chart

MOST_LANES = 64
"""Machines that a chart shows; more would not be told apart."""


def schedule_note(plan: BasePlan) -> str:
    """A schedule in a line."""
    used = len({operation.machine for operation in plan.operations})
    busy = sum(plan.durations) / (used * plan.makespan) if used and plan.makespan else 1
    idle = "" if used == plan.machines else f", {used:,} of them used"
    delay = f", transfer {plan.transfer:,} {plan.unit} per entry" if plan.transfer else ""
    lasts = times.stated(plan, plan.makespan)
    return f"makespan {lasts} on {plan.machines:,} machines{idle}, {busy:.0%} busy{delay}"


def planned_charts(plan: BasePlan) -> tuple[Chart, ...]:
    """The Gantt chart of a plan for several machines, if it is small enough to draw."""
    if plan.machines == 1 or not 0 < len(plan.operations) <= MOST_BARS:
        return ()
    lanes: dict[int, list[Bar]] = {machine: [] for machine in range(min(plan.machines, MOST_LANES))}
    pairs = zip(plan.operations, plan.durations, strict=True)
    for operation, lasts in sorted(pairs, key=lambda pair: (pair[0].start, pair[0].start + pair[1])):
        if operation.machine in lanes:
            when = times.number(plan, operation.start), times.number(plan, lasts)
            lanes[operation.machine].append(_lasting(plan, operation, *when))
    used = [(f"machine {number}", bars) for number, bars in lanes.items() if bars]
    return (_chart("planned", used, "fma" if plan.unit == "fma" else "seconds"),)


def measured_chart(plan: BasePlan, records: Iterable[OperationRecord[Any]]) -> Chart:
    """What happened when and where, beside what was planned."""
    lanes: dict[int, list[Bar]] = {}
    for record in sorted(records, key=lambda record: record.start):
        bar = _lasting(plan, record.operation, record.start, record.seconds)
        lanes.setdefault(record.machine, []).append(bar)
    used = [(f"machine {number}", lanes[number]) for number in sorted(lanes)]
    return _chart("measured", used, "seconds")


def _lasting(plan: BasePlan, operation: Any, start: float, lasts: float) -> Bar:
    from chainorder.report.charts import Bar  # start-up does without

    return Bar(start, start + lasts, plan.called(operation), str(operation.action))


def _chart(title: str, lanes: Sequence[tuple[str, Sequence[Bar]]], unit: str) -> Chart:
    from chainorder.report.charts import Chart  # start-up does without

    return Chart(title, lanes, unit)
