"""Reports for the terminal, by rich."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chainorder.report.model import Bar, Chart, Report, write_cell

CHART_WIDTH = 100
"""Columns of a chart at most."""

PLAIN_WIDTH = 10_000
"""Columns of text that goes to a file or a pipe: no line of a table wraps there."""


def render(reports: Sequence[Report]) -> str:
    """Text as wide as the terminal; coloured if it is one and NO_COLOR is not set."""
    terminal = sys.stdout.isatty()
    text = io.StringIO()
    console = Console(
        file=text,
        force_terminal=terminal,
        no_color="NO_COLOR" in os.environ,
        width=None if terminal else PLAIN_WIDTH,
        highlight=False,
        legacy_windows=False,
    )
    for report in reports:
        _print(console, report)
    # rich pads rows to the table's width; a pipe or a file should not see that.
    return text.getvalue() if terminal else "\n".join(line.rstrip() for line in text.getvalue().split("\n"))


def _print(console: Console, report: Report) -> None:
    console.print(Text(report.title, style="bold"))
    columns, rows = report.visible()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        numeric = all(not isinstance(row[place], str) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
    for number, row in enumerate(rows, 1):
        best = row[0] == "best" and number == len(rows) and not report.outdone
        style = "bold green" if best else None
        table.add_row(*(Text(write_cell(cell)) for cell in row), style=style)
    if rows:
        console.print(table)
    for chart in report.charts:
        _draw(console, chart)
    for note in report.notes:
        console.print(Text(note), soft_wrap=not sys.stdout.isatty())
    console.print()


def _draw(console: Console, chart: Chart) -> None:
    """A line for each lane; bars too short to see are drawn one column wide."""
    names = max((len(name) for name, _ in chart.lanes), default=0)
    width = max(20, min(CHART_WIDTH, console.width - 1) - names - 2)
    scale = width / chart.end if chart.end else 0
    console.print(Text(chart.title, style="bold"))
    for name, bars in chart.lanes:
        line = Text(f"{name:>{names}}  ")
        column = 0
        for bar in bars:
            start = max(column, min(width - 1, round(bar.start * scale)))
            column = max(start + 1, min(width, round(bar.end * scale)))
            line.append("·" * (start - len(line) + names + 2), style="dim")
            line.append(_block(bar, column - start), style=_STYLES.get(bar.kind, ""))
        line.append("·" * (width + names + 2 - len(line)), style="dim")
        console.print(line, no_wrap=True, crop=True)
    end = f"{write_cell(chart.end)} {chart.unit}"
    console.print(Text(" " * (names + 2) + "0" + end.rjust(width - 1)))
    console.print()


_STYLES = {"multiply": "green", "tangent": "cyan", "adjoint": "magenta", "accumulate": "yellow"}


def _block(bar: Bar, width: int) -> str:
    """A bar in so many columns, with its label where that fits."""
    if width < 3:
        return "█" * width
    return f"├{bar.label:─^{width - 2}}┤" if len(bar.label) <= width - 2 else f"├{'─' * (width - 2)}┤"
