"""Every script runs: benchmarks in their quick form, checks on a sample."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from scipy.io import mmread

from scripts import make_heat
from tests.slow import slow_but

SCRIPTS = Path(__file__).parent.parent / "scripts"
QUICK = {"bench_matrix_free.py --quick"}
CALLS = [
    *QUICK,
    "bench_planners.py --quick",
    "bench_many.py --quick",
    "bench_executor.py --quick",
    "bench_prepared.py --quick",
    "bench_formats.py --quick",
    "bench_reading.py --quick",
    "bench_machines.py --quick",
    "bench_seconds.py --quick",
    "bench_sparse.py --quick --family random --runs 1",
    "check_agreement.py --chains 60 --matrix-free 30",
    "bench_graphs.py --quick --graphs 1 --largest 12 --repeats 2",
    "check_graphs.py --vertices 3 --faces 3",
    "check_limits.py --limit 0.1 --only integer --lenient",
    "check_startup.py --runs 2 --lenient",
    "train_digits.py --epochs 5",
    "bench_autodiff.py --quick -k square",
    "bench_autodiff.py --quick --framework sparse -k softmax",
    "bench_kinds.py --small -k pose",
    "check_autodiff.py --functions 3",
    "check_peers.py torch --every 25 --samples 1 --dtype float64",
    "check_peers.py jax --every 25 --samples 1 --dtype float32",
]


@pytest.mark.parametrize("call", slow_but(QUICK, CALLS))
def test_script(call: str, tmp_path: Path) -> None:
    script, *options = call.split()
    if "autodiff" in script or "kinds" in script or "jax" in options:
        pytest.importorskip("jax")
    if "torch" in options:
        pytest.importorskip("torch")
        pytest.importorskip("expecttest")
    if "digits" in script:
        pytest.importorskip("sklearn")
    line = [sys.executable, str(SCRIPTS / script), *options]
    # Files, not pipes: a worker that outlives its script must not keep the test waiting for a pipe's end.
    output, errors = tmp_path / "output.txt", tmp_path / "errors.txt"
    with output.open("w") as stdout, errors.open("w") as stderr:
        done = subprocess.run(line, stdout=stdout, stderr=stderr, timeout=240, check=False)
    assert done.returncode == 0, errors.read_text()
    assert output.read_text()


def test_the_matrices_of_data_are_those_of_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_heat.FOLDER
    monkeypatch.setattr(make_heat, "FOLDER", tmp_path)
    make_heat.main()
    assert {path.name for path in folder.iterdir()} == {path.name for path in tmp_path.iterdir()}
    for path in folder.iterdir():  # compression differs between zlib versions; entries may not
        assert (abs(mmread(path) - mmread(tmp_path / path.name)) > 0).nnz == 0
