"""Batches that are broken off: nothing is lost, nothing is done twice, nothing is mixed."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from chainorder.batch import files as batch
from chainorder.cli import cli
from chainorder.errors import OutputError
from chainorder.reading import files
from chainorder.report.partial import Partial
from tests.processes import Command, wait_until

ENDINGS = ("jsonl", "csv", "json", "txt", "md")


def call(*arguments: object, status: int = 1) -> str:
    """What a batch says on stderr; some of the chains here have errors."""
    result = CliRunner().invoke(cli, ["batch", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == status
    return result.stderr


def refused(*arguments: object) -> str:
    with pytest.raises(OutputError) as caught:
        CliRunner().invoke(
            cli, ["batch", *map(str, arguments)], catch_exceptions=False, standalone_mode=False
        )
    assert str(caught.value).splitlines() == [str(caught.value)]
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Specs of chains and a graph, some broken, some with matrices, in the working folder; small groups."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(batch, "GROUP", 5)
    specs = Path("specs")
    specs.mkdir()
    names = ["plain", 'a "quoted", name', "two\nlines\n", "∂→é", "\udcff"]
    chains: list[Any] = [{"name": name, "dims": [3 + n, 4, 2, 5]} for n, name in enumerate(names)]
    chains += [{"dims": [n, 2, n]} if n % 4 else {"dims": [n, "two"]} for n in range(1, 10)]
    (specs / "many.jsonl").write_text("".join(json.dumps(chain) + "\n" for chain in chains))
    np.save(specs / "A.npy", np.ones((4, 3)))
    (specs / "matrix.yaml").write_text(
        "chains:\n- elementals: [{matrix: A.npy}]\n- elementals: [{matrix: B.npy}]\n- dims: [2, 3, 4]\n"
    )
    (specs / "graph.yaml").write_text(
        "vertices: {x: 2, h: 3, y: 4}\nedges: [{source: x, target: h}, {source: h, target: y}]\n"
    )
    (specs / "package.json").write_text('{"name": "no spec", "version": "1.0.0"}')
    return tmp_path


def broken_off(
    monkeypatch: pytest.MonkeyPatch,
    output: str,
    finished: int | None = None,
    inputs: Sequence[str] = ("specs",),
) -> bytes:
    """What a batch leaves that is broken off after so many chains, or just before the end."""

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    write = Partial.write

    def some(partial: Partial, item: batch.Item) -> None:
        if partial.written == finished:
            broken()
        write(partial, item)

    with monkeypatch.context() as patch:
        patch.setattr(Partial, "finish", broken)
        patch.setattr(Partial, "write", some)
        said = call(*inputs, "-o", output)
    assert f"chains are kept in {output}.partial; to go on: chainorder batch … -o {output} --resume" in said
    return Path(f"{output}.partial").read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_wherever_it_is_cut_off_the_end_is_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    output = Path(f"out.{ending}")
    call("specs", "-o", output)
    undisturbed = output.read_bytes()
    whole = broken_off(monkeypatch, str(output))
    assert output.read_bytes() == undisturbed
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    within = random.Random(1).sample(range(len(whole)), 20)
    for cut in (0, 1, *ends, *(end - 1 for end in ends), *within):
        output.write_text("old")
        Path(f"{output}.partial").write_bytes(whole[:cut])
        said = call("specs", "-o", output, "--resume")
        lines = whole[: whole.rfind(b"\n", 0, cut) + 1].split(b"\n")
        done = sum(line.startswith((b'{"source', b"[")) for line in lines)
        assert (f"going on after {done} chains of {output}.partial\n" in said) == (done > 0)
        assert "skipped 1 that is no spec: specs/package.json\n" in said
        assert "chains have errors" in said
        assert output.read_bytes() == undisturbed
        assert sorted(path.name for path in folder.iterdir()) == [output.name, "specs"]


def test_workers_go_on_where_one_process_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # of the size of groups, which another process would not know
    monkeypatch.chdir(folder)
    call("specs", "-o", "out.jsonl")
    undisturbed = Path("out.jsonl").read_bytes()
    broken_off(monkeypatch, "out.jsonl", finished=7)
    status, errors = Command(("batch", "specs", "-o", "out.jsonl", "--resume", "--workers", 2)).end()
    assert (status, errors.splitlines()[0]) == (1, "going on after 7 chains of out.jsonl.partial")
    assert Path("out.jsonl").read_bytes() == undisturbed


def test_patterns_do_not_match_what_the_batch_writes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call("specs/*", "-o", "specs/out.jsonl")
    whole = Path("specs/out.jsonl").read_bytes()
    Path("specs/out.jsonl").unlink()
    broken_off(monkeypatch, "specs/out.jsonl", finished=3, inputs=["specs/*"])
    named = sorted(Path("specs").iterdir())
    assert Path("specs/out.jsonl.partial") in named
    call(*named, "-o", "specs/out.jsonl", "--resume")
    assert Path("specs/out.jsonl").read_bytes() == whole


def append(path: str, text: str) -> Any:
    return lambda: Path(path).write_text(Path(path).read_text() + text)


CHANGES: dict[str, tuple[Any, list[str], str]] = {
    "another solver": (None, ["--solver", "dynamic"], "was begun with solver auto, which is now dynamic"),
    "an option": (None, ["--machines", "2"], "was begun with machines None, which is now 2"),
    "another format": (None, ["--format", "json"], "was begun with format csv, which is now json"),
    "a changed spec": (append("specs/many.jsonl", "\n"), [], "specs/many.jsonl has changed"),
    "a changed later spec": (append("specs/matrix.yaml", "\n"), [], "specs/matrix.yaml has changed"),
    "a new spec": (lambda: Path("specs/b.yaml").write_text("dims: [2, 3]"), [],
                   "was begun with 4 files, which are now 5: specs/b.yaml is new"),
    "a lost spec": (lambda: Path("specs/matrix.yaml").unlink(), [],
                    "was begun with 4 files, which are now 3: specs/matrix.yaml is gone"),
    "a changed matrix": (lambda: np.save("specs/A.npy", np.ones((5, 3))), [], "A.npy has changed"),
    "a lost matrix": (lambda: Path("specs/A.npy").unlink(), [], "A.npy has changed: it was SHA-256"),
    "a found matrix": (lambda: np.save("specs/B.npy", np.ones((5, 3))), [], "specs/matrix.yaml#1 read no"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_what_was_begun_otherwise_is_not_mixed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    change, options, message = CHANGES[kind]
    left = broken_off(monkeypatch, "out.csv", finished=17)
    if change is not None:
        change()
    said = refused("specs", "-o", "out.csv", "--resume", *options)
    assert said.startswith("out.csv.partial: ")
    assert message in said
    assert "start over with --force" in said
    assert Path("out.csv.partial").read_bytes() == left
    assert not Path("out.csv").exists()
    call("specs", "-o", "out.csv", "--force", *options)
    assert not Path("out.csv.partial").exists()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["specs/*.[jy]*"], "was begun with folders ['specs'], which is now []"),
        (["specs", "specs/graph.yaml"], "was begun with its files in another order or number"),
        (["specs/package.json", "specs"], "was begun with its files in another order or number"),
    ],
)
def test_other_ways_to_the_same_files_are_another_call(
    folder: Path, monkeypatch: pytest.MonkeyPatch, inputs: list[str], message: str
) -> None:
    broken_off(monkeypatch, "out.csv", finished=17)
    assert message in refused(*inputs, "-o", "out.csv", "--resume")


def test_what_is_left_is_not_thrown_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = broken_off(monkeypatch, "out.csv", finished=3)
    assert "keeps 3 chains of a batch that was broken off" in refused("specs", "-o", "out.csv")
    assert Path("out.csv.partial").read_bytes() == left
    Path("out.csv.partial").write_text("mine")
    for option in ([], ["--resume"]):
        assert "is no batch in the making" in refused("specs", "-o", "out.csv", *option)
    assert Path("out.csv.partial").read_text() == "mine"
    first, second, *others = left.splitlines(keepends=True)
    for bad in (b"?\n", b"\xff\n", b"5\n", b"[]\n", b'{"read": 5}\n', b"\n", b"[" * 100_000 + b"\n"):
        Path("out.csv.partial").write_bytes(b"".join([first, second, bad, *others]))
        assert "is damaged in line 3" in refused("specs", "-o", "out.csv", "--resume")
    for bad in (b'{"call": 5}\n', b'{"call": {}}\n', b'{"call": {"inputs": [5]}}\n'):
        Path("out.csv.partial").write_bytes(b"".join([bad, second, *others]))
        assert "is damaged in line 1" in refused("specs", "-o", "out.csv", "--resume")
    call("specs", "-o", "out.csv", "--force")
    assert not Path("out.csv.partial").exists()


def test_nothing_is_left_of_a_batch_that_finished_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(batch, "plan_each", lambda *_, **__: exec("raise KeyboardInterrupt"))
        call("specs", "-o", "out.csv")
    assert not Path("out.csv.partial").exists()
    call("specs", "-o", "out.csv", "--resume")


@pytest.mark.parametrize("moment", ["_scan", "_count"])
@pytest.mark.parametrize("option", [[], ["--resume"]])
def test_what_is_left_survives_a_signal_while_it_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str, option: list[str]
) -> None:
    left = broken_off(monkeypatch, "out.csv", finished=7)
    with monkeypatch.context() as patch:
        patch.setattr(Partial, moment, lambda *_: exec("raise KeyboardInterrupt"))
        said = call("specs", "-o", "out.csv", *option)
    assert "out.csv.partial is as it was" in said
    assert Path("out.csv.partial").read_bytes() == left


def test_what_is_read_once_is_not_gone_on_with(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path("specs/many.jsonl").read_text()

    def feed() -> None:
        Path("pipe.jsonl").write_text(text)

    os.mkfifo("pipe.jsonl")
    threading.Thread(target=feed).start()
    broken_off(monkeypatch, "out.csv", finished=3, inputs=["pipe.jsonl"])
    assert "pipe.jsonl cannot be read a second time" in refused("pipe.jsonl", "-o", "out.csv", "--resume")


def test_standard_input_is_not_gone_on_with(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path("specs/many.jsonl").read_bytes()
    monkeypatch.setattr(files, "_read_stdin", lambda: text)
    Path("-").write_text("another file")
    broken_off(monkeypatch, "out.csv", finished=3, inputs=["-"])
    assert "- cannot be read a second time" in refused("-", "-o", "out.csv", "--resume")


def test_resuming_needs_a_file(folder: Path) -> None:
    for options in ([], ["-o", "/dev/null", "--format", "csv"], ["-o", "x.csv", "--force"]):
        assert "--resume takes -o FILE" in call("specs", "--resume", *options, status=2)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chains that take a second or two, with a broken one here and there."""
    chains: list[Any] = [{"name": f"line\n{n}", "dims": [9, 8, 7, 6, 5 + n]} for n in range(60)]
    step = {"inputs": 9, "outputs": 9, "structure": "banded", "lower": 1, "upper": 1, "repeat": 120}
    chains += [{"elementals": [step]}, {"dims": [2, "x"]}] * 30
    spec = tmp_path_factory.mktemp("slow") / "slow.jsonl"
    spec.write_text("".join(json.dumps(chain) + "\n" for chain in chains))
    return spec


