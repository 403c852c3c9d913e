"""How long planning takes where there is much of it: ten thousand short chains, and one of a million.

Times are of the processor, so that what else runs on the machine counts little; the best of some runs.

    python scripts/bench_many.py [--quick] [--markdown]
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from tables import show, tell, write_seconds

from chainorder import Chain, plan, plan_many
from chainorder.report.model import Report

LENGTH = 8
"""Elementals of the short chains."""


@dataclass(frozen=True)
class Scope:
    """How much is measured: everything, or a smoke test."""

    chains: int = 10_000
    long: int = 1_000_000
    runs: int = 5


QUICK = Scope(200, 2_000, 1)


@dataclass(frozen=True)
class Measured:
    """What something took, and may take at most, in seconds."""

    what: str
    seconds: float
    target: float

    def row(self) -> tuple[str, str, str, str]:
        """It as cells."""
        met = "yes" if self.seconds <= self.target else "no"
        return self.what, write_seconds(self.seconds), write_seconds(self.target), met


def best(runs: int, work: Callable[[], object]) -> float:
    """Seconds of the processor that work takes in the best of some runs."""
    seconds = []
    for _ in range(runs):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


def random_sizes(count: int, length: int) -> list[list[int]]:
    """Sizes, 1 to 1000, of dense chains."""
    sizes: list[list[int]] = np.random.default_rng(length).integers(1, 1_001, (count, length + 1)).tolist()
    return sizes


def many(scope: Scope) -> Iterator[Measured]:
    """Plans in Python: their totals, and each of them as JSON."""
    count = scope.chains
    chains = [Chain.from_dims(sizes) for sizes in random_sizes(count, LENGTH)]
    plan_many(chains[:2])
    tell(f"{count:,} plans")
    all_ = best(scope.runs, lambda: [each.fma for each in plan_many(chains)])
    yield Measured(f"[p.fma for p in plan_many(chains)], {count:,} chains of {LENGTH}", all_, 0.4)
    plans = [plan_many(chains) for _ in range(scope.runs)]
    fresh = iter(plans)
    totals = best(scope.runs, lambda: [each.fma for each in next(fresh)]) / count
    yield Measured("… of that, each plan beyond planning", totals, 20e-6)
    fresh = iter(plans)
    texts = best(scope.runs, lambda: [each.to_json() for each in next(fresh)]) / count
    yield Measured("each plan as JSON", texts, 100e-6)


def commands(scope: Scope) -> Iterator[Measured]:
    """The command line, start-up included."""
    program = (sys.executable, "-m", "chainorder")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "many.jsonl")
        lines = (json.dumps({"dims": sizes}) for sizes in random_sizes(scope.chains, LENGTH))
        file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        for ending in ("csv", "jsonl"):
            tell(f"batch to {ending}")
            call = (*program, "batch", str(file), "-o", f"{folder}/out.{ending}", "--force")
            yield Measured(f"batch of {scope.chains:,} JSON lines to {ending}", of_call(call, scope), 3.0)
        tell("generate and batch")
        pipe = f"'{sys.executable}' -m chainorder generate {scope.chains} | '{sys.executable}' -m chainorder "
        call = ("sh", "-c", f"{pipe} batch - -o '{folder}/piped.csv' --force")
        yield Measured(f"generate {scope.chains:,} | batch, both together", of_call(call, scope), 5.0)


def of_call(call: tuple[str, ...], scope: Scope) -> float:
    """Seconds of the processor that a command takes, with what it calls."""
    seconds = []
    for _ in range(scope.runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(call, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(seconds)


def plan_long(scope: Scope, compiled: bool) -> float:
    """Seconds that one long dense chain takes in a process of its own, with or without Numba."""
    if not compiled:
        sys.modules["numba"] = None  # type: ignore[assignment]
    chain = Chain.from_dims(random_sizes(1, scope.long)[0])
    return best(scope.runs, lambda: plan(chain))


def long(scope: Scope) -> Iterator[Measured]:
    """One long dense chain."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for compiled, target in ((True, 1.0), (False, 5.0)):
            how = "with Numba" if compiled else "without"
            tell(f"{scope.long:,} elementals {how}")
            seconds = pool.apply(plan_long, (scope, compiled))
            yield Measured(f"a dense chain of {scope.long:,}, {how}", seconds, target)


@click.command(help="How long planning takes where there is much of it.")
@click.option("--quick", is_flag=True, help="Few and short chains only: a smoke test of some seconds.")
@click.option("--markdown", is_flag=True, help="Print Markdown instead of tables for the terminal.")
def main(quick: bool, markdown: bool) -> None:
    scope = QUICK if quick else Scope()
    measured = [*many(scope), *commands(scope), *long(scope)]
    columns = ("what", "processor time", "at most", "met")
    notes = ("Best of some runs; commands with start-up, a long chain without importing Numba, 0.5 s.",)
    report = Report("Many plans, and long ones", columns, [each.row() for each in measured], notes)
    show([report], markdown, ("numpy", "numba"))


if __name__ == "__main__":
    main()
