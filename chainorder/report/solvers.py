"""The registry of solvers as a table."""

from __future__ import annotations

from collections.abc import Mapping

from chainorder.report.model import Report, Sheet


def solvers_report(kind: str, summaries: Mapping[str, str]) -> Report:
    """The solvers for a kind of problem by name; a summary ends with the claim, behind a semicolon."""
    rows = [(name, *_parted(summary)) for name, summary in summaries.items()]
    columns = ("solver", "claim", "takes, does")
    sheet = Sheet(columns, rows, leave=("takes, does",))
    solvers = [dict(zip(("solver", "claim", "summary"), row, strict=True)) for row in rows]
    data = {"schema": 1, "kind": kind, "solvers": solvers}
    return Report(f"solvers for {kind}s", columns, rows, data=lambda: data, shown=lambda: sheet)


def _parted(summary: str) -> tuple[str, str]:
    """Claim and the rest."""
    what, _, claim = summary.rpartition("; ")
    return (claim, what) if what else ("", summary)
