"""How good orders by seconds are, and how true the seconds: the tables of docs/seconds.md.

The orders of random dense chains are timed; chosen ones stand beside the fastest. Then predicted beside
measured times, of these orders and of random chains of other structures. One thread; processor time, the
least of some interleaved runs, for what else a machine does is not meant.

The least of forty disturbed times is too little by chance. So the fastest and the chosen orders are run
again, and only these times count. The *oracle* shows how far any sum of times of products gets: it takes the
order whose products, each timed alone, take the least.

    python scripts/bench_seconds.py [--quick] [--part NAME] [--chains N] [--seed N] [--add FILE] [--markdown]
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import mean, median

import click
import numpy as np
from pipelines import pipeline_report
from tables import show, tell
from turns import least, spent

from chainorder import Chain, Plan, plan
from chainorder.costs.prediction import SECOND
from chainorder.costs.profile import Profile
from chainorder.costs.profiles import VARIABLE, current
from chainorder.costs.steps import Steps
from chainorder.costs.timing import step_times
from chainorder.execution.calibration import calibrate
from chainorder.execution.kernels import multiply
from chainorder.execution.operand import DenseOperand, Operand
from chainorder.execution.storing import random_operand
from chainorder.problems.random_chains import Ranges, random_chains
from chainorder.report.model import Report
from chainorder.report.numbers import Cell
from chainorder.solvers.chains.exhaustive import bracketings
from chainorder.structures.number_types import DTYPES

RUNS_ALONE = 7
"""Of a product by itself."""

MOST_ORDERS = 40
DEAREST = 3
"""How many times the predicted least time an order may take to be timed."""

STRUCTURES = {
    "diagonal and dense": ("dense", "diagonal"),
    "bands and dense": ("dense", "diagonal", "identity", "banded"),
    "bands": ("diagonal", "banded"),
    "sparse and dense": ("dense", "sparse"),
    "sparse": ("sparse", "diagonal"),
}


def runner(steps: Steps, operands: Sequence[Operand]) -> Callable[[], float]:
    """Makes the products of steps, by the executor's kernels, and says how long they took."""
    rows = list(steps)

    def run() -> None:
        live = {(number, number): each for number, each in enumerate(operands, 1)}
        for _, j, k, i in rows:
            live[j, i] = multiply(live.pop((j, k + 1)), live.pop((k, i)))

    return lambda: spent(run)


def dense_chains(count: int, seed: int, largest: int) -> Iterator[Chain]:
    """Of 4 to 6 factors, sizes log-uniform."""
    generator = np.random.default_rng(seed)
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


@dataclass(frozen=True)
class Timed:
    """What came of a dense chain.

    Attributes
    ----------
    ratios
        Times of orders, of that of the fastest, which was run again.
    errors
        Of the predicted times of all of its orders that were timed.
    """

    ratios: dict[str, float]
    errors: list[float]


def timed(chain: Chain, profile: Profile) -> Timed:
    """Chosen orders of a dense chain beside the fastest, and predictions beside times."""
    generator = np.random.default_rng(1)
    operands = [random_operand(chain.pattern(n), generator) for n in range(1, len(chain) + 1)]
    chosen = {
        "least seconds": plan(chain, objective="seconds", solver="dynamic", profile=profile),
        "fewest fma": plan(chain, solver="dynamic"),
        "forward": plan(chain, solver="forward"),
        "reverse": plan(chain, solver="reverse"),
    }
    orders = orders_of(chain, profile)
    picked = {name: each.operations.steps for name, each in chosen.items()}
    picked["oracle: products timed alone"] = alone(chain, [steps for steps, _ in orders])
    # Orders that are the same are timed once: the first of two would fill the caches for the other.
    distinct = {tuple(steps): steps for steps in (*(steps for steps, _ in orders), *picked.values())}
    calls = {key: runner(steps, operands) for key, steps in distinct.items()}
    found = dict(zip(calls, least(list(calls.values())), strict=True))
    finalists = {min(found, key=found.__getitem__), *(tuple(steps) for steps in picked.values())}
    arrays = [each.matrix() for each in reversed(operands)]
    *again, peer = least(
        [*map(calls.__getitem__, finalists), lambda: spent(lambda: np.linalg.multi_dot(arrays))]
    )
    final = dict(zip(finalists, again, strict=True))
    times = {name: final[tuple(steps)] for name, steps in picked.items()}
    times["better sweep"] = min(times.pop("forward"), times.pop("reverse"))
    times["numpy.linalg.multi_dot"] = peer
    errors = [abs(predicted / SECOND / found[tuple(steps)] - 1) for steps, predicted in orders]
    return Timed({name: seconds / min(again) for name, seconds in times.items()}, errors)


