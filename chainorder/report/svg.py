"""The charts of reports as one picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from chainorder.errors import ChainorderError
from chainorder.report.model import CHARTS, NOTHING_TO_DRAW, Bar, Chart, Report
from chainorder.report.numbers import write_cell

WIDTH, LEFT, LANE, BAR, HEAD, FOOT = 960, 110, 30, 22, 40, 34
"""Pixels: of the picture, of lane names, of a lane, of a bar, above and below the lanes of a chart."""

COLOURS = {"multiply": "#4c9f70", "tangent": "#3d8eb9", "adjoint": "#b565a7", "accumulate": "#d9a441"}
LETTER = 7
"""Pixels of a letter, about: a label that does not fit its bar is shown by the pointer only."""


def render(reports: Sequence[Report]) -> str:
    """SVG text with all charts, one below the other.

    Raises
    ------
    ChainorderError
        If the reports have no chart.
    """
    charts = [(report.title, chart) for report in reports for chart in report.charts]
    if not charts:
        raise ChainorderError(NOTHING_TO_DRAW[CHARTS])
    parts: list[str] = []
    top = 0
    for title, chart in charts:
        parts += _chart(title, chart, top)
        top += HEAD + LANE * len(chart.lanes) + FOOT
    kinds = {bar.kind for _, chart in charts for _, bars in chart.lanes for bar in bars}
    parts += _legend([kind for kind in COLOURS if kind in kinds], top)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + FOOT}" '
        f'width="{WIDTH}" height="{top + FOOT}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{"".join(parts)}</svg>\n'
    )


def _chart(title: str, chart: Chart, top: int) -> Iterator[str]:
    yield _text(LEFT, top + 22, f"{title} · {chart.title}", 'font-weight="bold" font-size="14"')
    scale = (WIDTH - LEFT - 20) / chart.end if chart.end else 0.0
    for place, (name, bars) in enumerate(chart.lanes):
        y = top + HEAD + LANE * place
        yield _text(LEFT - 8, y + 15, name, 'text-anchor="end"')
        yield f'<rect x="{LEFT}" y="{y}" width="{WIDTH - LEFT - 20}" height="{BAR}" fill="#f2f2f2"/>\n'
        for bar in bars:
            yield _bar(bar, chart.unit, scale, y)
    bottom = top + HEAD + LANE * len(chart.lanes) + 8
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        tick = f"{write_cell(_rounded(chart.end * share))}{' ' + chart.unit if share == 1 else ''}"
        x = LEFT + share * (WIDTH - LEFT - 20)
        anchor = "end" if share == 1 else "start" if share == 0 else "middle"
        yield _text(x, bottom, tick, f'text-anchor="{anchor}" fill="#555"')


def _rounded(value: float) -> float:
    return round(value) if value >= 1000 else value


def _bar(bar: Bar, unit: str, scale: float, y: int) -> str:
    x, width = LEFT + bar.start * scale, max(0.5, (bar.end - bar.start) * scale)
    label = escape(bar.label)
    what = f"{label}: {bar.kind}, {write_cell(bar.start)} to {write_cell(bar.end)} {unit}"
    text = ""
    if LETTER * len(bar.label) < width:
        text = _text(x + width / 2, y + 15, bar.label, 'text-anchor="middle" fill="white"')
    return (
        f'<g><title>{what}</title><rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{BAR}" '
        f'fill="{COLOURS.get(bar.kind, "#777")}" stroke="white" stroke-width="0.5"/>{text}</g>\n'
    )


def _legend(kinds: Sequence[str], top: int) -> Iterator[str]:
    for place, kind in enumerate(kinds):
        x = LEFT + 120 * place
        yield f'<rect x="{x}" y="{top}" width="12" height="12" fill="{COLOURS[kind]}"/>\n'
        yield _text(x + 18, top + 11, kind)


def _text(x: float, y: float, text: str, attributes: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y}" {attributes}>{escape(text)}</text>\n'
