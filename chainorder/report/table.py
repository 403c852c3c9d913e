"""Reports as text: for a terminal by rich, as wide as it is; for files and pipes as wide as need be."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from chainorder.report.lanes import chart_lines
from chainorder.report.model import Report, is_numeric, write_cell

UNBOUNDED = 10_000
"""Columns where nothing bounds them."""

GAP = "   "
"""Between columns."""


def render(reports: Sequence[Report]) -> str:
    """Text as wide as the terminal; coloured if it is one and NO_COLOR is not set."""
    if sys.stdout.isatty():
        from chainorder.report.terminal import render_coloured  # rich takes long to start

        return render_coloured(reports)
    return "".join(f"{line.rstrip()}\n" for report in reports for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield report.title
    if report.rows:
        yield from _table(report)
    for chart in report.charts:
        yield from ("".join(text for text, _ in line) for line in chart_lines(chart, UNBOUNDED))
    yield from report.notes
    yield ""


def _table(report: Report) -> Iterator[str]:
    """Heads, a line under them, and rows: numbers to the right, text to the left."""
    columns, rows = report.visible()
    texts = [columns, *([write_cell(cell) for cell in row] for row in rows)]
    widths = [max(map(cells, column)) for column in zip(*texts, strict=True)]
    numeric = [is_numeric(rows, place) for place in range(len(columns))]
    lines = [
        " " + GAP.join(_padded(*each) for each in zip(text, widths, numeric, strict=True)) for text in texts
    ]
    yield from ("", lines[0], " " + "─" * (sum(widths) + len(GAP) * (len(widths) - 1)), *lines[1:], "")


def _padded(text: str, width: int, right: bool) -> str:
    room = " " * (width - cells(text))
    return room + text if right else text + room


def cells(text: str) -> int:
    """Columns that a text takes in a terminal."""
    if max(text, default="") < "\u0300":
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
