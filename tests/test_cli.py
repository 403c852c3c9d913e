"""The command line as people and programs use it: one process each, stdout, stderr and exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.slow import slow_but

DATA = Path(__file__).parent.parent / "data"
QUICK_SPECS = {"cross-country", "heat", "hessian", "mnist", "simulator", "two-node"}
SPECS = {path.stem: path for path in sorted(DATA.glob("*.yaml"))}
CHAINORDER = (sys.executable, "-m", "chainorder")


def run(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    command = [*CHAINORDER, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)


def succeed(*arguments: object) -> str:
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def fail(*arguments: object) -> str:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_plan_and_compare_give_the_published_costs() -> None:
    assert json.loads(succeed("plan", "1000,100,10,1", "--format", "json"))["fma"] == 101_000
    data = json.loads(succeed("compare", "1000,100,10,1", "--format", "json"))
    assert [(plan["fma"], plan["ratio"]) for plan in data["plans"]] == [
        (1010000, 10),
        (101000, 1),
        (101000, 1),
    ]
    data = json.loads(succeed("compare", "1000,1,1000,1,1000", "--format", "json"))
    assert [plan["fma"] for plan in data["plans"]] == [3_000_000, 3_000_000, 1_002_000]


def test_compare_table_says_what_people_look_for() -> None:
    text = succeed("compare", DATA / "autoencoder.yaml")
    for words in ("28.69 times cheaper than forward", "best order:", "the waist, size 20", "optimal"):
        assert words in text


@pytest.mark.parametrize("name", slow_but(QUICK_SPECS, SPECS))
def test_every_spec_of_data_runs_with_every_check_passed(name: str) -> None:
    data = json.loads(succeed("run", "--compare", SPECS[name], "--format", "json"))
    assert data["passed"]
    orders = [each["order"] for each in data["runs"]]
    assert orders in (["forward", "reverse", "best"], ["forward", "reverse", "preaccumulation", "best"])
    for each in data["runs"]:
        assert each["fma"] == each["plan"]["fma"]
        assert each["peak_memory"] == each["plan"]["peak_memory"]
        assert each["checks"]


def test_a_saved_plan_runs_and_keeps_its_jacobian(tmp_path: Path) -> None:
    saved, kept, report = tmp_path / "plan.json", tmp_path / "J.npz", tmp_path / "report.md"
    succeed("plan", DATA / "mnist.yaml", "-o", saved)
    succeed("run", saved, "-o", kept, "-o", report)
    assert np.load(kept)["jacobian"].shape == (1, 784)
    assert "counted = planned" in report.read_text()
    succeed("plan", DATA / "heat.yaml", "-o", saved)
    succeed("run", saved, "-o", kept)
    from scipy.sparse import load_npz

    assert load_npz(kept).shape == (4, 64)


def test_a_tampered_plan_is_refused(tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    saved.write_text(succeed("plan", "5,4,3,2", "--format", "json").replace('"fma": 40', '"fma": 39'))
    assert "operations say 63" in fail("run", saved)


def test_a_plan_that_only_claims_to_be_optimal_is_refused(tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    data = json.loads(succeed("plan", "1000,100,10,1", "--solver", "forward", "--format", "json"))
    saved.write_text(json.dumps(data | {"optimal": True, "lower_bound": data["fma"]}))
    assert "101000 suffice" in fail("run", saved)
    assert "saved plan" in fail("run", saved, "--order", "F3 (F2 F1)")


def test_a_batch_neither_reads_nor_overwrites_what_it_works_on(tmp_path: Path) -> None:
    spec, table = tmp_path / "a.jsonl", tmp_path / "out.jsonl"
    spec.write_text('{"dims": [3, 4, 5]}\n')
    for _ in range(2):
        assert succeed("batch", tmp_path, "-o", table) == ""
        assert len(table.read_text().splitlines()) == 1
    assert "both read and written" in fail("batch", spec, "-o", spec)
    assert spec.read_text() == '{"dims": [3, 4, 5]}\n'


def test_a_failed_check_is_exit_status_1() -> None:
    done = run("run", DATA / "mnist.yaml", "--tolerance", "1e-30")
    assert done.returncode == 1
    assert "FAILED" in done.stdout


def test_own_order_and_solver() -> None:
    text = succeed("plan", "1000,100,10,1", "--order", "F3 (F2 F1)", "--format", "json")
    assert json.loads(text)["fma"] == 1_010_000
    assert json.loads(succeed("plan", "5,4,3", "--solver", "exhaustive", "--format", "json"))["optimal"]
    assert "side by side" in fail("plan", "5,4,3,2", "--order", "(F3 F1) F2")
    assert "hu-shing" in fail("plan", "5,4,3", "--solver", "hushing")
    assert "why: " in succeed("plan", "5,4,3", "--verbose")


@pytest.mark.parametrize("name", ["table", "json", "jsonl", "csv", "markdown"])
@pytest.mark.parametrize("command", slow_but({"compare"}, ["plan", "compare", "run"]))
def test_every_format_of_every_report(command: str, name: str) -> None:
    text = succeed(command, "7,3,9,2", "--format", name)
    match name:
        case "json" | "jsonl":
            assert json.loads(text)["schema"] == 1
        case "csv":
            assert len({len(row) for row in csv.reader(io.StringIO(text))}) == 1
        case "markdown":
            assert text.startswith("### chain: 3 elementals, 7 → 2\n")
        case _:
            assert "3 elementals, 7 → 2" in text


@pytest.mark.parametrize("ending", slow_but({"txt", "md"}, ["txt", "json", "jsonl", "csv", "md"]))
def test_the_ending_of_a_file_picks_the_format(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"report.{ending}"
    assert succeed("compare", "7,3,9,2", "-o", file) == ""
    name = {"txt": "table", "md": "markdown"}.get(ending, ending)
    assert file.read_text() == succeed("compare", "7,3,9,2", "--format", name)


def test_a_file_of_several_chains_gives_one_report_after_the_other(tmp_path: Path) -> None:
    spec = tmp_path / "two.yaml"
    spec.write_text("chains:\n  - {name: a, dims: [2, 3]}\n  - dims: [4, 5, 6]\n")
    data = json.loads(succeed("plan", spec, "--format", "json"))
    assert [(each["chain"]["name"], each["fma"]) for each in data] == [("a", 0), ("two#1", 120)]


def test_batch_reports_good_chains_and_an_error_row(tmp_path: Path) -> None:
    broken, table = tmp_path / "broken.yaml", tmp_path / "out.csv"
    broken.write_text("dims: [3, x]\n")
    done = run("batch", DATA, broken, "-o", table)
    assert done.returncode == 1
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    good = [row for row in rows if not row["error"]]
    assert len(good) == len(list(DATA.glob("*.yaml")))
    assert [row["source"] for row in rows if row["error"]] == [f"{broken}#0"]
    assert "dims[1]" in rows[-1]["error"]
    assert {row["fma"] for row in good if row["name"] == "cross-country"} == {"1002000"}


@pytest.mark.parametrize("workers", [1, 2])
def test_batch_keeps_the_order_of_many_chains(tmp_path: Path, workers: int) -> None:
    lines = tmp_path / "many.jsonl"
    lines.write_text("".join(f'{{"dims": [{n}, 2, {n}]}}\n' if n % 10 else "{\n" for n in range(1, 60)))
    done = run("batch", lines, "--format", "jsonl", "--workers", workers)
    assert done.returncode == 1
    items = [json.loads(line) for line in done.stdout.splitlines()]
    assert [item["source"] for item in items] == [f"{lines}#{index}" for index in range(59)]
    assert [item.get("fma") for item in items] == [2 * n * n if n % 10 else None for n in range(1, 60)]


@pytest.mark.parametrize("name", slow_but({"json"}, ["table", "json", "markdown"]))
def test_batch_in_formats_that_need_all_rows(name: str) -> None:
    text = succeed("batch", DATA / "*.yaml", "--format", name)
    assert "cross-country" in text
    if name == "json":
        assert len(json.loads(text)) == len(list(DATA.glob("*.yaml")))


def test_batch_of_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"name: caf\xe9\n")
    done = run("batch", latin, "--format", "jsonl")
    assert done.returncode == 1
    assert json.loads(done.stdout)["source"] == str(latin)


def test_wrong_calls(tmp_path: Path) -> None:
    assert "no such file" in fail("batch", tmp_path / "missing")
    assert "no spec" in fail("batch", tmp_path)
    assert "no folder" in fail("plan", "2,3", "-o", tmp_path / "missing" / "x.json")
    assert "ending" in fail("plan", "2,3", "-o", tmp_path / "x.jpg")
    assert "dims[1]" in fail("plan", "1000,-5,3")
    assert "missing.yaml" in fail("plan", tmp_path / "missing.yaml")
    for arguments in (["plan"], ["plam"], ["plan", "2,3", "--format", "xml"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert "Usage:" in done.stderr


def test_a_chain_that_fits_no_memory_is_one_line() -> None:
    assert "GiB" in fail("run", "100000000,100000000,1")
    data = json.loads(succeed("plan", f"{10**18},{10**18},7", "--format", "json"))
    assert data["fma"] == 7 * 10**36


def test_a_closed_pipe_ends_quietly() -> None:
    command = [*CHAINORDER, "plan", ",".join(["7"] * 3000), "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_an_interrupted_batch_prints_what_was_finished(tmp_path: Path) -> None:
    slow = tmp_path / "slow.jsonl"
    elementals = [{"inputs": 9, "outputs": 9, "structure": "banded", "lower": 1, "upper": 1, "repeat": 300}]
    slow.write_text((json.dumps({"elementals": elementals}) + "\n") * 500)
    command = [*CHAINORDER, "batch", str(slow), "--format", "csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        more, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "interrupted\n"
    rows = list(csv.DictReader(io.StringIO("".join(first) + more)))
    assert 3 <= len(rows) < 500
    assert all(row["fma"] for row in rows)


def test_schema_is_the_one_that_validates() -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads(succeed("schema"))
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid({"dims": [2, 3]})
    assert not Draft202012Validator(schema).is_valid({"dims": [2, 0]})


@pytest.mark.parametrize("command", ["plan", "compare", "run", "batch", "generate", "schema"])
def test_every_option_is_helped(command: str) -> None:
    from chainorder.cli import cli

    for parameter in cli.commands[command].params:
        assert parameter.name in ("chain", "paths", "count") or parameter.help
    assert "--help" in succeed(command, "--help")


def test_colour_only_for_terminals_and_not_with_no_color() -> None:
    assert "\x1b" not in succeed("compare", "2,3,4")
    pty = pytest.importorskip("pty")

    def on_terminal(**environment: str) -> str:
        parent, child = pty.openpty()
        env = {**os.environ, "TERM": "xterm", **environment}
        subprocess.run([*CHAINORDER, "compare", "2,3,4"], stdout=child, env=env, check=True, timeout=60)
        os.close(child)
        text = os.read(parent, 100_000).decode()
        os.close(parent)
        return text

    plain_environment = {key: "" for key in ("NO_COLOR",) if key in os.environ}
    assert "\x1b[32m" in on_terminal(**plain_environment) or "\x1b[1;32m" in on_terminal(**plain_environment)
    assert "32m" not in on_terminal(NO_COLOR="1")
    always = subprocess.run(
        [*CHAINORDER, "compare", "2,3,4", "--color", "always"],
        capture_output=True,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
        check=True,
    )
    assert b"\x1b[" in always.stdout  # into a pipe, too


def test_starting_up_imports_nothing_heavy() -> None:
    heavy = ("scipy", "networkx", "yaml", "jsonschema", "jax", "torch", "rich")
    code = f"import chainorder.cli, sys; print([name for name in {heavy!r} if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_compare_of_a_matrix_free_spec_with_and_without_a_memory_limit() -> None:
    spec = DATA / "simulator.yaml"
    data = json.loads(succeed("compare", spec, "--format", "json"))
    assert [plan["solver"] for plan in data["plans"]] == ["forward", "reverse", "preaccumulation", "dynamic"]
    assert data["infeasible"] == []
    limited = json.loads(succeed("compare", spec, "--memory", "1000", "--format", "json"))
    assert [plan["solver"] for plan in limited["plans"]] == ["forward", "preaccumulation", "dynamic"]
    assert [each["solver"] for each in limited["infeasible"]] == ["reverse"]
    assert limited["plans"][-1]["fma"] > data["plans"][-1]["fma"]
    assert "reverse: infeasible" in succeed("compare", spec, "--memory", "1000")


def test_memory_sweep() -> None:
    spec = DATA / "simulator.yaml"
    points = json.loads(succeed("compare", spec, "--memory-sweep", "--format", "json"))["memory_sweep"]
    assert [point["memory"] for point in points] == [0, 500, 800, 3000, 20000, 60000]
    best = [point["fma"]["best"] for point in points]
    assert best == sorted(best, reverse=True)
    assert "█" in succeed("compare", spec, "--memory-sweep")


def test_a_memory_without_a_plan(tmp_path: Path) -> None:
    spec = tmp_path / "tape.yaml"
    spec.write_text("elementals: [{inputs: 3, outputs: 4, adjoint: 5, tape: 10}]\n")
    assert "least memory that would do is 10" in fail("plan", spec, "--memory", "9")
    assert json.loads(succeed("plan", spec, "--memory", "10", "--format", "json"))["fma"] == 20
    sweep = succeed("compare", spec, "--memory-sweep")
    assert "infeasible" in sweep


def test_compression_makes_the_stepper_about_ten_times_cheaper(tmp_path: Path) -> None:
    text = (DATA / "stepper-500.yaml").read_text()
    unknown = tmp_path / "unknown.yaml"
    unknown.write_text(text.replace("structure: banded, lower: 1, upper: 1", "outputs: 500"))
    known, plain = (
        json.loads(succeed("plan", path, "--format", "json"))["fma"]
        for path in (DATA / "stepper-500.yaml", unknown)
    )
    assert known * 10 < plain


def test_generated_chains_are_the_same_for_the_same_seed_and_can_be_planned(tmp_path: Path) -> None:
    options = ("--matrix-free", "0.7", "--structure", "dense", "--structure", "banded", "--length", "2:5")
    text = succeed("generate", 20, *options, "--tape", "0:9", "--memory", "9", "--seed", "4")
    assert text == succeed("generate", 20, *options, "--tape", "0:9", "--memory", "9", "--seed", "4")
    chains = tmp_path / "chains.jsonl"
    chains.write_text(text)
    assert len(succeed("batch", chains, "--format", "jsonl").splitlines()) == 20
    assert "no range" in fail("generate", 2, "--sizes", "5:1")
    assert run("generate", 2, "--sizes", "many").returncode == 2
