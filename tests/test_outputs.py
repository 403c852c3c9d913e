"""Files that are written: checked before the work, whole at all times, and never at the cost of a spec."""

from __future__ import annotations

import gzip
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from chainorder.cli import cli
from chainorder.errors import ChainorderError, OutputError
from chainorder.execution.provenance import Provenance
from chainorder.execution.save import save_matrix
from chainorder.reading.matrices import read_matrix
from chainorder.system.output import Output
from chainorder.system.signals import ENDING, Interrupted, interrupted_by_signals
from tests.processes import Command, wait_until

ENDLESS = "1000000000000,1000000000000,3"
"""Planned at once, but never to be multiplied here."""


INPUTS: dict[str, tuple[str, str | bytes]] = {
    "late.yaml": ("spec", f"# {'x' * 70_000}\ndims: [3, 4]"),
    "late.yaml.gz": ("spec", gzip.compress(f"# {'x' * 200_000}\ndims: [3, 4]".encode())),
    "tabs.yml": ("spec", "elementals:\n\t- {inputs: 3, outputs: 4}"),
    "begun.yaml": ("spec", "name: simulator\nmachines: 4\n"),
    "wide.YML": ("spec", "dims: [3, 4]".encode("utf-16")),
    "list.yaml": ("spec", "- dims: [3, 4]\n- dims: [4, 5]"),
    "small.txt": ("matrix", "%%matrixmarket matrix array real general\n1 1\n1\n"),
    "one.txt": ("matrix", " %MatrixMarket matrix array real general\n1 1\n1\n"),
    "blank.mtx": ("matrix", "\n%%MatrixMarket matrix array real general\n1 1\n1\n"),
    "old.jsonl.partial": ("batch in the making", '{"call": {"inputs": []}}\n{"source": "a"}\n'),
}
"""Files that are read, or would be if they were mended."""


def call(*arguments: object) -> str:
    """What a command prints; raises what it raises."""
    result = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False, standalone_mode=False)
    return result.stdout


