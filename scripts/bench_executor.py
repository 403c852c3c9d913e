"""What the executor costs on top of NumPy: `chainorder.execute` beside the same products by hand.

Both multiply the same Jacobians in the same order on one thread, in turns; by hand means a loop of `np.dot`,
``d[:, None] * X`` for a diagonal and compressed rows for bands and sparse matrices. The executor's time is
that of the whole call: taking the Jacobians in, counting and recording included.

    python scripts/bench_executor.py [--quick] [--markdown]
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import click
import numpy as np
from tables import show, tell, write_seconds

from chainorder import Banded, Chain, Dense, Diagonal, Elemental, Plan, execute, plan
from chainorder.report.model import Report
from chainorder.report.numbers import Cell

RUNS = 31
"""Pairs of runs for each chain, at most."""

BUDGET = 6.0
"""Seconds after which no further pair is started."""

TARGET = 1.05
"""What the executor may take, as a multiple of the loop, where a product takes a millisecond."""


@dataclass(frozen=True)
class Case:
    """A chain with its Jacobians, input first; diagonals as vectors."""

    name: str
    chain: Chain
    jacobians: tuple[Any, ...]


def make(name: str, *jacobians: Any) -> Case:
    """A case from its Jacobians: vectors are diagonals, compressed rows sparse, SciPy's diagonals a band."""
    elementals = [_elemental(jacobian) for jacobian in jacobians]
    by_hand = tuple(each.tocsr() if hasattr(each, "offsets") else each for each in jacobians)
    return Case(name, Chain(elementals), by_hand)


def _elemental(jacobian: Any) -> Elemental:
    rows, columns = jacobian.shape if jacobian.ndim == 2 else jacobian.shape * 2
    if jacobian.ndim == 1:
        return Elemental(columns, rows, Diagonal())
    if isinstance(jacobian, np.ndarray):
        return Elemental(columns, rows, Dense())
    if hasattr(jacobian, "offsets"):
        offsets = jacobian.offsets.tolist()
        return Elemental(columns, rows, Banded(-min(offsets), max(offsets)))
    return next(iter(Chain.from_matrices([jacobian]).elementals))


class Maker:
    """Random Jacobians, scaled so that products stay near 1."""

    def __init__(self) -> None:
        self.generator = np.random.default_rng(0)

    def dense(self, rows: int, columns: int) -> Any:
        return self.generator.standard_normal((rows, columns)) / np.sqrt(columns)

    def diagonal(self, size: int) -> Any:
        return self.generator.uniform(0.5, 1.5, size)

    def band(self, size: int, lower: int, upper: int) -> Any:
        from scipy.sparse import diags_array

        offsets = range(-lower, upper + 1)
        values = [self.generator.uniform(0.5, 1.5, size - abs(offset)) for offset in offsets]
        return diags_array(values, offsets=list(offsets))

    def sparse(self, rows: int, columns: int, density: float) -> Any:
        from scipy.sparse import random_array

        return random_array((rows, columns), density=density, rng=self.generator, format="csr")

    def dims(self, *sizes: int) -> list[Any]:
        """Dense Jacobians between the given sizes, input first."""
        return [self.dense(rows, columns) for columns, rows in pairwise(sizes)]

    def network(self, *sizes: int) -> list[Any]:
        """Dense Jacobians, each but the last followed by the diagonal of its activation."""
        layers = [each for weight in self.dims(*sizes) for each in (weight, self.diagonal(len(weight)))]
        return layers[:-1]


def cases(scale: float) -> Iterator[Case]:
    """Chains whose products take about 1 to 50 ms at scale 1."""
    new = Maker()

    def n(size: int) -> int:
        return max(1, round(size * scale))

    def sizes(*full: int) -> list[int]:
        return [n(size) for size in full]

    m = n(1000)
    yield make(
        "autoencoder 2000-1000-200-20-200-1000-2000",
        *new.dims(*sizes(2000, 1000, 200, 20, 200, 1000, 2000)),
    )
    yield make("outer products 2000-1-2000-1-2000", *new.dims(n(2000), 1, n(2000), 1, n(2000)))
    yield make("dense 800-300-1200-500-900-700", *new.dims(*sizes(800, 300, 1200, 500, 900, 700)))
    yield make("network 1000-1200-800-600 with diagonals", *new.network(*sizes(1000, 1200, 800, 600)))
    yield make(
        "tridiagonal bands between dense 1000²",
        *(new.dense(m, m), new.band(m, 1, 1), new.band(m, 1, 1), new.dense(m, m)),
    )
    yield make("wide bands (15, 15) on dense 1000²", new.dense(m, m), *(new.band(m, 15, 15),) * 2)
    yield make(
        "sparse (1 %) on dense 1000²",
        *(new.sparse(m, m, 0.01), new.dense(m, m), new.sparse(m, m, 0.01)),
    )
    yield make("sparse only, 3000², 4 × 0.1 %", *(new.sparse(n(3000), n(3000), 0.001) for _ in range(4)))


