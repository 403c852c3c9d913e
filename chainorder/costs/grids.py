"""Times at some sizes, and at all others between and beyond them."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

SMALL = 50
"""Bits of times whose arithmetic in floats is that in whole numbers, with one to spare for rounding."""

LN2 = math.log(2)
POWERS = tuple(2.0 ** (place / 256) for place in range(256))

Cube = tuple[tuple[tuple[int, ...], ...], ...]


@dataclass(frozen=True)
class Grid:
    """What dense products of some sizes take, in all combinations of them.

    Between two sizes the logarithm of the time is linear in the logarithm of the size, which is exact for
    powers; beyond the greatest, what exceeds the time of a call is in proportion to size. A product with a
    small side is then what it was measured to be, and not a small product. The same sizes give the same
    integer, always.

    Attributes
    ----------
    sizes
        Rising, the least is 1.
    picoseconds
        Shape (sizes, sizes, sizes): rows of the left, inner size, columns of the right; at least 1.
    """

    sizes: tuple[int, ...]
    picoseconds: Cube
    logs: tuple[tuple[tuple[float, ...], ...], ...] = field(init=False, repr=False, compare=False)
    _places: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        logs = tuple(tuple(tuple(map(math.log2, row)) for row in plane) for plane in self.picoseconds)
        object.__setattr__(self, "logs", logs)
        object.__setattr__(self, "_places", tuple(map(math.log2, self.sizes)))

    @property
    def call(self) -> int:
        """What the least product takes."""
        return self.picoseconds[0][0][0]

    def __hash__(self) -> int:
        return hash((self.sizes, self.picoseconds[-1][-1]))

    @property
    def least(self) -> int:
        """What no product takes less than: times between sizes lie between those at the sizes."""
        return min(map(min, chain.from_iterable(self.picoseconds)))

    def time(self, m: int, k: int, n: int) -> int:
        """Picoseconds of an m × k matrix times a k × n one; O(log(sizes))."""
        if not (m and k and n):
            return self.call
        return _time(self, m, k, n)

    def place(self, size: int) -> tuple[int, float, float]:
        """The size below one, how far it is on the way to the next, and how far beyond all: in logarithms."""
        last = len(self.sizes) - 1
        if size >= self.sizes[-1]:
            return last - 1, 1.0, math.log2(size) - self._places[-1]
        below = bisect_right(self.sizes, size) - 1
        step = self._places[below + 1] - self._places[below]
        return below, (math.log2(size) - self._places[below]) / step, 0.0


@lru_cache(maxsize=2**16)
def _time(grid: Grid, m: int, k: int, n: int) -> int:
    (a, s, more), (b, t, deeper), (c, u, wider) = map(grid.place, (m, k, n))
    low, high = (
        _between(
            _between(below[place][c], below[place][c + 1], u),
            _between(above[place][c], above[place][c + 1], u),
            s,
        )
        for below, above in (grid.logs[a : a + 2],)
        for place in (b, b + 1)
    )
    edge, call = _power(_between(low, high, t)), grid.call
    beyond = more + deeper + wider
    return edge if not beyond else min(edge, call) + _power(beyond, max(0, edge - call))


def _power(exponent: float, times: int = 1) -> int:
    """2^exponent times a whole number, to the nearest whole one; exponents of any size, at least 0."""
    whole = math.floor(exponent)
    factor = _exp2(exponent - whole)
    if whole + times.bit_length() <= SMALL:
        return math.floor(math.ldexp(factor, whole) * times + 0.5)
    return ((times * int(factor * 2**52) << whole) + 2**51) >> 52


def _exp2(exponent: float) -> float:
    """2^exponent for one from 0 to below 1, by additions and multiplications: the same on every machine."""
    place = int(exponent * 256)
    rest = exponent - place / 256
    factor: float = POWERS[place]
    return factor * (1 + rest * (LN2 + rest * (LN2**2 / 2 + rest * (LN2**3 / 6))))


def _between(low: float, high: float, weight: float) -> float:
    return low + weight * (high - low)


def rising(cube: Sequence[Sequence[Sequence[int]]]) -> Cube:
    """Times of which none is above that of a larger product: what disturbs a measurement only adds to it."""
    import numpy as np

    array = np.array(cube)
    for axis in range(3):
        array = np.flip(np.minimum.accumulate(np.flip(array, axis), axis), axis)
    return tuple(tuple(tuple(row) for row in plane) for plane in array.tolist())
