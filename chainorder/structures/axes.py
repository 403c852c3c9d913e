"""Patterns with axes: Jacobians of tensors, which are Kronecker products of identities and full blocks.

The rows and the columns of such a matrix run over axes, in C order; an axis that rows and columns share is
linked: entries are there only where both have the same position on it. So ``I_m ⊗ xᵀ``, the Jacobian of W x
with respect to W, has the rows (i) and the columns (i, j); ``I_B ⊗ W``, that of a batch of products with
one W, has the rows (b, i) and the columns (b, j). Entries may also repeat along an axis, as x and W do
here, and are then stored once. A product over axes of the same sizes is of the same kind: nothing is ever
written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, prod
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from chainorder.errors import StructureError
from chainorder.structures.banded import BandPattern
from chainorder.structures.compressed_rows import check_explicit
from chainorder.structures.dense import DensePattern
from chainorder.structures.fragments import MOST, given, listing, needs, only, text, whole
from chainorder.structures.index_sets import IndexSet, IntArray, listed
from chainorder.structures.pattern import Pattern
from chainorder.structures.structure import Item, Structure


@dataclass(frozen=True, slots=True, repr=False)
class AxesPattern(Pattern):
    """Positions (r, c) where the shared axes of r and c agree.

    Attributes
    ----------
    rows, columns
        The axes, outer first: places in `sizes`, each at most once on a side. Rows are numbered 0, 1, …
    sizes
        How many positions every axis has.
    varies
        The axes along which entries differ; along others they repeat.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    sizes: tuple[int, ...]
    varies: frozenset[int]

    storage: ClassVar[str] = "axes"

    @property
    def shape(self) -> tuple[int, int]:
        return self._count(self.rows), self._count(self.columns)

    @property
    def nnz(self) -> int:
        return prod(self.sizes)

    @property
    def entries(self) -> int:
        return self._count(self.varies)

    @property
    def full_diagonal(self) -> bool:
        """Whether rows and columns are numbered alike."""
        linked = [axis for axis in self.rows if axis in self.columns]
        alike = all(self.rows.index(axis) == self.columns.index(axis) for axis in linked)
        return alike and self.lengths(self.rows) == self.lengths(self.columns)

    @property
    def row_count(self) -> int:
        return self._count(set(self.columns) - set(self.rows))

    @property
    def column_count(self) -> int:
        return self._count(set(self.rows) - set(self.columns))

    @property
    def values_shape(self) -> tuple[int, ...]:
        """The shape of its entries: a dimension for every axis, of size 1 where they repeat."""
        return tuple(size if axis in self.varies else 1 for axis, size in enumerate(self.sizes))

    def row_counts(self, rows: IndexSet = None) -> IntArray:
        return np.full(len(listed(self.shape[0], rows)), self.row_count)

    def column_counts(self, columns: IndexSet = None) -> IntArray:
        return np.full(len(listed(self.shape[1], columns)), self.column_count)

    def columns_from(self, rows: IndexSet) -> IndexSet:
        return None if rows is None else self.listed.columns_from(rows)

    def rows_into(self, columns: IndexSet) -> IndexSet:
        return None if columns is None else self.listed.rows_into(columns)

    def coordinates(self) -> tuple[IntArray, IntArray]:
        check_explicit(self.shape, self.nnz)
        rows, columns = (self.positions(axes).ravel() for axes in (self.rows, self.columns))
        order = np.lexsort((columns, rows))
        return rows[order], columns[order]

    def transposed(self) -> AxesPattern:
        """Rows and columns exchanged; axes are numbered anew."""
        order = list(dict.fromkeys((*self.columns, *self.rows)))
        return AxesPattern(
            tuple(map(order.index, self.columns)),
            tuple(map(order.index, self.rows)),
            self.lengths(order),
            frozenset(map(order.index, self.varies)),
        )

    def scaled(self, *, rows: bool) -> AxesPattern:
        own = self.rows if rows else self.columns
        return AxesPattern(self.rows, self.columns, self.sizes, self.varies | set(own))

    def closed_product(self, right: Pattern) -> Pattern | None:
        return product(self, right)

    def closed_product_behind(self, left: Pattern) -> Pattern | None:
        return product(left, self)

    def closed_union(self, other: Pattern) -> Pattern | None:
        if isinstance(other, AxesPattern) and self._places == other._places:
            return AxesPattern(*self._places, self.varies | other.varies)
        return None

    @property
    def _places(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """All that says where positions are."""
        return self.rows, self.columns, self.sizes

    def closed_colour_count(self) -> int:
        return self.row_count

    def closed_colours(self) -> IntArray:
        """Columns that differ on a linked axis meet in no row: only the other axes tell colours apart."""
        own = [axis for axis in self.columns if axis not in self.rows]
        size = self.shape[1]
        numbers = np.unravel_index(np.arange(size), self.lengths(self.columns))
        kept = [numbers[self.columns.index(axis)] for axis in own]
        return np.ravel_multi_index(kept, self.lengths(own)) if own else np.zeros(size, np.int64)

    def laid_out(self, csr: Any) -> npt.NDArray[Any] | None:
        """One dimension for every axis, of size 1 where entries repeat along it; None if they do not."""
        rows, columns = (self.positions(axes).ravel() for axes in (self.rows, self.columns))
        tensor = np.asarray(csr[rows, columns]).reshape(self.sizes)
        first = tensor[tuple(slice(None if axis in self.varies else 1) for axis in range(len(self.sizes)))]
        return first if np.array_equal(np.broadcast_to(first, self.sizes), tensor) else None

    def random_entries(self, generator: np.random.Generator) -> npt.NDArray[Any]:
        return np.asarray(generator.standard_normal(self.values_shape) / np.sqrt(self.row_count))

    def positions(self, axes: Sequence[int]) -> IntArray:
        """The row (column) number of every entry, shape `sizes`."""
        numbers = np.arange(self._count(axes)).reshape(self.lengths(axes))
        kept = sorted(axes)
        spread = [self.sizes[axis] if axis in axes else 1 for axis in range(len(self.sizes))]
        ordered = numbers.transpose([list(axes).index(axis) for axis in kept])
        return np.broadcast_to(ordered.reshape(spread), self.sizes)

    def lengths(self, axes: Sequence[int]) -> tuple[int, ...]:
        """The sizes of some axes."""
        return tuple(self.sizes[axis] for axis in axes)

    def _count(self, axes: Any) -> int:
        return prod(self.sizes[axis] for axis in axes)


AXIS = text("a name", "Of an axis.")


@dataclass(frozen=True)
class Axes(Structure):
    """A Jacobian with axes, as of tensors: `rows` and `columns` name them, outer first.

    Attributes
    ----------
    rows, columns
        Names of axes, each at most once on a side.
    sizes
        Pairs of a name and its size; those of no axis are left out.
    varies
        The axes along which entries differ.

    Raises
    ------
    StructureError
        If a side names an axis twice, or an axis has no size.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    sizes: tuple[tuple[str, int], ...]
    varies: tuple[str, ...]
    name = "axes"
    keys: ClassVar = {
        "axes": {
            "title": "what has axes",
            "description": "Rows and columns that run over axes, as those of tensors do, in C order. Entries "
            "are where both have the same position on the axes that they share.",
            "type": "object",
            "properties": {
                "rows": listing("it", "Names of the axes of the rows, outer first.", 0, AXIS),
                "columns": listing("it", "Names of the axes of the columns, outer first.", 0, AXIS),
                "sizes": {
                    "title": "a mapping",
                    "description": "How many positions each axis has, by its name.",
                    "type": "object",
                    "additionalProperties": whole("a size", "Of an axis.", 1, maximum=MOST),
                },
                "varies": listing("it", "The axes along which entries differ; others repeat them.", 0, AXIS),
            },
            "additionalProperties": False,
            "required": ["rows", "columns", "sizes", "varies"],
        }
    }
    rules: ClassVar = [
        only(given("structure", "axes"), "only what has the structure axes has it", "axes"),
        needs(given("structure", "axes"), "a Jacobian with axes", "axes"),
    ]

    def __post_init__(self) -> None:
        sizes = dict(self.sizes)
        for key in ("rows", "columns", "varies"):
            for place, axis in enumerate(names := getattr(self, key)):
                if axis in names[:place]:
                    raise StructureError(f"{key} has the axis {axis!r} twice; keep one", ("axes", key, place))
                if axis not in (sizes if key != "varies" else (*self.rows, *self.columns)):
                    what = "without a size" if key != "varies" else "of neither rows nor columns"
                    message = f"{key} has the axis {axis!r} {what}; add it, or remove it"
                    raise StructureError(message, ("axes", key, place))
        axes = dict.fromkeys((*self.rows, *self.columns))
        object.__setattr__(self, "sizes", tuple((axis, sizes[axis]) for axis in axes))

    @classmethod
    def from_spec(cls, item: Item, matrix: Any, shape: tuple[int, int]) -> Self:
        stated = item["axes"]
        rows, columns, varies = (tuple(stated[key]) for key in ("rows", "columns", "varies"))
        for axis in stated["sizes"]:
            if axis not in (*rows, *columns):
                message = f"sizes has {axis!r}, which is no axis of rows or columns; remove it"
                raise StructureError(message, ("axes", "sizes", axis))
        return cls(rows, columns, tuple(stated["sizes"].items()), varies)

    def to_spec(self) -> dict[str, Any]:
        names = {key: list(getattr(self, key)) for key in ("rows", "columns", "varies")}
        return {"structure": self.name, "axes": names | {"sizes": dict(self.sizes)}}

    @classmethod
    def drawn(
        cls, generator: np.random.Generator, rows: int, columns: int, density: tuple[float, float]
    ) -> Self:
        linked = gcd(rows, columns)
        sizes = (("l", linked), ("r", rows // linked), ("c", columns // linked))
        varies = tuple(axis for axis in "lrc" if generator.random() < 0.5)
        return cls(("l", "r"), ("l", "c"), sizes, varies)

    def bound(self) -> AxesPattern:
        """Its pattern, of the shape that its axes have; axes are numbered in the order of their names."""
        names = list(dict.fromkeys((*self.rows, *self.columns)))
        sizes = dict(self.sizes)
        return AxesPattern(
            tuple(map(names.index, self.rows)),
            tuple(map(names.index, self.columns)),
            tuple(sizes[name] for name in names),
            frozenset(map(names.index, self.varies)),
        )

    def pattern(self, rows: int, columns: int) -> Pattern:
        bound = self.bound()
        if bound.shape != (rows, columns):
            raise StructureError(
                f"axes of {bound.shape[0]} × {bound.shape[1]} where {rows} × {columns} is stated; make them "
                "agree"
            )
        return reduced(bound)

    def transposed(self) -> Axes:
        return Axes(self.columns, self.rows, self.sizes, self.varies)


@dataclass(frozen=True, slots=True)
class ProductAxes:
    """How the axes of two factors become those of their product.

    Attributes
    ----------
    left, right
        The number, in the product, of every axis of the factors.
    sizes
        Of all those axes, summed ones too.
    rows, columns
        The axes of the product.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]
    sizes: tuple[int, ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]


