"""Plans on Dask workers: the same Jacobian, the same counts, where the plan says, whoever dies."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from chainorder import Chain, Elemental, ExecutionError, Plan, execute, plan
from tests.chains import MIXES, random_chains
from tests.graphs import random_graph

pytest.importorskip("distributed", reason="Dask is not installed")

from distributed import Client, LocalCluster, Worker

from chainorder.execution import cluster

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
        assert there.source == here.source == "random stand-ins"
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


@pytest.mark.slow
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


SMALL = plan(Chain.from_dims([3, 4, 5]), machines=2)


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """A second's patience; then nothing may be left: no client, no thread, no word on stderr."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    threads, clients = threading.active_count(), len(Client._instances)
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 5
    while threading.active_count() > threads and time.monotonic() - started < 7:
        time.sleep(0.02)  # one is about to end
    assert threading.active_count() <= threads
    assert len(Client._instances) <= clients
    assert capfd.readouterr().err == ""


@pytest.fixture
def strangers() -> Iterator[dict[str, int]]:
    """Ports on which somebody else listens: an HTTP server, one who says nothing, one who talks at once."""
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), QuietHandler) as web,
        socket.create_server(("127.0.0.1", 0)) as mute,
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talker) as talker,
    ):
        for server in (web, talker):
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield {
            "web": web.server_address[1],
            "mute": mute.getsockname()[1],
            "talker": talker.server_address[1],
        }
        web.shutdown()
        talker.shutdown()


class QuietHandler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


class Talker(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"SSH-2.0-OpenSSH_9.6 and so on, and so on, and so on\r\n")


@pytest.mark.parametrize(
    "address",
    [
        *("tcp://127.0.0.1:9", "tcp://nowhere.invalid:1", "nonsense", "ftp://127.0.0.1:80", "", " ", "://"),
        *("tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:notaport", "tcp://127.0.0.1:99999999", "tcp://[::1"),
        *(
            "tls://127.0.0.1:9",
            "ucx://127.0.0.1:9",
            "inproc://nothing",
            "tcp://a\nb:1",
            "tcp://\0:1",
            "LOCAL",
        ),
        *("tcp://127.0.0.1:{web}", "http://127.0.0.1:{web}", "ws://127.0.0.1:{web}"),
        *("tcp://127.0.0.1:{mute}", "tcp://127.0.0.1:{talker}"),
    ],
)
@pytest.mark.usefixtures("quickly")
def test_a_scheduler_that_is_not_there_is_named(address: str, strangers: dict[str, int]) -> None:
    with pytest.raises(ExecutionError, match="no scheduler answers at") as caught:
        execute(SMALL, scheduler=address.format_map(strangers))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("scheduler", [8786, 0, True, b"tcp://x", ("127.0.0.1", 8786), [], {}, object()])
@pytest.mark.usefixtures("quickly")
def test_what_is_no_scheduler_is_refused(scheduler: object) -> None:
    with pytest.raises(ExecutionError, match=r"scheduler is a \w+; give an address"):
        execute(SMALL, scheduler=scheduler)


def test_clients_that_are_not_connected_are_refused(client: Client) -> None:
    address = client.scheduler.address

    def refuse(given: object, words: str) -> None:
        with pytest.raises(ExecutionError, match=words):
            execute(SMALL, scheduler=given)

    refuse(Client.__new__(Client), "the client is half made")
    with Client(address, set_as_default=False) as own:
        assert execute(SMALL, scheduler=own).passed
    refuse(own, "the client is closed")
    refuse(next(iter(client.scheduler_info()["workers"])), "is a Worker; give the address of its scheduler")

    async def within_a_loop() -> None:
        unready = Client(address, asynchronous=True, set_as_default=False)
        refuse(unready, "the client is newly-created")
        async with unready:
            refuse(unready, "the client is asynchronous")
        assert execute(SMALL, scheduler=client).passed
        assert execute(SMALL, scheduler=address).passed

    asyncio.run(within_a_loop())


def test_schedulers_without_workers_and_without_life() -> None:
    with LocalCluster(n_workers=0, processes=False, protocol="tcp://", dashboard_address=None) as empty:
        with pytest.raises(ExecutionError, match="has no workers; start some"):
            execute(SMALL, scheduler=empty.scheduler_address)
        with (
            Client(empty, set_as_default=False) as client,
            pytest.raises(ExecutionError, match="has no workers; start some"),
        ):
            execute(SMALL, scheduler=client)


