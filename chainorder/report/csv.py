"""Reports as comma-separated values: one head, then the rows of all reports, numbers as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import IO

from chainorder.report.model import Cell, Report


def render(reports: Sequence[Report]) -> str:
    """CSV text; a second head follows where the columns change."""
    text = io.StringIO()
    columns: tuple[str, ...] = ()
    for report in reports:
        if report.columns != columns:
            columns = report.columns
            write_rows(text, [columns])
        write_rows(text, report.rows)
    return text.getvalue()


def write_rows(file: IO[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write rows to an open file; truth values as in JSON."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([str(cell).lower() if isinstance(cell, bool) else cell for cell in row] for row in rows)
