"""Bars beside numbers, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chainorder.report.layout import Line, padded, width
from chainorder.report.numbers import write_cell
from chainorder.report.screen import Screen

if TYPE_CHECKING:
    from chainorder.report.charts import Plot

BAR = 50
"""Columns of the longest bar, if there is so much room."""


def plot_lines(plot: Plot, screen: Screen) -> Iterator[Line]:
    """A bar for each number, relative to the greatest; what has no number is infeasible."""
    texts = [write_cell(value, exact=screen.exact) for _, value in plot.bars]
    labels = [write_cell(label, exact=screen.exact) for label, _ in plot.bars]
    names = max(map(width, labels), default=0)
    room = screen.width - names - max(map(width, texts), default=0) - 3
    longest, greatest = (
        max(1, min(BAR, room)),
        max((value for _, value in plot.bars if value is not None), default=0),
    )
    yield [(plot.title, "bold")]
    for (_, value), label, text in zip(plot.bars, labels, texts, strict=True):
        filled = max(1, round(longest * (value / greatest))) if value and greatest else 0
        line = [(f" {padded(label, names, right=True)} ", "")]
        yield (
            [*line, ("infeasible", "dim")]
            if value is None
            else [*line, ("█" * filled, "green"), (f" {text}", "")]
        )
    yield []