def test_a_scheduler_that_dies_while_a_plan_runs_is_named(tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    line = ["--port", "0", "--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(file)]
    with subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", *line], stderr=subprocess.DEVNULL
    ) as scheduler:
        try:
            while not file.exists():
                time.sleep(0.05)
            address = json.loads(file.read_text())["address"]
            asyncio.run(_lose(address, scheduler))
        finally:
            scheduler.kill()


async def _lose(address: str, scheduler: subprocess.Popen[bytes]) -> None:
    """Run a plan whose model kills the scheduler."""

    def kill(v: np.ndarray) -> np.ndarray:
        os.kill(pid, signal.SIGKILL)
        time.sleep(1)
        return v

    pid = scheduler.pid
    chain = Chain([Elemental(3, 3, tangent=1), Elemental(3, 3, tangent=1)])
    async with Worker(address, nthreads=1, dashboard=False):
        run = partial(execute, plan(chain, machines=2), [(kill, None)] * 2, scheduler=address, verify=False)
        with pytest.raises(ExecutionError, match="the scheduler went away while the plan ran"):
            await asyncio.to_thread(run)


SCRIPT = """
import chainorder
best = chainorder.plan(chainorder.Chain.from_dims([3, 4, 5, 6]), machines=2)
run = chainorder.execute(best, scheduler="local")
print(run.passed)
"""


def script(text: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(text)
    line = [sys.executable, *(arguments or ("script.py",))]
    return subprocess.run(
        line, capture_output=True, text=True, timeout=120, check=False, cwd=folder, input=text
    )


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        (SCRIPT, (), "script.py:4: every process"),
        (SCRIPT, ("-m", "script"), "script.py:4: every process"),
        ("def f():" + SCRIPT.replace("\n", "\n    ") + "\nf()", (), "script.py:7: every process"),
        (
            "import asyncio\nasync def f():" + SCRIPT.replace("\n", "\n    ") + "\nasyncio.run(f())",
            (),
            "py:8:",
        ),
        (SCRIPT, ("-",), "processes cannot import the script <stdin>; write it to a file"),
        ("if 1 < 2:" + SCRIPT.replace("\n", "\n    "), (), "processes could not be started"),
    ],
    ids=["plain", "module", "function", "loop", "stdin", "another condition"],
)
def test_a_script_without_the_guard_gets_one_line(
    text: str, arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = script(text, tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert words in line
    assert "<stdin>" in line or 'put what starts it under `if __name__ == "__main__":`' in line


def test_the_error_of_a_missing_guard_is_one_as_any_other(tmp_path: Path) -> None:
    text = SCRIPT.replace("run = ", "try:\n    run = ").replace(
        "print(run.passed)", "except chainorder.ChainorderError as error:\n    print('caught', error)"
    )
    done = script(text, tmp_path)
    assert done.stdout.startswith("caught script.py:5: ")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_a_script_with_the_guard_runs(tmp_path: Path) -> None:
    done = script('if __name__ == "__main__":' + SCRIPT.replace("\n", "\n    "), tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


@pytest.mark.slow
def test_processes_of_a_batch_need_the_guard_unless_they_are_forked(tmp_path: Path) -> None:
    text = """
import multiprocessing
from chainorder.batch.files import executor
multiprocessing.set_start_method("spawn")
with executor(workers=2) as pool:
    print(pool.submit(len, "ab").result())
"""
    done = script(text, tmp_path)
    assert done.stderr.startswith("error: script.py:5: every process")
    assert script(text.replace("spawn", "fork"), tmp_path).stdout == "2\n"


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "chainorder", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
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


@pytest.mark.parametrize("seed", range(4))
def test_graphs_run_on_workers(seed: int, client: Client) -> None:
    generator = random.Random(seed)
    share = generator.choice((0, 0.5))
    graph = random_graph(generator, 4, ends=3, matrix_free=share, structured=generator.random() < 0.5)
    best = plan(graph, machines=2)
    here, there = execute(best), execute(best, scheduler=client)
    assert there.passed
    assert (there.fma, there.adds, there.peak_memory) == (best.fma, best.adds, best.peak_memory)
    assert there.blocks.keys() == here.blocks.keys()
    for key, block in here.blocks.items():
        left, right = (j if isinstance(j, np.ndarray) else j.toarray() for j in (block, there.blocks[key]))
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=0)
