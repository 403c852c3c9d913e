"""What is registered from outside the package is known to the command line: by name, by ending, in help."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chainorder import Chain, ChainorderError, Plan, plan, register
from chainorder.cli import cli
from chainorder.report.formats import FORMATS, Format, register_format
from chainorder.report.model import Report
from chainorder.solvers import registry
from tests.running import Run


def titles(reports: Sequence[Report]) -> str:
    """Reports as their titles."""
    return "".join(f"= {report.title}: {len(report.rows)}\n" for report in reports)


def lines(records: Iterable[Any]) -> str:
    """A line for all records."""
    return f"{list(records)}\n"


def mine(chain: Chain) -> Plan:
    """from the left, as I always do; no claim"""
    return plan(chain, solver="forward")


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A format and a solver, and none of them afterwards."""
    known = dict(FORMATS)
    with monkeypatch.context() as patch:
        patch.setattr(registry, "_SOLVERS", dict(registry._SOLVERS))
        register_format(Format("titles", (".titles", ".ttl"), titles))
        register_format(Format("records", (".rec",), titles, data=True, append=lines))
        register("mine", mine)
        yield
    FORMATS.clear()
    FORMATS.update(known)


def call(*arguments: str) -> None:
    cli.main(list(arguments), prog_name="chainorder", standalone_mode=False)


def test_a_format_is_taken_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("plan", "compare"):
        call(command, "2,3,4", "--format", "titles")
        assert capsys.readouterr().out.startswith("= chain: 2 elementals, 2 → 4: ")
    with pytest.raises(SystemExit):
        call("run", "2,3,4", "--format", "titles")
    assert capsys.readouterr().out.startswith("= chain: 2 elementals")


def test_a_format_is_taken_by_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text("dims: [2, 3, 4]")
    call("plan", "spec.yaml", "-o", "plan.TTL")
    assert Path("plan.TTL").read_text() == "= spec: 2 elementals, 2 → 4: 1\n"
    call("batch", "spec.yaml", "-o", "all.titles")
    assert Path("all.titles").read_text() == "= batch: 1\n"
    call("batch", "spec.yaml", "-o", "all.rec")
    assert "'source': 'spec.yaml#0'" in Path("all.rec").read_text()
    with pytest.raises(ChainorderError, match=r"\.graphml, \.titles, \.ttl, \.rec, or --format"):
        call("plan", "spec.yaml", "-o", "plan.jpg")


@pytest.mark.parametrize("command", ["plan", "compare", "run", "batch"])
def test_help_names_what_is_registered(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    call(command, "--help")
    told = " ".join(capsys.readouterr().out.split())
    assert re.search(r"--format NAME [a-z, ]*, titles, records\.", told)
    call("solvers")
    assert re.search(r"mine +no claim +from the left, as I always do", capsys.readouterr().out)


def test_a_solver_is_taken_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    call("plan", "9,1,8,1", "--solver", "mine", "--format", "json")
    assert json.loads(capsys.readouterr().out)["bracketing"] == "F3 (F2 F1)"


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (Format("csv", (".mine",), titles), "'csv' is registered already"),
        (Format("mine", (".mine", ".md"), titles), r"\.md is the ending of another format"),
    ],
)
def test_names_and_endings_are_taken_once(form: Format, message: str) -> None:
    with pytest.raises(ChainorderError, match=message):
        register_format(form)


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv", "md", "txt"])
def test_the_table_of_solvers_is_kept_in_every_format(run: Run, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"solvers.{ending}"
    assert run("solvers", "-o", file).status == 0
    assert "hu-shing" in file.read_text()
