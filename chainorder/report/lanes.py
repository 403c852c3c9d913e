"""Gantt charts as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chainorder.report.layout import Line, padded, width
from chainorder.report.numbers import write_cell
from chainorder.report.screen import Screen

if TYPE_CHECKING:
    from chainorder.report.charts import Bar, Chart

CHART_WIDTH = 100
"""Columns of a chart at most."""

_STYLES = {"multiply": "green", "tangent": "cyan", "adjoint": "magenta", "accumulate": "yellow"}


def chart_lines(chart: Chart, screen: Screen) -> Iterator[Line]:
    """A line for each lane, no wider than the screen; bars too short to see are drawn one column wide."""
    names = max((width(name) for name, _ in chart.lanes), default=0)
    room = max(8, min(CHART_WIDTH, screen.width - 1) - names - 2)
    end = chart.end if chart.end else 1
    yield [(chart.title, "bold")]
    for name, bars in chart.lanes:
        line: Line = [(f"{padded(name, names, right=True)}  ", "")]
        column = 0
        for bar in bars:
            before, start = column, max(column, min(room - 1, round(room * (bar.start / end))))
            column = max(start + 1, min(room, round(room * (bar.end / end))))
            line.append(("·" * (start - before), "dim"))
            line.append((_block(bar, column - start), _STYLES.get(bar.kind, "")))
        line.append(("·" * (room - column), "dim"))
        yield line
    last = f"{write_cell(chart.end, exact=screen.exact)} {chart.unit}"
    yield [(" " * (names + 2) + "0" + last.rjust(room - 1), "")]
    yield []


def _block(bar: Bar, columns: int) -> str:
    """A bar in so many columns, with its label where that fits."""
    if columns < 3:
        return "█" * columns
    room = columns - 2 - width(bar.label)
    return (
        f"├{'─' * (columns - 2)}┤"
        if room < 0
        else f"├{'─' * (room // 2)}{bar.label}{'─' * (room - room // 2)}┤"
    )
