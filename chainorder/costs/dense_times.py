"""Times of all products of dense chains at once: the integers of `Grid.time`, in arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from chainorder.costs.evaluations import Accumulation
from chainorder.costs.grids import LN2, POWERS, SMALL, Grid
from chainorder.costs.model import CostModel
from chainorder.costs.tables import Table
from chainorder.problems.chain import Chain
from chainorder.problems.evaluation_time import EvaluationTime
from chainorder.system.compiling import compiled

TOGETHER = 2**14
"""Products that are looked at together: their arrays stay in the cache of a processor."""

LONG = 200
"""Elementals from which the loop is compiled: Numba takes its time to load."""

NEVER = 2**60


class DenseTimes:
    """The tables of a chain of dense elementals, explicit or with measured models.

    The arithmetic is that of `chainorder.costs.grids`, operation by operation, so the results are the same.
    """

    never = NEVER
    dtype = np.dtype(np.int64)

    def __init__(self, model: CostModel, grid: Grid, chain: Chain) -> None:
        self.length = len(chain)
        self.grid = grid
        self._sizes = chain.sizes
        distinct, codes = np.unique(chain.sizes, return_inverse=True)
        self._below, self._weight, self._beyond = (
            np.array(column)[codes] for column in zip(*map(grid.place, distinct.tolist()), strict=True)
        )
        self._logs = np.array(grid.logs)
        kinds = [chain.kind_of(number) for number in range(1, self.length + 1)]
        self.accumulations: Sequence[Accumulation | None] = [
            None if kind.explicit else model.accumulation(kind, chain.pattern(number), chain.memory)
            for number, kind in enumerate(kinds, 1)
        ]
        self._modelled = chain.modelled
        self._tangents = [kind.tangent_time for kind in kinds]
        self._adjoints = [
            None if kind.adjoint_within(chain.memory) is None else kind.adjoint_time for kind in kinds
        ]
        self._fill = compiled_fill() if self.length >= LONG else None

    @staticmethod
    def fits(grid: Grid, chain: Chain) -> bool:
        """Whether no sum of times can overflow, and those of products are exact in floats."""
        largest = int(chain.sizes.max())
        known = [(kind.tangent_time, kind.adjoint_time) for kind in chain.elementals.kinds]
        times = [time.of(largest) for pair in known for time in pair if time is not None]
        product = grid.time(largest, largest, largest)
        most = 4 * len(chain) * max([product, *times])
        _, _, beyond = grid.place(largest)
        return most < NEVER and product.bit_length() < SMALL and 3 * beyond < SMALL

    def leaves(self) -> Table:
        return np.array([0 if each is None else each.cost for each in self.accumulations], np.int64)

    def products(self, d: int, out: Table) -> None:
        rows = self.length - d
        lines, outer = self._lines(d), self._beyond[:rows] + self._beyond[d + 1 :]
        columns = self._below[1:-1], self._weight[1:-1], self._beyond[1:-1]
        if self._fill is not None:
            self._fill(*columns, lines, outer, self.grid.call, _POWERS, _SCALES, out)
            return
        windows = [np.lib.stride_tricks.sliding_window_view(column, d) for column in columns]
        step = max(1, TOGETHER // d)
        for first in range(0, rows, step):
            part = slice(first, first + step)
            below, weight, deeper = (window[part] for window in windows)
            low, high = (np.take_along_axis(lines[part], place, 1) for place in (below, below + 1))
            edge = _powers(low + weight * (high - low))
            out[part] = self._further(edge, outer[part, None] + deeper)

    def _lines(self, d: int) -> Table:
        """Logarithms at the inner sizes of the grid, for the outer sizes of every subchain: (rows, sizes)."""
        rows = self.length - d
        below, above = self._below[d + 1 :], self._below[d + 1 :] + 1
        left, right = self._below[:rows], self._below[:rows] + 1
        s, u = self._weight[d + 1 :, None], self._weight[:rows, None]
        planes = []
        for place in (below, above):
            low, high = self._logs[place, :, left], self._logs[place, :, right]
            planes.append(low + u * (high - low))
        lines: Table = planes[0] + s * (planes[1] - planes[0])
        return lines

    def _further(self, edge: Table, beyond: Table) -> Table:
        """Times beyond the grid: what exceeds that of a call is in proportion."""
        if not beyond.any():
            return edge.astype(np.int64)
        call = self.grid.call
        more = np.minimum(edge, call) + _powers(beyond, np.maximum(edge - call, 0))
        return np.where(beyond > 0, more, edge).astype(np.int64)

    def tangent_steps(self, d: int) -> Table | None:
        """None without models; else of the last elemental of each subchain, along its columns."""
        return self._steps(self._tangents[d:], self._sizes[: self.length - d])

    def adjoint_steps(self, d: int) -> Table | None:
        """The same of the first elemental, along the rows."""
        return self._steps(self._adjoints[: self.length - d], self._sizes[d + 1 :])

    def _steps(self, times: Sequence[EvaluationTime | None], counts: Table) -> Table | None:
        if not self._modelled:
            return None
        pairs = zip(times, counts.tolist(), strict=True)
        return np.array([NEVER if time is None else time.of(count) for time, count in pairs], np.int64)

    def entries(self, d: int) -> Table:
        table: Table = self._sizes[: self.length - d] * self._sizes[d + 1 :]
        return table


def least_time(chain: Chain, grid: Grid) -> int:
    """What every order of a dense explicit chain takes at least.

    Each elemental is a factor of some product, whose third size is at least the least of the chain; each
    product has two factors.
    """
    least, sizes = int(chain.sizes.min()), chain.sizes.tolist()
    pairs = Counter(zip(sizes[1:], sizes[:-1], strict=True))
    times = (min(grid.time(m, n, least), grid.time(least, m, n)) * count for (m, n), count in pairs.items())
    return -(-sum(times) // 2) if len(chain) > 1 else 0


def _powers(exponents: Table, times: Table | int = 1) -> Table:
    """2^exponent times whole numbers, to the nearest whole ones, as floats: `grids._power` of small ones."""
    whole = np.floor(exponents)
    rest = exponents - whole
    place = (rest * 256).astype(np.int64)
    rest -= place / 256
    factor = _POWERS[place] * (1 + rest * (LN2 + rest * (LN2**2 / 2 + rest * (LN2**3 / 6))))
    result: Table = np.floor(factor * _SCALES[whole.astype(np.int64)] * times + 0.5)
    return result


def fill(
    below: Any,
    weight: Any,
    beyond: Any,
    lines: Any,
    outer: Any,
    call: int,
    powers: Any,
    scales: Any,
    out: Any,
) -> None:
    """The same as `DenseTimes.products`, entry by entry: the loop that is compiled."""
    rows, splits = out.shape
    for i in range(rows):
        for t in range(splits):
            low, high = lines[i, below[i + t]], lines[i, below[i + t] + 1]
            exponent, times = low + weight[i + t] * (high - low), 1
            edge = 0
            for turn in range(2):
                whole = int(exponent)
                rest = exponent - whole
                place = int(rest * 256)
                rest -= place / 256
                factor = powers[place] * (1 + rest * (LN2 + rest * (LN2**2 / 2 + rest * (LN2**3 / 6))))
                found = int(factor * scales[whole] * times + 0.5)
                edge = found if turn == 0 else min(edge, call) + found
                exponent, times = outer[i] + beyond[i + t], max(0, edge - call)
                if exponent == 0:
                    break
            out[i, t] = edge


@cache
def compiled_fill() -> Callable[..., None] | None:
    """That loop, compiled; None without Numba."""
    made = compiled(__name__, globals(), [fill])
    return None if made is None else made["fill"]


_POWERS = np.array(POWERS)
_SCALES = 2.0 ** np.arange(SMALL + 1)
