"""What a command line takes: standard input, packed files, several files."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from chainorder import Graph, SpecError, load
from chainorder.batch.files import find_files, read_items
from chainorder.problems.load import iter_chains
from chainorder.reading import files
from tests.running import Run, packed, planned

LINES = '{"dims": [2, 3]}\n{"dims": [4, 5, 6], "name": "b"}\n'


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