def product_axes(left: AxesPattern, right: AxesPattern) -> ProductAxes | None:
    """Lay the axes of the left's columns on those of the right's rows; None if their sizes differ."""
    if left.lengths(left.columns) != right.lengths(right.rows):
        return None
    met = dict(zip(right.rows, left.columns, strict=True))
    sizes = list(left.sizes)
    numbers = []
    for axis, size in enumerate(right.sizes):
        if axis not in met:
            met[axis] = len(sizes)
            sizes.append(size)
        numbers.append(met[axis])
    columns = tuple(met[axis] for axis in right.columns)
    return ProductAxes(tuple(range(len(left.sizes))), tuple(numbers), tuple(sizes), left.rows, columns)


def product(left: Pattern, right: Pattern) -> Pattern | None:
    """The pattern of a product with axes; None if it has to be written out."""
    pair = aligned(left, right)
    axes = None if pair is None else product_axes(*pair)
    if pair is None or axes is None:
        return None
    kept = list(dict.fromkeys((*axes.rows, *axes.columns)))
    varying = {axes.left[axis] for axis in pair[0].varies} | {axes.right[axis] for axis in pair[1].varies}
    return reduced(
        AxesPattern(
            tuple(map(kept.index, axes.rows)),
            tuple(map(kept.index, axes.columns)),
            tuple(axes.sizes[axis] for axis in kept),
            frozenset(kept.index(axis) for axis in varying if axis in kept),
        )
    )


