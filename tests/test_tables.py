"""Tables of files and pipes are those of terminals, without colours and without an end of the line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainorder.report.model import Bar, Chart, Report
from chainorder.report.table import render
from chainorder.report.terminal import render_coloured

WORDS = st.sampled_from(
    ["best", "F'3,2 · F'1", "∂y/∂x", "日本語", "δ_l = (W ᵀ)", "é", "e\u0301", "a b", "×", "█"]
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
    kinds = draw(st.lists(st.sampled_from([WORDS, NUMBERS]), min_size=1, max_size=5))
    columns = tuple(draw(WORDS) for _ in kinds)
    rows = draw(st.lists(st.tuples(*kinds), max_size=4))
    notes = tuple(draw(st.lists(WORDS, max_size=2)))
    return Report(draw(WORDS), columns, rows, notes, charts=tuple(draw(st.lists(charts(), max_size=2))))


@given(st.lists(reports(), min_size=1, max_size=2))
def test_a_pipe_sees_what_a_wide_terminal_shows(shown: list[Report]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "10000")
        patch.setenv("TERM", "xterm")
        coloured = render_coloured(shown)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert render(shown) == "\n".join(line.rstrip() for line in plain.split("\n"))
