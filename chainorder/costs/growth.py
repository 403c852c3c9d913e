"""How positions spread along a matrix that is multiplied again and again: a step of a simulation.

On a grid what a row reaches grows as a ball does, with a power of the number of steps that is the dimension;
among random positions it is multiplied by their number. A few rows of a few powers tell which.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np

from chainorder.structures.positions import SparsePattern

ROWS, POWERS = 8, 8
"""How many rows are followed, and how far."""

GOLDEN = 0.6180339887498949
"""Multiples of it are spread evenly, and keep to no line of a grid."""


@dataclass(frozen=True)
class Growth:
    """Positions in a row of the powers of a matrix.

    Attributes
    ----------
    size
        Of the matrix, and so of a row.
    reached
        Of the powers 0, 1, 2 …, in the mean of some rows; rising.
    """

    size: int
    reached: tuple[float, ...]

    @classmethod
    def of(cls, pattern: SparsePattern) -> Growth:
        """That of a square pattern: O(positions that are reached by the rows which are followed)."""
        from scipy.sparse import csr_array

        size, whole, reached = pattern.shape[0], pattern.csr(), [1.0]
        chosen = [int(size * (number * GOLDEN % 1)) for number in range(1, ROWS + 1)]
        places = np.array(chosen, np.int32), np.arange(ROWS + 1, dtype=np.int32)  # as those of matrices
        rows: Any = csr_array((np.ones(ROWS, bool), *places), shape=(ROWS, size))
        while len(reached) <= POWERS and reached[-1] < size / 2:
            rows = rows @ whole
            if rows.nnz / ROWS <= reached[-1]:
                break
            reached.append(rows.nnz / ROWS)
        return cls(size, tuple(reached))

    def after(self, positions: float) -> float:
        """Positions in a row that had so many, after one more product."""
        return max(positions, self._at(self._power(positions) + 1))

    def _power(self, positions: float) -> float:
        """After how many products a row has so many positions; between whole numbers of them linear."""
        known, last = self.reached, len(self.reached) - 1
        if positions >= known[-1]:
            return last * float((positions / known[-1]) ** (1 / self._dimension))
        power = max(0, bisect_right(known, positions) - 1)
        return power + (positions - known[power]) / (known[power + 1] - known[power])

    def _at(self, power: float) -> float:
        """How many there are after so many products, the inverse."""
        known, last = self.reached, len(self.reached) - 1
        if power >= last:
            return min(self.size, known[-1] * float((power / max(1, last)) ** self._dimension))
        below = int(power)
        return known[below] + (power - below) * (known[below + 1] - known[below])

    @property
    def _dimension(self) -> float:
        """The power of the number of products by which the reach grew lately."""
        known, last = self.reached, len(self.reached) - 1
        half = last // 2
        return log2(known[last] / known[half]) / log2(last / half) if half else 1.0