@pytest.fixture(scope="module")
def undisturbed(slow: Path) -> dict[str, bytes]:
    """What an undisturbed batch writes, and how long that takes."""
    files = {ending: slow.with_name(f"whole.{ending}") for ending in ("jsonl", "csv")}
    for file in files.values():
        Command(("batch", slow, "-o", file)).end()
    return {ending: file.read_bytes() for ending, file in files.items()}


SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}


def killed_until_done(slow: Path, output: Path, numbers: list[int], seed: int, *options: object) -> list[int]:
    """The exit statuses of batches that go on from each other, each with a signal at a random moment."""
    statuses: list[int] = []
    moments = random.Random(seed)
    for number in [*numbers, None]:
        command = Command(("batch", slow, "-o", output, "--resume", *options))
        if number is not None:
            assert wait_until(command.ready)
            time.sleep(moments.uniform(0, 1.2))
            command.send(number)
        status, errors = command.end()
        assert "Traceback" not in errors
        statuses.append(status)
    return statuses


@pytest.mark.parametrize(
    ("ending", "workers"), [pytest.param("jsonl", 2, marks=pytest.mark.slow), ("csv", 1)]
)
def test_signals_at_random_moments(
    slow: Path, undisturbed: dict[str, bytes], tmp_path: Path, ending: str, workers: int
) -> None:
    output = tmp_path / f"out.{ending}"
    numbers = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGKILL]
    statuses = killed_until_done(slow, output, numbers, 1, "--workers", workers)
    for number, status in zip(numbers, statuses, strict=False):
        # In its last moments a process is ended by the signal itself, which a shell calls 128 + number, too.
        assert status in (SIGNALS[number], -number, 1)
    assert statuses[-1] == 1
    assert output.read_bytes() == undisturbed[ending]
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


