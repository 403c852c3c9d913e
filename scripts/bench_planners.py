"""How long planners take, and how good their orders are, on the same chains.

Every planner runs in a process of its own, so that it can be stopped at a time limit and starts clean, and
is given only shapes, so that chains of any size can be asked about. The cost of an order is computed here, in
Python integers, from the products that the planner would make, whatever the planner itself believes.

    python scripts/bench_planners.py [--quick] [--markdown]
"""

from __future__ import annotations

import importlib
import math
import multiprocessing
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from multiprocessing.connection import Connection

import click
import numpy as np
from planners import PLANNERS, Planner, Sizes
from tables import show, tell, write_seconds

import chainorder
from chainorder.problems.random_chains import Ranges, random_chain
from chainorder.report.model import Report
from chainorder.report.numbers import Cell

RUNS = 7
"""Runs of one planner on one chain, at most."""


@dataclass(frozen=True)
class Scope:
    """How much is measured: everything, or a smoke test."""

    lengths: tuple[int, ...] = (10, 30, 100, 300, 1_000, 3_000, 100_000, 1_000_000)
    limit: float = 60.0
    budget: float = 3.0  # seconds after which no further run is started
    overflow_lengths: tuple[int, ...] = (10, 20, 30)
    overflow_seeds: int = 200
    startups: int = 15
    cases: tuple[tuple[str, int], ...] = (
        ("dense", 1_000_000),
        ("structured", 300),
        ("bands", 300),
        ("sparse", 100),
        ("long structured", 100_000),
    )


QUICK = Scope((10, 30), 5.0, 0.1, (10,), 5, 2, (("dense", 10_000), ("structured", 50)))


