"""The order picture of a long chain: what it costs to do away with its inner sizes, summed up along it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.costs.steps import OF_CODE
from chainorder.pictures.colours import ACTIONS
from chainorder.pictures.scene import Area, Axis, Box, Mark, Scene, Text
from chainorder.pictures.words import actions_of, order_caption
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.reading.magnitudes import short

COLUMNS = 120
"""Columns that a long chain is summed up in."""

FUNNEL, GAP, SKYLINE = 0.11, 0.02, 0.3
"""Heights by the width: of the elementals, between them and the columns, of the columns."""


RANGE = "Below, the least and the greatest size of each part."


def long_order(plan: Plan) -> Scene:
    """Columns above a chain, as high as the fma of the operations that stand there: O(length).

    An operation stands above the inner size that it does away with; an accumulation, above its elemental.
    """
    costs = _costs(plan)
    tallest = max(float(costs.sum(axis=0).max()), 1.0)
    marks = (*_funnel(plan.chain), *_skyline(plan, costs, tallest))
    caption = (
        f"{order_caption(plan)} Each column is the fma of the operations at that part of the chain, output "
        f"left; the tallest is {short(tallest)}. {RANGE}"
    )
    y = Axis(-FUNNEL - 0.035, GAP + SKYLINE)
    return Scene(plan.chain.title, marks, Axis(0, 1), y, caption, None, actions_of(plan))


def long_chain(chain: Chain) -> Scene:
    """The least and the greatest size of each part of a chain, output left."""
    y = Axis(-FUNNEL - 0.035, GAP)
    return Scene(chain.title, tuple(_funnel(chain)), Axis(0, 1), y, RANGE, None)


def _costs(plan: Plan) -> npt.NDArray[Any]:
    """The fma by action and column, shape (actions, columns)."""
    o = plan.operations
    names = [str(step.action) for step in OF_CODE]
    at = np.where(o.k > 0, o.k, o.i)
    count = min(COLUMNS, len(plan.chain))
    column = _column(len(plan.chain) - at, len(plan.chain), count)
    fma = np.asarray(o.fma, float)
    action = np.array([list(ACTIONS).index(name) for name in names])[o.step]
    summed = np.zeros((len(ACTIONS), count))
    np.add.at(summed, (action, column), fma)
    return summed


def _column(place: npt.NDArray[Any], length: int, count: int) -> npt.NDArray[np.int64]:
    """The columns of places from 0 to a length."""
    columns: npt.NDArray[np.int64] = np.minimum(place * count // length, count - 1).astype(np.int64)
    return columns


def _skyline(plan: Plan, costs: npt.NDArray[Any], tallest: float) -> Iterator[Mark]:
    scale, count = SKYLINE / tallest, costs.shape[1]
    for column in range(count):
        y = GAP
        for action, fma in zip(ACTIONS, costs[:, column].tolist(), strict=True):
            if fma:
                tip = f"about {short(fma)} fma by {action}, {_range(plan, column, count)}"
                yield Box(column / count, y, 0.85 / count, fma * scale, action, tip=tip)
                y += fma * scale


def _range(plan: Plan, column: int, count: int) -> str:
    length = len(plan.chain)
    first, last = length - (column + 1) * length // count, length - column * length // count
    return f"F{last:,} to F{first + 1:,}"


def _funnel(chain: Chain) -> Iterator[Mark]:
    """The greatest sizes, and the least before them."""
    sizes = np.asarray(chain.sizes, float)[::-1]
    count = min(COLUMNS, len(sizes))
    starts = np.searchsorted(_column(np.arange(len(sizes)), len(sizes), count), np.arange(count))
    middle = -FUNNEL / 2
    for kind, extreme in (("shade", np.maximum), ("elemental", np.minimum)):
        found = extreme.reduceat(sizes, starts)
        half = np.maximum(0.001, FUNNEL / 2 * np.sqrt(found / sizes.max())).tolist()
        edge = [(x / count, h) for column, h in enumerate(half) for x in (column, column + 1)]
        upper, lower = [(x, middle + h) for x, h in edge], [(x, middle - h) for x, h in reversed(edge)]
        yield Area([upper + lower], kind)
    ends = ((0.0, f"output, {short(chain.outputs)}", "start"), (1.0, f"input, {short(chain.inputs)}", "end"))
    for x, text, anchor in ends:
        yield Text(x, -FUNNEL - 0.018, text, anchor, "faint")
