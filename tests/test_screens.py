"""What commands show is what is kept under tests/screens/; `scripts/screens.py --update` writes it anew."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from chainorder.cli import cli
from chainorder.report.layout import width
from scripts.screens import CALLS, FOLDER, WIDTHS, file_of, screens
from tests.slow import slow_but

QUICK = {
    "plan 1000,100,10,1",
    "plan data/residual-block.yaml",
    "compare data/simulator.yaml",
    "compare data/residual-block.yaml",
    "compare data/simulator.yaml --memory-sweep",
    "run --compare data/two-node.yaml",
    "plan --help",
}


@pytest.mark.parametrize("call", slow_but(QUICK, CALLS))
def test_screens_are_as_they_are_kept(call: str) -> None:
    assert screens(call) == file_of(call).read_text(), "look at scripts/screens.py --update"


def test_every_file_is_of_a_command() -> None:
    assert set(FOLDER.iterdir()) == set(map(file_of, CALLS))


@pytest.mark.parametrize("call", CALLS)
def test_screens_fit(call: str) -> None:
    """No line is wider than the screen; heads are whole; no column is so narrow that letters are stacked."""
    kept = re.split(r"^\$ COLUMNS=(\d+) .*\n", file_of(call).read_text(), flags=re.MULTILINE)[1:]
    assert kept[::2] == list(map(str, WIDTHS))
    for columns, text in zip(map(int, kept[::2]), kept[1::2], strict=True):
        lines = text.splitlines()
        assert max(map(width, lines)) <= columns
        assert "…" not in "".join(lines[: next((n for n, line in enumerate(lines) if "──" in line), 0)])
        stacked = [line for line in lines if len(line.strip()) == 1 and line.strip().isalpha()]
        assert len(stacked) < 2


@pytest.mark.parametrize("call", [call for call in CALLS if call.endswith("--help")])
def test_help_fits_a_screen(call: str) -> None:
    """24 lines of 80 columns, in which every option is named; --help-all explains them all."""
    *_, kept, _ = re.split(r"^\$ COLUMNS=.*\n", file_of(call).read_text(), flags=re.MULTILINE)
    assert len(kept.strip().splitlines()) <= 24
    command = cli.commands[call.split()[0]] if " " in call else cli
    names = [name for each in command.params for name in each.opts if name.startswith("--")]
    whole = CliRunner().invoke(command, ["--help-all"]).output if "--help-all" in names else kept
    assert all(name in kept and f"{name} " in whole for name in names)


@pytest.mark.parametrize("call", CALLS)
def test_narrow_screens_have_all_rows(call: str) -> None:
    """What begins a row of the widest screen begins one of the others."""
    texts = re.split(r"^\$ COLUMNS=.*\n", file_of(call).read_text(), flags=re.MULTILINE)[1:]
    firsts = re.findall(r"^ ([^\s─]+)", texts[-1], re.MULTILINE) if "──" in texts[-1] else []
    assert all(re.search(rf"^ {re.escape(first)}", text, re.MULTILINE) for text in texts for first in firsts)
