"""How fast Jacobians of the kinds of functions that people write in JAX are, beside JAX's own modes.

CPU time of one thread, in float64, all ways compiled and in turns: medians over rounds of blocks of calls;
the ratio to the better mode is the median of the ratios of the rounds. Of the first call, tracing, finding
sparsity and planning stand beside compiling the reverse mode.

    python scripts/bench_kinds.py [--markdown] [--small] [-k NAME]
"""

from __future__ import annotations

import os

os.environ["NPROC"] = "1"  # the threads of XLA
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click
import jax
import numpy as np
from kinds import KINDS, Kind, numbers
from tables import show, tell, write_seconds

import chainorder.jax
from chainorder.autodiff.choice import OWN, Choice, Unplanned
from chainorder.jax.api import choice_of
from chainorder.report.model import Report
from chainorder.report.numbers import Cell

ROUNDS, BLOCK_SECONDS, MOST_CALLS = 7, 0.03, 1000

WORST = 0.9
"""What every kind has to reach of the better mode's speed."""

COLUMNS = (
    "function", "jacfwd", "jacrev", "ours", "× better mode", "predicted", "chosen", "trace, find, plan",
    "compile jacrev",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What was measured of a kind; times in CPU seconds.

    Attributes
    ----------
    name
        Of the kind.
    times
        The median of each way that there is.
    ratio, predicted
        How many times as fast as the better mode ours was, and was estimated to be.
    chosen
        What was done.
    planning, compiling
        Tracing, finding sparsity and planning; compiling the reverse mode, or the forward one.
    """

    name: str
    times: dict[str, float]
    ratio: float
    predicted: float
    chosen: str
    planning: float
    compiling: float

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Of the table."""
        times = (
            write_seconds(self.times[way]) if way in self.times else None
            for way in ("jacfwd", "jacrev", "ours")
        )
        first = write_seconds(self.planning), write_seconds(self.compiling)
        return self.name, *times, f"{self.ratio:.2f}", f"{self.predicted:.2f}", self.chosen, *first


def measured(kind: Kind, small: bool) -> Row:
    """One kind: held against JAX, and timed."""
    function, arguments = kind.case(small=small)
    argnums = numbers(arguments)
    choice = choice_of(function, arguments, argnums=argnums)
    planning = min(_planning(function, argnums, arguments) for _ in range(2))
    ways, compiling = {}, 0.0
    for name, mode in (("jacfwd", jax.jacfwd), ("jacrev", jax.jacrev)):
        with suppress(ValueError):  # a loop of unknown length has no reverse mode
            lowered = jax.jit(mode(function, argnums)).lower(*arguments)
            compiling = _cpu_seconds(lowered.compile)
            ways[name] = jax.jit(mode(function, argnums))
    expected = [way(*arguments) for way in ways.values()][-1]
    ways["ours"] = chainorder.jax.jacobian(function, argnums)
    _check(ways["ours"](*arguments), expected)
    seconds = _rounds({name: lambda way=way: way(*arguments) for name, way in ways.items()}, small)
    times = {name: statistics.median(each) for name, each in seconds.items()}
    better = min((name for name in times if name != "ours"), key=lambda name: times[name])
    ratio = statistics.median(np.divide(seconds[better], seconds["ours"]))
    return Row(kind.name, times, ratio, _predicted(choice), _chosen(choice), planning, compiling)


def _planning(function: Callable[..., Any], argnums: Any, arguments: Sequence[Any]) -> float:
    fresh = jax.jit(chainorder.jax.jacobian(lambda *given: function(*given), argnums))
    return _cpu_seconds(lambda: fresh.trace(*arguments))


def _check(made: Any, expected: Any) -> None:
    for ours, theirs in zip(*map(jax.tree.leaves, (made, expected)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9 * float(np.abs(theirs).max(initial=1)))


def _rounds(ways: dict[str, Callable[[], Any]], small: bool) -> dict[str, list[float]]:
    """The seconds of a call of each way, by round."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    calls = {}
    for name, way in ways.items():
        first = min(_cpu_seconds(way) for _ in range(3))
        calls[name] = 1 if small else max(1, min(MOST_CALLS, int(BLOCK_SECONDS / first)))
    for _ in range(1 if small else ROUNDS):
        for name, way in ways.items():
            seconds[name].append(_cpu_seconds(way, calls[name]))
    return seconds


def _cpu_seconds(call: Callable[[], Any], times: int = 1) -> float:
    """The CPU time of a call: the mean of some in a row."""
    started = time.process_time()
    for _ in range(times):
        made = call()
        with suppress(TypeError):  # what is no array is there already
            jax.block_until_ready(made)
    return max(1e-9, time.process_time() - started) / times


def _predicted(choice: Choice | Unplanned) -> float:
    if isinstance(choice, Unplanned):
        return 1.0
    return min(choice.factor(mode) for mode in OWN if mode in choice.times)


def _chosen(choice: Choice | Unplanned) -> str:
    return choice.way if isinstance(choice, Choice) else choice.mode.value


def summary(rows: Sequence[Row]) -> tuple[str, ...]:
    """What the targets are about."""
    ratios = [row.ratio for row in rows]
    slow = [f"{row.name} ({row.ratio:.2f})" for row in rows if row.ratio < WORST]
    off = [max(row.predicted / row.ratio, row.ratio / row.predicted) for row in rows]
    share = [row.planning / row.compiling for row in rows]
    return (
        f"geometric mean {statistics.geometric_mean(ratios):.2f}, at least {min(ratios):.2f};"
        f" {len(slow)} of {len(rows)} below {WORST}{': ' if slow else ''}{', '.join(slow)}",
        f"prediction within {statistics.median(off):.2f} times in the median",
        f"planning takes {statistics.median(share):.2f} of compiling in the median, {max(share):.2f} at most",
    )


@click.command()
@click.option("--markdown", is_flag=True, help="Print Markdown, with what it ran on.")
@click.option("--small", is_flag=True, help="Small sizes, one call of each.")
@click.option("-k", "only", default="", help="Only kinds whose names contain this.")
def main(markdown: bool, small: bool, only: str) -> None:
    """Print the table."""
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)  # threads that wait take CPU time, too
    rows = []
    for kind in KINDS:
        if only in kind.name:
            rows.append(measured(kind, small))
            tell(" | ".join(str(cell) for cell in rows[-1].cells))
    report = Report("Kinds of functions in JAX", COLUMNS, [row.cells for row in rows], summary(rows))
    show([report], markdown, ("numpy", "jax"))


if __name__ == "__main__":
    main()
