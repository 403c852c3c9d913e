"""Reports as text for people: as wide as their screen, in colours if it has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chainorder.report.lanes import chart_lines
from chainorder.report.layout import Layout, Line, filled, plain
from chainorder.report.model import Report
from chainorder.report.plots import plot_lines
from chainorder.report.screen import Screen

LEGEND = {
    "elementals?": "elemental: one step of the program; its Jacobian is one factor of the chain",
    "fma": "fma: a fused multiply–add, the unit of work; two floating point operations",
    "waist": "waist: a size inside the chain that is smaller than its inputs and its outputs",
    "claim|optimal|heuristic": "claim: what is proved: optimal, nothing costs less; heuristic, something may",
    "entries|peak memory": "entries: stored numbers of matrices, eight bytes each",
}
"""The words of the field, as patterns, and what they mean."""


def render(reports: Sequence[Report], screen: Screen | None = None) -> str:
    """Text for a screen, by default the one that there is."""
    screen = Screen.of() if screen is None else screen
    lines = [line for report in reports for line in _lines(report, screen)]
    if screen.legend:
        lines += _legend(plain(lines), screen)
    if not screen.colour:
        return plain(lines)
    from chainorder.report.terminal import coloured  # rich takes long to start

    return coloured(lines)


def _lines(report: Report, screen: Screen) -> Iterator[Line]:
    yield from ([(line, "bold")] for line in filled(report.title, screen.width))
    if (sheet := report.sheet()).rows:
        last = "bold green" if sheet.rows[-1][0] == "best" and not report.outdone else ""
        styles = [*[""] * (len(sheet.rows) - 1), last]
        yield []
        yield from Layout.of(sheet, screen).lines(screen, styles)
        yield []
    for chart in report.charts:
        yield from chart_lines(chart, screen)
    for plot in report.plots:
        yield from plot_lines(plot, screen)
    for note in report.notes:
        yield from ([(line, "")] for line in filled(note, screen.width, hanging="  "))
    yield []


def _legend(text: str, screen: Screen) -> Iterator[Line]:
    """What the words mean that a text uses."""
    known = [said for words, said in LEGEND.items() if re.search(rf"\b({words})\b", text)]
    for said in known:
        yield from ([(line, "dim")] for line in filled(said, screen.width, hanging="  "))
    if known:
        yield []
