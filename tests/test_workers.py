"""Plans on Dask workers: the same Jacobian, the same counts, where the plan says, whoever dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from chainorder import Chain, Elemental, ExecutionError, Plan, execute, plan
from tests.chains import MIXES, random_chains

pytest.importorskip("distributed", reason="Dask is not installed")

from distributed import Client

from chainorder import cluster

pytestmark = pytest.mark.filterwarnings("default")  # of Dask's own doings
SIMULATOR = str(Path(__file__).parent.parent / "data" / "simulator.yaml")


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with cluster.connected(cluster.LOCAL, 2) as client:
        yield client


@pytest.mark.parametrize("mix", MIXES)
def test_workers_compute_what_is_computed_here(mix: str, client: Client) -> None:
    for limited in random_chains(mix, 3, seed=51, longest=7, matrix_free=0.5):
        best = plan(limited.within(None), machines=2, transfer=1)
        here, there = execute(best), execute(best, scheduler=client)
        assert there.passed
        assert (there.fma, there.peak_memory) == (best.fma, best.peak_memory)
        left, right = (
            j if isinstance(j, np.ndarray) else j.toarray() for j in (here.jacobian, there.jacobian)
        )
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=0)


def test_operations_run_on_the_machine_of_the_plan_in_the_order_of_the_tree(client: Client) -> None:
    best = plan(Chain.from_dims([30, 20, 50, 3, 40, 20, 20, 60]), machines=2)
    run = execute(best, scheduler=client)
    assert [record.machine for record in run.records] == [o.machine for o in best.operations]
    assert {record.machine for record in run.records} == {0, 1}
    ends = {(r.operation.j, r.operation.i): r.start + r.seconds for r in run.records}
    for record in run.records:
        j, k, i = record.operation.j, record.operation.k, record.operation.i
        assert k is not None
        for operand in ((j, k + 1), (k, i)):
            assert record.start >= ends.get(operand, 0) - 1e-3
    assert run.seconds == pytest.approx(max(ends.values()))


class Fatal:
    """A Jacobian whose first tangents kill the process that evaluates them."""

    def __init__(self, matrix: np.ndarray, mark: Path) -> None:
        self.matrix, self.mark, self.shape = matrix, mark, matrix.shape

    def matmat(self, v: np.ndarray) -> np.ndarray:
        if not self.mark.exists():
            self.mark.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return self.matrix @ v

    def rmatmat(self, u: np.ndarray) -> np.ndarray:
        return self.matrix.T @ u


def test_a_worker_that_dies_does_not_lose_the_result(tmp_path: Path) -> None:
    sizes = [5, 6, 7, 8, 9, 6, 5]
    generator = np.random.default_rng(0)
    matrices = [generator.standard_normal((b, a)) for a, b in pairwise(sizes)]
    chain = Chain([Elemental(m.shape[1], m.shape[0], tangent=100, adjoint=100) for m in matrices])
    best = plan(chain, machines=2)
    assert any(o.j == 3 and o.i == 1 and o.action == "tangent" for o in best.operations)
    given = [Fatal(m, tmp_path / "died") if place == 2 else m for place, m in enumerate(matrices)]
    given = [m if isinstance(m, Fatal) else (m.__matmul__, m.T.__matmul__) for m in given]
    with cluster.connected(cluster.LOCAL, 2) as own:
        run = execute(best, given, scheduler=own, verify=False)
    assert (tmp_path / "died").exists()
    np.testing.assert_allclose(run.jacobian, np.linalg.multi_dot(matrices[::-1]), rtol=1e-12)
    assert run.fma == best.fma


def test_workers_that_keep_dying_are_named(client: Client) -> None:
    def die(v: np.ndarray) -> np.ndarray:
        os.kill(os.getpid(), signal.SIGKILL)
        return v

    chain = Chain([Elemental(3, 3, tangent=1), Elemental(3, 3, tangent=1)])
    with pytest.raises(ExecutionError, match="workers died 3 times"):
        execute(plan(chain, machines=2), [(die, None), (die, None)], scheduler=client, verify=False)


def test_what_cannot_be_sent_is_named(client: Client) -> None:
    chain = Chain([Elemental(3, 3, tangent=1), Elemental(3, 3)])
    lock = threading.Lock()  # cannot be pickled

    def guarded(v: np.ndarray) -> np.ndarray:
        with lock:
            return v

    given = [(guarded, None), np.eye(3)]
    with pytest.raises(ExecutionError, match="cannot be sent"):
        execute(plan(chain, machines=2), given, scheduler=client)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "ftp://127.0.0.1:80"])
def test_a_scheduler_that_is_not_there_is_named(address: str) -> None:
    with pytest.raises(ExecutionError, match="no scheduler answers at"):
        execute(plan(Chain.from_dims([3, 4, 5]), machines=2), scheduler=address)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "chainorder", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_line_uses_a_scheduler(client: Client) -> None:
    address = client.scheduler.address
    done = command("run", SIMULATOR, "--machines", "2", "--scheduler", address, "--format", "json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["runs"][0]
    assert {each["machine"] for each in run["operations"]} == {0, 1}
    done = command("batch", SIMULATOR, "--machines", "2", "--scheduler", address, "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    Plan.from_json(done.stdout).validate()
    assert command("run", SIMULATOR, "--scheduler", "127.0.0.1:9").returncode == 2
