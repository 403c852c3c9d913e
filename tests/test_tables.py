"""Tables fit the screen, whatever they hold: the first column stays, nothing is cut, colours only colour."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainorder.reading.magnitudes import short
from chainorder.report.charts import Bar, Chart, Plot
from chainorder.report.layout import width
from chainorder.report.model import Report
from chainorder.report.numbers import write_cell
from chainorder.report.screen import Screen
from chainorder.report.table import render

WORDS = st.sampled_from(
    ["best", "F'3,2 · F'1", "∂y/∂x", "日本語", "δ_l = (W ᵀ)", "é", "e\u0301", "a b", "×", "data/" + 30 * "x"]
)
NUMBERS = st.sampled_from([None, True, 3, 10**12, 0.5, 1e-9, 2.5e8])


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    lanes = []
    for machine in range(draw(st.integers(1, 3))):
        bars, end = [], 0.0
        for gap, length in draw(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 30)), max_size=9)):
            bars.append(
                Bar(end + gap, end + gap + length, "F3,2", draw(st.sampled_from(["multiply", "reuse"])))
            )
            end = bars[-1].end
        lanes.append((f"machine {machine}", bars))
    return Chart("planned", lanes, "fma")


@st.composite
def reports(draw: st.DrawFn) -> Report:
    kinds = draw(st.lists(st.sampled_from([WORDS, NUMBERS]), min_size=1, max_size=9))
    columns = tuple(draw(WORDS) for _ in kinds)
    rows = draw(st.lists(st.tuples(*kinds), max_size=4))
    notes = tuple(draw(st.lists(WORDS, max_size=2)))
    bars = draw(st.lists(st.tuples(WORDS, st.none() | st.integers(0, 10**30)), max_size=3))
    return Report(
        draw(WORDS),
        columns,
        rows,
        notes,
        charts=tuple(draw(st.lists(charts(), max_size=2))),
        plots=(Plot("fma", bars),),
    )


@given(st.lists(reports(), min_size=1, max_size=2), st.integers(20, 200), st.booleans())
def test_every_table_fits_and_shows_all(shown: list[Report], columns: int, exact: bool) -> None:
    text = render(shown, Screen(columns, exact=exact))
    lines = text.splitlines()
    assert max(map(width, lines)) <= max(columns, 64)  # of plots, labels and numbers are not broken
    said = re.sub(r"[\s·]", "", text)
    for report in shown:
        for cell in (cell for row in report.rows for cell in row):
            assert re.sub(r"[\s·]", "", write_cell(cell, exact=exact)) in said
        firsts = (write_cell(row[0], exact=exact) for row in report.rows)
        assert all(any(line.strip().startswith(first[:15]) for line in lines) for first in firsts)


@given(st.lists(reports(), min_size=1, max_size=2))
def test_colours_change_nothing_else(shown: list[Report]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        coloured = render(shown, Screen(80, colour=True))
    assert "\x1b[" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in plain.splitlines()] == render(shown, Screen(80)).splitlines()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-99_999, "-99,999"),
        (99_999, "99,999"),
        (100_000, "100 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (-4_820_840_000, "-4.82 G"),
        (10**18, "1.00 E"),
        (10**32 - 1, "100 Q"),
        (12345 * 10**40, "1.23e44"),
        (0.1254, "0.125"),
        (20_000.0, "20,000"),
        (1.5e6, "1.50 M"),
    ],
)
def test_numbers_are_shortened(number: float, text: str) -> None:
    assert short(number) == text


@pytest.mark.parametrize(
    ("variables", "colour", "file", "coloured"),
    [
        ({}, "auto", False, False),  # no terminal here
        ({"FORCE_COLOR": "1"}, "auto", False, True),
        ({"FORCE_COLOR": "1"}, "auto", True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False, False),
        ({"NO_COLOR": "1"}, "always", True, True),
        ({"FORCE_COLOR": "1"}, "never", False, False),
    ],
)
def test_colours_are_where_they_are_wanted(
    variables: dict[str, str], colour: str, file: bool, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Screen.of(colour, file=file).colour == coloured
