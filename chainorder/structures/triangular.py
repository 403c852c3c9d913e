"""Triangular Jacobians, of recursions: square, nothing above (below) the diagonal.

A triangle is the widest band on one side, and has the closed forms of bands: products of two on one side are
one again. Where its diagonal is ones, that of the product is, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from chainorder.errors import StructureError
from chainorder.structures.banded import BandPattern, IdentityPattern, band
from chainorder.structures.fragments import choice, flag, given, only
from chainorder.structures.pattern import Pattern
from chainorder.structures.structure import Item, Structure, check_square


@dataclass(frozen=True, repr=False)
class UnitTriangularPattern(BandPattern):
    """A triangle with ones on the diagonal: in products they count like all positions, but are not stored."""

    storage: ClassVar[str] = "rows"
    claim: ClassVar[tuple[str, str]] = "unit triangle", "leave out unit"

    @property
    def entries(self) -> int:
        return self.nnz - self.size

    def transposed(self) -> UnitTriangularPattern:
        return UnitTriangularPattern(self.size, self.upper, self.lower)

    def scaled(self, *, rows: bool) -> Pattern:
        return BandPattern(self.size, self.lower, self.upper)

    def closed_product(self, right: Pattern) -> Pattern | None:
        return self if self == right else super().closed_product(right)

    def agrees(self, csr: Any) -> bool:
        return bool((csr.diagonal() == 1).all())

    def laid_out(self, csr: Any) -> npt.NDArray[Any] | None:
        return Pattern.laid_out(self, csr)

    def random_entries(self, generator: np.random.Generator) -> npt.NDArray[Any]:
        entries = Pattern.random_entries(self, generator)
        rows, columns = self.coordinates()
        entries[rows == columns] = 1
        return entries


@dataclass(frozen=True)
class Triangular(Structure):
    """A square matrix with nothing above the diagonal (with `lower`), or nothing below it.

    Parameters
    ----------
    lower
        Which triangle may be nonzero.
    unit
        Whether all entries of the diagonal are 1.

    Raises
    ------
    StructureError
        If one of them is neither True nor False.
    """

    lower: bool = True
    unit: bool = False
    name = "triangular"
    square = True
    keys: ClassVar = {
        "side": choice(
            "a side", "Which triangle may be nonzero; by default the lower one.", "lower", "upper"
        ),
        "unit": flag("unit", "Whether all entries of the diagonal are 1; by default not."),
    }
    rules: ClassVar = [
        only(given("structure", "triangular"), "only a triangular elemental has it", "side", "unit")
    ]

    def __post_init__(self) -> None:
        for name, value in (("lower", self.lower), ("unit", self.unit)):
            if not isinstance(value, bool | np.bool_):
                raise StructureError(f"{name} is {value!r}; it is True or False", (name,))
            object.__setattr__(self, name, bool(value))

    @classmethod
    def from_spec(cls, item: Item, matrix: Any, shape: tuple[int, int]) -> Self:
        return cls(item.get("side", "lower") == "lower", item.get("unit", False))

    @classmethod
    def drawn(
        cls, generator: np.random.Generator, rows: int, columns: int, density: tuple[float, float]
    ) -> Self:
        return cls(*(generator.random(2) < 0.5).tolist())

    def pattern(self, rows: int, columns: int) -> Pattern:
        size = check_square(self, rows, columns)
        widths = (size - 1, 0) if self.lower else (0, size - 1)
        if not self.unit:
            return band(size, *widths)
        return IdentityPattern(1) if size == 1 else UnitTriangularPattern(size, *widths)

    def transposed(self) -> Triangular:
        return Triangular(not self.lower, self.unit)

    def to_spec(self) -> dict[str, Any]:
        side = {} if self.lower else {"side": "upper"}
        return {"structure": self.name} | side | ({"unit": True} if self.unit else {})

    def __str__(self) -> str:
        side = "lower" if self.lower else "upper"
        return f"{'unit ' if self.unit else ''}{side} triangular"
