"""Batches as they come: csv and JSON Lines are written row by row, other formats at the end.

Either way an interrupted batch keeps what was finished.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from chainorder.batch import Item
from chainorder.errors import ChainorderError
from chainorder.graph.plan import GraphPlan
from chainorder.graph.plan_json import plan_data as graph_plan_data
from chainorder.plan import Plan
from chainorder.plan_json import plan_data
from chainorder.report.csv import write_rows
from chainorder.report.formats import FORMATS
from chainorder.report.graphs import batch_row
from chainorder.report.model import Cell, Report

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
)
COLUMNS = ("source", "name", "length", "inputs", "outputs", *SCALARS, "error")
WIDE = frozenset({"objective", "makespan", "machines", "lower_bound", "flops", "bracketing"})


class Stream:
    """A batch report that grows.

    Attributes
    ----------
    written
        Items so far.
    """

    def __init__(self, format_name: str, file: IO[str]) -> None:
        self.written = 0
        self._format = format_name
        self._file = file
        self._held: list[Item] = []
        if format_name == "csv":
            write_rows(file, [COLUMNS])

    def write(self, item: Item) -> None:
        """Take the next item."""
        self.written += 1
        match self._format:
            case "jsonl":
                self._file.write(FORMATS["jsonl"].render([Report("", (), (), data=partial(item_data, item))]))
            case "csv":
                write_rows(self._file, [item_row(item)])
            case _:
                self._held.append(item)
                return
        self._file.flush()

    def finish(self) -> None:
        """Write what formats that need all items at once have held back."""
        if self._format in ("jsonl", "csv"):
            return
        if self._format == "json":
            reports = [Report("", (), (), data=partial(item_data, item)) for item in self._held]
            # A batch is a list however many chains it had.
            text = FORMATS["json"].render(reports) if len(reports) != 1 else _list_of_one(reports[0])
        else:
            rows = tuple(item_row(item) for item in self._held)
            text = FORMATS[self._format].render([Report("batch", COLUMNS, rows, hidden=WIDE)])
        self._file.write(text)


@contextmanager
def open_stream(format_name: str, output: str | None) -> Iterator[Stream]:
    """A stream to a file, or to stdout; finished even when the work in between is interrupted."""
    with ExitStack() as stack:
        file: IO[str] = sys.stdout
        if output is not None:
            try:
                file = stack.enter_context(
                    Path(output).open("w", encoding="utf-8", errors="backslashreplace")
                )
            except OSError as error:
                reason = f"{output}: cannot be written ({error.strerror}); write elsewhere"
                raise ChainorderError(reason) from None
        stream = Stream(format_name, file)
        stack.callback(stream.finish)
        yield stream


def item_data(item: Item) -> dict[str, object]:
    """An item as plain data: the plan's JSON and its source, or the error."""
    if isinstance(item.outcome, Plan):
        return {"source": item.source, **plan_data(item.outcome)}
    if isinstance(item.outcome, GraphPlan):
        return {"source": item.source, **graph_plan_data(item.outcome)}
    return {"source": item.source, "error": str(item.outcome)}


def item_row(item: Item) -> tuple[Cell, ...]:
    """An item as a row of `COLUMNS`."""
    plan = item.outcome
    if isinstance(plan, GraphPlan):
        return (item.source, *batch_row(plan), *(getattr(plan, name, None) for name in SCALARS), None)
    if not isinstance(plan, Plan):
        return (item.source, *[None] * (len(COLUMNS) - 2), str(plan))
    chain = plan.chain
    head = (item.source, chain.name, len(chain), chain.inputs, chain.outputs)
    return (*head, *(getattr(plan, name) for name in SCALARS), None)


def _list_of_one(report: Report) -> str:
    text = FORMATS["json"].render([report])
    return "[\n" + text.rstrip() + "\n]\n"
