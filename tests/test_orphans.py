"""Workers end with whoever started them, however that ends, and hold none of its pipes."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import Command, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

PROMPT = 10
"""Seconds, on a busy machine, for what takes a tenth of one; the work that is broken off takes a minute."""


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chains that are planned for minutes, in groups of one, by one call each."""
    file = tmp_path_factory.mktemp("long") / "long.jsonl"
    kinds = [{"inputs": 9, "outputs": 9, "structure": "banded", "lower": 1, "upper": 1}] * 12
    file.write_text((json.dumps({"elementals": kinds}) + "\n") * 2000)
    return file


ENDS = [
    (signal.SIGKILL, False, -9),
    (signal.SIGTERM, False, 143),
    (signal.SIGINT, False, 130),
    (signal.SIGINT, True, 130),
    (signal.SIGHUP, True, 129),
]
MOMENTS = [
    (*ENDS[0], 3.0),
    *(pytest.param(*end, 0.0, marks=pytest.mark.slow) for end in ENDS),
    *(pytest.param(*end, 3.0, marks=pytest.mark.slow) for end in ENDS[1:]),
]


def check_end(command: Command, number: int, *, group: bool, status: int) -> str:
    """Send a signal; the command ends promptly, with all that it started. What it said."""
    command.send(number, group=group)
    start = time.monotonic()
    code, errors = command.end(PROMPT)
    assert wait_until(lambda: not command.members(), 2), "workers are left"
    assert time.monotonic() - start < PROMPT
    assert code == status
    return errors


@pytest.mark.parametrize(("number", "group", "status"), ENDS)
def test_workers_of_a_batch_end_with_it(
    long: Path, tmp_path: Path, number: int, group: bool, status: int
) -> None:
    call = ("batch", long, "-o", tmp_path / "out.jsonl", "--workers", 2, "--solver", "exhaustive")
    command = Command(call)
    assert wait_until(lambda: len(command.members()) == 3)
    time.sleep(0.3)  # they are at it
    errors = check_end(command, number, group=group, status=status)
    assert errors.count("\n") == (number != signal.SIGKILL)


@pytest.mark.parametrize(("number", "group", "status", "moment"), MOMENTS)
def test_workers_of_a_cluster_end_with_it(
    tmp_path: Path, number: int, group: bool, status: int, moment: float
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    spec = tmp_path / "long.yaml"
    spec.write_text("elementals:\n- {inputs: 1000, outputs: 1000}\n- {outputs: 1000, repeat: 60}\n")
    kept = tmp_path / "J.npz"
    kept.write_bytes(b"old")
    call = ("run", spec, "-o", kept, "--scheduler", "local", "--machines", 2, "--time-limit", 0.1)
    command = Command(call)
    assert wait_until(lambda: len(command.members()) > 2)
    time.sleep(moment)
    assert command.process.poll() is None
    check_end(command, number, group=group, status=status)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["J.npz", "long.yaml"]
    assert kept.read_bytes() == b"old"


def test_a_worker_that_is_killed_loses_no_chain(long: Path, tmp_path: Path) -> None:
    few, output = tmp_path / "few.jsonl", tmp_path / "out.jsonl"
    few.write_text("".join(long.read_text().splitlines(keepends=True)[:100]))
    command = Command(("batch", few, "-o", output, "--workers", 2))
    assert wait_until(lambda: len(command.members()) == 3)
    os.kill(next(member for member in command.members() if member != command.process.pid), signal.SIGKILL)
    assert command.end() == (0, "")
    plans = [json.loads(line) for line in output.read_text().splitlines()]
    assert [plan["source"] for plan in plans] == [f"{few}#{place}" for place in range(100)]


FATAL = """
import os, signal
from chainorder import Chain
from chainorder.batch import files as batch
from chainorder.batch.many import plan_each

def fatal(chains, **options):
    if len(chains[0]) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return plan_each(chains, **options)

batch.GROUP, batch.plan_each = 1, fatal
items = [batch.Item(str(length), Chain.from_dims([2] * (length + 1))) for length in range(1, 9)]
with batch.executor(workers=2) as pool:
    for item in batch.plan_items(items, pool, ahead=2):
        print(item.source, item.outcome if isinstance(item.outcome, str) else "planned", sep=": ")
"""


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="workers would not be patched")
def test_a_chain_that_kills_its_worker_is_an_error_row() -> None:
    line = [sys.executable, "-c", FATAL]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    outcomes = dict.fromkeys(map(str, range(1, 9)), "planned")
    outcomes["3"] = "the worker process died; run it alone, with --workers 1"
    assert done.stdout.splitlines() == [f"{source}: {outcome}" for source, outcome in outcomes.items()]
