"""Batches as text: some formats grow record by record, others need all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from chainorder.batch.files import Item
from chainorder.plans.base import BasePlan
from chainorder.report import batches
from chainorder.report.formats import Format
from chainorder.report.model import Report
from chainorder.report.numbers import Cell

SCALARS = (
    "solver",
    "objective",
    "optimal",
    "lower_bound",
    "fma",
    "flops",
    "makespan",
    "machines",
    "peak_memory",
    "bracketing",
    "unit",
)
TIMED = ("seconds", "profile")
"""Of plans by seconds: what they are predicted to take, and by which profile."""

COLUMNS = ("source", "name", "length", "inputs", "outputs", *SCALARS, *TIMED, "error")
COMPARED = (*COLUMNS[:-1], "forward", "reverse", "cost", "error")
"""Of what a screen shows."""

WIDE = frozenset({"objective", "makespan", "machines", "lower_bound", "flops", "bracketing", "unit", *TIMED})


def record(form: Format, item: Item) -> Any:
    """What a format shows of an item, as plain data: a row, or all there is."""
    if form.data:
        return item_data(item)
    return compared_row(item) if form.screened else item_row(item)


def error_of(record: Any) -> str | None:
    """What is wrong with the item of a record, if something is."""
    error: str | None = record.get("error") if isinstance(record, dict) else record[-1]
    return error


def head(form: Format) -> str:
    """What a text begins with."""
    return "" if form.append is None or form.data else form.append([COLUMNS])


def text(form: Format, records: Iterable[Any], sort: str | None = None) -> str | bytes:
    """The text of records: some of those of a format that appends, all of those of another."""
    if form.append is not None:
        return form.append(records)
    kept = tuple(records)
    if form.screened:
        named = [dict(zip(COMPARED, each, strict=True)) for each in kept]
        notes = tuple(batches.notes(named))
        return form.render([Report("batch", COMPARED, kept, notes, shown=lambda: batches.sheet(named, sort))])
    shown = Report("batch", COLUMNS, () if form.data else kept, data=lambda: kept, hidden=WIDE)
    return form.render([shown])


class Stream:
    """A batch report that goes to where it cannot be taken back: to stdout, a pipe, a device.

    Attributes
    ----------
    written, failed
        Items so far, and those of them that have errors.
    done
        Items that need not be planned again.
    """

    done = 0

    def __init__(self, form: Format, write: Callable[[str | bytes], object], sort: str | None = None) -> None:
        self.written = self.failed = 0
        self._format, self._write, self._sort = form, write, sort
        self._held: list[Any] = []
        self._write(head(form))

    def watch(self, items: Iterable[Item]) -> Iterable[Item]:
        """Items as they are read."""
        return items

    def write(self, item: Item) -> None:
        """Take the next item."""
        kept = record(self._format, item)
        self.written += 1
        self.failed += error_of(kept) is not None
        if self._format.append is not None:
            self._write(text(self._format, [kept]))
        else:
            self._held.append(kept)

    def finish(self) -> None:
        """Write what formats that need all items at once have held back; of a broken-off batch, too."""
        if self._format.append is None:
            self._write(text(self._format, self._held, self._sort))


def item_data(item: Item) -> dict[str, object]:
    """An item as plain data: the plan's JSON and its source, or the error."""
    if isinstance(item.outcome, BasePlan):
        return {"source": item.source, **item.outcome.to_data()}
    return {"source": item.source, "error": str(item.outcome)}


def item_row(item: Item) -> tuple[Cell, ...]:
    """An item as a row of `COLUMNS`; the length of a graph is the number of its edges."""
    plan = item.outcome
    if not isinstance(plan, BasePlan):
        return (item.source, *[None] * (len(COLUMNS) - 2), str(plan))
    counts = plan.problem.counts
    length = counts["length" if "length" in counts else "edges"]
    head = (item.source, plan.name, length, counts["inputs"], counts["outputs"])
    found = plan.predicted
    timed = (None, None) if found is None else (found.seconds, found.profile.name)
    return (*head, *(getattr(plan, name, None) for name in SCALARS), *timed, None)


def compared_row(item: Item) -> tuple[Cell, ...]:
    """An item as a row of `COMPARED`."""
    row = item_row(item)
    costs = *map(item.beside.get, batches.SWEEPS), getattr(item.outcome, "cost", None)
    return (*row[:-1], *costs, row[-1])
