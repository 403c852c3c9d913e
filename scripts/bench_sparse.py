"""Sparse chains: planning and executing beside the sweeps of scipy.sparse, and estimates beside the optimum.

First their time: both sweeps as one would write them (``@`` and `splu`), straight calls in the order of the
plan, which shows what is to be had at all, and all that chainorder does, from the matrices to the Jacobian:
factorising, planning by time, executing, without checks; in turns. Then exact
plans of the same chains, and the true costs of orders by estimates; at last those of many small chains.

    python scripts/bench_sparse.py [--quick] [--markdown] [--family NAME] [--only TEXT] [--runs N]
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import statistics
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import click
import numpy as np
from bench_planners import show, tell, write_seconds
from scipy.sparse.linalg import SuperLU, splu
from sparse_cases import FAMILIES, Case, Inverse, chain_of, graph, heat_step, random_sparse
from straight_calls import straight

from chainorder import Chain, Execution, Plan, execute, plan
from chainorder.report.model import Report
from chainorder.report.numbers import Cell

LONG = 0.1
"""Seconds of the better sweep from which the targets hold."""

MET, GAIN = 1.05, 3.0


def forward(matrices: tuple[Any, ...]) -> Any:
    """Input first."""
    factors = factorise()
    result = matrices[0]
    if isinstance(result, Inverse):
        result = factors(result).solve(np.eye(result.shape[0]))
    for matrix in matrices[1:]:
        if isinstance(matrix, Inverse):
            dense = result if isinstance(result, np.ndarray) else result.toarray()
            result = factors(matrix).solve(dense)
        else:
            result = matrix @ result
    return result


def reverse(matrices: tuple[Any, ...]) -> Any:
    """Output first."""
    factors = factorise()
    result = matrices[-1]
    if isinstance(result, Inverse):
        result = factors(result).solve(np.eye(result.shape[0]))
    for matrix in matrices[-2::-1]:
        if isinstance(matrix, Inverse):
            dense = result if isinstance(result, np.ndarray) else result.toarray()
            result = factors(matrix).solve(np.asfortranarray(dense.T), "T").T
        else:
            result = result @ matrix
    return result


def factorise() -> Any:
    """A function that factorises each matrix once."""

    @cache
    def factors(inverse: Inverse) -> SuperLU:
        return splu(inverse.matrix.tocsc())

    return factors


def planned(matrices: tuple[Any, ...]) -> tuple[Plan, Execution, float, float]:
    """The plan, the execution, the processor time of planning, with factorising, and of executing."""
    started = time.process_time()
    best = plan(chain_of(matrices), solver="quickest")
    between = time.process_time()
    done = execute(best, verify=False, symbolic=False)
    return best, done, between - started, time.process_time() - between


def seconds(run: Any, *arguments: Any) -> float:
    """Processor time of one run."""
    started = time.process_time()
    run(*arguments)
    return time.process_time() - started


def case_row(case: Case, runs: int) -> tuple[Cell, ...]:
    """Both sweeps, straight calls and the plan in turns; then the plan once more, counted and checked."""
    times, (best, *_) = [], planned(case.matrices)
    for _ in range(runs):
        by_hand = [seconds(sweep, case.matrices) for sweep in (forward, reverse)]
        calls = seconds(straight, best, case.matrices)
        *_, planning, executing = planned(case.matrices)
        times.append((*by_hand, calls, planning, executing))
    columns = zip(*times, strict=True)
    ahead, back, calls, planning, executing = (statistics.median(column) for column in columns)
    done = execute(best)
    if not done.passed:
        raise click.ClickException(f"{case.name}: {done.fma} fma counted, {best.fma} planned, {done.checks}")
    better = min(ahead, back)
    ratio = (planning + executing) / better
    tell(f"{case.name}: {better:.3f} s, {planning:.3f} + {executing:.3f} s")
    target = "—" if better < LONG else ("yes" if ratio <= (1 / GAIN if case.narrow else MET) else "no")
    return (
        case.name,
        *(write_seconds(each) for each in (ahead, back, calls, planning, executing)),
        round(better / calls, 2),
        round(1 / ratio, 2),
        target,
        best.fma,
        done.fma,
        best.claim,
        done.peak_memory,
    )


def case_report(chosen: list[Case], runs: int) -> Report:
    """All cases."""
    columns = (
        "chain",
        "forward",
        "reverse",
        "straight calls",
        "plan",
        "execute",
        "theirs",
        "gain",
        "target met",
    )
    counts = ("planned fma", "counted fma", "claim", "peak entries")
    return Report(
        "Planning and executing beside the sweeps of scipy.sparse, one thread",
        columns + counts,
        [case_row(case, runs) for case in chosen],
        (
            "Forward and reverse are scipy.sparse by hand; straight calls, too, in the order of the plan.",
            "Gain is the better sweep ÷ (plan + execute), theirs the better sweep ÷ straight calls.",
            f"Targets hold where the better sweep takes {LONG} s: gain ≥ {1 / MET:.2f}, or ≥ {GAIN:.0f} "
            "with a waist or a selection inside.",
        ),
    )


def exact_row(case: Case) -> tuple[Cell, ...]:
    """The optimum, planned and counted, and the true costs of the sweeps and of estimated orders."""
    chain = chain_of(case.matrices)
    started = time.process_time()
    optimum = plan(chain, solver="dynamic")
    taken = time.process_time() - started
    counted = execute(optimum, verify=False).fma
    if counted != optimum.fma:
        raise click.ClickException(f"{case.name}: {counted} fma counted, {optimum.fma} planned")
    tell(f"{case.name}: {optimum.fma:,} fma exactly, {taken:.2f} s")
    others = [plan(chain, solver=solver) for solver in ("auto", "quickest")]
    true = [other.fma if other.estimate is None else execute(other, verify=False).fma for other in others]
    ratios = [round(each / optimum.fma, 3) for each in true]
    error = "—" if others[0].estimate is None else f"{abs(others[0].fma / true[0] - 1):.1%}"
    return case.name, write_seconds(taken), optimum.fma, counted, *ratios, error


def exact_report(chosen: list[Case]) -> Report:
    """Exact fill-in of all cases, and what estimates make of them."""
    rows = [exact_row(case) for case in chosen]
    columns = ("chain", "exact planning", "planned fma", "counted fma")
    others = ("auto ÷ optimum", "quickest ÷ optimum", "error of estimate")
    return Report(
        "Exact fill-in: planned and counted fma, and the true costs of other orders",
        columns + others,
        rows,
        (f"Median of auto ÷ optimum: {statistics.median(float(row[4]) for row in rows):.3f}.",),
    )


def small_chains(quick: bool) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Chains whose optimum is worked out exactly, over a grid of lengths, shapes, densities and kinds."""
    generator = np.random.default_rng(11)
    for number in range(12 if quick else 120):
        length, size = int(generator.integers(3, 9)), 200 if quick else int(generator.integers(200, 2_000))
        sizes = [int(size * generator.choice([0.05, 0.3, 1.0])) + 1 for _ in range(length + 1)]
        pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
        kind = ("random", "graphs", "grids")[number % 3]
        if kind == "random":
            degrees = generator.choice([0.7, 2, 6, 20], length)
            seeds = generator.integers(2**31, size=length)
            parts = zip(pairs, degrees, seeds, strict=True)
            yield kind, tuple(random_sparse(*pair, degree, int(seed)) for pair, degree, seed in parts)
        elif kind == "graphs":
            seeds = generator.integers(2**31, size=length)
            yield kind, tuple(graph(size, int(generator.integers(1, 5)), int(seed), 1.8) for seed in seeds)
        else:
            side = int(size**0.5)
            ends = (random_sparse(side**2, int(generator.integers(1, side)), 1, number), heat_step(side))
            yield kind, (*ends, *[heat_step(side)] * (length - 2))


