"""Reports as Markdown, for issues and lab books."""

from __future__ import annotations

from collections.abc import Sequence

from chainorder.report.model import Report, is_numeric
from chainorder.report.numbers import Cell, write_cell


def render(reports: Sequence[Report]) -> str:
    """Markdown text: a heading, a table and a list for each report."""
    return "\n".join(_one(report) for report in reports)


def _one(report: Report) -> str:
    columns, rows = report.visible()
    numeric = [is_numeric(rows, place) for place in range(len(columns))]
    lines = [f"### {report.title}", "", _line(columns)]
    lines.append("|" + "|".join("---:" if right else "---" for right in numeric) + "|")
    lines += [_line(row) for row in rows]
    lines += ["", *(f"- {note}" for note in report.notes), ""]
    return "\n".join(lines)


def _line(cells: Sequence[Cell]) -> str:
    return "| " + " | ".join(write_cell(cell).replace("|", "\\|") for cell in cells) + " |"
