"""What a report is, whatever it is printed as: a title, a table, notes, and the same facts as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainorder.report.numbers import Cell

if TYPE_CHECKING:
    from chainorder.pictures.scene import Scene
    from chainorder.report.charts import Chart, Plot

PICTURE, GRAPH = "picture", "graph"
"""Attributes of a report that some formats draw."""

MOST_BARS = 2_000
"""Operations that a chart shows."""

NOTHING_TO_DRAW = {
    PICTURE: "there is no picture of this; draw a plan, a comparison or a run, or take another format",
    GRAPH: "dot and graphml draw one plan; use them with `plan` and one chain or graph",
}


@dataclass(frozen=True)
class Sheet:
    """A table for people.

    Attributes
    ----------
    columns
        Heads.
    rows
        Cells as values.
    leave
        Columns that leave the line first where there is no room for all, in this order; after them those on
        the right.
    follows
        Columns that follow from others: they are left out where there is no room for them.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    leave: tuple[str, ...] = ()
    follows: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Report:
    """One result, ready for every format.

    Attributes
    ----------
    title
        What it is about, in a line.
    columns
        Heads of the table; csv uses them as they are.
    rows
        Cells as values: formats decide how to write a number.
    notes
        Sentences under the table: what to take away from it.
    data
        Makes the same facts under stable keys, for JSON: those of a million operations are not made for a
        table of twelve.
    hidden
        Columns that are for csv only, too wide for people.
    charts
        What formats that can draw show too.
    pictures
        Makes pictures of it, for formats that draw them.
    graph
        Makes a ``networkx.DiGraph`` of it, for formats that draw graphs.
    outdone
        Whether another row turned out better than the last one, which is then not shown as the best.
    shown
        Makes the table that a screen shows, if it is another than that of csv and Markdown.
    plots
        Bars that a screen shows.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    notes: tuple[str, ...] = ()
    data: Callable[[], Mapping[str, Any] | Sequence[Any]] = dict
    hidden: frozenset[str] = frozenset()
    charts: tuple[Chart, ...] = ()
    pictures: Callable[[], Sequence[Scene]] = tuple
    graph: Callable[[], Any] | None = None
    outdone: bool = False
    shown: Callable[[], Sheet] | None = None
    plots: tuple[Plot, ...] = ()

    def sheet(self) -> Sheet:
        """The table that a screen shows."""
        if self.shown is not None:
            return self.shown()
        columns, rows = self.visible()
        return Sheet(tuple(columns), [tuple(row) for row in rows])

    def visible(self) -> tuple[list[str], list[list[Cell]]]:
        """Heads and rows without the hidden columns."""
        shown = [place for place, column in enumerate(self.columns) if column not in self.hidden]
        return [self.columns[place] for place in shown], [
            [row[place] for place in shown] for row in self.rows
        ]


def is_numeric(rows: Iterable[Sequence[Cell]], place: int) -> bool:
    """Whether a column holds no text."""
    return not any(isinstance(row[place], str) for row in rows)
