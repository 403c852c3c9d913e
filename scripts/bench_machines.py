"""How fast schedules on several machines are proved, how good the heuristics are, and what workers gain.

Random chains are as in the published benchmark (arXiv 2505.06056): dense and matrix-free, sizes from 5 to 50,
tangents and adjoints of the same cost from 1,000 to 10,000. Their optima are searched with a time limit;
beside them stand the dynamic program over splits of machines of that paper, `list-scheduling`, and a plain
model for OR-tools CP-SAT. The workers multiply heavy dense Jacobians, each worker with one thread.

    python scripts/bench_machines.py [--lengths 8,12] [--machines 2,3,4] [--chains 10] [--limit 60]
        [--peer 20] [--part proofs|heuristics|workers] [--quick] [--markdown]
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import click
import cp_sat
import numpy as np
from check_machines import REFERENCE, published
from tables import show, write_seconds

from chainorder import Chain, Elemental, Plan, execute, plan
from chainorder.execution.cluster import LOCAL, connected
from chainorder.report.model import Report
from chainorder.report.numbers import Cell
from chainorder.solvers.machines.alternatives import Alternatives
from chainorder.solvers.machines.search import Model, Search
from chainorder.solvers.machines.splits import best_schedule, split_machines

RUNS = 3
"""Runs of the workers, of which the fastest counts."""

PARTS = ("proofs", "heuristics", "workers")


def numbers(text: str) -> tuple[int, ...]:
    """``2,3,4``."""
    return tuple(int(part) for part in text.split(","))


def random_chains(length: int, count: int) -> Iterator[Chain]:
    """Random chains of a length; the same ones every time."""
    generator = np.random.default_rng(length)
    for number in range(count):
        sizes = generator.integers(5, 50, length + 1, endpoint=True).tolist()
        costs = generator.integers(1_000, 10_000, length, endpoint=True).tolist()
        yield Chain(
            [
                Elemental(sizes[i], sizes[i + 1], tangent=cost, adjoint=cost, tape=cost)
                for i, cost in enumerate(costs)
            ],
            f"random-{length}-{number}",
        )


@dataclass(frozen=True)
class Proof:
    """What came of one chain.

    Attributes
    ----------
    best
        The plan of `exact` within the time limit.
    seconds
        How long it took.
    split, listed
        Makespans of the published dynamic program and of list-scheduling.
    peer
        What CP-SAT says; None if it was not asked.
    """

    best: Plan
    seconds: float
    split: int
    listed: int
    peer: cp_sat.Answer | None


def prove(chain: Chain, machines: int, limit: float, peer: float) -> Proof:
    """Search for the best schedule of one chain; raises if the peer contradicts."""
    started = time.perf_counter()
    best = plan(chain, solver="exact", machines=machines, time_limit=limit)
    seconds = time.perf_counter() - started
    alternatives = Alternatives.of_chain(chain)
    other = cp_sat.solve(chain, machines, peer) if peer else None
    bounds = max(best.lower_bound or 0, other.bound if other else 0)
    if bounds > min(best.makespan, other.makespan if other else best.makespan):
        raise click.ClickException(f"{chain.name}: {best.makespan}, {best.lower_bound}, but CP-SAT: {other}")
    split = split_machines(alternatives, machines).makespan
    return Proof(best, seconds, split, best_schedule(alternatives, machines)[1].makespan, other)


def compile_search() -> None:
    """Have the search compiled, or loaded: that is done once and does not belong to any chain."""
    alternatives = Alternatives.of_chain(next(random_chains(6, 1)))
    deadline = best_schedule(alternatives, 2)[1].makespan
    Search(Model(alternatives, 2, 0, deadline), deadline).advance(1)


def proofs_report(
    lengths: tuple[int, ...], machines: tuple[int, ...], count: int, limit: float, peer: float
) -> Report:
    """Times to a proof, and what is known where there is none."""
    rows: list[tuple[Cell, ...]] = []
    for length in lengths:
        for number in machines:
            proofs = [prove(chain, number, limit, peer) for chain in random_chains(length, count)]
            gaps = [proof.best.gap or 0.0 for proof in proofs]
            peers = [proof.peer for proof in proofs if proof.peer is not None]
            rows.append(
                (
                    length,
                    number,
                    f"{sum(proof.best.optimal for proof in proofs)} of {count}",
                    write_seconds(statistics.median(proof.seconds for proof in proofs)),
                    write_seconds(max(proof.seconds for proof in proofs)),
                    f"{max(gaps):.1%}",
                    f"{statistics.fmean(proof.listed / proof.best.makespan for proof in proofs):.3f}",
                    f"{statistics.fmean(proof.split / proof.best.makespan for proof in proofs):.3f}",
                    f"{sum(each.proved for each in peers)} of {count}" if peers else None,
                    write_seconds(statistics.median(each.seconds for each in peers)) if peers else None,
                )
            )
    columns = (
        "length",
        "machines",
        "proved",
        "median",
        "longest",
        "largest gap",
        "list-scheduling",
        "published dp",
        "CP-SAT proved",
        "CP-SAT median",
    )
    title = f"proofs of random chains, at most {limit:g} s each (CP-SAT: {peer:g} s)"
    return Report(title, columns, rows)


def heuristics_report(every: int) -> Report:
    """Heuristics on the published chains: mean ratio to the optimum, and time."""
    rows: list[tuple[Cell, ...]] = []
    cases = [case for case in published(every) if len(case.chain) == 6]
    for machines in range(2, 6):
        listed, split, published_ratio, worse, seconds = [], [], [], 0, []
        for case in cases:
            started = time.perf_counter()
            alternatives = Alternatives.of_chain(case.chain)
            _, schedule = best_schedule(alternatives, machines)
            seconds.append(time.perf_counter() - started)
            exact, other = case.exact[machines - 1], case.dynamic_program[machines - 1]
            listed.append(schedule.makespan / exact)
            split.append(split_machines(alternatives, machines).makespan / exact)
            published_ratio.append(other / exact)
            worse += schedule.makespan > other
        means = (f"{statistics.fmean(ratios):.4f}" for ratios in (listed, published_ratio, split))
        rows.append((machines, len(cases), *means, worse, write_seconds(statistics.median(seconds))))
    columns = (
        "machines",
        "chains",
        "list-scheduling",
        "published dp",
        "the same here",
        "worse than it",
        "time",
    )
    return Report("heuristics on published chains of length 6: mean ratio to the optimum", columns, rows)


def workers_report(length: int, size: int) -> Report:
    """Heavy dense products on one and on two local workers: the least wall time of some runs."""
    chain = Chain.from_dims([size] * (length + 1), "heavy")
    rows: list[tuple[Cell, ...]] = []
    one: tuple[Plan, float] | None = None
    for machines in (1, 2):
        best = plan(chain, machines=machines)
        with connected(LOCAL, machines) as client:
            runs = [execute(best, scheduler=client, verify=machines == 2) for _ in range(RUNS)]
        if not all(run.passed for run in runs):
            raise click.ClickException(f"{machines} workers: {runs[0].checks}")
        seconds = min(run.seconds for run in runs)
        one = one or (best, seconds)
        promised, measured = one[0].makespan / best.makespan, one[1] / seconds
        took = write_seconds(seconds)
        rows.append((machines, best.makespan, f"{promised:.2f}", took, f"{measured:.2f}"))
    columns = ("workers", "makespan", "promised speed-up", "wall time", "measured speed-up")
    return Report(f"{length} dense Jacobians of size {size}, one thread for each worker", columns, rows)


@click.command()
@click.option("--lengths", type=numbers, default="8,12,16,20", show_default=True)
@click.option("--machines", type=numbers, default="2,3,4", show_default=True)
@click.option("--chains", default=10, show_default=True, help="Random chains of each length.")
@click.option("--limit", default=60.0, show_default=True, help="Seconds for each proof.")
@click.option("--peer", default=20.0, show_default=True, help="Seconds for CP-SAT; 0 leaves it out.")
@click.option("--part", type=click.Choice(PARTS), multiple=True, help="Only these tables.")
@click.option("--quick", is_flag=True, help="Small sizes, some seconds.")
@click.option("--markdown", is_flag=True, help="Print Markdown, with what it ran on.")
def main(
    lengths: tuple[int, ...],
    machines: tuple[int, ...],
    chains: int,
    limit: float,
    peer: float,
    part: tuple[str, ...],
    quick: bool,
    markdown: bool,
) -> None:
    """Print all tables."""
    if quick:
        lengths, machines, chains, limit, peer = (5, 8), (2, 3), 3, 5.0, 0.0
    compile_search()
    tables: dict[str, Callable[[], Report]] = {
        "proofs": lambda: proofs_report(lengths, machines, chains, limit, peer),
        "heuristics": lambda: heuristics_report(100 if quick else 1),
        "workers": lambda: workers_report(8, 100) if quick else workers_report(16, 1200),
    }
    if not REFERENCE.is_dir():
        click.echo(f"no reference instances in {REFERENCE}: the heuristics are left out", err=True)
        del tables["heuristics"]
    if find_spec("distributed") is None:
        click.echo("Dask is not installed: the workers are left out", err=True)
        del tables["workers"]
    reports = [tables[name]() for name in tables if not part or name in part]
    show(reports, markdown, ("numpy", "numba", "ortools", "distributed"))


if __name__ == "__main__":
    main()
