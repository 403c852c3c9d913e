"""What formats that can draw show beside a table: Gantt charts and bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainorder.report.numbers import Cell


@dataclass(frozen=True)
class Bar:
    """Something that lasts: from a start to an end."""

    start: float
    end: float
    label: str
    kind: str = ""


@dataclass(frozen=True)
class Chart:
    """A Gantt chart.

    Attributes
    ----------
    title
        What it shows.
    lanes
        Names, and what happens in each, one after the other.
    unit
        Of the time.
    """

    title: str
    lanes: Sequence[tuple[str, Sequence[Bar]]]
    unit: str

    @property
    def end(self) -> float:
        """When the last bar ends."""
        return max((bar.end for _, bars in self.lanes for bar in bars), default=0)


@dataclass(frozen=True)
class Plot:
    """Bars beside each other.

    Attributes
    ----------
    title
        What it shows.
    bars
        Labels and values; None is infeasible.
    """

    title: str
    bars: Sequence[tuple[Cell, float | None]]
