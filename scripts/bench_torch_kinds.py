"""How fast Jacobians of the kinds of functions that people write in PyTorch are, beside PyTorch's own ways.

CPU time of one thread, in float64, all ways in turns: medians over rounds of blocks of calls; the ratio is to
the best of jacfwd, jacrev and torch.autograd.functional.jacobian(vectorize=True). The first two calls, which
capture, plan and record, stand beside it in calls of jacrev.

    python scripts/bench_torch_kinds.py [--markdown] [--small] [-k NAME]
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click
import torch
from tables import show, tell, write_seconds
from torch.autograd import functional
from torch.utils import _pytree as pytree
from torch_kinds import KINDS, Kind

from chainorder.autodiff.choice import Choice, Mode
from chainorder.report.model import Report
from chainorder.report.numbers import Cell
from chainorder.torch import jacobian
from chainorder.torch.api import choice_of

ROUNDS, BLOCK_SECONDS, MOST_CALLS = 5, 0.05, 200

WORST = 0.8
"""What every kind has to reach of the best other way's speed."""

COLUMNS = (
    "function", "jacfwd", "jacrev", "functional", "ours", "× best other", "predicted", "chosen", "first calls"
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
        How many times as fast as the best other way ours was, and as the better mode was estimated to be.
    chosen
        What was done.
    first
        The first two calls, in calls of jacrev.
    """

    name: str
    times: dict[str, float]
    ratio: float
    predicted: float | None
    chosen: str
    first: float

    @property
    def cells(self) -> tuple[Cell, ...]:
        """They as a line of a table."""
        times = (self.times.get(way) for way in COLUMNS[1:5])
        shown = (None if each is None else write_seconds(each) for each in times)
        predicted = None if self.predicted is None else round(self.predicted, 2)
        return self.name, *shown, round(self.ratio, 2), predicted, self.chosen, round(self.first, 1)


def vectorised(function: Callable[..., Any], argument: Any) -> Callable[..., Any] | None:
    """`torch.autograd.functional.jacobian`, where it takes the argument and the output."""
    if not isinstance(argument, torch.Tensor) or not isinstance(function(argument), torch.Tensor):
        return None
    return lambda x: functional.jacobian(function, x, vectorize=True)


def seconds(call: Callable[[], Any], calls: int = 1) -> float:
    """CPU time of a call."""
    started = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - started) / calls


def measured(kind: Kind, small: bool) -> Row:
    """All ways in turns."""
    function, argument = kind.case(small=small)
    ours, theirs = jacobian(function), torch.func.jacrev(function)
    expected = theirs(argument)
    first = seconds(lambda: [ours(argument) for _ in range(2)])
    for mine, other in zip(*map(pytree.tree_leaves, (ours(argument), expected)), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-6, atol=1e-8)
    ways = {"ours": ours, "jacrev": theirs, "jacfwd": torch.func.jacfwd(function)}
    ways |= {"functional": vectorised(function, argument)}
    calls = {}
    for name, way in ways.items():
        with suppress(RuntimeError, NotImplementedError, TypeError):
            once = min(seconds(lambda way=way: way(argument)) for _ in range(2))
            calls[name] = max(1, min(MOST_CALLS, int(BLOCK_SECONDS / max(once, 1e-6))))
    rounds = [
        {name: seconds(lambda way=ways[name]: way(argument), count) for name, count in calls.items()}
        for _ in range(1 if small else ROUNDS)
    ]
    times = {name: statistics.median(each[name] for each in rounds) for name in calls}
    ratio = statistics.median(
        min(t for n, t in each.items() if n != "ours") / each["ours"] for each in rounds
    )
    choice = choice_of(function, (argument,))
    planned = isinstance(choice, Choice)
    predicted = (
        min(choice.factor(m) for m in (Mode.FORWARD, Mode.REVERSE) if m in choice.times) if planned else None
    )
    return Row(
        kind.name, times, ratio, predicted, choice.mode.value if planned else "left", first / times["jacrev"]
    )


@click.command()
@click.option("--markdown", is_flag=True, help="Print Markdown, with what it ran on.")
@click.option("--small", is_flag=True, help="Small sizes, one round.")
@click.option("-k", "part", default="", help="Only kinds whose names contain this.")
def main(markdown: bool, small: bool, part: str) -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows = []
    for kind in KINDS:
        if part in kind.name:
            rows.append(measured(kind, small))
            tell(" ".join(str(cell) for cell in rows[-1].cells))
    ratios = [row.ratio for row in rows]
    notes = (
        f"{len(rows)} kinds, geometric mean {statistics.geometric_mean(ratios):.2f}",
        f"below {WORST}: {sum(ratio < WORST for ratio in ratios)}, above 1.2: {sum(r > 1.2 for r in ratios)}",
    )
    show(
        [Report("kinds of functions in PyTorch", COLUMNS, [row.cells for row in rows], notes)],
        markdown,
        ["torch"],
    )


if __name__ == "__main__":
    main()
