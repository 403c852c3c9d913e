"""How fast matrix-free chains are planned, and what compression buys, predicted and measured.

Random chains have sizes 1..50 and costs 1..10,000. The stepper is data/stepper-500.yaml, with its pattern
and as if that were not known; its tangents and adjoints are products with compressed rows, so that one
costs about the fma that the spec states.

    python scripts/bench_matrix_free.py [--quick] [--markdown]
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from scipy.sparse.linalg import aslinearoperator
from tables import show, write_seconds

from chainorder import Chain, ChainTable, Dense, Plan, execute, load, plan, plan_many
from chainorder.report.model import Report
from chainorder.report.numbers import Cell

STEPPER = Path(__file__).parent.parent / "data" / "stepper-500.yaml"
SOLVERS = ("forward", "reverse", "preaccumulation", "dynamic")
RUNS = 5


def median_seconds(call: Callable[[], object]) -> float:
    """The median wall time of some calls."""
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def random_table(chains: int, length: int) -> ChainTable:
    """Random dense chains whose elementals all have tangents and adjoints."""
    generator = np.random.default_rng(length)
    costs = (generator.integers(1, 10_000, (chains, length), endpoint=True) for _ in range(2))
    return ChainTable.of(generator.integers(1, 50, (chains, length + 1), endpoint=True), *costs)


def planning_report(quick: bool) -> Report:
    """Seconds for many short chains and for single long ones."""
    count = 500 if quick else 10_000
    table = random_table(count, 8)
    chains = list(table)
    rows: list[tuple[Cell, ...]] = [
        (f"{count:,} chains of length 8, as arrays", write_seconds(median_seconds(lambda: plan_many(table)))),
        (
            f"{count:,} chains of length 8, as objects",
            write_seconds(median_seconds(lambda: plan_many(chains))),
        ),
    ]
    for length in (50, 100) if quick else (100, 400, 1000):
        chain = random_table(1, length)[0]
        seconds = median_seconds(lambda chain=chain: plan(chain, solver="dynamic"))
        rows.append((f"one chain of length {length:,}", write_seconds(seconds)))
    return Report("planning matrix-free chains: median wall time", ("chains", "time"), rows)


def steppers(size: int, steps: int) -> Iterator[tuple[str, Chain]]:
    """The stepper with its pattern, and as if that were not known."""
    (chain,) = load(STEPPER)
    first = replace(chain.elementals[0], inputs=size, outputs=size, tangent=3 * size, adjoint=3 * size)
    yield "pattern known", Chain([first] * steps, "stepper")
    yield "pattern not known", Chain([replace(first, structure=Dense())] * steps, "stepper")


def jacobians(chain: Chain) -> Iterator[object]:
    """Tridiagonal Jacobians of a stepper as compressed rows."""
    from scipy.sparse import csr_array, diags_array

    generator = np.random.default_rng(0)
    shape = chain.inputs, chain.inputs
    for _ in range(len(chain)):
        band = generator.uniform(0, 1 / 3, (3, chain.inputs))
        yield csr_array(diags_array(band, offsets=(-1, 0, 1), shape=shape))


def one_by_one(matrix: Any) -> object:
    """A model that evaluates one direction a call, as programs do that differentiate themselves."""
    turned = matrix.T.tocsr()
    return (lambda v: matrix @ v, lambda u: turned @ u)


def measure(answer: Plan, given: list[object]) -> float:
    """Seconds of the operations; raises if a check fails."""
    done = execute(answer, given)
    if not done.passed:
        raise click.ClickException(f"{answer.solver}: {done.fma} fma counted, {done.checks}")
    return statistics.median(execute(answer, given, verify=False).seconds for _ in range(RUNS))


def compression_report(quick: bool, calls: str, wrap: Callable[[Any], object]) -> Report:
    """Predicted and measured costs of the stepper, relative to the best without the pattern."""
    size, steps = (50, 10) if quick else (500, 50)
    runs: list[tuple[str, Plan, float]] = []
    for label, chain in steppers(size, steps):
        given = [wrap(matrix) for matrix in jacobians(chain)]
        for solver in SOLVERS:
            answer = plan(chain, solver=solver)
            runs.append((f"{label}: {solver}", answer, measure(answer, given)))
    _, plain, plain_seconds = runs[-1]
    rows = [
        (
            label,
            each.fma,
            f"{plain.fma / each.fma:.2f}",
            write_seconds(seconds),
            f"{plain_seconds / seconds:.2f}",
        )
        for label, each, seconds in runs
    ]
    columns = ("plan", "fma", "predicted gain", "time", "measured gain")
    return Report(f"{steps} tridiagonal steps of size {size}, {calls}", columns, rows)


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, a second or two.")
@click.option("--markdown", is_flag=True, help="Print Markdown, with what it ran on.")
def main(quick: bool, markdown: bool) -> None:
    """Print all tables."""
    reports = [
        planning_report(quick),
        compression_report(quick, "one direction a call", one_by_one),
        compression_report(quick, "many directions a call", aslinearoperator),
    ]
    show(reports, markdown, ("numpy", "scipy"))


if __name__ == "__main__":
    main()
