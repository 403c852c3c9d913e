"""Diagonals and bands: closed forms of what they hold and what multiplying them costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainorder.errors import StructureError
from chainorder.structures.pattern import (
    BandPattern,
    IdentityPattern,
    Pattern,
    band,
)
from chainorder.structures.structure import Structure, square


@dataclass(frozen=True)
class Diagonal(Structure):
    """An element-wise function: square, nonzero on the diagonal only."""

    name = "diagonal"

    def pattern(self, rows: int, columns: int) -> Pattern:
        return BandPattern(square(self, rows, columns), 0, 0)


@dataclass(frozen=True)
class Identity(Structure):
    """The identity: square, nothing stored, free to multiply by."""

    name = "identity"

    def pattern(self, rows: int, columns: int) -> Pattern:
        return IdentityPattern(square(self, rows, columns))


@dataclass(frozen=True)
class Banded(Structure):
    """A square band with `lower` diagonals below and `upper` above the main one."""

    lower: int
    upper: int
    name = "banded"

    def __post_init__(self) -> None:
        for name, width in (("lower", self.lower), ("upper", self.upper)):
            if isinstance(width, bool) or not isinstance(width, int | np.integer) or width < 0:
                raise StructureError(f"{name} is {width!r}; a bandwidth is a whole number of at least 0")
            object.__setattr__(self, name, int(width))

    def pattern(self, rows: int, columns: int) -> Pattern:
        size = square(self, rows, columns)
        for name, width in (("lower", self.lower), ("upper", self.upper)):
            if width >= size:
                raise StructureError(
                    f"{name} is {width} in a matrix of {size} rows; a band has at most {size - 1} "
                    "diagonals on a side"
                )
        return band(size, self.lower, self.upper)

    def __str__(self) -> str:
        return f"banded({self.lower},{self.upper})"
