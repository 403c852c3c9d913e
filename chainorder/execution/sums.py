"""The sums of operands: where paths of a graph meet."""

from __future__ import annotations

import numpy as np

from chainorder.execution.contraction import add_axes
from chainorder.execution.conversions import banded, compressed
from chainorder.execution.operand import (
    Array,
    AxesOperand,
    BandOperand,
    DenseOperand,
    IdentityOperand,
    Operand,
)
from chainorder.structures.compressed_rows import store
from chainorder.structures.dense import DensePattern


def add(left: Operand, right: Operand) -> Operand:
    """The sum of two operands, in the representation of the union of their patterns."""
    match left, right:
        case DenseOperand(pattern=DensePattern(full=True)), DenseOperand(pattern=DensePattern(full=True)):
            return DenseOperand.full(left.values + right.values)
        case ((BandOperand() | IdentityOperand()), (BandOperand() | IdentityOperand())):
            return _add_bands(_as_band(left), _as_band(right))
        case AxesOperand(), AxesOperand() if (added := add_axes(left, right)) is not None:
            return added
        case _:
            return _add_written_out(left, right)


def _as_band(operand: BandOperand | IdentityOperand) -> BandOperand:
    if isinstance(operand, BandOperand):
        return operand
    return BandOperand(0, 0, np.ones((1, operand.size)))


def _add_bands(left: BandOperand, right: BandOperand) -> Operand:
    lower, upper = max(left.lower, right.lower), max(left.upper, right.upper)
    diagonals = np.zeros((lower + upper + 1, left.size), np.result_type(left.diagonals, right.diagonals))
    for each in (left, right):
        first = lower - each.lower
        diagonals[first : first + len(each.diagonals)] += each.diagonals
    return banded(lower, upper, diagonals)


def _add_written_out(left: Operand, right: Operand) -> Operand:
    """By compressed rows, or full arrays if one is full; positions where the sum cancels stay stored."""
    for each in (left, right):
        if each.pattern.full:
            return DenseOperand.full(_full(left) + _full(right))
    from scipy.sparse import csr_array

    first, second = (csr_array(operand.matrix()) for operand in (left, right))
    symbolic = csr_array(left.pattern.csr() + right.pattern.csr())
    symbolic.sort_indices()
    return compressed(store(csr_array(first + second), symbolic))


def _full(operand: Operand) -> Array:
    matrix = operand.matrix()
    return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())