@dataclass(frozen=True)
class Measured:
    """What a planner did with one chain: seconds and exact costs of its runs."""

    seconds: list[float] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds of the median run."""
        return statistics.median(self.seconds)

    @property
    def cost(self) -> int:
        """Cost of the median run; some planners are random."""
        return statistics.median_low(self.costs)


def measure(planner: Planner, sizes: Sizes, budget: float) -> Measured:
    """Ask a planner about one chain, again and again within the budget; check that it answers in full."""
    measured = Measured()
    inputs = planner.inputs(sizes)
    while len(measured.seconds) < RUNS and sum(measured.seconds) <= budget:
        started = time.process_time()
        order = planner.order(inputs)
        measured.seconds.append(time.process_time() - started)
        costs = [math.prod(sizes[boundary] for boundary in product) for product in planner.products(order)]
        if len(costs) != len(sizes) - 2:
            raise RuntimeError(f"{planner.name} made {len(costs)} products of {len(sizes) - 1} factors")
        measured.costs.append(sum(costs))
        del order
    return measured


def serve(place: int, pipe: Connection) -> None:
    """Answer questions (sizes, budget) for one planner, in a process of its own."""
    planner = PLANNERS[place]
    importlib.import_module(planner.package)
    measure(planner, (2, 3, 4, 5), 0.0)  # whatever is loaded at the first call
    pipe.send("ready")
    while True:
        pipe.send(measure(planner, *pipe.recv()))


class Worker:
    """A planner in a process of its own."""

    def __init__(self, planner: Planner) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(PLANNERS.index(planner), theirs))
        self._process.start()
        theirs.close()
        self._pipe.recv()

    def ask(self, sizes: Sizes, *, budget: float, limit: float) -> Measured | None:
        """What the planner does with a chain; None if that takes longer than `limit` seconds."""
        self._pipe.send((sizes, budget))
        return self._pipe.recv() if self._pipe.poll(limit + budget) else None

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.join()


@contextmanager
def working(planner: Planner) -> Iterator[Worker]:
    """A worker for as long as it is needed."""
    worker = Worker(planner)
    try:
        yield worker
    finally:
        worker.stop()


def dense_sizes(length: int) -> list[int]:
    """The sizes, 1 to 1000, of the dense chain that every planner is asked about."""
    return random_sizes(length, length, 1, 1_000)


def random_sizes(seed: int, length: int, low: int, high: int) -> list[int]:
    """Sizes of a random dense chain."""
    sizes: list[int] = np.random.default_rng(seed).integers(low, high, length + 1, endpoint=True).tolist()
    return sizes


def installed(planners: Iterable[Planner]) -> Iterator[Planner]:
    """Those planners whose package is there; says which are not."""
    for planner in planners:
        if find_spec(planner.package):
            yield planner
        else:
            tell(f"skipped: {planner.name}, because {planner.package} is not installed")


Answers = dict[int, Measured | None]
"""By length; None where the planner was stopped or not asked."""


def ask_all(planner: Planner, scope: Scope) -> Answers:
    """Ask about longer and longer chains, up to the first that takes too long or surely would."""
    answers: Answers = {}
    with working(planner) as worker:
        for length in scope.lengths:
            if length > planner.longest or out_of_reach(answers, length, scope.limit):
                break
            tell(f"{planner.name}, {length:,} factors")
            answers[length] = worker.ask(dense_sizes(length), budget=scope.budget, limit=scope.limit)
    return answers


def out_of_reach(answers: Answers, length: int, limit: float) -> bool:
    """Whether the last chain took too long, or the growth from the one before says that this one will."""
    match list(answers.items())[-2:]:
        case [*_, (_, None)]:
            return True
        case [(before, Measured() as quick), (last, Measured() as slow)]:
            growth = math.log(slow.median / quick.median) / math.log(last / before)
            return bool(slow.median * (length / last) ** growth > 2 * limit)
    return False


def planner_reports(scope: Scope, planners: Iterable[Planner] = PLANNERS) -> Iterator[Report]:
    """Seconds and quality of planners on the same dense chains; the first is optimal."""
    answers = {planner: ask_all(planner, scope) for planner in installed(planners)}
    optimum = {length: best.cost for length, best in next(iter(answers.values())).items() if best}

    def seconds(planner: Planner, length: int) -> str:
        answer = answers[planner].get(length)
        if answer is None:
            too_slow = f"> {scope.limit:.0f} s" if length <= planner.longest else ""
            return too_slow if length in answers[planner] or not too_slow else f"({too_slow})"
        return write_seconds(answer.median)

    def ratio(planner: Planner, length: int) -> Cell:
        answer = answers[planner].get(length)
        return answer.cost / optimum[length] if answer else None

    columns = ("planner", *(f"n = {length:,}" for length in scope.lengths))
    yield Report(
        "Seconds to plan a dense chain of n factors, sizes 1 to 1000",
        columns,
        [(planner.name, *(seconds(planner, length) for length in scope.lengths)) for planner in answers],
        ("Processor time, median of several runs. In brackets: not run, by extrapolation from others.",),
    )
    yield Report(
        "Cost of the order found, as a multiple of the optimum",
        columns,
        [(planner.name, *(ratio(planner, length) for length in scope.lengths)) for planner in answers],
        ("Replayed in exact integers from the products that each planner would make.",),
    )


def overflow_report(scope: Scope) -> Report:
    """What sizes near 10^7 do to planners that count in machine numbers."""
    chosen = [planner for planner in PLANNERS if planner.name.endswith(("hu-shing", "multi_dot"))]
    rows: list[tuple[Cell, ...]] = []
    optimum: dict[int, list[int]] = {}
    for planner in installed(chosen):
        tell(f"{planner.name}, large sizes")
        with working(planner) as worker:
            for length in scope.overflow_lengths:
                costs = list(large_costs(worker, length, scope))
                best = optimum.setdefault(length, costs)
                ratios = [cost / least for cost, least in zip(costs, best, strict=True)]
                wrong = sum(cost > least for cost, least in zip(costs, best, strict=True))
                rows.append((planner.name, length, wrong, statistics.median(ratios), max(ratios)))
    return Report(
        f"Orders for {scope.overflow_seeds} random dense chains of sizes 10^6 to 2·10^7",
        ("planner", "factors", "not optimal", "median × optimum", "worst × optimum"),
        rows,
        ("One product costs up to 8·10^21 fma here; torch counts in int64, which overflows in silence.",),
    )


def large_costs(worker: Worker, length: int, scope: Scope) -> Iterator[int]:
    """Costs of a planner's orders for many chains of large sizes."""
    for seed in range(scope.overflow_seeds):
        sizes = random_sizes(seed, length, 10**6, 2 * 10**7)
        answer = worker.ask(sizes, budget=0.0, limit=scope.limit)
        if answer is None:
            raise click.ClickException(f"no order for {length} factors within {scope.limit:.0f} s")
        yield answer.cost


Build = Callable[[], chainorder.Chain]


def _dense(length: int) -> Build:
    sizes = dense_sizes(length)
    return lambda: chainorder.Chain.from_dims(sizes)


def _structured(length: int) -> Build:
    kinds = ("dense", "diagonal", "identity", "banded")
    ranges = Ranges(sizes=(1, 1_000), structures=kinds)
    chain = random_chain(np.random.default_rng(length), length, ranges)
    elementals = list(chain.elementals)
    return lambda: chainorder.Chain(elementals)


