"""What a page shows of a report, ready for its templates: sentences, pictures, tables, the spec."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from chainorder.report.model import Report, is_numeric
from chainorder.report.numbers import Cell, Entries, Seconds, write_cell

MOST_ROWS = 2_000
"""Rows of a table."""

MOST_ELEMENTALS, MOST_LETTERS = 200, 20_000
"""Of a spec that is written as YAML, and of a longer one that is shown at all."""


TITLES = {
    "operation": "Operations",
    "result": "Operations",
    "order": "Orders",
    "elemental": "Elementals",
    "edge": "Edges",
}
"""Of tables, by their first column."""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    title
        Above it.
    columns
        Heads, each with whether the column holds numbers.
    rows
        Cells, each as text and as what it is sorted by.
    links
        Where the first cell of each row leads.
    more
        Rows that are left out.
    """

    title: str
    columns: list[tuple[str, bool]]
    rows: list[list[tuple[str, Cell]]]
    links: list[str] = field(default_factory=list)
    more: int = 0

    @classmethod
    def of(cls, title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
        """The table of cells as values; columns without any value are left out."""
        kept = [place for place in range(len(columns)) if any(row[place] is not None for row in rows)]
        heads = [(columns[place], is_numeric(rows, place)) for place in kept]
        shown = [[(_text(row[place]), row[place]) for place in kept] for row in islice(rows, MOST_ROWS)]
        return cls(title, heads, shown, more=len(rows) - len(shown))


@dataclass(frozen=True)
class Part:
    """What is folded: one of the chains of a batch."""

    anchor: str
    title: str
    notes: Sequence[str]
    pictures: Callable[[], Iterable[Any]]
    tables: Sequence[Table] = ()
    spec: str = ""


@dataclass(frozen=True)
class Section:
    """A report, or a whole batch: the first sentence of its notes is the summary."""

    title: str
    notes: Sequence[str]
    pictures: Callable[[], Iterable[Any]] = tuple
    tables: Sequence[Table] = ()
    spec: str = ""
    parts: Sequence[Part] = ()


def outline(report: Report) -> Section:
    """What is known at once: no facts under the keys of JSON are made for it."""
    sheet = report.sheet()
    notes = sorted(report.notes, key=lambda note: note.startswith("…"))
    first = sheet.columns[0]
    table = Table.of(TITLES.get(first, first.capitalize()), sheet.columns, sheet.rows)
    return Section(report.title, notes, report.pictures, [table])


def section(report: Report) -> Section:
    """What a page shows of a plan, a comparison, or of runs."""
    data = report.data()
    assert isinstance(data, Mapping)
    known = outline(report)
    return replace(known, tables=[*known.tables, *_of_runs(data.get("runs", ()))], spec=spec_text(data))


def _text(cell: Cell) -> str:
    """Numbers to the unit, but for what is written with one."""
    return write_cell(cell, exact=not isinstance(cell, Entries | Seconds))


def _of_runs(runs: Sequence[Mapping[str, Any]]) -> list[Table]:
    """The checks of all runs, and the operations of the last one."""
    if not runs:
        return []
    keys = ("name", "error", "tolerance", "passed")
    checks = [(run["order"], *(each[key] for key in keys)) for run in runs for each in run["checks"]]
    last = runs[-1]
    steps = zip(last["plan"]["operations"], last["operations"], strict=True)
    operations = [
        (did["result"], plan["action"], plan["fma"], did["fma"], did["seconds"], did["format"])
        for plan, did in steps
    ]
    heads = ("result", "action", "planned fma", "counted fma", "seconds", "stored as")
    return [
        Table.of("Checks", ("order", "check", "error", "tolerance", "passed"), checks),
        Table.of("Operations as they ran", heads, operations),
    ]


def spec_text(data: Mapping[str, Any]) -> str:
    """The spec of what a report is about, as YAML; a long one as JSON, cut."""
    problem = data.get("chain") or data.get("graph") or {}
    spec = problem.get("spec") or {}
    if not spec:
        return ""
    if max((len(each) for each in spec.values() if isinstance(each, list)), default=0) <= MOST_ELEMENTALS:
        import yaml

        text: str = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, default_flow_style=None)
        return text
    text = json.dumps(spec, ensure_ascii=False)
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}… ({len(text):,} letters)"
