"""A batch on a page: a table whose rows lead to their chains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chainorder.errors import ChainorderError
from chainorder.report.html.sections import Part, Section, Table, spec_text

COLUMNS = ("source", "name", "fma", "peak memory", "makespan", "solver", "claim", "error")

MOST_OPERATIONS = 60
"""Of a plan that is drawn in a batch."""


def batch_section(records: Sequence[Mapping[str, Any]]) -> Section:
    """What a page shows of the records of a batch: plans as plain data, each with its source, or errors."""
    table = Table.of("Chains", COLUMNS, [_row(each) for each in records])
    anchors = [f"chain-{number}" for number in range(1, len(records) + 1)]
    linked = Table(table.title, table.columns, table.rows, anchors, table.more)
    failed = sum("error" in each for each in records)
    proved = sum(bool(each.get("optimal")) for each in records)
    said = f"{len(records):,} chains: {proved:,} planned with a proof, {failed:,} with errors."
    parts = [_part(anchor, each) for anchor, each in zip(anchors, records, strict=True)]
    return Section("batch", [said], tables=[linked], parts=parts)


def _row(record: Mapping[str, Any]) -> tuple[Any, ...]:
    problem = record.get("chain") or record.get("graph") or {}
    claim = None if "error" in record else "optimal" if record["optimal"] else "heuristic"
    costs = (record.get(key) for key in ("fma", "peak_memory", "makespan", "solver"))
    return (record["source"], problem.get("name"), *costs, claim, record.get("error"))


def _part(anchor: str, record: Mapping[str, Any]) -> Part:
    if "error" in record:
        return Part(anchor, record["source"], [record["error"]], tuple)
    order = record.get("bracketing", record.get("order", ""))
    shown = order if len(order) <= 400 else f"{order[:400]}…"
    notes = [f"{record['fma']:,} fma by {record['solver']}", f"order: {shown}"]

    def pictures() -> Iterable[Any]:
        if len(record["operations"]) > MOST_OPERATIONS:
            return ()
        from chainorder.pictures.catalogue import picture
        from chainorder.plans.files import saved_plan

        try:
            return (picture(saved_plan(dict(record), Path())),)
        except ChainorderError:  # a matrix that is not there, seen from here: the rest is shown without
            return ()

    return Part(anchor, record["source"], notes, pictures, spec=spec_text(record))
