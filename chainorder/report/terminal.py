"""Reports for the terminal, by rich."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chainorder.report.lanes import chart_lines
from chainorder.report.model import Report, is_numeric, write_cell


def render_coloured(reports: Sequence[Report]) -> str:
    """Text as wide as the terminal; without colours if NO_COLOR is set."""
    text = io.StringIO()
    console = Console(
        file=text,
        force_terminal=True,
        no_color="NO_COLOR" in os.environ,
        highlight=False,
        legacy_windows=False,
    )
    for report in reports:
        _print(console, report)
    return text.getvalue()


def _print(console: Console, report: Report) -> None:
    console.print(Text(report.title, style="bold"))
    columns, rows = report.visible()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        numeric = is_numeric(rows, place)
        table.add_column(column, justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
    for number, row in enumerate(rows, 1):
        best = row[0] == "best" and number == len(rows) and not report.outdone
        style = "bold green" if best else None
        table.add_row(*(Text(write_cell(cell)) for cell in row), style=style)
    if rows:
        console.print(table)
    for chart in report.charts:
        for line in chart_lines(chart, console.width):
            console.print(Text.assemble(*line), no_wrap=True, crop=True)
    for note in report.notes:
        console.print(Text(note))
    console.print()
