"""Gantt charts: what runs where and when, as planned and as measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainorder.costs.prediction import SECOND
from chainorder.pictures.colours import ACTIONS
from chainorder.pictures.scene import Axis, Box, Scene, extent
from chainorder.plans.base import BasePlan
from chainorder.reading.magnitudes import duration, short

if TYPE_CHECKING:
    from chainorder.comparison.chains import Comparison
    from chainorder.execution.graph_result import GraphExecution
    from chainorder.execution.result import Execution

LANE, GAP = 0.045, 0.12
"""The height of a lane by the width of the picture, and the gap between two, in lanes."""

MOST = 64
"""Machines that are drawn; more would not be told apart."""

FINE = 600
"""Into so many parts a chart is cut at most: what is shorter is drawn together with its neighbours."""


@dataclass(frozen=True)
class Span:
    """Something that lasts, on a machine."""

    machine: int
    start: float
    end: float
    label: str
    kind: str


def planned(plan: BasePlan) -> Scene:
    """The operations of a plan over the fma, or the predicted seconds, since its start."""
    by_fma = plan.unit == "fma"
    scale = 1 if by_fma else SECOND
    spans = [
        Span(
            each.machine,
            each.start / scale,
            (each.start + lasts) / scale,
            plan.called(each),
            str(each.action),
        )
        for each, lasts in zip(plan.operations, plan.durations, strict=True)
    ]
    used = len({span.machine for span in spans})
    busy = f", {sum(plan.durations) / (used * plan.makespan):.0%} busy" if used and plan.makespan else ""
    lasts = f"{plan.makespan:,} fma" if by_fma else f"{duration(plan.makespan / SECOND)}, predicted,"
    caption = f"Planned: makespan {lasts} on {plan.machines:,} machines, {used:,} used{busy}."
    unit = "fma since the start" if by_fma else "seconds since the start"
    return gantt(f"{plan.problem.title}: schedule", spans, unit, caption)


def best(comparison: Comparison) -> Scene:
    """The same of the best plan of a comparison."""
    return planned(comparison.best)


def measured(run: Execution | GraphExecution) -> Scene:
    """The operations of a run over time."""
    records: Sequence[Any] = run.records
    spans = [
        Span(
            each.machine,
            each.start,
            each.start + each.seconds,
            run.plan.called(each.operation),
            str(each.operation.action),
        )
        for each in records
    ]
    end = max((span.end for span in spans), default=0)
    caption = f"Measured: {duration(run.seconds)} in operations, {duration(end)} from the first to the last."
    return gantt(f"{run.title}: as it ran", spans, "seconds since the start", caption)


def gantt(title: str, spans: Iterable[Span], unit: str, caption: str) -> Scene:
    """A lane for each machine, the first one at the top."""
    lanes: dict[int, list[Span]] = {}
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        lanes.setdefault(span.machine, []).append(span)
    shown = sorted(lanes)[:MOST]
    end = extent(span.end for each in lanes.values() for span in each)
    marks, names, kinds = [], [], set()
    for place, machine in enumerate(shown):
        y = len(shown) - place - 1 + GAP / 2
        names.append((y + (1 - GAP) / 2, f"machine {machine}"))
        marks.append(Box(0, y, end, 1 - GAP, "lane"))
        for span in _merged(lanes[machine], end / FINE):
            tip = f"{span.label}: {span.kind}, {short(span.start)} to {short(span.end)} of {short(end)}"
            marks.append(Box(span.start, y, span.end - span.start, 1 - GAP, span.kind, span.label, tip))
            kinds.add(span.kind)
    left = len(lanes) - len(shown)
    more = f" {left:,} more machines are not drawn." if left else ""
    legend = tuple((kind, kind) for kind in ACTIONS if kind in kinds)
    axes = Axis(0, end, unit), Axis(0, max(1, len(shown)), ticks=tuple(names))
    return Scene(title, tuple(marks), *axes, caption + more, LANE * max(1, len(shown)), legend)


def _merged(spans: Sequence[Span], least: float) -> list[Span]:
    """The spans of a lane, those that are too short to see together as one."""
    merged: list[Span] = []
    first = last = 0
    for number, span in enumerate(spans):
        before = merged[-1] if merged else None
        tiny = before is not None and before.end - before.start < least and span.end - span.start < least
        if before is None or not tiny or span.start - before.end > least:
            merged.append(span)
            first = number
        else:
            last = number
            label = f"{last - first + 1:,} operations"
            merged[-1] = Span(span.machine, before.start, span.end, label, before.kind)
    return merged
