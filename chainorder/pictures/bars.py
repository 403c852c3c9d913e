"""Costs side by side as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chainorder.costs.prediction import SECOND
from chainorder.pictures.colours import SWEEPS
from chainorder.pictures.order import order
from chainorder.pictures.scene import LETTER, Axis, Box, Mark, Scene, Text, stacked
from chainorder.reading.magnitudes import duration, short

if TYPE_CHECKING:
    from chainorder.comparison.chains import Comparison
    from chainorder.comparison.ranking import Ranking

ROW = 0.045
"""The height of a row by the width of the picture."""


def bars(title: str, rows: Sequence[tuple[str, float, str]], unit: str, caption: str = "") -> Scene:
    """A bar for each row from the top: its label, its value, and what is written behind it."""
    count = len(rows)
    greatest = max((value for _, value, _ in rows if value > 0), default=1)
    marks: list[Mark] = []
    for place, (label, value, text) in enumerate(rows):
        y = count - place - 0.8
        marks.append(Box(0, y, value, 0.6, SWEEPS.get(label, "other"), tip=f"{label}: {text}"))
        marks.append(Text(value + 0.008 * greatest, y + 0.3, text, "start"))
    behind = 1.2 * LETTER * max((len(text) for _, _, text in rows), default=0)
    names = tuple((count - place - 0.5, label) for place, (label, _, _) in enumerate(rows))
    y_axis = Axis(0, count, ticks=names)
    return Scene(
        title, tuple(marks), Axis(0, greatest / (1 - min(0.7, behind)), unit), y_axis, caption, ROW * count
    )


def costs(comparison: Ranking[Any]) -> Scene:
    """What each order costs, and how many times the best; those that cannot be are named."""
    best = comparison.best
    by_fma = best.unit == "fma"
    told, unit = (short, "fma") if by_fma else (duration, "seconds, predicted")
    rows = []
    for label, plan in zip(comparison.labels, comparison.plans, strict=True):
        ratio = comparison.ratio(plan)
        times = "" if label == "best" or ratio is None else f", {ratio:,.2f} times the best"
        cost = plan.cost if by_fma else plan.cost / SECOND
        rows.append((label, float(cost), f"{told(cost)}{times}"))
    caption = "; ".join([f"Best: {best.solver}, {best.claim}", *map(str, comparison.infeasible)]) + "."
    title = f"{best.problem.title}: {'makespan' if best.objective == 'makespan' else 'cost'}"
    return bars(title, rows, unit, caption)


def orders(comparison: Comparison) -> Scene:
    """The order pictures of all plans, in which equal areas are equal costs."""
    dearest = max((each.fma for plan in comparison.plans for each in plan.operations), default=0)
    scenes = [
        order(plan, dearest=dearest).titled(f"{label}: {short(plan.fma)} fma")
        for label, plan in zip(comparison.labels, comparison.plans, strict=True)
    ]
    caption = f"{comparison.chain.title}. Equal areas are equal fma in all orders."
    return stacked(scenes, caption).titled("The orders of all plans")
