"""What the executor multiplies: a Jacobian in the representation that suits its pattern.

=================  =====================================  ==============================
class              holds                                  of a pattern
=================  =====================================  ==============================
`IdentityOperand`  its size                               `IdentityPattern`
`SelectionOperand`  which rows and columns                `SelectionPattern`
`BandOperand`      one row per diagonal                   `BandPattern`, diagonals too
`DenseOperand`     the filled rows × filled columns       `DensePattern`, well filled `SparsePattern`
`SparseOperand`    compressed rows or columns             any; `SparsePattern`, if nothing else
`AxesOperand`      a tensor, repeated entries once        `AxesPattern`
=================  =====================================  ==============================

An operand knows its pattern from the arrays it holds, not from the plan, so the fma counted from operands
check the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from chainorder.structures.axes import AxesPattern
from chainorder.structures.banded import BandPattern, IdentityPattern
from chainorder.structures.dense import DensePattern
from chainorder.structures.index_sets import sum_at
from chainorder.structures.pattern import Pattern, counted_fma
from chainorder.structures.positions import SparsePattern
from chainorder.structures.selection import SelectionPattern

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class IdentityOperand:
    """The identity: holds nothing."""

    size: int
    format = "identity"

    @property
    def pattern(self) -> Pattern:
        """Where it may be nonzero."""
        return IdentityPattern(self.size)

    def matrix(self) -> Any:
        """As a SciPy sparse array."""
        from scipy.sparse import eye_array

        return eye_array(self.size, format="dia")

    def transposed(self) -> IdentityOperand:
        """Rows and columns exchanged."""
        return self


@dataclass(frozen=True, eq=False)
class SelectionOperand:
    """Some rows or columns of the identity: holds which."""

    pattern: SelectionPattern
    format = "selection"

    def matrix(self) -> Any:
        """As a SciPy sparse array."""
        return self.pattern.csr().astype(np.float64)

    def transposed(self) -> SelectionOperand:
        """Rows and columns exchanged."""
        return SelectionOperand(self.pattern.transposed())


@dataclass(frozen=True, eq=False)
class BandOperand:
    """A square band: `diagonals[d, c]` is the entry in row c + `lower` − d and column c.

    Attributes
    ----------
    lower, upper
        Diagonals below and above the main one.
    diagonals
        Shape (lower + upper + 1, size), from the lowest to the uppermost; places outside the matrix are 0.
    """

    lower: int
    upper: int
    diagonals: Array

    @property
    def format(self) -> str:
        """Name of the representation."""
        return "band" if self.lower or self.upper else "diagonal"

    @property
    def size(self) -> int:
        """Rows and columns."""
        return int(self.diagonals.shape[1])

    @property
    def pattern(self) -> Pattern:
        """Where it may be nonzero."""
        return BandPattern(self.size, self.lower, self.upper)

    def matrix(self) -> Any:
        """As a SciPy sparse array."""
        from scipy.sparse import dia_array

        offsets = np.arange(-self.lower, self.upper + 1)
        return dia_array((self.diagonals, offsets), shape=(self.size, self.size))

    def transposed(self) -> BandOperand:
        """Rows and columns exchanged."""
        diagonals = np.zeros_like(self.diagonals)
        for offset, diagonal in enumerate(self.diagonals, -self.lower):
            columns = np.arange(max(offset, 0), self.size + min(offset, 0))
            diagonals[self.upper - offset, columns - offset] = diagonal[columns]
        return BandOperand(self.upper, self.lower, diagonals)


@dataclass(frozen=True, eq=False)
class DenseOperand:
    """Some rows × some columns of a matrix, zero elsewhere.

    Attributes
    ----------
    values
        Shape (filled rows, filled columns).
    filled
        Which rows and columns those are.
    symbolic
        The pattern, where some of those positions do not belong to it; else None.
    """

    values: Array
    filled: DensePattern
    symbolic: Pattern | None = None
    format = "dense"

    @classmethod
    def full(cls, values: Array) -> DenseOperand:
        """All of a matrix."""
        return cls(values, DensePattern(*values.shape))

    @property
    def pattern(self) -> Pattern:
        """Where it may be nonzero."""
        return self.filled if self.symbolic is None else self.symbolic

    def matrix(self) -> Array:
        """As a NumPy array of the full shape."""
        if self.filled.full:
            return self.values
        matrix = np.zeros(self.filled.shape, self.values.dtype)
        rows, columns = (
            np.arange(size) if filled is None else filled
            for size, filled in zip(matrix.shape, (self.filled.rows, self.filled.columns), strict=True)
        )
        matrix[np.ix_(rows, columns)] = self.values
        return matrix

    def transposed(self) -> DenseOperand:
        """Rows and columns exchanged."""
        symbolic = None if self.symbolic is None else self.symbolic.transposed()
        return DenseOperand(self.values.T, self.filled.transposed(), symbolic)


@dataclass(frozen=True, eq=False)
class SparseOperand:
    """Compressed rows or columns that store a pattern, but for positions where a product cancelled.

    Attributes
    ----------
    stored
        A `scipy.sparse.csr_array` or `scipy.sparse.csc_array`.
    symbolic
        The pattern, where positions of it may not be stored; else None.
    again
        Whether the same operand is multiplied more than once, so that a second orientation of it pays.
    """

    stored: Any
    symbolic: Pattern | None = None
    again: bool = False

    @property
    def format(self) -> str:
        """Name of the representation: ``csr`` or ``csc``."""
        return str(self.stored.format)

    @cached_property
    def csr(self) -> Any:
        """By rows."""
        return self.stored.tocsr()

    @cached_property
    def csc(self) -> Any:
        """By columns."""
        return self.stored.tocsc()

    @cached_property
    def pattern(self) -> Pattern:
        """Where it may be nonzero."""
        if self.symbolic is not None:
            return self.symbolic
        return SparsePattern(self.csr.shape[0], self.csr.shape[1], self.csr.indptr, self.csr.indices)

    def matrix(self) -> Any:
        """As a SciPy sparse array, by rows."""
        return self.csr

    def transposed(self) -> SparseOperand:
        """Rows and columns exchanged."""
        symbolic = None if self.symbolic is None else self.symbolic.transposed()
        return SparseOperand(self.stored.T, symbolic, self.again)


def stored_entries(operand: Operand) -> int:
    """Entries stored for an operand, without making its pattern."""
    if isinstance(operand, SparseOperand) and operand.symbolic is None:
        return int(operand.stored.nnz)
    return operand.pattern.entries


def _full(operand: Operand) -> bool:
    """Whether every position is stored, and belongs to the pattern."""
    return isinstance(operand, DenseOperand) and operand.symbolic is None and operand.filled.full


def fma_between(left: Operand, right: Operand) -> int:
    """fma of the product of two operands, from what they hold."""
    if isinstance(left, SparseOperand) and _full(right):
        return left.pattern.nnz * right.pattern.shape[1]
    if isinstance(right, SparseOperand) and _full(left):
        return right.pattern.nnz * left.pattern.shape[0]
    for one, form, other in ((left, "csr", right), (right, "csc", left)):
        if isinstance(one, SparseOperand) and one.format == form and one.symbolic is None:
            counts = other.pattern.row_counts() if one is left else other.pattern.column_counts()
            return 0 if other.pattern.free else sum_at(counts, one.stored.indices)
    return counted_fma(left.pattern, right.pattern)


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

    def transposed(self) -> AxesOperand:
        """Rows and columns exchanged."""
        order = list(dict.fromkeys((*self.axes.columns, *self.axes.rows)))
        return AxesOperand(self.values.transpose(order), self.axes.transposed())

    def matrix(self) -> Any:
        """As a SciPy sparse array."""
        from scipy.sparse import csr_array

        rows, columns = (self.axes.positions(axes).ravel() for axes in (self.axes.rows, self.axes.columns))
        entries = np.broadcast_to(self.values, self.axes.sizes).ravel()
        return csr_array((entries, (rows, columns)), shape=self.axes.shape)


Operand: TypeAlias = (
    IdentityOperand | SelectionOperand | BandOperand | DenseOperand | SparseOperand | AxesOperand
)