@pytest.mark.slow
def test_twenty_kills_in_a_row(slow: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    for seed in range(20):
        output = tmp_path / "out.jsonl"
        killed_until_done(slow, output, [signal.SIGKILL], seed, "--workers", 1 + seed % 2)
        assert output.read_bytes() == undisturbed["jsonl"]
        output.unlink()
    statuses = killed_until_done(slow, output, [signal.SIGKILL] * 20, 20)
    assert statuses[-1] == 1
    assert output.read_bytes() == undisturbed["jsonl"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_batch_says_how_to_go_on(slow: Path, tmp_path: Path, number: signal.Signals) -> None:
    output = tmp_path / "out.csv"
    output.write_text("old")
    partial = tmp_path / "out.csv.partial"
    command = Command(("batch", slow, "-o", output))
    assert wait_until(lambda: partial.exists() and partial.read_bytes().count(b"\n") > 10)
    second = Command(("batch", slow, "-o", output, "--resume"))
    status, errors = second.end()
    command.send(number)
    assert (status, errors) == (
        2,
        f"error: {partial}: another process is writing it; wait for that, or write elsewhere\n",
    )
    status, errors = command.end()
    assert status == SIGNALS[number]
    kept, last = errors.splitlines()
    assert f"finished chains are kept in {partial}; to go on: chainorder batch … -o {output} --resume" in kept
    assert last == {signal.SIGINT: "interrupted", signal.SIGTERM: "ended by SIGTERM"}[number]
    assert output.read_text() == "old"