def aligned(left: Pattern, right: Pattern) -> tuple[AxesPattern, AxesPattern] | None:
    """Both patterns with axes that meet; None if one has none."""
    if isinstance(left, AxesPattern):
        viewed = right if isinstance(right, AxesPattern) else view(right, left.lengths(left.columns), None)
        return None if viewed is None else (left, viewed)
    if isinstance(right, AxesPattern):
        viewed = view(left, None, right.lengths(right.rows))
        return None if viewed is None else (viewed, right)
    return None


def view(
    pattern: Pattern, rows: tuple[int, ...] | None, columns: tuple[int, ...] | None
) -> AxesPattern | None:
    """A full or diagonal matrix with the given axes on one side; None for others."""
    if pattern.full:
        rows = pattern.shape[:1] if rows is None else rows
        columns = pattern.shape[1:] if columns is None else columns
        sizes = (*rows, *columns)
        axes = tuple(range(len(sizes)))
        return AxesPattern(axes[: len(rows)], axes[len(rows) :], sizes, frozenset(axes))
    if pattern.diagonal:
        sizes = next((sizes for sizes in (rows, columns) if sizes is not None), ())
        axes = tuple(range(len(sizes)))
        return AxesPattern(axes, axes, sizes, frozenset(axes))
    return None


def reduced(pattern: AxesPattern) -> Pattern:
    """The same positions as a dense or diagonal pattern, where they are."""
    if pattern.rows == pattern.columns:
        return BandPattern(pattern.shape[0], 0, 0)
    if not set(pattern.rows) & set(pattern.columns):
        return DensePattern(*pattern.shape)
    return pattern
