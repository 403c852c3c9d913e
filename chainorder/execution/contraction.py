"""Products of Jacobians with axes: contractions of tensors, each one matrix product or one broadcast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

import numpy as np

from chainorder.execution.operand import Array, AxesOperand, Operand
from chainorder.structures.axes import AxesPattern, aligned, product, product_axes
from chainorder.structures.banded import BandPattern
from chainorder.structures.dense import DensePattern
from chainorder.structures.pattern import Pattern


def contract(left: Operand, right: Operand) -> Operand | None:
    """The product of two operands of which one has axes; None if it has to be written out."""
    keys = _key(left), _key(right)
    contraction = None if keys[0] is None or keys[1] is None else _contraction(*keys)
    if contraction is None:
        return None
    values = contraction.values(_entries(left), _entries(right))
    return _operand(values, contraction.result, contraction.sizes)


_Key: TypeAlias = AxesPattern | BandPattern | tuple[int, int]
"""A pattern that a contraction takes, in a form that is quickly looked up: a full one by its shape."""


def _key(operand: Operand) -> _Key | None:
    """What a contraction with an operand is known by; None if it has to be written out."""
    if type(operand) is AxesOperand:
        return operand.axes
    pattern = operand.pattern
    if type(pattern) is DensePattern:
        return (pattern.height, pattern.width) if pattern.full else None
    return pattern if type(pattern) is BandPattern else None


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the entries of an operand become the matrix, or the tensor, that a contraction multiplies.

    Attributes
    ----------
    varying
        The sizes of the axes along which entries vary.
    alone
        Places of axes that nothing else has: summed over first.
    order, shape
        Of the axes that remain, and what they are reshaped to.
    """

    varying: tuple[int, ...]
    alone: tuple[int, ...]
    order: tuple[int, ...]
    shape: tuple[int, ...]

    def __call__(self, entries: Array) -> Array:
        values = entries.reshape(self.varying)
        if self.alone:
            values = values.sum(axis=self.alone)
        return values.transpose(self.order).reshape(self.shape)


@dataclass(frozen=True, slots=True)
class _Contraction:
    """How the entries of two operands make those of their product: one matrix product, or one broadcast.

    Attributes
    ----------
    left, right
        Layouts of the operands.
    sums
        Whether it is a matrix product.
    repeats
        How often equal entries are added: the lengths of summed axes along which neither operand varies.
    split, order, shape
        The shape of what was multiplied, the order of its axes in the product, and their sizes there, 1 for
        those along which entries repeat.
    result, sizes
        The pattern of the product, and all sizes of its axes.
    """

    left: _Layout
    right: _Layout
    sums: bool
    repeats: int
    split: tuple[int, ...]
    order: tuple[int, ...]
    shape: tuple[int, ...]
    result: Pattern
    sizes: tuple[int, ...]

    def values(self, a: Array, b: Array) -> Array:
        """The tensor of the product."""
        first, second = self.left(a), self.right(b)
        values = np.matmul(first, second) if self.sums else first * second
        if self.repeats > 1:
            values = values * self.repeats
        return values.reshape(self.split).transpose(self.order).reshape(self.shape)


@lru_cache(maxsize=1024)
def _contraction(left: _Key, right: _Key) -> _Contraction | None:
    a, b = (DensePattern(*key) if isinstance(key, tuple) else key for key in (left, right))
    pair, result = aligned(a, b), product(a, b)
    axes = None if pair is None else product_axes(*pair)
    if pair is None or axes is None or result is None:
        return None
    sizes = axes.sizes
    kept = list(dict.fromkeys((*axes.rows, *axes.columns)))
    varying = [
        [numbers[axis] for axis in sorted(each.varies)]
        for each, numbers in zip(pair, (axes.left, axes.right), strict=True)
    ]
    first, second = (
        [axis for axis in own if axis in kept or axis in other] for own, other in (varying, reversed(varying))
    )
    there = {*varying[0], *varying[1]}
    groups = _Groups.of(first, second, kept)
    left_layout, right_layout = (
        _Layout(
            tuple(sizes[axis] for axis in own),
            tuple(place for place, axis in enumerate(own) if axis not in remaining),
            tuple(remaining.index(axis) for group in order for axis in group),
            tuple(prod(sizes[axis] for axis in group) for group in order),
        )
        for own, remaining, order in zip(varying, (first, second), groups.orders(), strict=True)
    )
    made = groups.made()
    return _Contraction(
        left_layout,
        right_layout,
        bool(groups.summed),
        prod(size for axis, size in enumerate(sizes) if axis not in {*kept, *there}),
        tuple(sizes[axis] for axis in made),
        tuple(made.index(axis) for axis in kept if axis in made),
        tuple(sizes[axis] if axis in made else 1 for axis in kept),
        result,
        tuple(sizes[axis] for axis in kept),
    )


@dataclass(frozen=True, slots=True)
class _Groups:
    """The axes of a contraction: those of both that are kept, of one only, and of both that are summed."""

    batch: list[int]
    rows: list[int]
    columns: list[int]
    summed: list[int]

    @classmethod
    def of(cls, first: list[int], second: list[int], kept: list[int]) -> _Groups:
        both = [axis for axis in first if axis in second]
        return cls(
            [axis for axis in both if axis in kept],
            [axis for axis in first if axis not in second],
            [axis for axis in second if axis not in first],
            [axis for axis in both if axis not in kept],
        )

    def orders(self) -> tuple[list[list[int]], list[list[int]]]:
        """The groups of the left and of the right, as dimensions: an empty one has size 1."""
        batch = [self.batch] if self.batch else []
        if self.summed:
            return [*batch, self.rows, self.summed], [*batch, self.summed, self.columns]
        return [*batch, self.rows, []], [*batch, [], self.columns]

    def made(self) -> list[int]:
        """The axes of what was multiplied."""
        return [*self.batch, *self.rows, *self.columns]


def _entries(operand: Operand) -> Array:
    """The entries in any shape, in the order of the axes."""
    from chainorder.execution.operand import BandOperand

    if type(operand) is AxesOperand:
        return operand.values
    entries: Array = operand.diagonals[0] if type(operand) is BandOperand else operand.matrix()
    return entries


def _operand(values: Array, pattern: Any, sizes: tuple[int, ...]) -> Operand:
    """The representation of a pattern with these entries."""
    from chainorder.execution.operand import BandOperand, DenseOperand

    if type(pattern) is AxesPattern:
        return AxesOperand(values, pattern)
    full = values if values.shape == sizes else np.broadcast_to(values, sizes)
    if type(pattern) is BandPattern:
        return BandOperand(0, 0, full.reshape(1, -1))
    return DenseOperand.full(full.reshape(pattern.shape))


def add_axes(left: AxesOperand, right: AxesOperand) -> AxesOperand | None:
    """The sum of two operands with the same axes; None if they differ."""
    a, b = left.axes, right.axes
    if (a.rows, a.columns, a.sizes) != (b.rows, b.columns, b.sizes):
        return None
    axes = AxesPattern(a.rows, a.columns, a.sizes, a.varies | b.varies)
    return AxesOperand(left.values + right.values, axes)
