"""How costs change: with the memory that there is, and with the number of machines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from chainorder.comparison.scaling import Scaling, Sweep
from chainorder.costs.prediction import SECOND
from chainorder.pictures.colours import SWEEPS
from chainorder.pictures.scene import LINE, Axis, Box, Mark, Path, Point, Scene, Text, extent
from chainorder.reading.magnitudes import duration, short

HEIGHT = 0.45


def memory_sweep(sweep: Sweep) -> Scene:
    """The cost of each order over the limit for tapes: a step wherever one more tape fits."""
    limits = sweep.costs
    end = 1.1 * extent(limits)
    costs: dict[str, list[Point]] = {}
    for memory, found in limits.items():
        for label, cost in found.items():
            costs.setdefault(label, []).append((memory, cost))
    curves = {label: _steps(points, end) for label, points in costs.items()}
    top = extent(y for curve in curves.values() for _, y in curve)
    marks = _curves(curves, end, LINE * top / HEIGHT)
    x, y = Axis(0, 1.25 * end, "limit for one tape, in entries"), Axis(0, 1.1 * top, sweep.unit)
    places = f"{len(limits):,} limit{'s' * (len(limits) > 1)}"
    caption = f"Where a curve begins, its order becomes possible; plans can change at {places} only."
    return Scene(f"{sweep.chain.title}: cost by memory", marks, x, y, caption, HEIGHT)


def _steps(points: Sequence[Point], end: float) -> list[Point]:
    """A cost that holds until the next limit."""
    steps: list[Point] = []
    for (memory, cost), (following, _) in pairwise([*points, (end, 0)]):
        steps += [(memory, cost), (following, cost)]
    return steps


def _curves(curves: dict[str, list[Point]], end: float, apart: float) -> tuple[Mark, ...]:
    """Curves with their names behind their ends, one above the other, those of equal height as one."""
    marks: list[Mark] = []
    ends: dict[float, list[str]] = {}
    for label, points in curves.items():
        marks.append(Path(points, SWEEPS.get(label, "other"), tip=label))
        ends.setdefault(points[-1][1], []).append(label)
    at = -apart
    for y, labels in sorted(ends.items()):
        at = max(y, at + apart)
        marks.append(Text(1.01 * end, at, " = ".join(labels), "start"))
    return tuple(marks)


def scaling(found: Scaling) -> Scene:
    """The makespan over the number of machines, beside what perfect speed-up would make of it."""
    by_fma, count = found.one.unit == "fma", len(found.plans)
    one, *spans = (each.makespan / (1 if by_fma else SECOND) for each in (found.one, *found.plans))
    told = short if by_fma else duration
    ideal = [(plan.machines, one / plan.machines) for plan in found.plans]
    top = extent([one, *spans])
    marks: list[Mark] = []
    for place, (plan, span, (_, least)) in enumerate(zip(found.plans, spans, ideal, strict=True)):
        speedup = found.speedup(plan)
        said = "" if speedup is None else f", {speedup:,.2f} times shorter than on one"
        tip = f"{plan.machines:,} machines: makespan {told(span)}{said} ({plan.claim})"
        marks.append(Box(place + 0.15, 0, 0.7, span, "multiply", tip=tip))
        marks.append(Text(place + 0.5, span + 0.04 * top, told(span)))
        marks.append(Path([(place + 0.1, least), (place + 0.9, least)], "limit"))
    x = Axis(0, count, "machines", tuple((n + 0.5, f"{p.machines:,}") for n, p in enumerate(found.plans)))
    caption = "Dashed: the makespan on one machine divided by the number of machines."
    title = f"{found.one.chain.title}: makespan by machines"
    return Scene(title, tuple(marks), x, Axis(0, 1.12 * top, "fma" if by_fma else "seconds"), caption, HEIGHT)
