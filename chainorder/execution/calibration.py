"""Making a profile: kernels are timed, and rates fitted to what they count."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from math import prod
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from chainorder.costs.grids import Grid, rising
from chainorder.costs.machine import Machine
from chainorder.costs.prediction import SECOND
from chainorder.costs.profile import DENSE, KERNELS, Profile
from chainorder.errors import ProfileError
from chainorder.execution.kernel_cases import Case, Cases
from chainorder.structures.number_types import DTYPES

RUNS = 15
"""Of a call: the quickest counts, for what else the machine does only adds to it."""

LEAST_RUNS = 4
"""Of a call that takes long."""

PATIENCE = 0.05
"""Seconds for a call, beyond the least runs."""

FINE = 1e-7
"""Seconds that a clock has to tell apart."""

Measured = tuple[Case, int]


class Job(NamedTuple):
    """A case, of what cases, and the machine on whose threads it is measured; None for one thread."""

    machine: Machine | None
    cases: Cases
    case: Case

    def picoseconds(self) -> int:
        """What the call takes."""
        return picoseconds(self.case.call, 1 if self.machine is None else self.machine.threads)


Watch = Callable[[list[Job]], Iterable[Job]]
"""Passes calls on to be timed; may show how many are done."""


def calibrate(
    name: str,
    *,
    quick: bool = False,
    dtypes: Sequence[str] = DTYPES,
    threads: Sequence[int] = (),
    watch: Watch = list,
) -> list[Profile]:
    """Measure this machine: some hundred calls of all kernels, for each type of numbers.

    Dense products use threads; all else is measured on one.

    Parameters
    ----------
    name
        What reports call the profiles; ``{threads}`` in it stands for the number of threads.
    quick
        Smaller sizes and fewer of them: some seconds instead of a minute at most.
    dtypes
        Types of numbers.
    threads
        Of the library of dense products; by default as many as it uses.
    watch
        Is given all cases, and yields them one by one.

    Returns
    -------
    list of Profile
        One for each number of threads and type, with the median relative error of the fit by kernel; of dense
        products, at sizes between those of the grid.

    Raises
    ------
    ProfileError
        If there is not enough memory for what is multiplied.
    """
    here = Machine.here()
    machines = [replace(here, threads=count) for count in threads] or [here]
    try:
        drawn = [Cases(dtype, quick=quick) for dtype in dtypes]
        grids = [(machine, cases) for machine in machines for cases in drawn]
        jobs = [Job(*grid, each) for grid in grids for each in grid[1].dense()]
        jobs += [Job(None, cases, each) for cases in drawn for each in cases.others()]
        taken: dict[tuple[Machine | None, Cases], list[Measured]] = {}
        for job in watch(jobs):
            taken.setdefault((job.machine, job.cases), []).append((job.case, job.picoseconds()))
        return [_profile(name, *grid, taken[grid], taken[None, grid[1]]) for grid in grids]
    except MemoryError:
        raise ProfileError("there is not enough memory to calibrate; --quick takes less") from None


def _profile(
    name: str, machine: Machine, cases: Cases, dense: Sequence[Measured], others: Sequence[Measured]
) -> Profile:
    """What comes of the calls of a type of numbers."""
    grid = _grid(cases.sizes, dense)
    kernels, errors = {}, {DENSE: _grid_error(grid, cases, machine.threads)}
    for kernel in KERNELS:
        kernels[kernel], errors[kernel] = fit(kernel, [each for each in others if each[0].kernel == kernel])
    said = name.replace("{threads}", machine.words_of_threads)
    return Profile(said, machine, grid, kernels, errors, cases.dtype)


def picoseconds(call: Callable[[], Any], threads: int = 1) -> int:
    """What a call takes on so many threads: the least of some runs after a first one."""
    clock, times = _clock(threads), list[int]()
    with _controller().limit(limits=threads, user_api="blas"):
        call()
        until = time.perf_counter() + PATIENCE
        while len(times) < LEAST_RUNS or (len(times) < RUNS and time.perf_counter() < until):
            started = clock()
            call()
            times.append(clock() - started)
    return max(1, round(min(times) * (SECOND // 10**9)))


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _clock(threads: int) -> Callable[[], int]:
    """What tells nanoseconds: on one thread the processor's, so that other programs do not count."""
    fine = time.get_clock_info("process_time").resolution <= FINE
    return time.process_time_ns if fine and threads == 1 else time.perf_counter_ns


def fit(kernel: str, measured: Sequence[Measured]) -> tuple[dict[str, int], float]:
    """Rates of a kernel, at least 0, of the least squares of relative errors; and the median such error."""
    from scipy.optimize import nnls

    counts = np.array([(1, *case.counts) for case, _ in measured], float)
    taken = np.array([time for _, time in measured], float)
    scale = np.maximum(counts.max(axis=0), 1)
    rates = nnls(counts / scale / taken[:, None], np.ones(len(taken)))[0] / scale
    whole = {name: round(float(rate)) for name, rate in zip(KERNELS[kernel], rates, strict=True)}
    fitted = counts @ np.array(list(whole.values()), float)
    return whole, _median_error(fitted.tolist(), taken.tolist())


def _grid(sizes: tuple[int, ...], measured: Sequence[Measured]) -> Grid:
    """The times of all combinations of sizes; what was too large to be measured, in proportion to its fma."""
    taken = {case.counts: time for case, time in measured}
    for shape in sorted(product(sizes, repeat=3), key=prod):
        if shape not in taken:
            axis = shape.index(max(shape))
            lesser = sizes[sizes.index(shape[axis]) - 1]
            taken[shape] = taken[*shape[:axis], lesser, *shape[axis + 1 :]] * shape[axis] // lesser
    return Grid(sizes, rising([[[taken[m, k, n] for n in sizes] for k in sizes] for m in sizes]))


def _grid_error(grid: Grid, cases: Cases, threads: int) -> float:
    """How far the grid is off at sizes that are not in it, log-uniform."""
    sizes = np.exp(cases.generator.uniform(0, np.log(cases.sizes[-1]), (20, 3))).astype(int).tolist()
    calls = [cases.product_of(*each) for each in sizes]
    return _median_error([grid.time(*each) for each in sizes], [picoseconds(call, threads) for call in calls])


def _median_error(predicted: Sequence[float], taken: Sequence[float]) -> float:
    return round(float(median(abs(a / b - 1) for a, b in zip(predicted, taken, strict=True))), 4)
