"""Making a profile: kernels are timed, and rates fitted to what they count."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

import numpy as np

from chainorder.costs.grids import Grid, rising
from chainorder.costs.machine import Machine
from chainorder.costs.prediction import SECOND
from chainorder.costs.profile import DENSE, KERNELS, Profile
from chainorder.execution.kernel_cases import Case, Cases

RUNS = 15
"""Of a call: the quickest counts, for what else the machine does only adds to it."""

LEAST_RUNS = 4
"""Of a call that takes long."""

PATIENCE = 0.05
"""Seconds for a call, beyond the least runs."""

FINE = 1e-7
"""Seconds that a clock has to tell apart."""

Measured = tuple[Case, int]

Watch = Callable[[list[Case]], Iterable[Case]]
"""Passes cases on to be timed; may show how many are done."""


def calibrate(name: str, *, quick: bool = False, watch: Watch = list) -> Profile:
    """Measure this machine: some hundred calls of all kernels, for float64.

    Parameters
    ----------
    name
        What reports call the profile.
    quick
        Smaller sizes and fewer of them: a second or two instead of half a minute at most.
    watch
        Is given all cases, and yields them one by one.

    Returns
    -------
    Profile
        With the median relative error of the fit by kernel; of dense products, at sizes between those of
        the grid.
    """
    cases = Cases(quick=quick)
    listed = [*cases.dense(), *cases.others()]
    measured = [(case, picoseconds(case.call)) for case in watch(listed)]
    grid = _grid(cases.sizes, [taken for case, taken in measured if case.kernel == DENSE])
    kernels, errors = {}, {DENSE: _grid_error(grid, cases)}
    for kernel in KERNELS:
        mine = [each for each in measured if each[0].kernel == kernel]
        kernels[kernel], errors[kernel] = fit(kernel, mine)
    return Profile(name, Machine.here(), grid, kernels, errors)


def picoseconds(call: Callable[[], Any]) -> int:
    """What a call takes: the least of some runs after a first one."""
    call()
    clock, times = _clock(), list[int]()
    until = time.perf_counter() + PATIENCE
    while len(times) < LEAST_RUNS or (len(times) < RUNS and time.perf_counter() < until):
        started = clock()
        call()
        times.append(clock() - started)
    return max(1, round(min(times) * (SECOND // 10**9)))


def _clock() -> Callable[[], int]:
    """What tells nanoseconds: on one thread the processor's, so that other programs do not count."""
    fine = time.get_clock_info("process_time").resolution <= FINE
    return time.process_time_ns if fine and Machine.here().threads == 1 else time.perf_counter_ns


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


def _grid(sizes: tuple[int, ...], taken: Sequence[int]) -> Grid:
    count = len(sizes)
    cube = np.array(taken, dtype=np.int64).reshape(count, count, count).tolist()
    return Grid(sizes, rising(cube))


def _grid_error(grid: Grid, cases: Cases) -> float:
    """How far the grid is off at sizes that are not in it."""
    sizes = cases.generator.integers(1, cases.sizes[-1], (20, 3)).tolist()
    calls = [cases.product_of(*each) for each in sizes]
    return _median_error([grid.time(*each) for each in sizes], [picoseconds(call) for call in calls])


def _median_error(predicted: Sequence[float], taken: Sequence[float]) -> float:
    return round(float(median(abs(a / b - 1) for a, b in zip(predicted, taken, strict=True))), 4)
