"""Where Jacobians may be nonzero: those of the elementals of a chain, and those that a plan makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.costs.steps import replay
from chainorder.pictures.scene import LINE, Area, Axis, Box, Mark, Scene, Text
from chainorder.plans.chain_plan import Plan
from chainorder.plans.names import Names
from chainorder.problems.chain import Chain
from chainorder.reading.magnitudes import short
from chainorder.structures.pattern import Pattern

GRID = 64
"""Cells that the longer side of a pattern is drawn by: one holds many positions of a large one."""

LISTED = 20_000_000
"""Positions that are listed for that; patterns with more are drawn as a grey block."""

MOST, ROW, PANEL = 24, 6, 0.82
"""Patterns that are drawn, how many of them in a row, and how wide one is in its room."""


def of_chain(chain: Chain) -> Scene:
    """The patterns of the elementals, output first."""
    numbers, names = range(len(chain), max(0, len(chain) - MOST), -1), Names(chain)
    named = ((names.label(number), chain.pattern(number)) for number in numbers)
    return _scene(f"{chain.title}: patterns", named, len(chain))


def of_plan(plan: Plan) -> Scene:
    """The patterns of what each operation yields."""
    return _scene(f"{plan.chain.title}: patterns of results", _results(plan), len(plan.operations))


def _results(plan: Plan) -> Iterator[tuple[str, Pattern]]:
    chain = plan.chain
    first = plan.operations[:MOST]
    used = {n for each in first for n in range(each.i, each.j + 1)}
    live = {(n, n): chain.pattern(n) for n in used}

    def make(instruction: Any, operands: list[Pattern]) -> Pattern:
        if instruction.through is not None:
            made: Pattern = instruction.how.pattern(chain.pattern(instruction.through), operands)
            return made
        left, *right = operands
        return left @ right[0] if right else left

    steps = plan.operations.steps.instructions()
    for instruction, result in replay(islice(steps, MOST), live, make):
        yield plan.names.node(*instruction.result), result


def _scene(title: str, named: Iterable[tuple[str, Pattern]], count: int) -> Scene:
    """Patterns in rows, each as large as its room allows; the shape and what is filled below."""
    kept = list(islice(named, MOST))
    columns = max(3, min(ROW, len(kept)))
    below = 3.4 * LINE * columns
    rows = -(-len(kept) // columns)
    marks: list[Mark] = []
    for place, (name, pattern) in enumerate(kept):
        row, column = divmod(place, columns)
        marks += _panel(
            name, pattern, column + (1 - PANEL) / 2, -(row + 1) * (PANEL + below) + below, columns
        )
    left = f" The first {len(kept)} of {count:,}." if count > len(kept) else ""
    y = Axis(-rows * (PANEL + below), 0.05)
    caption = f"Dark: may be nonzero. A cell of a large one is dark if one of its positions is.{left}"
    return Scene(title, tuple(marks), Axis(0, columns), y, caption)


def _panel(name: str, pattern: Pattern, x: float, y: float, columns: int) -> Iterator[Mark]:
    rows, inputs = pattern.shape
    scale = PANEL / max(rows, inputs)
    width, height = max(0.01, inputs * scale), max(0.01, rows * scale)
    left, top = x + (PANEL - width) / 2, y + (PANEL + height) / 2
    filled = pattern.nnz / (rows * inputs)
    tip = f"{name}: {rows:,} × {inputs:,}, {pattern.nnz:,} positions ({filled:.2%})"
    yield Box(left, top - height, width, height, "shade", tip=tip)
    cells = grid(pattern)
    if cells is None:
        yield Text(x + PANEL / 2, y + PANEL / 2, "too many", kind="faint")
    else:
        yield Area(list(_runs(cells, left, top, width, height)), "entry", tip)
    line = LINE * columns
    yield Text(x + PANEL / 2, y - 0.7 * line, name, kind="strong")
    yield Text(x + PANEL / 2, y - 1.7 * line, f"{short(rows)} × {short(inputs)}", kind="faint")
    yield Text(x + PANEL / 2, y - 2.7 * line, f"{100 * filled:.3g}%", kind="faint")


def grid(pattern: Pattern) -> npt.NDArray[np.bool_] | None:
    """Which cells of a grid hold a position, at most `GRID` to a side; None where that is too much work."""
    shape = tuple(min(GRID, size) for size in pattern.shape)
    if pattern.full:
        return np.ones(shape, bool)
    if pattern.nnz > LISTED:
        return None
    cells = np.zeros(shape, bool)
    rows, columns = pattern.coordinates()
    cells[rows * shape[0] // pattern.shape[0], columns * shape[1] // pattern.shape[1]] = True
    return cells


def _runs(
    cells: npt.NDArray[np.bool_], left: float, top: float, width: float, height: float
) -> Iterator[list[tuple[float, float]]]:
    """The dark cells as rectangles: neighbours in a row as one, and those of equal rows, too."""
    rows, columns = cells.shape
    changes = np.flatnonzero((cells[1:] != cells[:-1]).any(axis=1)) + 1
    for row, end in pairwise([0, *changes.tolist(), rows]):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], cells[row], [False]]).astype(np.int8)))
        y0, y1 = top - height * row / rows, top - height * end / rows
        for first, last in edges.reshape(-1, 2).tolist():
            x0, x1 = left + width * first / columns, left + width * last / columns
            yield [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
