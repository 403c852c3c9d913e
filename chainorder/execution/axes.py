"""Products of Jacobians with axes: contractions of tensors, each one matrix product or one broadcast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from chainorder.axes import AxesPattern, Joined, aligned, join, product
from chainorder.pattern import BandPattern, DensePattern, Pattern

if TYPE_CHECKING:
    from chainorder.execution.operand import Array, Operand


@dataclass(frozen=True, eq=False)
class AxesOperand:
    """A Jacobian with axes.

    Attributes
    ----------
    values
        One dimension for every axis, of size 1 where entries repeat along it.
    axes
        Its pattern.
    """

    values: Array
    axes: AxesPattern
    format = "axes"

    @property
    def pattern(self) -> AxesPattern:
        """Where it may be nonzero."""
        return self.axes

    def matrix(self) -> Any:
        """As a SciPy sparse array."""
        from scipy.sparse import csr_array

        rows, columns = (self.axes.positions(axes).ravel() for axes in (self.axes.rows, self.axes.columns))
        entries = np.broadcast_to(self.values, self.axes.sizes).ravel()
        return csr_array((entries, (rows, columns)), shape=self.axes.shape)


def contract(left: Operand, right: Operand) -> Operand | None:
    """The product of two operands of which one has axes; None if it has to be written out."""
    contraction = _contraction(_Key.of(left.pattern), _Key.of(right.pattern))
    if contraction is None:
        return None
    a, b = _entries(left, contraction.left), _entries(right, contraction.right)
    return _operand(contraction.values(a, b), contraction.result, contraction.sizes)


@dataclass(frozen=True, slots=True)
class _Key:
    """A pattern by what a contraction depends on; dense patterns are not compared by their positions."""

    kind: type
    shape: tuple[int, int]
    pattern: Pattern | None
    masked: bool = False

    @classmethod
    def of(cls, pattern: Pattern) -> _Key:
        if isinstance(pattern, DensePattern):
            return cls(DensePattern, pattern.shape, None, not pattern.full)
        return cls(
            type(pattern), pattern.shape, pattern if isinstance(pattern, AxesPattern | BandPattern) else None
        )

    @property
    def bound(self) -> Pattern | None:
        """The pattern, if it is full, a band or has axes."""
        if self.kind is DensePattern and not self.masked:
            return DensePattern(*self.shape)
        return self.pattern


@dataclass(frozen=True, slots=True)
class _Contraction:
    """How the tensors of two operands make that of their product: one matrix product, or one broadcast.

    Attributes
    ----------
    left, right
        The axes of the operands.
    result, sizes
        The pattern of the product, and all sizes of its axes.
    joined
        How the axes meet.
    """

    left: AxesPattern
    right: AxesPattern
    result: Pattern
    sizes: tuple[int, ...]
    joined: Joined

    def values(self, a: Array, b: Array) -> Array:
        """The tensor of the product, with a dimension of size 1 for every axis along which entries repeat."""
        joined, sizes = self.joined, self.joined.sizes
        kept = list(dict.fromkeys((*joined.rows, *joined.columns)))
        first = [joined.left[axis] for axis in sorted(self.left.varies)]
        second = [joined.right[axis] for axis in sorted(self.right.varies)]
        a = a.reshape([sizes[axis] for axis in first])
        b = b.reshape([sizes[axis] for axis in second])
        # Entries that repeat along an axis that is summed over count as often as it is long; sums over an
        # axis of one operand come first.
        alone = [sizes[axis] for axis in range(len(sizes)) if axis not in {*kept, *first, *second}]
        a, first = _sum_out(a, first, {*kept, *second})
        b, second = _sum_out(b, second, {*kept, *first})
        present = [axis for axis in kept if axis in {*first, *second}]
        if set(first) & set(second) <= set(kept):
            values = _laid_out(a, first, present) * _laid_out(b, second, present)
        else:
            values = _matmul(a, first, b, second, present)
        if alone:
            values = values * prod(alone)
        result: Array = values.reshape([sizes[axis] if axis in present else 1 for axis in kept])
        return result


@lru_cache(maxsize=1024)
def _contraction(left: _Key, right: _Key) -> _Contraction | None:
    first, second = left.bound, right.bound
    if first is None or second is None:
        return None
    pair, result = aligned(first, second), product(first, second)
    joined = None if pair is None else join(*pair)
    if pair is None or joined is None or result is None:
        return None
    kept = dict.fromkeys((*joined.rows, *joined.columns))
    return _Contraction(*pair, result, tuple(joined.sizes[axis] for axis in kept), joined)


def _entries(operand: Operand, axes: AxesPattern) -> Array:
    """The entries with a dimension for every axis."""
    from chainorder.execution.operand import BandOperand

    if isinstance(operand, AxesOperand):
        return operand.values
    entries = operand.diagonals[0] if isinstance(operand, BandOperand) else operand.matrix()
    values: Array = entries.reshape(axes.sizes)
    return values


def _sum_out(values: Array, axes: list[int], needed: set[int]) -> tuple[Array, list[int]]:
    """Sum over the axes that nothing else has."""
    places = tuple(place for place, axis in enumerate(axes) if axis not in needed)
    return (values.sum(axis=places) if places else values), [axis for axis in axes if axis in needed]


def _laid_out(values: Array, axes: list[int], order: list[int]) -> Array:
    """The tensor with its dimensions in the given order, of size 1 where it does not have one."""
    turned = values.transpose([axes.index(axis) for axis in order if axis in axes])
    return turned.reshape(
        [
            turned.shape[sum(a in axes for a in order[:n])] if axis in axes else 1
            for n, axis in enumerate(order)
        ]
    )


def _matmul(a: Array, first: list[int], b: Array, second: list[int], order: list[int]) -> Array:
    """The sum over the axes of both that are not kept, as a (batched) matrix product."""
    batch = [axis for axis in first if axis in second and axis in order]
    summed = [axis for axis in first if axis in second and axis not in order]
    rows = [axis for axis in first if axis not in second]
    columns = [axis for axis in second if axis not in first]
    lengths = dict(zip((*first, *second), (*a.shape, *b.shape), strict=True))

    def matrix(values: Array, axes: list[int], *groups: list[int]) -> Array:
        turned = values.transpose([axes.index(axis) for group in groups for axis in group])
        shape = [prod(lengths[axis] for axis in group) for group in groups]
        return turned.reshape(shape[1:] if not groups[0] else shape)

    result = np.matmul(matrix(a, first, batch, rows, summed), matrix(b, second, batch, summed, columns))
    there = [*batch, *rows, *columns]
    split = result.reshape([lengths[axis] for axis in there])
    turned: Array = split.transpose([there.index(axis) for axis in order])
    return turned


def _operand(values: Array, pattern: Any, sizes: tuple[int, ...]) -> Operand:
    """The representation of a pattern with these entries."""
    from chainorder.execution.operand import BandOperand, DenseOperand

    if isinstance(pattern, AxesPattern):
        return AxesOperand(values, pattern)
    full = np.broadcast_to(values, sizes)
    if isinstance(pattern, BandPattern):
        return BandOperand(0, 0, full.reshape(1, -1))
    return DenseOperand.full(full.reshape(pattern.shape))


def add_axes(left: AxesOperand, right: AxesOperand) -> AxesOperand | None:
    """The sum of two operands with the same axes; None if they differ."""
    a, b = left.axes, right.axes
    if (a.rows, a.columns, a.sizes) != (b.rows, b.columns, b.sizes):
        return None
    axes = AxesPattern(a.rows, a.columns, a.sizes, a.varies | b.varies)
    return AxesOperand(left.values + right.values, axes)
