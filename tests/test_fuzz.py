"""The fuzzer: a short run of it over all kinds of cases, and that it finds what is there to be found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.fuzzing.cases import Case, Fault, kept_in, read, save
from scripts.fuzzing.commands import check_commands, ending, error_lines, leavings, parsed
from scripts.fuzzing.running import Outcome

SCRIPT = Path(__file__).parent.parent / "scripts" / "fuzz.py"


def fuzz(*options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(SCRIPT), "--keep", str(folder), *options]
    return subprocess.run(line, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.slow
def test_a_short_run_finds_no_fault(tmp_path: Path) -> None:
    done = fuzz("--cases", "150", "--seed", "0", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "150 cases, 0 faults" in done.stdout


def test_faults_are_found_made_small_and_kept(tmp_path: Path) -> None:
    options = ("--kinds", "deadly,faulty", "--cases", "100", "--workers", "1")
    done = fuzz(*options, folder=tmp_path)
    assert done.returncode == 1
    kept = {fault.rule: (fault, folder) for fault, folder in kept_in(tmp_path)}
    assert set(kept) == {"on purpose", "the process died"}  # one ended, another went on
    fault, folder = kept["on purpose"]
    assert read(folder) == Case("faulty", {"what": b"fault", "much": bytes(3)})
    assert f"again: python scripts/fuzz.py --replay {folder}" in done.stderr
    again = fuzz(*options, folder=tmp_path)
    assert (again.returncode, again.stderr) == (1, "")  # counted, not told again
    assert str(fault) in again.stdout


@pytest.mark.parametrize(
    ("what", "said"), [(b"signal", "SIGSEGV"), (b"halt", "more than 1 s"), (b"nothing", "0 faults")]
)
def test_a_kept_case_is_tried_again(what: bytes, said: str, tmp_path: Path) -> None:
    case = Case("deadly", {"what": what, "much": b""})
    folder = save(case, Fault("rule", "where", "detail"), {}, tmp_path)
    done = fuzz("--replay", str(folder), "--wall", "1", folder=tmp_path)
    assert done.returncode == (0 if what == b"nothing" else 1)
    assert said in done.stdout


def test_a_kept_case_is_read_as_it_was(tmp_path: Path) -> None:
    case = Case("calls", {"a.yaml": b"\xff\n"}, (("plan", "a.yaml"), ("run", "\udcff")), ((0, 2), (2,)))
    folder = save(case, Fault("rule", "where", "detail"), {"seed": 3}, tmp_path)
    assert read(folder) == case
    assert json.loads((folder / "case.json").read_text())["seed"] == 3


def outcome(command: str = "plan x", status: int | None = 2, stdout: str = "", stderr: str = "") -> Outcome:
    return Outcome(tuple(command.split()), status, stdout, stderr)


@pytest.mark.parametrize(
    ("stderr", "wrong"),
    [
        ("error: x: no\n", False),
        ("error: x: no\nerror: y: no\n", False),
        ("Usage: chainorder plan\nTry --help\n\nError: no such option\n", False),
        ("", True),
        ("no\n", True),
        ("error: x\x1b[2J\n", True),
        ("error: " + "x" * 5000 + "\n", True),
        ("error: x\n" * 20, True),
        ("error: x\n  File a.py\n  line 1\n  line 2\n", True),
    ],
)
def test_what_an_error_looks_like(stderr: str, wrong: bool) -> None:
    assert bool(list(error_lines(outcome(stderr=stderr)))) is wrong


@pytest.mark.parametrize(
    ("ended", "rules"),
    [
        (outcome(status=0), set()),
        (outcome(status=1), {"status"}),
        (outcome(status=139), {"status"}),
        (outcome(status=0, stderr="a.py:1: RuntimeWarning: overflow"), {"noise on stderr"}),
        (outcome(status=2, stderr="error: too large (MemoryError)"), {"memory"}),
        (Outcome(("plan",), None, "", "", "Traceback", "KeyError in a.b"), {"traceback"}),
    ],
)
def test_how_a_command_ends(ended: Outcome, rules: set[str]) -> None:
    assert {fault.rule for fault in ending(ended, (0, 2))} == rules


@pytest.mark.parametrize(
    ("command", "status", "after", "wrong"),
    [
        ("plan x -o old", 0, {"x": b"x", "old": b"new"}, False),
        ("plan x -o old", 2, {"x": b"x", "old": b"new"}, True),
        ("plan x -o old", None, {"x": b"x", "old": b""}, True),
        ("plan x -o old", 2, {"x": b"x", "old": b"old", "old.part": b""}, True),
        ("plan x -o old", 0, {"x": b"y", "old": b"new"}, True),
        ("plan x -o old", 0, {"old": b"new"}, True),
        ("plan x -o x", 0, {"x": b"y", "old": b"old"}, True),
        ("plan x -o x --force", 0, {"x": b"y", "old": b"old"}, False),
    ],
)
def test_what_a_command_leaves(
    command: str, status: int | None, after: dict[str, bytes], wrong: bool
) -> None:
    before = {"x": b"x", "old": b"old"}
    assert bool(list(leavings(outcome(command, status), before, after))) is wrong


@pytest.mark.parametrize(
    ("format_name", "text", "rule"),
    [
        ("json", '{"schema": 1}', "keys"),
        ("json", "{", "report"),
        ("jsonl", '{"schema": 1}\n', "keys"),
        ("csv", "", "report"),
        ("svg", "<svg>", "report"),
        ("table", "\n", "report"),
    ],
)
def test_what_a_report_is(format_name: str, text: str, rule: str) -> None:
    assert {fault.rule for fault in parsed(format_name, text, outcome(status=0))} == {rule}


def test_facts_of_real_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command once, so that a rule that does not fit a report is noticed here."""
    monkeypatch.chdir(tmp_path)
    lines = (
        ("plan", "3,2,4", "--format", "json"),
        ("compare", "3,2,4", "--format", "json"),
        ("run", "3,2,4", "--compare", "--format", "json", "-o", "J.npz"),
        ("generate", "2", "-o", "specs.jsonl"),
        ("batch", "specs.jsonl", "-o", "out.csv"),
        ("plan", "no.yaml", "-o", "out.csv"),
        ("schema",),
    )
    statuses = ((0,),) * 5 + ((2,), (0,))
    assert list(check_commands(Case("calls", {}, lines, statuses), tmp_path)) == []