def _bands(length: int) -> Build:
    elementals = [chainorder.Elemental(500, 500, chainorder.Banded(1, 1))] * length
    return lambda: chainorder.Chain(elementals)


def _sparse(length: int) -> Build:
    from scipy.sparse import random_array

    generator = np.random.default_rng(length)
    densities = generator.permutation(np.geomspace(0.005, 0.2, length)).tolist()
    matrices = [random_array((100, 100), density=density, rng=generator) for density in densities]
    return lambda: chainorder.Chain.from_matrices(matrices)


MIXED = "dense, diagonal, identity and banded, sizes 1 to 1000"

CASES: dict[str, tuple[str, str, Callable[[int], Build]]] = {
    "dense": ("dense, sizes 1 to 1000", "auto", _dense),
    "structured": (MIXED, "dynamic", _structured),
    "bands": ("equal tridiagonal bands of size 500", "dynamic", _bands),
    "sparse": ("real sparse patterns of size 100, densities 0.005 to 0.2", "dynamic", _sparse),
    "long structured": (MIXED, "auto", _structured),
}
"""What they are, a solver, how they are made."""


def run_case(name: str, length: int, budget: float, pipe: Connection) -> None:
    """Build and plan one chain, again and again; tell seconds of both and the peak memory in MB."""
    _, solver, prepare = CASES[name]
    build = prepare(length)
    building: list[float] = []
    planning: list[float] = []
    while len(planning) < RUNS and sum(planning) <= budget:
        started = time.perf_counter()
        chain = build()
        built = time.perf_counter()
        plan = chainorder.plan(chain, solver=solver)
        building.append(built - started)
        planning.append(time.perf_counter() - built)
        made_by, claim = plan.solver, plan.claim
        del chain, plan
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    pipe.send((made_by, statistics.median(building), statistics.median(planning), peak, claim))


def case_report(scope: Scope) -> Report:
    """Chains that only chainorder plans, or that no other planner reaches."""
    rows: list[tuple[Cell, ...]] = []
    context = multiprocessing.get_context("spawn")
    for name, length in scope.cases:
        tell(f"{name}, {length:,} elementals")
        ours, theirs = context.Pipe()
        process = context.Process(target=run_case, args=(name, length, scope.budget, theirs))
        process.start()
        theirs.close()
        solver, build, plan, peak, claim = ours.recv()
        process.join()
        times = write_seconds(build), write_seconds(plan)
        rows.append((CASES[name][0], length, solver, *times, round(peak), claim))
    return Report(
        "Chains that need more",
        ("chain", "elementals", "solver", "build", "plan", "peak RSS, MB", "claim"),
        rows,
        ("Build: from plain sizes, elementals or matrices to a chain. Peak RSS: of the whole process.",),
    )


def startup_report(scope: Scope) -> Report:
    """How long the command line takes to start, next to NumPy."""
    commands = {
        'python -c "import numpy"': ("-c", "import numpy"),
        "python -m chainorder --help": ("-m", "chainorder", "--help"),
        "python -m chainorder plan 1000,100,10,1": ("-m", "chainorder", "plan", "1000,100,10,1"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    tell("start-up")
    for _ in range(scope.startups + 1):  # the first round fills the caches and is dropped
        for name, arguments in commands.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(each[1:]) for name, each in seconds.items()}
    base = next(iter(medians.values()))
    rows = [(name, write_seconds(median), median / base) for name, median in medians.items()]
    notes = (f"Median of {scope.startups} alternating runs.",)
    return Report("Start-up", ("command", "seconds", "× NumPy"), rows, notes)


@click.command(help="How long planners take, and how good their orders are, on the same chains.")
@click.option("--quick", is_flag=True, help="Small chains only: a smoke test of some twenty seconds.")
@click.option("--markdown", is_flag=True, help="Print Markdown instead of tables for the terminal.")
@click.option("--own", is_flag=True, help="Only the planners of chainorder, and only these tables.")
def main(quick: bool, markdown: bool, own: bool) -> None:
    scope = QUICK if quick else Scope()
    if own:
        mine = [planner for planner in PLANNERS if planner.package == "chainorder"]
        show(list(planner_reports(scope, mine)), markdown, ("numpy", "numba"))
        return
    reports = [*planner_reports(scope), overflow_report(scope), case_report(scope), startup_report(scope)]
    show(reports, markdown, ("numpy", "scipy", "torch", "opt_einsum", "cotengra"))


if __name__ == "__main__":
    main()
