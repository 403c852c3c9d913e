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
from math import prod
from typing import Any, ClassVar

import numpy as np

from chainorder.errors import StructureError
from chainorder.structures.compressed_rows import check_explicit
from chainorder.structures.index_sets import IndexSet, IntArray, listed
from chainorder.structures.pattern import BandPattern, DensePattern, IdentityPattern, Pattern, SparsePattern
from chainorder.structures.structure import Structure


@dataclass(frozen=True, slots=True)
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

    multiplies_itself: ClassVar[bool] = True

    def __matmul__(self, right: Pattern) -> Pattern:
        if isinstance(right, IdentityPattern):
            return self
        closed = product(self, right)
        return SparsePattern.of(self.csr()) @ right if closed is None else closed

    def __rmatmul__(self, left: Pattern) -> Pattern:
        closed = product(left, self)
        return left @ SparsePattern.of(self.csr()) if closed is None else closed

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
        return None if rows is None else SparsePattern.of(self.csr()).columns_from(rows)

    def rows_into(self, columns: IndexSet) -> IndexSet:
        return None if columns is None else SparsePattern.of(self.csr()).rows_into(columns)

    def csr(self) -> Any:
        from scipy.sparse import csr_array

        check_explicit(self.shape, self.nnz)
        rows, columns = (self.positions(axes).ravel() for axes in (self.rows, self.columns))
        return csr_array((np.ones(self.nnz, bool), (rows, columns)), shape=self.shape)

    def coordinates(self) -> tuple[IntArray, IntArray]:
        return SparsePattern.of(self.csr()).coordinates()

    def transposed(self) -> AxesPattern:
        """Rows and columns exchanged; axes are numbered anew."""
        order = list(dict.fromkeys((*self.columns, *self.rows)))
        return AxesPattern(
            tuple(map(order.index, self.columns)),
            tuple(map(order.index, self.rows)),
            self.lengths(order),
            frozenset(map(order.index, self.varies)),
        )

    def positions(self, axes: Sequence[int]) -> IntArray:
        """The row (column) number of every entry, shape `sizes`."""
        numbers = np.arange(self._count(axes)).reshape(self.lengths(axes))
        kept = sorted(axes)
        spread = [self.sizes[axis] if axis in axes else 1 for axis in range(len(self.sizes))]
        turned = numbers.transpose([list(axes).index(axis) for axis in kept])
        return np.broadcast_to(turned.reshape(spread), self.sizes)

    def lengths(self, axes: Sequence[int]) -> tuple[int, ...]:
        """The sizes of some axes."""
        return tuple(self.sizes[axis] for axis in axes)

    def _count(self, axes: Any) -> int:
        return prod(self.sizes[axis] for axis in axes)


@dataclass(frozen=True)
class Axes(Structure):
    """A Jacobian with axes, as of tensors: `rows` and `columns` name them, outer first.

    Attributes
    ----------
    rows, columns
        Names of axes.
    sizes
        Pairs of a name and its size.
    varies
        The axes along which entries differ.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    sizes: tuple[tuple[str, int], ...]
    varies: tuple[str, ...]
    name = "axes"

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
                f"axes of {bound.shape[0]} × {bound.shape[1]} where {rows} × {columns} is stated; agree"
            )
        return reduced(bound)


@dataclass(frozen=True, slots=True)
class Joined:
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


def join(left: AxesPattern, right: AxesPattern) -> Joined | None:
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
    return Joined(tuple(range(len(left.sizes))), tuple(numbers), tuple(sizes), left.rows, columns)


def product(left: Pattern, right: Pattern) -> Pattern | None:
    """The pattern of a product with axes; None if it has to be written out."""
    pair = aligned(left, right)
    joined = None if pair is None else join(*pair)
    if pair is None or joined is None:
        return None
    kept = list(dict.fromkeys((*joined.rows, *joined.columns)))
    varying = {joined.left[axis] for axis in pair[0].varies} | {joined.right[axis] for axis in pair[1].varies}
    return reduced(
        AxesPattern(
            tuple(map(kept.index, joined.rows)),
            tuple(map(kept.index, joined.columns)),
            tuple(joined.sizes[axis] for axis in kept),
            frozenset(kept.index(axis) for axis in varying if axis in kept),
        )
    )


def aligned(left: Pattern, right: Pattern) -> tuple[AxesPattern, AxesPattern] | None:
    """Both patterns with axes that meet; None if one has none."""
    if isinstance(left, AxesPattern):
        turned = right if isinstance(right, AxesPattern) else view(right, left.lengths(left.columns), None)
        return None if turned is None else (left, turned)
    if isinstance(right, AxesPattern):
        turned = view(left, None, right.lengths(right.rows))
        return None if turned is None else (turned, right)
    return None


def view(
    pattern: Pattern, rows: tuple[int, ...] | None, columns: tuple[int, ...] | None
) -> AxesPattern | None:
    """A full or diagonal matrix with the given axes on one side; None for others."""
    match pattern:
        case DensePattern(full=True):
            rows = pattern.shape[:1] if rows is None else rows
            columns = pattern.shape[1:] if columns is None else columns
            sizes = (*rows, *columns)
            axes = tuple(range(len(sizes)))
            return AxesPattern(axes[: len(rows)], axes[len(rows) :], sizes, frozenset(axes))
        case BandPattern(diagonal=True):
            sizes = next((sizes for sizes in (rows, columns) if sizes is not None), ())
            axes = tuple(range(len(sizes)))
            return AxesPattern(axes, axes, sizes, frozenset(axes))
        case _:
            return None


def reduced(pattern: AxesPattern) -> Pattern:
    """The same positions as a dense or diagonal pattern, where they are."""
    if pattern.rows == pattern.columns:
        return BandPattern(pattern.shape[0], 0, 0)
    if not set(pattern.rows) & set(pattern.columns):
        return DensePattern(*pattern.shape)
    return pattern
