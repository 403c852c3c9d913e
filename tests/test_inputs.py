"""What a command line takes: several files, packed ones, standard input, saved plans, folders."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import pytest
import yaml

from chainorder import Chain, Graph, PlanError, SpecError, load, plan
from chainorder.batch.files import find_files, read_items
from chainorder.cli import main
from chainorder.problems.load import iter_chains
from chainorder.reading import files
from chainorder.reading.files import STDIN, Source
from chainorder.reading.foreign import foreign

DATA = Path(__file__).parent.parent / "data"
LINES = '{"dims": [2, 3]}\n{"dims": [4, 5, 6], "name": "b"}\n'


class Done(NamedTuple):
    """What a command line came to."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, in this process."""

    def command(*arguments: object, stdin: str | bytes = "") -> Done:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        monkeypatch.setattr(sys, "argv", ["chainorder", *map(str, arguments)])
        status: Any = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        return Done(status or 0, *capsys.readouterr())

    return command


def planned(done: Done) -> list[tuple[str, int]]:
    """Names and costs of the plans of a JSON report."""
    assert done.status == 0, done.err
    data = json.loads(done.out)
    plans = data if isinstance(data, list) else [data]
    return [((each.get("chain") or each["graph"])["name"], each["fma"]) for each in plans]


# Standard input