def refused(*arguments: object) -> str:
    with pytest.raises(ChainorderError) as caught:
        call(*arguments)
    assert str(caught.value).splitlines() == [str(caught.value)]
    return str(caught.value)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Specs, a matrix, a report and their doubles under other names, in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("dims: [3, 4, 5]\n")
    Path("broken.yml").write_text("dims: [3, 4\n")
    Path("bare.json").write_text('[{"dims": [3, 4]}, {"dims": [3, 4, 5]}]')
    Path("lines.jsonl").write_text('{"name": "first", "dims": [3, 4, 5]}\n{"dims": [2, 3]}\n')
    np.save("A.npy", np.ones((4, 3)))
    np.savez("B.npz", np.ones((3, 4)))
    Path("matrices.json").write_text('{"elementals": [{"matrix": "A.npy"}, {"matrix": "B.npz"}]}')
    Path("g.graphml").write_text(
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="d" for="node" attr.name="size"/>'
        '<graph edgedefault="directed"><node id="x"/></graph></graphml>'
    )
    Path("C.mtx").write_text("%%MatrixMarket matrix array real general\n1 1\n1\n")
    for name in ("a.yaml", "C.mtx"):
        Path(f"{name}.gz").write_bytes(gzip.compress(Path(name).read_bytes()))
    for name, (_, content) in INPUTS.items():
        Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    Path("old.svg").write_text("old")
    Path("old.csv").write_text("old")
    Path("linked.json").symlink_to("a.yaml")
    os.link("a.yaml", "same.json")
    os.link("A.npy", "same.npz")
    call("plan", "a.yaml", "-o", "plan.json")
    Path("diagonal.yaml").write_text("elementals: [{inputs: 30, structure: diagonal, repeat: 2}]")
    Path("wide.yaml").write_text("elementals: [{inputs: 1000000, structure: diagonal, repeat: 2}]")
    Path("solve.yaml").write_text("elementals: [{solve: C.mtx}]")
    Path("edges.yaml").write_text(
        "vertices: {x: 3, y: 4, z: 3}\n"
        "edges: [{source: x, target: y, matrix: A.npy}, {source: y, target: z, matrix: B.npz}]\n"
    )
    call("plan", "matrices.json", "-o", "with-matrices.json")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        # Not to be written, or not in this format.
        (["batch", "a.yaml", "-o", "old.svg"], "there is no picture of this"),
        (["batch", "a.yaml", "-o", "x.dot"], "draw one plan"),
        (["batch", "a.yaml", "--format", "graphml"], "draw one plan"),
        (["run", ENDLESS, "-o", "x.gv"], "draw one plan"),
        (["run", ENDLESS, "-o", "x.npz", "-o", "no/x.json"], "there is no folder"),
        (["run", ENDLESS, "-o", "no/x.npz"], "there is no folder"),
        (["run", "lines.jsonl", "-o", "x.npz"], "2 chains"),
        (["run", "--hessian", "lines.jsonl", "-o", "x.npz"], "--hessian makes reports"),
        (["plan", "plan.json", "3,4,5", "-o", "x.dot"], "draw one plan"),
        (["plan", "lines.jsonl", "-o", "x.dot"], "draw one plan"),
        (["compare", "3,4,5", "-o", "x.graphml"], "draw one plan"),
        (["calibrate", "--format", "svg"], "there is no picture of this"),
        (["plan", "3,4,5", "-o", "x.jpg"], "no format for the ending"),
        (["plan", "3,4,5", "-o", "x"], "no format for the ending"),
        (["plan", "3,4,5", "-o", "no/x.json"], "there is no folder"),
        (["plan", "3,4,5", "-o", "old.csv/x.json"], "is a file, not a folder"),
        (["plan", "3,4,5", "-o", "x/", "--format", "json"], "is a folder"),
        (["plan", "3,4,5", "-o", ".", "--format", "json"], "is a folder"),
        (["plan", "3,4,5", "-o", "", "--format", "json"], "is a folder"),
        (["plan", "3,4,5", "-o", "x" * 252 + ".json"], "too long"),
        (["batch", "a.yaml", "-o", "x" * 250 + ".json"], "too long"),
        (["generate", "3", "-o", "no/x.jsonl"], "there is no folder"),
        (["schema", "-o", "no/x.json"], "there is no folder"),
        # Read by the same call, under whatever name.
        (["plan", "a.yaml", "-o", "a.yaml", "--format", "json"], "both read and written"),
        (["compare", "a.yaml", "-o", "./a.yaml", "--format", "csv"], "both read and written (it is a.yaml"),
        (["run", "a.yaml", "-o", "linked.json"], "both read and written"),
        (["plan", "linked.json", "-o", "same.json"], "both read and written"),
        (["run", "plan.json", "-o", "plan.json"], "both read and written"),
        (["run", "matrices.json", "-o", "B.npz"], "both read and written"),
        (["run", "matrices.json", "-o", "same.npz"], "both read and written"),
        (["run", "3,4,5", "plan.json", "-o", "plan.json"], "both read and written"),
        (["plan", "3,4,5", "a.yaml", "-o", "same.json"], "both read and written (it is a.yaml"),
        (["compare", "plan.json", "3,4", "-o", "plan.json"], "both read and written"),
        (["run", "with-matrices.json", "-o", "A.npy"], "both read and written"),
        (["run", "solve.yaml", "-o", "C.mtx"], "both read and written"),
        (["run", "edges.yaml", "-o", "B.npz"], "both read and written"),
        (["run", ENDLESS, "3,4", "-o", "x.npy"], "2 chains but x.npy keeps one"),
        (["run", ENDLESS, "-o", "no/x.mtx"], "there is no folder"),
        (["run", "wide.yaml", "-o", "x.npy"], "1,000,000 × 1,000,000 entries one by one, 7,450.6 GiB; this"),
        (["plan", "matrices.json", "-o", "A.npy", "--format", "json"], "holds a matrix"),
        (["batch", "matrices.json", "-o", "same.npz", "--format", "csv"], "holds a matrix"),
        (["compare", "3,4", "-o", "B.npz", "--format", "json"], "holds a matrix"),
        (["generate", "3", "-o", "C.mtx"], "holds a matrix"),
        (["batch", "a.yaml", "lines.jsonl", "-o", "lines.jsonl"], "both read and written"),
        (["batch", "lines.jsonl", "-o", "same.json"], "holds a spec"),
        # A spec that the call does not read.
        (["plan", "3,4,5", "-o", "a.yaml", "--format", "json"], "holds a spec"),
        (["plan", "3,4,5", "-o", "broken.yml", "--format", "json"], "holds a spec"),
        (["compare", "3,4,5", "-o", "lines.jsonl"], "holds a spec"),
        (["plan", "3,4,5", "-o", "g.graphml"], "holds a spec"),
        (["plan", "3,4,5", "-o", "bare.json"], "holds a spec"),
        (["run", "3,4,5", "-o", "matrices.json"], "holds a spec"),
        (["batch", ".", "-o", "lines.jsonl"], "holds a spec"),
        (["generate", "3", "-o", "lines.jsonl"], "holds a spec"),
        (["schema", "-o", "linked.json"], "holds a spec"),
        (["plan", "3,4,5", "-o", "a.yaml.gz", "--format", "json"], "holds a spec"),
        (["plan", "3,4,5", "-o", "C.mtx.gz", "--format", "json"], "holds a matrix"),
        *(
            (["compare", "3,4,5", "-o", name, "--format", "json"], f"holds a {kind}")
            for name, (kind, _) in INPUTS.items()
        ),
    ],
)
def test_what_cannot_or_must_not_be_written_is_refused_before_the_work(
    folder: Path, arguments: list[str], message: str
) -> None:
    before = contents(folder)
    assert message in refused(*arguments)
    assert contents(folder) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "a.yaml", "-o", "a.yaml", "--format", "json"],
        ["compare", "3,4,5", "-o", "lines.jsonl"],
        ["run", "matrices.json", "-o", "B.npz"],
        ["batch", "lines.jsonl", "-o", "lines.jsonl"],
        ["generate", "3", "-o", "lines.jsonl"],
        ["schema", "-o", "matrices.json"],
    ],
)
def test_force_writes_all_the_same(folder: Path, arguments: list[str]) -> None:
    file = folder / arguments[arguments.index("-o") + 1]
    before = file.read_bytes()
    call(*arguments, "--force")
    assert file.read_bytes() != before


