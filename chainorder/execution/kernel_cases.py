"""Calls of the executor's kernels whose times make a profile: each with what it counts.

Every case is a product, a conversion or a solve as a plan runs it, bookkeeping and symbolic work included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from chainorder.execution.conversions import by_rows
from chainorder.execution.kernels import multiply
from chainorder.execution.model import Model, by_tangents
from chainorder.execution.operand import (
    Array,
    BandOperand,
    DenseOperand,
    IdentityOperand,
    Operand,
    SelectionOperand,
    SparseOperand,
)
from chainorder.execution.storing import operand_of
from chainorder.execution.sums import add
from chainorder.structures.axes import AxesPattern
from chainorder.structures.dense import DensePattern
from chainorder.structures.pattern import fma
from chainorder.structures.positions import quicker_by_arrays
from chainorder.structures.selection import SelectionPattern
from chainorder.structures.solve import Factorisation

SIZES = (1, 2, 4, 8, 24, 64, 160, 400, 1024, 2048)
"""Of dense products; the last, for matrices that are in no cache."""

FEW_SIZES = (1, 6, 40, 256)
"""Of dense products in a hurry."""

MOST_FMA = 2**28
"""Of a dense product that is measured; larger ones take time in proportion."""

LARGE, FEW_LARGE = 20_000, 2_000
"""Greatest size of matrices that are not dense."""


class Case(NamedTuple):
    """A call, the kernel that it is of, and what it counts; sizes, of a dense product."""

    kernel: str
    counts: tuple[int, ...]
    call: Callable[[], Any]


class Cases:
    """Random operands of a type of numbers, and the calls that they are multiplied or added in."""

    def __init__(self, dtype: str, *, quick: bool) -> None:
        self.generator = np.random.default_rng(0)
        self.dtype = dtype
        self.large = FEW_LARGE if quick else LARGE
        self.sizes = FEW_SIZES if quick else SIZES
        self._factors = [self._drawn(self.sizes[-1] ** 2) for _ in range(2)]  # of all dense products

    def dense(self) -> Iterator[Case]:
        """Products of all combinations of sizes, but for the largest."""
        for sizes in product(self.sizes, repeat=3):
            if prod(sizes) <= MOST_FMA:
                yield Case("dense", sizes, self.product_of(*sizes))

    def product_of(self, m: int, k: int, n: int) -> Callable[[], Any]:
        """An m × k matrix times a k × n one."""
        left, right = self._factors
        return self._product(
            DenseOperand.full(left[: m * k].reshape(m, k)), DenseOperand.full(right[: k * n].reshape(k, n))
        )

    def others(self) -> Iterator[Case]:
        """All that is no dense product."""
        yield from self._sums()
        yield from self._diagonals()
        yield from self._bands()
        yield from self._sparse()
        yield from self._picked()
        yield from self._axes()
        yield from self._solves()
        for size in (10, 1_000):
            yield Case("passed_on", (), self._product(IdentityOperand(size), self._full(size, 10)))

    def _sums(self) -> Iterator[Case]:
        for rows, columns in product((10, 100, 1_000), repeat=2):
            yield Case("add_dense", (rows * columns,), self._sum(self._full, rows, columns))
        for size, width in product((100, 1_000, self.large), (0, 1, 8)):
            yield Case("add_bands", ((2 * width + 1) * size,), self._sum(self._band, size, width))
        for size, degree in product((100, 1_000, self.large), (3, 20)):
            pair = self._rows(size, size, degree), self._rows(size, size, degree)
            stored, made = sum(each.pattern.nnz for each in pair), pair[0].pattern | pair[1].pattern
            yield Case("add_rows", (stored, made.nnz), lambda a=pair[0], b=pair[1]: add(a, b))  # type: ignore[misc]

    def _sum(self, kind: Callable[[int, int], Operand], *sizes: int) -> Callable[[], Any]:
        left, right = kind(*sizes), kind(*sizes)
        return lambda: add(left, right)

    def _diagonals(self) -> Iterator[Case]:
        for rows, columns in (*product((10, 100, 1_000), repeat=2), (2_000, 1_500)):
            operands = self._band(rows, 0), self._full(rows, columns)
            yield Case("diagonal_dense", (rows * columns,), self._product(*operands))
        for size, degree in (*product((100, 1_000, self.large), (3, 20)), (1_500, 300), (1_500, 700)):
            sparse = self._rows(size, size, degree)
            band, counts = self._band(size, 0), (sparse.pattern.nnz,)
            yield Case("diagonal_sparse", counts, self._product(band, sparse))
            yield Case("sparse_diagonal", counts, self._product(sparse, band))

    def _bands(self) -> Iterator[Case]:
        narrow = product((100, 1_000, self.large), ((1, 1), (4, 1), (2, 6), (8, 8)))
        for size, (left, right) in (*narrow, *((1_500, (0, width)) for width in (20, 200, 500))):
            diagonals, others = 2 * left + 1, 2 * right + 1
            call = self._product(self._band(size, left), self._band(size, right))
            counts = diagonals, diagonals * others * size, (diagonals + others - 1) * size
            yield Case("band_band", counts, call)
            band = self._band(size, left)
            yield Case("band_rows", (band.pattern.nnz,), lambda band=band: by_rows(band))  # type: ignore[misc]

    def _sparse(self) -> Iterator[Case]:
        square = product(((100, 100), (1_000, 1_000), (self.large, self.large)), (3, 8), (1, 10, 100))
        for (rows, columns), degree, many in (
            *square,
            *product(((300, 2_000), (2_000, 300)), (20,), (10, 500)),
        ):
            sparse = self._rows(rows, columns, degree)
            stored = sparse.pattern.nnz
            counts = stored * many, rows * many, stored
            yield Case("sparse_dense", counts, self._product(sparse, self._full(columns, many)))
            counts = stored * many, columns * many, stored
            yield Case("dense_sparse", counts, self._product(self._full(many, rows), sparse))
        # far more fma than entries
        filling = ((size, size // 6, size // part) for size in (60, 200, 400, 800) for part in (5, 12))
        uneven = ((self.large, 40, 3), (self.large, 3, 40))  # as in sweeps from the two ends
        for size, left, right in (*product((100, 1_000, self.large), (2, 8), (2, 20)), *filling, *uneven):
            pair = self._rows(size, size, left), self._rows(size, size, right)
            patterns = [each.pattern for each in pair]
            made = patterns[0] @ patterns[1]
            work = fma(*patterns), made.nnz
            yield Case("sparse_sparse", (*work, patterns[0].nnz, size), self._product(*pair))
            if not quicker_by_arrays(size, size, size, work[0]):
                yield Case("positions", work, lambda a=patterns[0], b=patterns[1]: a @ b)  # type: ignore[misc]
        for size, degree in product((30, 300, 1_500), (4, 25)):
            csr = self._rows(size, size, degree).csr
            yield Case("written_out", (csr.nnz, size * size), csr.toarray)

    def _picked(self) -> Iterator[Case]:
        for size, columns in product((100, 1_000, self.large), (1, 10, 50)):
            kept = np.sort(self.generator.choice(size, size // 2, replace=False))
            chosen = SelectionOperand(SelectionPattern(len(kept), size, np.arange(len(kept)), kept))
            call = self._product(chosen, self._full(size, columns))
            yield Case("picked_dense", (len(kept) * columns,), call)
            sparse = self._rows(size, size, columns)
            made = chosen.pattern @ sparse.pattern
            yield Case("picked_sparse", (made.nnz,), self._product(chosen, sparse))

    def _axes(self) -> Iterator[Case]:
        for batch, width, columns in product((4, 64), (8, 64), (1, 20)):
            pattern = AxesPattern((0, 1), (0, 2), (batch, width, width), frozenset({1, 2}))
            repeated = operand_of(pattern, pattern.random_entries(self.generator).astype(self.dtype))
            full = self._full(batch * width, columns)
            counts = fma(pattern, full.pattern), batch * width * columns
            yield Case("axes", counts, self._product(repeated, full))

    def _solves(self) -> Iterator[Case]:
        from scipy.sparse import eye_array

        sizes = (50, 1), (1_000, 1), (self.large // 2, 1), (200, 3), (400, 4)
        for (size, degree), columns in product(sizes, (1, 10, 100)):
            csr = self._rows(size, size, degree).csr + 9 * eye_array(size, dtype=self.dtype)
            made = Factorisation.of(csr.tocsc())
            model, full = Model.of_solve(made), self._full(size, columns)
            counts = made.entries * columns, size * columns
            result = DensePattern(size, columns)
            call = lambda model=model, full=full, result=result: by_tangents(model, full, result, 2**24)  # noqa: E731
            yield Case("solve", counts, call)

    def _product(self, left: Operand, right: Operand) -> Callable[[], Any]:
        return lambda: multiply(left, right)

    def _drawn(self, *shape: int) -> Array:
        return self.generator.standard_normal(shape).astype(self.dtype)

    def _full(self, rows: int, columns: int) -> DenseOperand:
        return DenseOperand.full(self._drawn(rows, columns))

    def _band(self, size: int, width: int) -> BandOperand:
        return BandOperand(width, width, self._drawn(2 * width + 1, size))

    def _rows(self, rows: int, columns: int, degree: int) -> SparseOperand:
        from scipy.sparse import csr_array

        places = np.repeat(np.arange(rows), degree), self.generator.integers(0, columns, rows * degree)
        csr = csr_array((self._drawn(rows * degree), places), shape=(rows, columns))
        csr.sum_duplicates()
        return SparseOperand(csr)
