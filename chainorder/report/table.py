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

from chainorder.report.model import Report, write_cell

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
        style = "bold green" if row[0] == "best" and number == len(rows) else None
        table.add_row(*(Text(write_cell(cell)) for cell in row), style=style)
    if rows:
        console.print(table)
    for note in report.notes:
        console.print(Text(note), soft_wrap=not sys.stdout.isatty())
    console.print()
