"""What the executor multiplies: a Jacobian in the representation that suits its pattern.

=================  =====================================  ==============================
class              holds                                  of a pattern
=================  =====================================  ==============================
`IdentityOperand`  its size                               `IdentityPattern`
`SelectionOperand`  which rows and columns                `SelectionPattern`
`BandOperand`      one row per diagonal                   `BandPattern`, diagonals too
`DenseOperand`     the filled rows × filled columns       `DensePattern`
`SparseOperand`    compressed rows                        `SparsePattern`
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

from chainorder.execution.axes import AxesOperand
from chainorder.pattern import BandPattern, DensePattern, IdentityPattern, Pattern, SparsePattern
from chainorder.selections import SelectionPattern

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


@dataclass(frozen=True, eq=False)
class SelectionOperand:
    """Some rows or columns of the identity: holds which."""

    pattern: SelectionPattern
    format = "selection"

    def matrix(self) -> Any:
        """As a SciPy sparse array."""
        return self.pattern.csr().astype(np.float64)


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


@dataclass(frozen=True, eq=False)
class DenseOperand:
    """Some rows × some columns of a matrix, zero elsewhere.

    Attributes
    ----------
    values
        Shape (filled rows, filled columns).
    filled
        Which rows and columns those are.
    """

    values: Array
    filled: DensePattern
    format = "dense"

    @classmethod
    def full(cls, values: Array) -> DenseOperand:
        """All of a matrix."""
        return cls(values, DensePattern(*values.shape))

    @property
    def pattern(self) -> DensePattern:
        """Where it may be nonzero."""
        return self.filled

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


@dataclass(frozen=True, eq=False)
class SparseOperand:
    """A `scipy.sparse.csr_array` that stores its pattern, but for positions where a product cancelled.

    Attributes
    ----------
    csr
        The entries.
    symbolic
        The pattern, where positions of it may not be stored; else None.
    """

    csr: Any
    symbolic: SparsePattern | None = None
    format = "csr"

    @cached_property
    def pattern(self) -> SparsePattern:
        """Where it may be nonzero."""
        if self.symbolic is not None:
            return self.symbolic
        return SparsePattern(self.csr.shape[0], self.csr.shape[1], self.csr.indptr, self.csr.indices)

    def matrix(self) -> Any:
        """As a SciPy sparse array."""
        return self.csr


Operand: TypeAlias = (
    IdentityOperand | SelectionOperand | BandOperand | DenseOperand | SparseOperand | AxesOperand
)