def by_hand(order: Plan, jacobians: tuple[Any, ...]) -> Any:
    """The products of a plan as one would write them; operands are freed once used."""
    live = {(number, number): jacobian for number, jacobian in enumerate(jacobians, 1)}
    for operation in order.operations:
        j, k, i = operation.j, operation.k or 0, operation.i
        live[j, i] = product(live.pop((j, k + 1)), live.pop((k, i)))
    return live[len(jacobians), 1]


def product(left: Any, right: Any) -> Any:
    """One product; vectors are diagonals."""
    if left.ndim == 1:
        return left * right if right.ndim == 1 else left[:, None] * right
    if right.ndim == 1:
        return left * right
    return np.dot(left, right) if type(left) is type(right) is np.ndarray else left @ right


def seconds(run: Callable[[], Any]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def pairs(first: Callable[[], Any], second: Callable[[], Any]) -> list[tuple[float, float]]:
    """Seconds of both, in turns; which one starts changes from pair to pair, the first pair is dropped."""
    measured: list[tuple[float, float]] = []
    stop = time.perf_counter() + BUDGET
    while len(measured) <= RUNS and (len(measured) < 4 or time.perf_counter() < stop):
        if len(measured) % 2:
            measured.append((seconds(first), seconds(second)))
        else:
            there, here = seconds(second), seconds(first)
            measured.append((here, there))
    return measured[1:]


def overhead_row(case: Case) -> tuple[Cell, ...]:
    """The executor beside the loop, in the best order."""
    order = plan(case.chain)
    products: list[float] = []
    measured = pairs(
        lambda: products.append(execute(order, case.jacobians, verify=False).seconds),
        lambda: by_hand(order, case.jacobians),
    )
    ours, theirs = (statistics.median(column) for column in zip(*measured, strict=True))
    ratio = statistics.median(here / there for here, there in measured)
    count = len(order.operations)
    met = "shorter products" if theirs < count / 1000 else ("yes" if ratio <= TARGET else "no")
    times = write_seconds(theirs), write_seconds(ours), write_seconds(statistics.median(products[1:]))
    return (case.name, count, *times, ratio, met)


def overhead_report(chosen: list[Case]) -> Report:
    """Every case: by hand, the whole call, and its products alone."""
    return Report(
        "The executor beside the same products by hand, one thread",
        ("chain", "products", "by hand", "execute", "its products", "execute ÷ by hand", f"≤ {TARGET}"),
        [overhead_row(case) for case in chosen],
        (
            "Medians of runs in turns; the ratio is the median of the pairs.",
            "The aim holds where the mean product by hand takes 1 ms or more.",
        ),
    )


def order_row(case: Case) -> tuple[Cell, ...]:
    """Seconds of the products in three orders, in turns."""
    orders = [plan(case.chain, solver=solver) for solver in ("forward", "reverse", "auto")]
    rounds = [[execute(order, case.jacobians, verify=False).seconds for order in orders] for _ in range(10)]
    forward, reverse, best = (statistics.median(column) for column in zip(*rounds[1:], strict=True))
    times = (write_seconds(each) for each in (forward, reverse, best))
    return (case.name, *times, min(forward, reverse) / best)


def order_report(chosen: list[Case]) -> Report:
    """What the best order saves in seconds."""
    columns = ("chain", "forward", "reverse", "best", "better sweep ÷ best")
    return Report("Seconds of the products by order", columns, [order_row(case) for case in chosen])


@click.command(help="What the executor costs on top of NumPy, on one thread.")
@click.option("--quick", is_flag=True, help="Small matrices only: a smoke test of a few seconds.")
@click.option("--markdown", is_flag=True, help="Print Markdown instead of tables for the terminal.")
def main(quick: bool, markdown: bool) -> None:
    chosen = []
    for case in cases(0.1 if quick else 1.0):
        tell(f"{case.name}{', a tenth of the sizes' if quick else ''}")
        expected, got = by_hand(plan(case.chain), case.jacobians), execute(plan(case.chain), case.jacobians)
        if not (got.passed and abs(got.jacobian - expected).max() < 1e-9):
            raise click.ClickException(f"{case.name}: the executor and the loop disagree")
        chosen.append(case)
    show([overhead_report(chosen), order_report(chosen)], markdown, ("numpy", "scipy"))


if __name__ == "__main__":
    main()