@pytest.mark.parametrize("ending", ["txt", "json", "jsonl", "csv", "md", "dot", "graphml", "svg"])
def test_reports_replace_reports(folder: Path, ending: str) -> None:
    coupled = '{"machines": 2, "name": "dims", "dims": [9, 8, 7, 6, 5]}'
    Path("coupled.json").write_text(coupled)
    for command in ("plan",) if ending in ("dot", "graphml") else ("plan", "compare", "run"):
        options = ["--scheduler", "here"] * (command == "run")
        for _ in range(2):
            call(command, "coupled.json", "-o", f"report.{ending}", *options)
    call("plan", ",".join(["7"] * 3000), "-o", f"report.{ending}")
    if ending not in ("dot", "graphml", "svg"):
        call("batch", "coupled.json", "-o", f"report.{ending}")
    assert Path("coupled.json").read_text() == coupled


def test_random_chains_replace_random_chains(folder: Path) -> None:
    for seed in (1, 2):
        call("generate", 3, "--seed", seed, "-o", "random.jsonl")
    assert Path("random.jsonl").read_text() == call("generate", 3, "--seed", 2)
    with Path("random.jsonl").open("a") as file:
        file.write('{"name": "mine", "dims": [3, 4]}\n')
    assert "holds a spec" in refused("generate", 3, "-o", "random.jsonl")


def test_a_batch_of_a_folder_does_not_read_its_own_output(folder: Path) -> None:
    Path("broken.yml").unlink()
    Path("linked.jsonl").symlink_to("out.jsonl")
    for _ in range(2):
        call("batch", "lines.jsonl", "-o", "out.jsonl")
        call("batch", "*.jsonl", "-o", "linked.jsonl")
        assert [json.loads(line)["source"] for line in Path("out.jsonl").read_text().splitlines()] == [
            "lines.jsonl#0",
            "lines.jsonl#1",
        ]
    assert Path("linked.jsonl").is_symlink()


def test_permissions_and_links_are_kept(folder: Path) -> None:
    (folder / "deep").mkdir()
    real = folder / "deep" / "real.json"
    real.write_text("old")
    real.chmod(0o640)
    Path("link.json").symlink_to("deep/real.json")
    Path("dangling.json").symlink_to("deep/new.json")
    call("plan", "3,4,5", "-o", "link.json")
    call("plan", "3,4,5", "-o", "dangling.json")
    assert Path("link.json").is_symlink()
    assert Path("dangling.json").is_symlink()
    assert json.loads(real.read_text())["fma"] == 60
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((folder / "deep" / "new.json").stat().st_mode) == 0o666 & ~umask
    assert {path.name for path in (folder / "deep").iterdir()} == {"real.json", "new.json"}


@pytest.mark.parametrize("command", ["plan", "batch"])
def test_pipes_and_descriptors_are_written_as_they_are(folder: Path, command: str) -> None:
    os.mkfifo("pipe.csv")
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append(Path("pipe.csv").read_text()))
    reader.start()
    call(command, "a.yaml", "-o", "pipe.csv")
    reader.join(timeout=10)
    call(command, "a.yaml", "-o", "file.csv")
    assert received == [Path("file.csv").read_text()]
    assert stat.S_ISFIFO(Path("pipe.csv").stat().st_mode)
    call(command, "a.yaml", "-o", "/dev/null")
    for target in ("/dev/stdout", "/proc/self/fd/1", "-"):
        with Path("log.txt").open("w") as log:
            log.write("before\n")
            log.flush()
            line = [sys.executable, "-m", "chainorder", command, "a.yaml", "-o", target, "--format", "csv"]
            subprocess.run(line, stdout=log, check=True, timeout=60)
        assert Path("log.txt").read_text() == "before\n" + Path("file.csv").read_text()


