"""Reports as JSON: one object for one report, a list for several; or one line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from chainorder.report.model import Report


def render(reports: Sequence[Report]) -> str:
    """JSON text, indented; exact integers."""
    data = [report.data() for report in reports]
    return json.dumps(data[0] if len(data) == 1 else data, indent=2, ensure_ascii=False) + "\n"


def render_lines(reports: Sequence[Report]) -> str:
    """JSON Lines."""
    return lines(report.data() for report in reports)


def lines(records: Iterable[Any]) -> str:
    """Plain data, a line each."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