def alone(chain: Chain, orders: Sequence[Steps]) -> Steps:
    """Of some orders the one whose products take the least, each timed by itself."""
    sizes, generator = chain.sizes.tolist(), np.random.default_rng(2)

    @cache
    def seconds(*shape: int) -> float:
        rows, inner, columns = shape
        pair = (generator.standard_normal(each) for each in ((rows, inner), (inner, columns)))
        left, right = map(DenseOperand.full, pair)
        return min(spent(lambda: multiply(left, right)) for _ in range(RUNS_ALONE))

    return min(
        orders, key=lambda steps: sum(seconds(sizes[j], sizes[k], sizes[i - 1]) for _, j, k, i in steps)
    )


def dense(chains: Iterable[Chain], profile: Profile, add: Path | None) -> list[Timed]:
    """All chains; with those of earlier calls, if there is a file of these, which each is added to."""
    known = add.read_text(encoding="utf-8").splitlines() if add is not None and add.exists() else []
    records = [Timed(**json.loads(line)) for line in known]
    for chain in chains:
        records.append(timed(chain, profile))
        if add is not None:
            with add.open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps(asdict(records[-1]))}\n")
    return records


def dense_report(records: Sequence[Timed]) -> Report:
    """Chosen orders beside the fastest."""
    rows: list[tuple[Cell, ...]] = []
    for name in records[0].ratios:
        ratios = [each.ratios[name] for each in records]
        rows.append((name, *(round(count(ratios), 3) for count in (mean, median, max))))
    title = f"{len(records)} dense chains: times of the fastest order"
    return Report(title, ("order", "mean", "median", "worst"), rows)


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


PARTS = ("dense", "structures", "pipelines")


@click.command(help="Orders by seconds beside others, predictions beside measurements.")
@click.option("--quick", is_flag=True, help="A few small chains: a smoke test of some seconds.")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only these tables.")
@click.option("--chains", default=200, show_default=True, help="Dense chains, fewer others.")
@click.option("--seed", default=14, show_default=True, help="Of the chains.")
@click.option(
    "--add",
    type=click.Path(path_type=Path),
    help="Add dense chains to those in this file; tables are of all.",
)
@click.option("--markdown", is_flag=True, help="Print Markdown instead of tables for the terminal.")
def main(
    quick: bool, parts: tuple[str, ...], chains: int, seed: int, add: Path | None, markdown: bool
) -> None:
    count, largest = (4, 100) if quick else (chains, 2_000)
    if os.environ.get(VARIABLE):
        profile = current()
    else:
        tell("calibrating …")
        (profile,) = calibrate("this machine", quick=quick, dtypes=DTYPES[:1])
    tell("timing orders …")
    reports, errors = [], dict[str, list[float]]()
    if "dense" in (parts or PARTS):
        records = dense(dense_chains(count, seed, largest), profile, add)
        reports.append(dense_report(records))
        errors["dense, all orders"] = [error for each in records for error in each.errors]
    if "structures" in (parts or PARTS):
        for name, structures in STRUCTURES.items():
            errors[name] = structured(count // 4, largest, structures, profile)
    if errors:
        reports.append(accuracy(errors))
    if "pipelines" in (parts or PARTS):
        reports.append(pipeline_report(2 if quick else count // 8, seed))
    show(reports, markdown, ("numpy", "scipy"))


if __name__ == "__main__":
    main()