GRAPHML = """<?xml version="1.0"?><graphml><key id="s" for="node" attr.name="size"/>
<graph edgedefault="directed">
<node id="x"><data key="s">2</data></node><node id="y"><data key="s">3</data></node>
<edge source="x" target="y"/></graph></graphml>"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dims: [4, 5, 6]\nname: a", [("a", 120)]),
        ("\ufeff\n{dims: [4, 5, 6]}", [("stdin", 120)]),
        ('{"dims": [4, 5, 6]}', [("stdin", 120)]),
        ('{"dims": [4, 5,\n 6]}', [("stdin", 120)]),
        ('{"chains": [{"dims": [4, 5, 6]}, {"dims": [2, 3]}]}', [("stdin#0", 120), ("stdin#1", 0)]),
        (LINES, [("stdin#0", 0), ("b", 120)]),
        ("\n" + LINES + "\n", [("stdin#0", 0), ("b", 120)]),
        ("vertices: {x: 2, y: 3}\nedges: [{source: x, target: y}]", [("stdin", 0)]),
        (gzip.compress(b"dims: [4, 5, 6]\nname: a", mtime=0), [("a", 120)]),
        (gzip.compress(LINES.encode(), mtime=0), [("stdin#0", 0), ("b", 120)]),
        (GRAPHML, [("stdin", 0)]),
        (gzip.compress(GRAPHML.encode(), mtime=0), [("stdin", 0)]),
    ],
)
def test_standard_input(run: Run, text: str | bytes, expected: list[tuple[str, int]]) -> None:
    assert planned(run("plan", "-", "--format", "json", stdin=text)) == expected
    rows = [json.loads(line) for line in run("batch", "-", "--format", "jsonl", stdin=text).out.splitlines()]
    assert [row["source"] for row in rows] == [f"<stdin>#{index}" for index in range(len(expected))]
    assert [row["fma"] for row in rows] == [fma for _, fma in expected]


@pytest.mark.parametrize("command", ["plan", "compare", "run"])
def test_every_command_reads_standard_input(run: Run, command: str) -> None:
    done = run(command, "-", "3,4", stdin="dims: [4, 5, 6]\nname: a")
    assert done.status == 0
    assert "a: 2 elementals" in done.out
    assert "chain: 1 elemental" in done.out


def test_matrices_of_standard_input_are_relative_to_where_one_is(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "m.npy", np.eye(3))
    monkeypatch.chdir(tmp_path)
    assert "passed" in run("run", "-", stdin="elementals: [{matrix: m.npy}, {outputs: 1}]").out
    assert planned(
        run(
            "plan",
            "-",
            "--format",
            "json",
            stdin=run(
                "plan", "-", "--format", "json", stdin="elementals: [{matrix: m.npy}, {outputs: 1}]"
            ).out,
        )
    ) == [("stdin", 9)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "error: <stdin>:1:1: there is nothing in it"),
        ("dims: [1,\n 0]", "error: <stdin>:2:2: dims[1]: dims[1] is 0"),
        (b"dims: [1, \xff]", "error: <stdin>:1:11: the byte 0xFF is not UTF-8"),
        ('{"dims": [1, 2]}\n{"dims": [1, 0]}', "error: <stdin>:2:14: dims[1]: dims[1] is 0"),
        ("[{dims: [1, 2]}]", "error: <stdin>:1:1: the chain is a list of 1; write several chains as {chains"),
        (gzip.compress(b"dims: [1, 2]", mtime=0)[:-9], "error: <stdin>: the file cannot be unpacked"),
        (gzip.compress(b" " * 2**26, mtime=0), "error: <stdin>: unpacks to more than 200 times its size"),
    ],
)
def test_errors_of_standard_input(run: Run, text: str | bytes, message: str) -> None:
    for command in ("plan", "compare", "run"):
        done = run(command, "-", stdin=text)
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith(message)
        assert done.err.count("\n") == 1
    assert run("batch", "-", stdin=text).status == 1


def test_standard_input_is_read_once(run: Run) -> None:
    for command in ("plan", "compare", "run", "batch"):
        done = run(command, "-", "-", stdin="dims: [1, 2]")
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert "standard input is read once" in done.err


# Packed files


def packed(path: Path, text: str) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(text)
    return path


def graphml() -> str:
    graph = nx.DiGraph()
    graph.add_node("x", size=2)
    graph.add_node("y", size=3)
    graph.add_edge("x", "y")
    return "\n".join(nx.generate_graphml(graph))


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        (".yaml", "dims: [2, 3]"),
        (".yml", "dims: [2, 3]"),
        (".json", '{"dims": [2, 3]}'),
        (".jsonl", '{"dims": [2, 3]}\n{"dims": [2, 3]}'),
        (".graphml", graphml()),
    ],
)
def test_packed_files_read_like_others(run: Run, tmp_path: Path, ending: str, text: str) -> None:
    plain, file = tmp_path / f"s{ending}", packed(tmp_path / f"s{ending}.gz", text)
    plain.write_text(text)
    assert load(file) == load(plain)
    assert [name for name, _ in planned(run("plan", file, "--format", "json"))] == [
        name for name, _ in planned(run("plan", plain, "--format", "json"))
    ]
    if ending == ".graphml":
        assert Graph.from_graphml(file) == Graph.from_graphml(plain)
    else:
        plain.unlink()
        assert [item.source for item in read_items(find_files([str(tmp_path)]), [str(tmp_path)])] == [
            f"{file}#{index}" for index in range(len(load(file)))
        ]


def test_packed_files_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml.gz"
    file.write_text("dims: [2, 3]")
    with pytest.raises(SpecError, match=r"s.yaml.gz: the file cannot be unpacked: Not a gzipped file"):
        load(file)
    whole = packed(file, "dims: [2, 3]\n" * 99).read_bytes()
    for broken in (whole[:-9], whole[:30], whole[:20] + b"\xff\xff" + whole[22:]):
        file.write_bytes(broken)
        with pytest.raises(SpecError, match="cannot be unpacked"):
            load(file)


@pytest.mark.parametrize("ending", ["yaml", "json", "jsonl", "graphml"])
@pytest.mark.parametrize("filling", [b"000", b"  \n"])
def test_a_bomb_is_an_error_and_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, filling: bytes
) -> None:
    monkeypatch.setattr(files, "LONG", 2**15)
    monkeypatch.setattr(files, "MAX_RATIO", 10)
    file = tmp_path / f"s.{ending}.gz"
    file.write_bytes(gzip.compress(filling * 2**20, 9))
    tracemalloc.start()
    with pytest.raises(SpecError) as caught:
        for _, problem in iter_chains(file):
            assert isinstance(problem, SpecError)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "unpacks to more than 10 times its size" in caught.value.message
    assert caught.value.file == file
    assert peak < 2**19 < len(filling) * 2**20


# Several files


def test_several_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("dims: [2, 3, 4]")
    (tmp_path / "b.jsonl").write_text(LINES)
    files = tmp_path / "a.yaml", tmp_path / "b.jsonl", "4,5,6"
    expected = [("a", 24), ("b#0", 0), ("b", 120), (None, 120)]
    assert planned(run("plan", *files, "--format", "json")) == expected
    assert planned(run("plan", files[0], "--format", "json")) == expected[:1]
    compared = json.loads(run("compare", *files, "--format", "json").out)
    assert [each["chain"]["name"] for each in compared] == ["a", "b#0", "b", None]
    ran = json.loads(run("run", *files, "--format", "json").out)
    assert [each["passed"] for each in ran] == [True] * 4
    assert "4 chains" in run("run", *files, "-o", tmp_path / "J.npz").err
    assert not (tmp_path / "J.npz").exists()


def test_errors_of_several_files_are_said_together(run: Run, tmp_path: Path) -> None:
    for name, text in (("a", "dims: [0, 1]"), ("b", "dims: [1, 2]"), ("c", "dims: [1, 0, 0]")):
        (tmp_path / f"{name}.yaml").write_text(text)
    done = run("plan", *(tmp_path / f"{name}.yaml" for name in "abcd"))
    assert (done.status, done.out) == (2, "")
    heads = [line.partition("dims")[0] for line in done.err.splitlines()]
    places = ("a.yaml:1:8", "c.yaml:1:11", "c.yaml:1:14")
    assert heads[:3] == [f"error: {tmp_path}/{place}: " for place in places]
    assert heads[3].startswith(f"error: {tmp_path}/d.yaml: there is no such file")
    (tmp_path / "a.yaml").write_text("dims: [" + "0, " * 14 + "1]")
    done = run("plan", tmp_path / "a.yaml")
    assert done.err.count("error: ") == 10
    assert done.err.splitlines()[-1] == "… and 4 more"


# Saved plans


def spec_with_matrices(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    rng = np.random.default_rng(0)
    np.save(folder / "data" / "m.npy", rng.random((4, 3)))
    np.save(folder / "data" / "A.npy", np.eye(4) + rng.random((4, 4)) / 9)
    spec = folder / "data" / "sim.yaml"
    spec.write_text("elementals: [{matrix: m.npy}, {solve: A.npy}, {outputs: 1}]\n")
    return spec


@pytest.mark.parametrize("place", ["data/sim.plan.json", "sim.json", "plans/deep/sim.json"])
def test_a_saved_plan_moves_with_its_matrices(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    spec, saved = spec_with_matrices(tmp_path / "here"), tmp_path / "here" / place
    saved.parent.mkdir(parents=True, exist_ok=True)
    assert run("plan", spec, "-o", saved).status == 0
    items = json.loads(saved.read_text())["chain"]["spec"]["elementals"]
    assert not Path(items[0]["matrix"]).is_absolute()
    assert not Path(items[1]["solve"]).is_absolute()
    assert (saved.parent / items[0]["matrix"]).samefile(spec.parent / "m.npy")
    shutil.move(tmp_path / "here", tmp_path / "there")
    monkeypatch.chdir("/")
    moved = tmp_path / "there" / place
    done = run("run", moved, "--format", "json")
    assert json.loads(done.out)["passed"], done.err
    assert (
        json.loads(run("plan", moved, "--format", "json").out)["fma"] == json.loads(moved.read_text())["fma"]
    )


def test_a_saved_plan_moves_alone_where_its_matrices_stay(run: Run, tmp_path: Path) -> None:
    spec, saved = spec_with_matrices(tmp_path / "here"), tmp_path / "here" / "data" / "sim.json"
    run("plan", spec, "-o", saved)
    moved = tmp_path / "elsewhere" / "far" / "sim.json"
    moved.parent.mkdir(parents=True)
    shutil.move(saved, moved)
    assert "passed" in run("run", moved).out
    (spec.parent / "m.npy").unlink()
    done = run("run", moved)
    assert done.status == 2
    assert done.err.startswith(f"error: {moved}: chain.spec.elementals[0].matrix: there is no file")


def test_a_matrix_that_was_lost_on_the_way_is_not_taken_from_where_the_plan_was(
    run: Run, tmp_path: Path
) -> None:
    spec = spec_with_matrices(tmp_path)
    saved = spec.with_name("sim.json")
    assert run("plan", spec, "-o", saved).status == 0
    copied = tmp_path / "copied"
    shutil.copytree(spec.parent, copied)
    (copied / "A.npy").unlink()
    done = run("run", copied / "sim.json")
    assert done.status == 2
    assert f"there is no file {copied / 'A.npy'}" in done.err


def test_paths_stay_absolute_where_nothing_is_shared(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chainorder.plans.saved_paths import relocated

    spec = spec_with_matrices(tmp_path)
    data = json.loads(plan(load(spec)[0]).to_json())
    before = json.loads(json.dumps(data))
    assert relocated(data, Path("/nowhere/else")) == before
    link = tmp_path / "link"
    (tmp_path / "a" / "b").mkdir(parents=True)
    link.symlink_to(tmp_path / "a" / "b")
    assert relocated(data, link) == before


def test_a_saved_plan_of_a_graph_moves_too(run: Run, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    np.save(here / "m.npy", np.eye(2))
    text = (
        "vertices: {x: 2, h: 2, y: 2}\nedges: [{source: x, target: h, matrix: m.npy}, {source: h, target: y}]"
    )
    (here / "g.yaml").write_text(text)
    run("plan", here / "g.yaml", "-o", here / "g.json")
    shutil.move(here, tmp_path / "there")
    assert "passed" in run("run", tmp_path / "there" / "g.json").out


def test_a_saved_plan_is_shown(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = tmp_path / "sim.plan.json"
    run("plan", "1000,1,1000,1,1000", "--solver", "forward", "-o", saved)
    monkeypatch.setattr("chainorder.cli.reading.plan", None)  # nothing is planned
    text = run("plan", saved).out
    assert "3,000,000 fma" in text
    assert "solver: forward" in text
    assert json.loads(run("plan", saved, "--format", "json").out) == json.loads(saved.read_text())
    packed(tmp_path / "sim.json.gz", saved.read_text())
    assert run("plan", tmp_path / "sim.json.gz").out == text
    assert run("plan", "-", stdin=saved.read_text()).out == text
    run("plan", saved, saved, "-o", tmp_path / "two.jsonl")
    assert run("plan", tmp_path / "two.jsonl").out == text + text
    assert run("plan", "-", stdin=(tmp_path / "two.jsonl").read_text()).out == text + text


def test_a_saved_plan_is_compared(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "sim.plan.json"
    run("plan", "1000,100,10,1", "--order", "F3 (F2 F1)", "-o", saved)
    data = json.loads(run("compare", saved, "--format", "json").out)
    assert [each["fma"] for each in data["plans"]] == [1_010_000, 101_000, 1_010_000]
    run("plan", DATA / "residual-block.yaml", "--solver", "forward", "-o", saved)
    data = json.loads(run("compare", saved, "--format", "json").out)
    assert data["plans"][0]["fma"] == data["plans"][-1]["fma"]


@pytest.mark.parametrize(
    "flags",
    [
        ("--solver", "forward"),
        ("--order", "F2 F1"),
        ("--machines", "2"),
        ("--memory", "0"),
        ("--objective", "fma"),
        ("--transfer", "3"),
        ("--estimate",),
    ],
)
def test_flags_that_ask_for_another_plan_are_refused(
    run: Run, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    saved = tmp_path / "sim.plan.json"
    run("plan", "3,4,5", "-o", saved)
    for command in ("plan", "compare", "run"):
        if command == "compare" and flags[0] == "--order":
            continue
        done = run(command, saved, *flags)
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert "is a saved plan, but --" in done.err
    for flag in ("--memory-sweep", "--hessian"):
        assert "saved plan" in run("compare", saved, flag).err


def test_only_saved_plans_are_planned_again(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chainorder.cli import reading

    calls: list[Any] = []
    monkeypatch.setattr(reading, "_check_optimal", calls.append)
    run("plan", "3,4,5", "-o", tmp_path / "sim.json")
    run("run", "3,4,5", "4,5,6")
    assert calls == []
    run("run", tmp_path / "sim.json")
    assert len(calls) == 1


def test_names_with_line_breaks_are_shown_on_one_line(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "a\nb.json"
    run("plan", "3,4,5", "-o", saved)
    for arguments in ((saved, "--solver", "x\ny"), ("3,4", "--solver", "x\ny"), (tmp_path / "c\nd.yaml",)):
        done = run("plan", *arguments)
        assert (done.status, done.err.count("\n")) == (2, 1)
    assert run("plan", "3,4", "--solver", "x\ny", "--estimate").err.count("\n") == 4  # click's own form
    (tmp_path / "e\nf.yaml").write_text("dims: [3, 4]")
    assert "e?f: 1 elemental" in run("plan", tmp_path / "e\nf.yaml").out


def test_a_saved_plan_that_is_wrong_says_where(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "sim.plan.json"
    run("plan", "3,4,5,6", "-o", saved)
    data = json.loads(saved.read_text())
    data["operations"][0]["fma"] += 1
    saved.write_text(json.dumps(data))
    assert run("plan", saved).err.startswith(f"error: {saved}: fma is ")
    saved.write_text(json.dumps(data | {"chain": {"spec": {"dims": [3, 0]}}}))
    assert run("plan", saved).err.startswith(f"error: {saved}: chain.spec.dims[1]: dims[1] is 0")
    with pytest.raises(PlanError):
        from chainorder import Plan

        Plan.from_json(json.dumps(data))


# Folders


NO_SPECS: dict[str, Any] = {
    "package.json": {
        "name": "x",
        "version": "1.0.0",
        "scripts": {},
        "files": [],
        "license": "MIT",
        "engines": {},
    },
    "tsconfig.json": {"compilerOptions": {}, "include": ["src"]},
    "compose.yaml": {"name": "x", "services": {"a": {"image": "b", "mem_limit": "2g"}}},
    "workflow.yml": {"name": "ci", "on": ["push"], "jobs": {}},
    "list.json": [1, 2, 3],
    "rows.json": [{"id": 1}, {"id": 2}],
    "hyper.yaml": {"lr": 0.1, "batch": 32, "loss": "mse", "activation": "relu"},
    "log.jsonl": {"time": 3, "message": "x"},
    "empty.json": {},
}

SPECS: dict[str, Any] = {
    "dim.yaml": {"dim": [1, 2]},
    "layer.yaml": {"name": "x", "layer": [1, 2]},
    "element.json": {"elements": 5},
    "vertex.yaml": {"Verticies": {"x": 1}},
    "edges.yaml": {"edges": [], "size": 3},
    "chain.json": {"chain": {"dims": [1, 2]}},
    "chains.json": [{"dims": [1, 2]}],
    "both.yaml": {"dims": [1, 2], "version": 3},
}


@pytest.mark.parametrize("name", [*NO_SPECS, *SPECS])
def test_what_is_no_spec(run: Run, tmp_path: Path, name: str) -> None:
    data = (NO_SPECS | SPECS)[name]
    (tmp_path / name).write_text(
        json.dumps(data) if name.endswith(("json", "jsonl")) else yaml.safe_dump(data)
    )
    (tmp_path / "good.yaml").write_text("dims: [2, 3]")
    assert foreign(data) == (name in NO_SPECS)
    done = run("batch", tmp_path, "--format", "jsonl")
    if name in NO_SPECS:
        assert (done.status, len(done.out.splitlines())) == (0, 1)
        assert done.err == f"skipped 1 that is no spec: {tmp_path / name}\n"
    else:
        assert (done.status, len(done.out.splitlines())) == (1, 2)
        assert "skipped" not in done.err
    named = run("batch", tmp_path / name, "--format", "jsonl")
    assert named.status == 1
    assert all("error" in json.loads(line) for line in named.out.splitlines())


def test_results_are_no_specs(run: Run, tmp_path: Path) -> None:
    for name, command in (("p", ("plan", "2,3")), ("c", ("compare", "2,3")), ("r", ("run", "2,3"))):
        run(*command, "-o", tmp_path / f"{name}.json")
    run("plan", DATA / "residual-block.yaml", "-o", tmp_path / "g.json")
    run("compare", DATA / "mnist-training.yaml", "-o", tmp_path / "m.json")
    (tmp_path / "good.jsonl").write_text(LINES + "{\n")
    assert run("batch", tmp_path, "-o", tmp_path / "rows.jsonl").status == 1
    done = run("batch", tmp_path, "--format", "csv")
    assert "skipped 6 that are no specs" in done.err
    assert len(done.out.splitlines()) == 4
    assert "is a result of this program, such as a saved plan" in run("batch", tmp_path / "p.json").out
    with pytest.raises(SpecError, match="saved plan"):
        load(tmp_path / "p.json")


def test_a_folder_of_lines_is_read_to_the_end_where_some_are_specs(tmp_path: Path) -> None:
    (tmp_path / "mixed.jsonl").write_text('{"id": 1}\n' * 3 + LINES)
    outcomes = [item.outcome for item in read_items(find_files([str(tmp_path)]), [str(tmp_path)])]
    assert [isinstance(outcome, Chain) for outcome in outcomes] == [False] * 3 + [True] * 2


def test_a_row_says_how_many_faults_there_are(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("dims: [0, 1, 0, 0]")
    (item,) = read_items(find_files([str(tmp_path / "bad.yaml")]))
    assert str(item.outcome).endswith("a size is a whole number of at least 1 (and 2 more)")


def test_sources() -> None:
    assert Source.of("a/b.c.yaml.gz") == Source(
        Path("a/b.c.yaml.gz"), "b.c", ".yaml", Path("a"), Path("a/b.c.yaml.gz")
    )
    assert Source.of(Path(STDIN)).path == Path("-")


def test_endings_are_known_in_capitals(run: Run, tmp_path: Path) -> None:
    (tmp_path / "A.YAML").write_text("dims: [2, 3]")
    (tmp_path / "B.JSONL").write_text(LINES)
    (tmp_path / "C.Yml.GZ").write_bytes(gzip.compress(b"dims: [2, 3]"))
    assert [file.name for file in find_files([str(tmp_path)])] == ["A.YAML", "B.JSONL", "C.Yml.GZ"]
    assert run("batch", tmp_path).status == 0


def test_a_packed_file_that_is_not_called_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(gzip.compress(b"dims: [2, 3]"))
    assert "call it .gz, for it is packed" in run("plan", tmp_path / "a.yaml").err


OTHERS = {
    "mkdocs.yml": "site_name: x\nextensions:\n  - !!python/name:a.b\n",
    "stack.yaml": "Resources:\n  a: !Ref b\n",
    "manifest.yaml": "kind: Service\n---\nkind: Deployment\n",
}
BROKEN = {
    "tag.yaml": "dims: [1, 2]\nname: !Ref b\n",
    "two.yaml": "dims: [1, 2]\n---\ndims: [1, 2]\n",
    "cut.yaml": "name: x\ndims: [1, 2",
    "typo.yaml": "elementalz: [\n",
    "nothing.yaml": "{",
}


def test_files_of_other_programs_are_skipped_even_where_they_cannot_be_read(run: Run, tmp_path: Path) -> None:
    for name, text in (OTHERS | BROKEN).items():
        (tmp_path / name).write_text(text)
    done = run("batch", tmp_path, "--format", "jsonl")
    assert [Path(json.loads(row)["source"]).name for row in done.out.splitlines()] == sorted(BROKEN)
    assert "skipped 3 that are no specs" in done.err
    assert run("batch", tmp_path / "mkdocs.yml").status == 1  # what is named is not skipped
