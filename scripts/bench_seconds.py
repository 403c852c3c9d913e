"""How good orders by seconds are, and how true the seconds: the tables of docs/seconds.md.

The orders of random dense chains are timed; chosen ones stand beside the fastest. Then predicted beside
measured times, of these orders and of random chains of other structures. One thread; processor time, the
least of some interleaved runs, for what else a machine does is not meant.

    python scripts/bench_seconds.py [--quick] [--chains NUMBER] [--markdown]
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import time
from collections.abc import Callable, Iterator, Sequence
from statistics import mean, median
from typing import Any

import click
import numpy as np
from tables import show, tell

from chainorder import Chain, Plan, plan
from chainorder.costs.prediction import SECOND
from chainorder.costs.profile import Profile
from chainorder.costs.profiles import VARIABLE, current
from chainorder.costs.steps import Steps
from chainorder.costs.timing import step_times
from chainorder.execution.calibration import calibrate
from chainorder.execution.kernels import multiply
from chainorder.execution.operand import Operand
from chainorder.execution.storing import random_operand
from chainorder.problems.random_chains import Ranges, random_chains
from chainorder.report.model import Report
from chainorder.report.numbers import Cell
from chainorder.solvers.chains.exhaustive import bracketings

RUNS = 3
MOST_ORDERS = 40
DEAREST = 5
"""How many times the predicted least time an order may take to be timed."""

STRUCTURES = {
    "diagonal and dense": ("dense", "diagonal"),
    "bands and dense": ("dense", "diagonal", "identity", "banded"),
    "bands": ("diagonal", "banded"),
    "sparse and dense": ("dense", "sparse"),
    "sparse": ("sparse", "diagonal"),
}


def spent(call: Callable[[], Any]) -> float:
    """Processor seconds."""
    started = time.process_time()
    call()
    return time.process_time() - started


def runner(steps: Steps, operands: Sequence[Operand]) -> Callable[[], Any]:
    """The products of steps, by the executor's kernels."""
    rows = list(steps)

    def run() -> None:
        live = {(number, number): each for number, each in enumerate(operands, 1)}
        for _, j, k, i in rows:
            live[j, i] = multiply(live.pop((j, k + 1)), live.pop((k, i)))

    return run


def least(calls: Sequence[Callable[[], Any]]) -> list[float]:
    """The least processor time of each of some calls, which take turns."""
    return [min(taken) for taken in zip(*([spent(call) for call in calls] for _ in range(RUNS)), strict=True)]


def dense_chains(count: int, largest: int) -> Iterator[Chain]:
    """Of 4 to 6 factors, sizes log-uniform."""
    generator = np.random.default_rng(14)
    for _ in range(count):
        length = int(generator.integers(4, 6, endpoint=True))
        yield Chain.from_dims(np.exp(generator.uniform(0, np.log(largest), length + 1)).astype(int).tolist())


def orders_of(chain: Chain, profile: Profile) -> list[tuple[Steps, int]]:
    """Its orders that do not take very long, and their predicted picoseconds."""
    listed = [Steps.of_products(list(order)) for order in bracketings(len(chain), 1)]
    timed = [(steps, sum(step_times(chain, steps, profile))) for steps in listed]
    best = min(time for _, time in timed)
    kept = [each for each in timed if each[1] <= DEAREST * best]
    chosen = np.random.default_rng(0).permutation(len(kept))[:MOST_ORDERS].tolist()
    return [kept[place] for place in chosen]


def dense(chains: Sequence[Chain], profile: Profile) -> tuple[Report, list[float]]:
    """Chosen orders beside the fastest; and the errors of the predictions."""
    ratios: dict[str, list[float]] = {}
    errors: list[float] = []
    generator = np.random.default_rng(1)
    for chain in chains:
        operands = [random_operand(chain.pattern(n), generator) for n in range(1, len(chain) + 1)]
        chosen = {
            "least seconds": plan(chain, objective="seconds", solver="dynamic", profile=profile),
            "fewest fma": plan(chain, solver="dynamic"),
            "forward": plan(chain, solver="forward"),
            "reverse": plan(chain, solver="reverse"),
        }
        orders = orders_of(chain, profile)
        picked = {name: each.operations.steps for name, each in chosen.items()}
        # Orders that are the same are timed once: the first of two would fill the caches for the other.
        distinct = {tuple(steps): steps for steps in (*(steps for steps, _ in orders), *picked.values())}
        arrays = [each.matrix() for each in reversed(operands)]
        calls = [runner(steps, operands) for steps in distinct.values()]
        *taken, peer = least([*calls, lambda arrays=arrays: np.linalg.multi_dot(arrays)])  # type: ignore[misc]
        found = dict(zip(distinct, taken, strict=True))
        times = {name: found[tuple(steps)] for name, steps in picked.items()}
        times["better sweep"] = min(times.pop("forward"), times.pop("reverse"))
        times["numpy.linalg.multi_dot"] = peer
        fastest = min(taken)
        for name, seconds in times.items():
            ratios.setdefault(name, []).append(seconds / fastest)
        errors += [abs(predicted / SECOND / found[tuple(steps)] - 1) for steps, predicted in orders]
    rows: list[tuple[Cell, ...]] = [
        (name, *(round(count(each), 3) for count in (mean, median, max))) for name, each in ratios.items()
    ]
    title = f"{len(chains)} dense chains: times of the fastest order"
    return Report(title, ("order", "mean", "median", "worst"), rows), errors


def structured(count: int, largest: int, structures: tuple[str, ...], profile: Profile) -> list[float]:
    """Errors of predictions for the plans by seconds of random chains."""
    ranges = Ranges(sizes=(largest // 10, largest), structures=structures)
    errors = []
    generator = np.random.default_rng(2)
    for chain in random_chains(5, count, (3, 6), ranges):
        made: Plan = plan(chain, objective="seconds", profile=profile)
        operands = [random_operand(chain.pattern(n), generator) for n in range(1, len(chain) + 1)]
        (seconds,) = least([runner(made.operations.steps, operands)])
        assert made.predicted is not None
        errors.append(abs(made.predicted.seconds / seconds - 1))
    return errors


def accuracy(errors: dict[str, list[float]]) -> Report:
    """How far predictions are from what was measured."""
    rows: list[tuple[Cell, ...]] = [
        (name, len(each), f"{median(each):.1%}", f"{float(np.quantile(each, 0.9)):.1%}")
        for name, each in errors.items()
    ]
    return Report("Predicted beside measured", ("chains", "orders", "median error", "90th percentile"), rows)


@click.command(help="Orders by seconds beside others, predictions beside measurements.")
@click.option("--quick", is_flag=True, help="A few small chains: a smoke test of some seconds.")
@click.option(
    "--chains", default=200, show_default=True, help="Dense chains; a quarter as many of each other kind."
)
@click.option("--markdown", is_flag=True, help="Print Markdown instead of tables for the terminal.")
def main(quick: bool, chains: int, markdown: bool) -> None:
    count, largest = (4, 100) if quick else (chains, 2_000)
    if os.environ.get(VARIABLE):
        profile = current()
    else:
        tell("calibrating …")
        profile = calibrate("this machine", quick=quick)
    tell("timing orders …")
    orders, errors = dense(list(dense_chains(count, largest)), profile)
    every = {"dense, all orders": errors}
    for name, structures in STRUCTURES.items():
        every[name] = structured(count // 4, largest, structures, profile)
    show([orders, accuracy(every)], markdown, ("numpy", "scipy"))


if __name__ == "__main__":
    main()
