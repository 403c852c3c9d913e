"""The table of a batch: sweeps beside the best, sorted, filtered, failures named; data are as ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chainorder.cli import cli

SPECS = {
    "waist.yaml": "name: waist\ndims: [90, 2, 90]\n",
    "down.yaml": "name: down\ndims: [50, 9, 4, 1]\n",
    "best.yaml": "name: across\ndims: [50, 1, 50, 1, 50]\n",
    "free.yaml": "name: free\nelementals: [{structure: identity, inputs: 4, outputs: 4}]\n",
    "broken.yaml": "name: broken\ndims: [3]\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in SPECS.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def batch(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["batch", ".", "--no-legend", *arguments])


def order(result: Result) -> list[str]:
    """The sources of the rows, from above."""
    return [line.split(".yaml")[0].strip() for line in result.stdout.splitlines() if line.startswith(" ")][1:]


@pytest.mark.usefixtures("folder")
def test_sweeps_stand_beside_the_best() -> None:
    done = batch("--sort", "savings")
    assert done.exit_code == 1
    (across,) = (line.split() for line in done.stdout.splitlines() if "best.yaml" in line)
    assert across[1:5] == ["7,500", "7,500", "2,600", "65.3%"]
    assert "failed: broken.yaml" in done.stdout
    assert "1 of 5 chains have errors: broken.yaml" in done.stderr
    assert order(done)[1] == "best"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("sort", "first"), [("savings", "best"), ("cost", "waist"), ("name", "best")])
def test_rows_are_sorted_and_errors_last(sort: str, first: str) -> None:
    rows = order(batch("--sort", sort))
    assert rows[1] == first
    assert "broken" in rows[-2:] or rows[-1].startswith("broken")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("pattern", "count"), [("across", 1), ("*own*", 1), ("*.yaml#0", 5), ("no*", 0)])
def test_only_some_are_planned(pattern: str, count: int) -> None:
    lines = batch("--format", "jsonl", "--filter", pattern).stdout.splitlines()
    assert len(lines) == count


@pytest.mark.usefixtures("folder")
def test_data_are_as_ever() -> None:
    data = [json.loads(line) for line in batch("--format", "jsonl").stdout.splitlines()]
    assert not {"forward", "reverse", "savings"} & set().union(*data)
    assert batch("--format", "csv").stdout.startswith("source,name,length,inputs,outputs,solver,objective,")
    assert "--sort is for tables" in batch("--format", "csv", "--sort", "savings").stderr


def test_a_table_in_a_file_is_the_one_on_the_screen(folder: Path) -> None:
    shown = batch("--sort", "cost", "--workers", "2").stdout
    assert batch("--sort", "cost", "-o", "table.txt").exit_code == 1
    assert (folder / "table.txt").read_text() == shown
