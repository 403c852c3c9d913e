"""Reports as comma-separated values: one head, then the rows of all reports, numbers as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from chainorder.report.model import Report
from chainorder.report.numbers import Cell


def render(reports: Sequence[Report]) -> str:
    """CSV text; a second head follows where the columns change."""
    return lines(_rows(reports))


def _rows(reports: Sequence[Report]) -> Iterator[Sequence[Cell]]:
    columns: tuple[str, ...] = ()
    for report in reports:
        if report.columns != columns:
            columns = report.columns
            yield columns
        yield from report.rows


def lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as text; truth values as in JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([str(cell).lower() if isinstance(cell, bool) else cell for cell in row] for row in rows)
    return text.getvalue()
