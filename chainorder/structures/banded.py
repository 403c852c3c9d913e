"""Diagonals and bands: closed forms of what they hold and what multiplying them costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from chainorder.errors import StructureError
from chainorder.structures.compressed_rows import check_explicit
from chainorder.structures.dense import DensePattern
from chainorder.structures.fragments import MOST, given, needs, only, whole
from chainorder.structures.index_sets import (
    IndexSet,
    IntArray,
    around,
    exact,
    listed,
    ranges,
    spread,
    sum_of,
)
from chainorder.structures.pattern import Bits, Pattern
from chainorder.structures.structure import Structure, check_square, draw


@dataclass(frozen=True, slots=True, repr=False)
class IdentityPattern(Pattern):
    """The identity of the given size: nothing is stored and products with it are free."""

    size: int

    storage: ClassVar[str] = "identity"
    claim: ClassVar[tuple[str, str]] = "identity", "declare it diagonal"

    @property
    def shape(self) -> tuple[int, int]:
        return self.size, self.size

    @property
    def nnz(self) -> int:
        return self.size

    @property
    def entries(self) -> int:
        return 0

    @property
    def free(self) -> bool:
        return True

    @property
    def neutral(self) -> bool:
        return True

    @property
    def diagonal(self) -> bool:
        return True

    @property
    def row_count(self) -> int:
        return 1

    @property
    def column_count(self) -> int:
        return 1

    def row_counts(self, rows: IndexSet = None) -> IntArray:
        return np.ones_like(listed(self.size, rows))

    def column_counts(self, columns: IndexSet = None) -> IntArray:
        return self.row_counts(columns)

    def columns_from(self, rows: IndexSet) -> IndexSet:
        return rows

    def rows_into(self, columns: IndexSet) -> IndexSet:
        return columns

    def coordinates(self) -> tuple[IntArray, IntArray]:
        return listed(self.size), listed(self.size)

    def transposed(self) -> IdentityPattern:
        return self

    def scaled(self, *, rows: bool) -> BandPattern:
        return BandPattern(self.size, 0, 0)

    def closed_union(self, other: Pattern) -> Pattern | None:
        return BandPattern(self.size, 0, 0).closed_union(other)

    def closed_colour_count(self) -> int:
        return 1

    def closed_colours(self) -> IntArray:
        return np.zeros(self.size, np.int64)

    def closed_reach(self, bits: Bits) -> Bits:
        return bits

    def agrees(self, csr: Any) -> bool:
        from scipy.sparse import csr_array, eye_array

        return not (csr != csr_array(eye_array(self.size))).nnz

    def laid_out(self, csr: Any) -> npt.NDArray[Any]:
        """None."""
        return np.empty(0)

    def random_entries(self, generator: np.random.Generator) -> npt.NDArray[Any]:
        return np.empty(0)


@dataclass(frozen=True, slots=True, repr=False)
class BandPattern(Pattern):
    """A square band: positions (r, c) with −`lower` ≤ c − r ≤ `upper`, clipped at the corners."""

    size: int
    lower: int
    upper: int

    storage: ClassVar[str] = "band"

    @property
    def diagonal(self) -> bool:
        return self.lower == 0 == self.upper

    @property
    def full_diagonal(self) -> bool:
        return True

    @property
    def shape(self) -> tuple[int, int]:
        return self.size, self.size

    @property
    def nnz(self) -> int:
        return int(band_nnz(self.size, self.lower, self.upper))

    @property
    def row_count(self) -> int | None:
        return 1 if self.diagonal else None

    @property
    def column_count(self) -> int | None:
        return self.row_count

    def row_counts(self, rows: IndexSet = None) -> IntArray:
        position = exact(listed(self.size, rows), 4 * self.size)
        counts: IntArray = np.minimum(self.lower, position) + np.minimum(self.upper, self.size - 1 - position)
        return counts + 1

    def column_counts(self, columns: IndexSet = None) -> IntArray:
        return BandPattern(self.size, self.upper, self.lower).row_counts(columns)

    def columns_from(self, rows: IndexSet) -> IndexSet:
        return spread(self.size, rows, self.lower, self.upper)

    def rows_into(self, columns: IndexSet) -> IndexSet:
        return spread(self.size, columns, self.upper, self.lower)

    def rows_at(self, chosen: IntArray) -> tuple[IntArray, IntArray]:
        starts, stops = around(self.size, chosen, self.lower, self.upper)
        check_explicit((len(chosen), self.size), sum_of(stops - starts))
        return stops - starts, ranges(starts, stops)

    def coordinates(self) -> tuple[IntArray, IntArray]:
        check_explicit(self.shape, self.nnz)
        position = listed(self.size)
        starts, stops = around(self.size, position, self.lower, self.upper)
        return np.repeat(position, stops - starts), ranges(starts, stops)

    def transposed(self) -> BandPattern:
        return BandPattern(self.size, self.upper, self.lower)

    def closed_product(self, right: Pattern) -> Pattern | None:
        if isinstance(right, BandPattern):
            return band(self.size, self.lower + right.lower, self.upper + right.upper)
        return right.scaled(rows=True) if self.diagonal else None

    def closed_product_behind(self, left: Pattern) -> Pattern | None:
        return left.scaled(rows=False) if self.diagonal else None

    def closed_fma(self, right: Pattern) -> int | None:
        if isinstance(right, BandPattern):
            return int(band_fma(self.size, self.lower, self.upper, right.lower, right.upper))
        return None

    def closed_union(self, other: Pattern) -> Pattern | None:
        if isinstance(other, IdentityPattern):
            return band(self.size, self.lower, self.upper)
        if isinstance(other, BandPattern):
            return band(self.size, max(self.lower, other.lower), max(self.upper, other.upper))
        return None

    def closed_colour_count(self) -> int:
        return min(self.size, self.lower + self.upper + 1)

    def closed_colours(self) -> IntArray:
        return np.arange(self.size) % self.closed_colour_count()

    def closed_reach(self, bits: Bits) -> Bits:
        return _reach_of_window(bits, self.lower) | _reach_of_window(bits[::-1], self.upper)[::-1]

    def holds(self, rows: IntArray, columns: IntArray) -> npt.NDArray[np.bool_]:
        return np.asarray((rows - columns <= self.lower) & (columns - rows <= self.upper))

    def laid_out(self, csr: Any) -> npt.NDArray[Any] | None:
        """One row per diagonal, from the lowest to the uppermost; by column, 0 outside of the matrix."""
        coo = csr.tocoo()
        diagonals = np.zeros((self.lower + self.upper + 1, self.size), csr.dtype)
        diagonals[coo.col - coo.row + self.lower, coo.col] = coo.data
        return diagonals

    def random_entries(self, generator: np.random.Generator) -> npt.NDArray[Any]:
        if self.diagonal:
            return generator.uniform(0.5, 1.5, (1, self.size))
        count = self.lower + self.upper + 1
        diagonals = np.asarray(generator.standard_normal((count, self.size)) / np.sqrt(count))
        for offset, diagonal in enumerate(diagonals, -self.lower):
            diagonal[: max(offset, 0)] = 0
            diagonal[self.size + min(offset, 0) :] = 0
        return diagonals


def _reach_of_window(bits: Bits, width: int) -> Bits:
    """The bits of each place and as many as `width` before it, by windows of twice the length each time."""
    reached, length = bits.copy(), 1
    while length <= width:
        step = min(length, width + 1 - length)
        reached[step:] |= reached[:-step].copy()
        length += step
    return reached


def band(size: int, lower: int, upper: int) -> Pattern:
    """The square band, clipped to the matrix: dense where it covers all of it."""
    lower, upper = min(lower, size - 1), min(upper, size - 1)
    if lower == upper == size - 1:
        return DensePattern(size, size)
    return BandPattern(size, lower, upper)


@dataclass(frozen=True)
class Diagonal(Structure):
    """An element-wise function: square, nonzero on the diagonal only."""

    name = "diagonal"
    square = True

    def pattern(self, rows: int, columns: int) -> Pattern:
        return BandPattern(check_square(self, rows, columns), 0, 0)


@dataclass(frozen=True)
class Identity(Structure):
    """The identity: square, nothing stored, free to multiply by."""

    name = "identity"
    square = True
    known = True

    def pattern(self, rows: int, columns: int) -> Pattern:
        return IdentityPattern(check_square(self, rows, columns))


@dataclass(frozen=True)
class Banded(Structure):
    """A square band with `lower` diagonals below and `upper` above the main one."""

    lower: int
    upper: int
    name = "banded"
    square = True
    keys: ClassVar = {
        "lower": whole("a bandwidth", "Diagonals below the main one.", 0, maximum=MOST),
        "upper": whole("a bandwidth", "Diagonals above the main one.", 0, maximum=MOST),
    }
    rules: ClassVar = [
        only(given("structure", "banded"), "only a banded elemental has it", "lower", "upper"),
        needs(given("structure", "banded"), "a banded elemental", "lower", "upper"),
    ]

    def __post_init__(self) -> None:
        for name, width in (("lower", self.lower), ("upper", self.upper)):
            if isinstance(width, bool) or not isinstance(width, int | np.integer) or width < 0:
                raise StructureError(
                    f"{name} is {width!r}; a bandwidth is a whole number of at least 0", (name,)
                )
            object.__setattr__(self, name, int(width))

    def pattern(self, rows: int, columns: int) -> Pattern:
        size = check_square(self, rows, columns)
        for name, width in (("lower", self.lower), ("upper", self.upper)):
            if width >= size:
                raise StructureError(
                    f"{name} is {width} in a matrix of {size} rows; a band has at most {size - 1} "
                    "diagonals on a side",
                    (name,),
                )
        return band(size, self.lower, self.upper)

    def transposed(self) -> Banded:
        return Banded(self.upper, self.lower)

    @classmethod
    def drawn(
        cls, generator: np.random.Generator, rows: int, columns: int, density: tuple[float, float]
    ) -> Self:
        return cls(*(draw(generator, (0, rows - 1)) for _ in range(2)))

    def __str__(self) -> str:
        return f"banded({self.lower},{self.upper})"


def band_nnz(size: Any, lower: Any, upper: Any) -> Any:
    """Positions in a clipped square band; integers or integer arrays."""
    return size * (lower + upper + 1) - lower * (lower + 1) // 2 - upper * (upper + 1) // 2


def band_fma(size: Any, lower1: Any, upper1: Any, lower2: Any, upper2: Any) -> Any:
    """Fused multiply–adds of the product of two clipped square bands, in closed form.

    Column k of the left has 1 + min(l₁, N−k) + min(u₁, k) positions and row k of the right
    1 + min(l₂, k) + min(u₂, N−k), with N = size − 1. Multiplied out and summed over k = 0…N, the positions
    of both are left, and sums of min(p, k)·min(q, k) and of min(p, k)·min(q, N−k). Integers or arrays.
    """
    last = size - 1
    counts = band_nnz(size, lower1, upper1) + band_nnz(size, lower2, upper2) - size
    same = _sum_min_min(last, lower1, upper2) + _sum_min_min(last, upper1, lower2)
    opposite = _sum_min_opposite(last, lower2, lower1) + _sum_min_opposite(last, upper1, upper2)
    return counts + same + opposite


def _least(a: Any, b: Any) -> Any:
    """The smaller one; of Python ints a Python int, which NumPy would make an int64."""
    arrays = isinstance(a, np.ndarray) or isinstance(b, np.ndarray)
    return np.minimum(a, b) if arrays else min(a, b)


def _sum_min(last: Any, p: Any) -> Any:
    """Σ_{k=0…N} min(p, k), p ≤ N."""
    return p * (p + 1) // 2 + p * (last - p)


def _sum_min_min(last: Any, p: Any, q: Any) -> Any:
    """Σ_{k=0…N} min(p, k)·min(q, k)."""
    p, q = _least(p, q), -_least(-p, -q)
    squares = p * (p + 1) * (2 * p + 1) // 6
    return squares + p * (q - p) * (p + q + 1) // 2 + (last - q) * p * q


def _sum_min_opposite(last: Any, p: Any, q: Any) -> Any:
    """Σ_{k=0…N} min(p, k)·min(q, N−k).

    Σ of p·min(q, N−k) less what the small k take from it, Σ_{k<p} (p−k)·min(q, N−k); there min(q, N−k)
    falls short of q by k−(N−q) only beyond N−q.
    """
    short = -_least(last + 1 - p - q, 0)  # the k in N−q+1 … p−1, where both are clipped
    missing = q * p * (p + 1) // 2 - short * (short + 1) * (short + 2) // 6
    return p * _sum_min(last, q) - missing