def quality_report(quick: bool) -> Report:
    """The true cost of estimated orders, as multiples of the exact optimum."""
    ratios: dict[str, list[float]] = {}
    errors: dict[str, list[float]] = {}
    for kind, matrices in small_chains(quick):
        chain = Chain.from_matrices(matrices)
        optimum = plan(chain, solver="dynamic")
        if not execute(optimum, verify=False).fma == optimum.fma:
            raise click.ClickException(f"{kind}: counted ≠ planned")
        estimate = plan(chain, solver="estimated")
        true = execute(estimate, verify=False).fma
        ratios.setdefault(kind, []).append(true / optimum.fma if optimum.fma else 1.0)
        errors.setdefault(kind, []).append(abs(estimate.fma / true - 1) if true else 0.0)
    ratios["all"] = [ratio for each in ratios.values() for ratio in each]
    errors["all"] = [error for each in errors.values() for error in each]
    rows = [
        (
            kind,
            len(found),
            round(statistics.median(found), 4),
            round(max(found), 3),
            f"{statistics.median(errors[kind]):.1%}",
            f"{max(errors[kind]):.1%}",
        )
        for kind, found in ratios.items()
    ]
    columns = ("kind", "chains", "median ÷ optimum", "worst", "median error of fma", "worst error")
    return Report("Orders by estimated fill: their true cost beside the exact optimum", columns, rows)


@click.command(help="Sparse chains beside the sweeps of scipy.sparse.")
@click.option("--quick", is_flag=True, help="Small matrices only: a smoke test of a few seconds.")
@click.option("--markdown", is_flag=True, help="Print Markdown instead of tables for the terminal.")
@click.option(
    "--family",
    "families",
    multiple=True,
    type=click.Choice(list(FAMILIES)),
    help="Only these chains; grids take pandapower, multigrid takes pyamg (pip install '.[bench]').",
)
@click.option("--only", default="", help="Cases whose name contains this.")
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="Turns of each case.")
@click.option("--no-quality", is_flag=True, help="Leave out the tables of exact plans and of estimates.")
def main(
    quick: bool, markdown: bool, families: tuple[str, ...], only: str, runs: int, no_quality: bool
) -> None:
    makers = [FAMILIES[name] for name in families or FAMILIES]
    chosen = [case for make in makers for case in make(quick) if only in case.name]
    reports = [case_report(chosen, runs)]
    if not no_quality:
        reports.append(exact_report(chosen))
    if not no_quality and not only:
        reports.append(quality_report(quick))
    show(reports, markdown, ("numpy", "scipy"))


if __name__ == "__main__":
    main()
