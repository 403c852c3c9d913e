"""Gantt charts as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from chainorder.report.model import Bar, Chart, write_cell

Line: TypeAlias = list[tuple[str, str]]
"""Parts of a line, each with its style."""

CHART_WIDTH = 100
"""Columns of a chart at most."""

_STYLES = {"multiply": "green", "tangent": "cyan", "adjoint": "magenta", "accumulate": "yellow"}


def chart_lines(chart: Chart, room: int) -> Iterator[Line]:
    """A line for each lane, no wider than the room; bars too short to see are drawn one column wide."""
    names = max((len(name) for name, _ in chart.lanes), default=0)
    width = max(20, min(CHART_WIDTH, room - 1) - names - 2)
    scale = width / chart.end if chart.end else 0
    yield [(chart.title, "bold")]
    for name, bars in chart.lanes:
        line: Line = [(f"{name:>{names}}  ", "")]
        column = 0
        for bar in bars:
            before, start = column, max(column, min(width - 1, round(bar.start * scale)))
            column = max(start + 1, min(width, round(bar.end * scale)))
            line.append(("·" * (start - before), "dim"))
            line.append((_block(bar, column - start), _STYLES.get(bar.kind, "")))
        line.append(("·" * (width - column), "dim"))
        yield line
    end = f"{write_cell(chart.end)} {chart.unit}"
    yield [(" " * (names + 2) + "0" + end.rjust(width - 1), "")]
    yield []


def _block(bar: Bar, width: int) -> str:
    """A bar in so many columns, with its label where that fits."""
    if width < 3:
        return "█" * width
    return f"├{bar.label:─^{width - 2}}┤" if len(bar.label) <= width - 2 else f"├{'─' * (width - 2)}┤"