@pytest.mark.parametrize("ending", ["npz", "npy", "mtx"])
@pytest.mark.parametrize("spec", ["matrices.json", "diagonal.yaml"])
def test_jacobians_go_through_pipes(folder: Path, spec: str, ending: str) -> None:
    pipe, file = Path(f"pipe.{ending}"), Path(f"file.{ending}")
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    call("run", spec, "-o", pipe)
    reader.join(timeout=10)
    file.write_bytes(received[0])
    through = read_matrix(file)
    call("run", spec, "-o", file)
    assert through.shape == read_matrix(file).shape
    assert abs(through - read_matrix(file)).max() == 0


LIMITED = """
import resource, sys
from chainorder.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
main()
"""
"""The command with files of at most 100 bytes, as on a disk that is full."""


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "a.yaml", "-o", "old.json"],
        ["run", "a.yaml", "-o", "old.md"],
        ["run", "a.yaml", "-o", "old.npz"],
        ["run", "a.yaml", "-o", "old.npy"],
        ["run", "a.yaml", "-o", "old.mtx"],
        ["run", "diagonal.yaml", "-o", "old.npz"],
        ["generate", "9", "-o", "old.jsonl"],
        ["batch", "a.yaml", "-o", "old.txt"],
    ],
)
def test_a_full_disk_leaves_the_old_file(folder: Path, arguments: list[str]) -> None:
    Path(arguments[-1]).write_text("old")
    before = contents(folder)
    line = [sys.executable, "-c", LIMITED, *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {arguments[-1]}")
    assert "File too large" in done.stderr
    assert done.stderr.count("\n") == 1
    assert contents(folder) == before


def test_a_library_call_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "J.NPZ"
    save_matrix(np.ones((2, 3)), str(file), Provenance())
    save_matrix(np.zeros((2, 3)), str(file), Provenance())
    assert np.load(file)["jacobian"].tolist() == np.zeros((2, 3)).tolist()
    old = file.read_bytes()
    with pytest.raises(RuntimeError), Output.at(file).writing() as half:
        half.write(b"half")
        raise RuntimeError
    with pytest.raises(OutputError, match="there is no folder"):
        save_matrix(np.ones((2, 3)), str(tmp_path / "no" / "J.npz"), Provenance())
    assert contents(tmp_path) == {"J.NPZ": old}


CLOSED = ["<&- >&- 2>&-", *(pytest.param(one, marks=pytest.mark.slow) for one in (">&-", "2>&-", "<&-"))]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("closed", CLOSED)
def test_closed_streams_lead_nowhere_and_not_into_files(folder: Path, closed: str) -> None:
    for line, status in (
        ("run a.yaml -o J.npz -o r.txt", 0),
        ("batch lines.jsonl broken.yml -o r.csv", 1),
        ("plan broken.yml", 2),
    ):
        shell = f"{sys.executable} -m chainorder {line} {closed}"
        done = subprocess.run(shell, shell=True, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, "Traceback" in done.stderr) == (status, False)
    assert read_matrix(folder / "J.npz").shape == (5, 3)
    assert (folder / "r.csv").read_text().startswith("source,")


@pytest.fixture
def handlers() -> Iterator[None]:
    """Signal handlers that a test may leave behind."""
    before = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_signals_in_a_row_do_not_break_off_what_tidies_up(
    tmp_path: Path, handlers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    with pytest.raises(Interrupted) as caught, interrupted_by_signals():
        try:
            with Output.at(tmp_path / "x").writing():
                signal.raise_signal(signal.SIGTERM)
        finally:
            for number in ENDING:
                signal.raise_signal(number)
    signal.raise_signal(signal.SIGINT)  # until this process has ended
    assert caught.value.signal == signal.SIGTERM
    assert contents(tmp_path) == {}
    assert not ended
    monkeypatch.setattr("chainorder.system.signals.GRACE", -1)
    signal.raise_signal(signal.SIGINT)
    assert ended == [130]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_files_and_folders_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text("old")
    file.chmod(0o400)
    assert "not writable" in refused("plan", "3,4", "-o", file)
    tmp_path.chmod(0o500)
    assert "not writable" in refused("plan", "3,4", "-o", tmp_path / "y.json")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_command_that_is_broken_off_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    file = tmp_path / "out.jsonl"
    file.write_text("old")
    command = Command(("generate", 10**9, "-o", file))
    assert wait_until(lambda: any(path.stat().st_size for path in tmp_path.iterdir() if path != file))
    command.send(number)
    code, errors = command.end()
    assert (code, errors.count("\n")) == (128 + number, 1)
    assert contents(tmp_path) == {"out.jsonl": b"old"}


def test_a_reader_that_goes_does_not_keep_the_jacobian_from_being_saved(folder: Path) -> None:
    line = f"{sys.executable} -m chainorder run a.yaml -o J.npz | true"
    subprocess.run(["bash", "-o", "pipefail", "-c", line], check=True, timeout=60)
    assert np.load("J.npz")["jacobian"].shape == (5, 3)
