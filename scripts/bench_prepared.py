"""What a prepared run costs on top of the library calls that it is made of.

The same products by hand, in the same order on one thread, in turns: `np.dot` into arrays that are there,
``d[:, None] * X`` for a diagonal, ``@`` for compressed rows. Where all factors are sparse a prepared run may
be quicker than ``@``, as it knows the pattern of every product.

    python scripts/bench_prepared.py [--quick] [--sparse] [--family NAME] [--only TEXT] [--markdown]
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

import click
import numpy as np
import sparse_cases
from bench_executor import Case, Maker, by_hand, cases, make
from bench_sparse import forward, reverse
from straight_calls import straight
from tables import show, tell, write_seconds

from chainorder import Plan, execute, plan, prepare
from chainorder.report.model import Report
from chainorder.report.numbers import Cell

RUNS = 41
"""Turns for each chain, at most."""

BUDGET = 2.0
"""Seconds of processor time after which no further turn is started."""

SHARE = 1.03
"""What a run may take, as a multiple of the calls, where a call takes a millisecond."""

MICROSECONDS = 10.0
"""What a shorter operation may take on top."""

SPARSE = 1.1
"""What a chain of sparse factors may take, as a multiple of ``@``."""


def small_cases(scale: float) -> list[Case]:
    """Chains whose products take microseconds, so that what comes on top shows; and the sparse one."""
    new = Maker()
    n = max(4, round(200 * scale))
    return [
        make("50 × dense 4²", *(new.dense(4, 4) for _ in range(50))),
        make(
            "20 × dense 40² and diagonals",
            *(each for _ in range(20) for each in (new.dense(40, 40), new.diagonal(40))),
        ),
        make("20 × diagonal 40, dense 40 × 3", new.dense(40, 3), *(new.diagonal(40) for _ in range(20))),
        make("20 × sparse 200², 5 a row", *(new.sparse(n, n, 5 / n) for _ in range(20))),
        make(
            "20 × sparse 200² on dense 200 × 5",
            new.dense(n, 5),
            *(new.sparse(n, n, 5 / n) for _ in range(20)),
        ),
    ]


def library_calls(order: Plan, jacobians: tuple[Any, ...]) -> Callable[[], Any]:
    """The products of a plan as bare calls, dense ones into arrays that are there."""
    buffers: dict[tuple[int, int], Any] = {}
    steps = [((op.j, (op.k or 0) + 1), (op.k or 0, op.i), (op.j, op.i)) for op in order.operations]
    last = len(jacobians), 1

    def run() -> Any:
        live = {(number, number): jacobian for number, jacobian in enumerate(jacobians, 1)}
        for left, right, made in steps:
            live[made] = _call(live.pop(left), live.pop(right), buffers, made, made == last)
        return live[last]

    return run


def _call(left: Any, right: Any, buffers: dict[Any, Any], key: Any, fresh: bool) -> Any:
    if left.ndim == right.ndim == 1:
        return left * right
    if left.ndim == 1 or right.ndim == 1:
        if not all(isinstance(each, np.ndarray) for each in (left, right)):
            from scipy.sparse import diags_array

            return (diags_array(left).tocsr() if left.ndim == 1 else left) @ right
        out = None if fresh else buffers.get(key)
        done = np.multiply(left[:, None] if left.ndim == 1 else left, right, out=out)
    elif isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        done = np.dot(left, right, out=None if fresh else buffers.get(key))
    else:
        return left @ right
    buffers[key] = done
    return done


def seconds(run: Callable[[], Any], repeats: int) -> float:
    """Processor time of a run, in the mean of some."""
    started = time.process_time()
    for _ in range(repeats):
        run()
    return (time.process_time() - started) / repeats


def turns(budget: float, *runs: Callable[[], Any]) -> list[list[float]]:
    """Processor time of each, in turns; the first is dropped."""
    repeats = [max(1, min(200, int(0.01 / max(1e-6, seconds(run, 1))))) for run in runs]
    stop, measured = time.process_time() + budget, []
    while len(measured) <= RUNS and (len(measured) < 4 or time.process_time() < stop):
        measured.append([seconds(run, count) for run, count in zip(runs, repeats, strict=True)])
    return measured[1:]


def row(case: Case, budget: float) -> tuple[Cell, ...]:
    """A chain: the calls, the prepared run, `execute`."""
    order = plan(case.chain)
    run, calls = prepare(order, case.jacobians), library_calls(order, case.jacobians)
    measured = turns(
        budget, calls, lambda: run(case.jacobians), lambda: execute(order, case.jacobians, verify=False)
    )
    theirs, ours, whole = (statistics.median(column) for column in zip(*measured, strict=True))
    ratio = statistics.median(prepared / bare for bare, prepared, _ in measured)
    over = statistics.median(prepared - bare for bare, prepared, _ in measured) / len(order.operations)
    times = (write_seconds(each) for each in (theirs, ours, whole))
    return (
        case.name,
        len(order.operations),
        *times,
        ratio,
        f"{over * 1e6:.1f} µs",
        _met(case, theirs, ratio, over, len(order.operations)),
    )


def _met(case: Case, theirs: float, ratio: float, over: float, count: int) -> str:
    """Whether the aim that goes with a chain is met."""
    if all(hasattr(each, "indptr") for each in case.jacobians):
        return "yes" if ratio <= SPARSE else "no"
    met = ratio <= SHARE if theirs >= count / 1000 else over * 1e6 <= MICROSECONDS
    return "yes" if met else "no"


def call_report(quick: bool, budget: float) -> Report:
    """Chains of small and of large products beside the library calls."""
    rows = []
    for case in [*small_cases(0.1 if quick else 1.0), *cases(0.1 if quick else 1.0)]:
        tell(f"{case.name}{', a tenth of the sizes' if quick else ''}")
        order = plan(case.chain)
        got, expected = prepare(order, case.jacobians)(case.jacobians), by_hand(order, case.jacobians)
        if abs(got - expected).max() > 1e-9 * abs(expected).max():
            raise click.ClickException(f"{case.name}: the prepared run and the loop disagree")
        rows.append(row(case, budget))
    columns = ("chain", "operations", "library calls", "prepared", "execute", "prepared ÷ calls")
    notes = (
        "Medians of processor time in turns; the ratio is the median of the turns.",
        f"Aims: {SPARSE} times the calls where all is sparse; {SHARE} times where an operation takes 1 ms; "
        f"else {MICROSECONDS:.0f} µs on top of each.",
    )
    title = "Prepared runs beside the library calls, one thread"
    return Report(title, (*columns, "on top, each", "met"), rows, notes)


def sweep_row(case: sparse_cases.Case, budget: float) -> tuple[Cell, ...]:
    """A chain of sparse_cases: the better sweep by hand, the prepared run of the plan by time."""
    order = plan(sparse_cases.chain_of(case.matrices), solver="quickest")
    inverse = sparse_cases.Inverse
    given = [each.matrix if isinstance(each, inverse) else each for each in case.matrices]
    started = time.process_time()
    run = prepare(order, given)
    preparing = time.process_time() - started
    by_hand = (
        lambda: forward(case.matrices),
        lambda: reverse(case.matrices),
        lambda: straight(order, case.matrices),
    )
    columns = zip(*turns(budget, *by_hand, lambda: run(given)), strict=True)
    ahead, back, calls, ours = map(statistics.median, columns)
    better = min(ahead, back)
    tell(f"{case.name}: {better / ours:.2f}")
    times = (write_seconds(each) for each in (better, calls, ours, preparing))
    return case.name, *times, better / calls, better / ours


def sweep_report(quick: bool, budget: float, families: Iterable[str], only: str) -> Report:
    """Chains of scripts/sparse_cases.py whose packages are installed."""
    rows = []
    for name in families:
        if quick and name in ("grids", "multigrid"):
            continue
        try:
            chosen = [case for case in sparse_cases.FAMILIES[name](quick) if only in case.name]
        except ImportError:
            tell(f"{name}: left out, its package is not installed")
            continue
        rows += [sweep_row(case, budget) for case in chosen]
    times = ("better sweep", "straight calls", "prepared", "to prepare")
    columns = ("chain", *times, "better sweep ÷ straight calls", "better sweep ÷ prepared")
    return Report("Prepared runs beside the better sweep of scipy.sparse by hand", columns, rows)


@click.command(help="What a prepared run costs on top of NumPy and SciPy, on one thread.")
@click.option("--quick", is_flag=True, help="Small matrices only: a smoke test of a few seconds.")
@click.option("--sparse", is_flag=True, help="The chains of docs/sparse.md instead, some minutes.")
@click.option("--family", "families", multiple=True, type=click.Choice(list(sparse_cases.FAMILIES)))
@click.option("--only", default="", help="Sparse chains whose name contains this.")
@click.option("--markdown", is_flag=True, help="Print Markdown instead of tables for the terminal.")
def main(quick: bool, sparse: bool, families: tuple[str, ...], only: str, markdown: bool) -> None:
    budget = BUDGET / 100 if quick else BUDGET
    chosen = families or sparse_cases.FAMILIES
    report = sweep_report(quick, budget, chosen, only) if sparse else call_report(quick, budget)
    show([report], markdown, ("numpy", "scipy"))


if __name__ == "__main__":
    main()
