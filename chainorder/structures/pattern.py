"""Patterns: where the Jacobian of a subchain may be nonzero, and what multiplying two of them costs.

A pattern is symbolic: explicit zeros belong to it and numerical cancellation does not shrink it. The
pattern of a product is then the Boolean product of the patterns, which is associative: the pattern of a
subchain does not depend on the bracketing, so neither does the cost of multiplying two given ones. That is
what makes dynamic programming over subchains exact (Griewank & Naumann 2003).

A pattern says its shape and lists its positions; all else follows from its compressed rows. Those that occur
have closed forms for most of it, each beside its structure:

==================  =========================================================  =======================
class               nonzeros                                                   closed under products
==================  =========================================================  =======================
`IdentityPattern`   the diagonal, all ones                                     yes
`BandPattern`       a square band with clipped corners; a diagonal is (0, 0)   yes
`DensePattern`      given rows × given columns, by default all                 yes, with every pattern
`SelectionPattern`  ones in some rows and columns, at most one in each         yes
`AxesPattern`       where the axes that rows and columns share agree           over axes of equal sizes
`SparsePattern`     compressed rows; if nearly all are empty, hypersparse      by symbolic product
==================  =========================================================  =======================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from chainorder.errors import StructureError
from chainorder.structures.compressed_rows import bool_csr, store
from chainorder.structures.index_sets import IndexSet, IntArray, check_listed, dot

Bits = npt.NDArray[np.uint64]


class Pattern(ABC):
    """The positions of a matrix that may be nonzero.

    A new one has a shape and coordinates. It overrides what it knows without listing them: the hooks named
    ``closed_…`` return None where there is no closed form, and both operands of a product are asked.
    """

    storage: ClassVar[str] = "rows"
    """How an executor stores the entries: ``rows`` are compressed ones, which suit any pattern."""

    claim: ClassVar[tuple[str, str]] = "", ""
    """What its matrices are where it says more than positions, see `agrees`; what to declare of others."""

    fallback: ClassVar[Any]
    """The class that patterns without a closed form become, which says so itself.

    It has ``at(shape, rows, columns)``, the pattern of some positions, and ``product(left, right)``.
    """

    def __init_subclass__(cls, *, fallback: bool = False) -> None:
        super().__init_subclass__()
        if fallback:
            Pattern.fallback = cls

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shape[0]:,} × {self.shape[1]:,}, {self.nnz:,} positions>"

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @abstractmethod
    def coordinates(self) -> tuple[IntArray, IntArray]:
        """The row and the column of every position, row after row; only where they are few enough."""

    @property
    def listed(self) -> Any:
        """The same positions, one by one."""
        return _listed(self)

    @property
    def compact(self) -> Any:
        """The same, without the empty rows and columns where these are too many to have a number each."""
        return self.listed.compact

    @property
    def nnz(self) -> int:
        """The number of positions."""
        return int(self.listed.nnz)

    @property
    def entries(self) -> int:
        """Matrix entries stored for it."""
        return self.nnz

    @property
    def free(self) -> bool:
        """Whether multiplying by it costs nothing."""
        return False

    @property
    def neutral(self) -> bool:
        """Whether a product with it is the other factor."""
        return False

    @property
    def full(self) -> bool:
        """Whether it is every position of the matrix."""
        return False

    @property
    def diagonal(self) -> bool:
        """Whether it is just the diagonal of a square matrix."""
        return False

    @property
    def full_diagonal(self) -> bool:
        """Whether it is known to be square with all positions of the diagonal."""
        return self.diagonal

    @property
    def row_count(self) -> int | None:
        """Positions in every row, where all rows are known to have the same number."""
        return None

    @property
    def column_count(self) -> int | None:
        """Positions in every column, where all columns are known to have the same number."""
        return None

    def row_counts(self, rows: IndexSet = None) -> IntArray:
        """Positions in each row, or in each of the given ones; of all, only where they are few enough."""
        counts: IntArray = self.listed.row_counts(rows)
        return counts

    def column_counts(self, columns: IndexSet = None) -> IntArray:
        """Positions in each column, or in each of the given ones."""
        counts: IntArray = self.listed.column_counts(columns)
        return counts

    def columns_from(self, rows: IndexSet) -> IndexSet:
        """The columns that have a position in one of the given rows."""
        reached: IndexSet = self.listed.columns_from(rows)
        return reached

    def rows_into(self, columns: IndexSet) -> IndexSet:
        """The rows that have a position in one of the given columns."""
        reached: IndexSet = self.listed.rows_into(columns)
        return reached

    def rows_at(self, chosen: IntArray) -> tuple[IntArray, IntArray]:
        """The lengths of some rows, and the columns of their positions, one row after the other."""
        csr = self.csr()[chosen]
        return np.diff(csr.indptr), csr.indices

    def csr(self) -> Any:
        """The pattern as a Boolean ``scipy.sparse.csr_array``."""
        check_listed(max(self.shape))
        rows, columns = self.coordinates()
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=self.shape[0]))])
        return bool_csr(self.shape, indptr, columns)

    def transposed(self) -> Pattern:
        """The pattern of the transpose."""
        transposed: Pattern = Pattern.fallback.at(self.shape[::-1], *self.coordinates()[::-1]).reduced
        return transposed

    def scaled(self, *, rows: bool) -> Pattern:
        """The pattern after each of its rows, or else columns, was multiplied by a number."""
        return self

    def closed_product(self, right: Pattern) -> Pattern | None:
        """The pattern of itself times another that is not neutral."""
        return None

    def closed_product_behind(self, left: Pattern) -> Pattern | None:
        """The pattern of another that is not neutral times itself."""
        return None

    def closed_fma(self, right: Pattern) -> int | None:
        """What itself times another costs; neither is free."""
        return None

    def closed_fma_behind(self, left: Pattern) -> int | None:
        """What another times itself costs; neither is free."""
        return None

    def closed_union(self, other: Pattern) -> Pattern | None:
        """The positions of itself and another of the same shape."""
        return None

    def closed_colour_count(self) -> int | None:
        """How many colours its columns have: see `chainorder.structures.colouring`."""
        return None

    def closed_colours(self) -> IntArray | None:
        """The colour of every column, −1 of an empty one."""
        return None

    def closed_reach(self, bits: Bits) -> Bits | None:
        """For every row, the bits that one of its columns has; `bits` has shape (columns,)."""
        return None

    def agrees(self, csr: Any) -> bool:
        """Whether compressed rows within the positions have the entries that `claim` says there are."""
        return True

    def holds(self, rows: IntArray, columns: IntArray) -> npt.NDArray[np.bool_]:
        """Which of some positions belong to it."""
        if not len(rows):
            return np.zeros(0, bool)
        csr = self.csr()
        csr.sort_indices()
        return np.asarray(csr[rows, columns]).ravel()

    def laid_out(self, csr: Any) -> npt.NDArray[Any] | None:
        """The entries of compressed rows within the positions, in the shape in which they are stored.

        Of compressed rows one for each position, (positions,). None where these cannot be stored so.
        """
        symbolic = self.csr()
        symbolic.sort_indices()
        entries: npt.NDArray[Any] = store(csr, symbolic).data
        return entries

    def random_entries(self, generator: np.random.Generator) -> npt.NDArray[Any]:
        """Random ones, laid out likewise; scaled so that long products neither vanish nor overflow soon."""
        per_row = max(1.0, self.nnz / self.shape[0])
        return np.asarray(generator.standard_normal(self.nnz) / np.sqrt(per_row))

    def __matmul__(self, right: Pattern) -> Pattern:
        """The pattern of the product, the same for any bracketing that leads to it."""
        if self.shape[1] != right.shape[0]:
            raise StructureError(f"cannot multiply {self.shape} by {right.shape}: inner sizes differ")
        product = in_closed_form(self, right)
        if product is None:
            product = Pattern.fallback.product(self, right)
        return product

    def __or__(self, other: Pattern) -> Pattern:
        """The pattern of the sum."""
        union = self.closed_union(other)
        if union is None:
            union = other.closed_union(self)
        if union is None:
            positions = zip(self.coordinates(), other.coordinates(), strict=True)
            union = Pattern.fallback.at(self.shape, *map(np.concatenate, positions)).reduced
        return union


@lru_cache(maxsize=8)  # a few: each may take much memory
def _listed(pattern: Pattern) -> Any:
    return Pattern.fallback.at(pattern.shape, *pattern.coordinates())


def in_closed_form(left: Pattern, right: Pattern) -> Pattern | None:
    """The pattern of a product, if no positions have to be worked out one by one but those picked."""
    if left.neutral:
        return right
    if right.neutral:
        return left
    product = left.closed_product(right)
    return right.closed_product_behind(left) if product is None else product


def fma(left: Pattern, right: Pattern) -> int:
    """Fused multiply–adds of the product `left` · `right`.

    The sum over the inner index l of (positions in column l of the left) × (positions in row l of the
    right), in closed form where one side is uniform or an operand has one; 0 if a side is free.
    """
    if left.free or right.free:
        return 0
    if right.row_count is not None:
        return left.nnz * right.row_count
    if left.column_count is not None:
        return left.column_count * right.nnz
    cost = left.closed_fma(right)
    if cost is None:
        cost = right.closed_fma_behind(left)
    return counted_fma(left, right) if cost is None else cost


def counted_fma(left: Pattern, right: Pattern) -> int:
    """The same by its definition, without closed forms, at the inner indices that are not empty."""
    if left.free or right.free:
        return 0
    rows = right.rows_into(None)
    inner = left.columns_from(None) if rows is None else rows
    return dot(left.column_counts(inner), right.row_counts(inner))
