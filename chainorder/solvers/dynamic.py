"""Dynamic programming over subchains: the best bracketing of any chain.

S. Godbole, *On efficient computation of matrix chain products*, IEEE Trans. Comput. (1973), for dense
factors; A. Griewank & U. Naumann, *Accumulating Jacobians as chained sparse matrix products* (2003), for
sparse ones. With c_{j,i} the least cost of F'_{j,i},

    c_{j,i} = min over i ≤ k < j of  c_{j,k+1} + c_{k,i} + fma(F'_{j,k+1}, F'_{k,i}),    c_{i,i} = 0.

The last term does not depend on how its two operands were made, because the pattern of a subchain does not
depend on the bracketing; so the recurrence is exact for every structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chainorder.bracketing import Products
from chainorder.chain import Chain
from chainorder.errors import SolverError
from chainorder.pattern import BandPattern, Pattern, band_fma
from chainorder.plan import Plan
from chainorder.pricing import exact_sizes

MAX_LENGTH = 4_000
"""Its tables of length² entries would take gigabytes beyond."""

Table = npt.NDArray[Any]


def solve(chain: Chain) -> Plan:
    """The best bracketing of a chain, in O(n³) time and O(n²) memory. Optimal.

    Raises
    ------
    SolverError
        If the chain has more than 4,000 elementals.
    """
    if len(chain) > MAX_LENGTH:
        raise SolverError(
            f"dynamic takes at most {MAX_LENGTH:,} elementals; the chain has {len(chain):,}: use auto"
        )
    why = "the dynamic program is exact for every structure"
    return Plan.of(chain, best_products(chain), solver="dynamic", optimal=True, why=why)


def best_products(chain: Chain) -> Products:
    """The products of a best bracketing of a chain."""
    costs = DenseCosts(exact_sizes(chain)) if chain.dense else PatternCosts.of_chain(chain)
    return best_of_costs(costs)


def best_of_costs(costs: SplitCosts) -> Products:
    """The products of a best bracketing where the products cost what `costs` says.

    Two tables hold the least costs, one by start and one by end of the subchain, each against its length:
    so all splits of all subchains of one length are two slices.
    """
    n = costs.length
    by_start = np.zeros((n, n), costs.dtype)
    by_end = np.zeros((n, n), costs.dtype)
    split = np.zeros((n, n), np.int32)
    for d in range(1, n):
        rows = n - d
        total = by_start[:rows, :d] + by_end[d:, d - 1 :: -1]
        total += costs.splits(d)
        choice = total.argmin(axis=1)
        least = total[np.arange(rows), choice]
        by_start[:rows, d] = least
        by_end[d:, d] = least
        split[:rows, d] = choice
    return _backtrack(split)


def _backtrack(split: Table) -> Products:
    """The products below the whole chain, from the place (k − i) of every best split."""
    products = []
    pending = [(0, len(split) - 1)]  # first elemental, number of splits
    while pending:
        first, d = pending.pop()
        if d == 0:
            continue
        t = int(split[first, d])
        products.append((first + d + 1, first + t + 1, first + 1))
        pending += ((first, t), (first + t + 1, d - t - 1))
    columns = np.array(products, np.int64).reshape(-1, 3)
    return Products.ordered(*columns.T)


class SplitCosts(Protocol):
    """What joining subchains costs."""

    @property
    def length(self) -> int:
        """Elementals."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """A type in which all sums of costs are exact."""

    def splits(self, d: int) -> Table:
        """Costs of the last product of every subchain of d + 1 elementals.

        Shape (length − d, d): row i, column t is the subchain i..i+d (from 0) split behind i + t.
        """


class DenseCosts:
    """Dense elementals: m_j · m_k · n_i."""

    def __init__(self, sizes: Table) -> None:
        self.sizes = sizes
        self.length = len(sizes) - 1
        self.dtype: np.dtype[Any] = sizes.dtype

    def splits(self, d: int) -> Table:
        rows = self.length - d
        outer = self.sizes[:rows] * self.sizes[d + 1 :]
        inner = np.lib.stride_tricks.sliding_window_view(self.sizes[1:-1], d)
        costs: Table = outer[:, None] * inner
        return costs


class PatternCosts:
    """Any structures, from the patterns of all subchains.

    Where the right operand has equally full rows, or the left equally full columns, or both are bands, a
    product has a closed form and is priced with all others of its length at once. What is left are dot
    products of counts, and those of all subchains that meet at one boundary are one matrix product.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.length = n = len(patterns)
        uneven: dict[tuple[int, int], Pattern] = {}
        rows: list[list[tuple[int, ...]]] = []
        for i in range(n):
            pattern = patterns[i]
            rows.append([])
            for d in range(n - i):
                pattern = patterns[i + d] @ pattern if d else pattern
                facts = _facts(pattern)
                rows[i].append(facts)
                if facts[1] < 0 or facts[2] < 0:
                    uneven[i, i + d] = pattern
        most = max(facts[0] for row in rows for facts in row)
        widest = max(max(pattern.shape) for pattern in patterns)
        # No cost is above nnz · size, and the closed form of bands stays below 16 times that.
        bound = 16 * n * (most + 1) * widest
        self.dtype: np.dtype[Any] = np.dtype(np.int64 if bound < 2**63 else object)
        table = np.zeros((len(_FACTS), n, n), self.dtype)
        for i, row in enumerate(rows):
            table[:, i, : n - i] = np.array(row, self.dtype).T
        self._right = dict(zip(_FACTS, table, strict=True))
        self._left = {name: _by_end(facts) for name, facts in self._right.items()}
        self._sizes = np.array([pattern.shape[0] for pattern in patterns], self.dtype)
        self._joins: list[Table] = []
        if not all(isinstance(pattern, BandPattern) for pattern in uneven.values()):
            counting: np.dtype[Any] = (
                np.dtype(np.float64) if bound < 2**53 else self.dtype
            )  # BLAS where it is exact
            self._joins = [_joins(uneven, k, patterns[k].shape[0], n, counting) for k in range(n - 1)]

    @classmethod
    def of_chain(cls, chain: Chain) -> PatternCosts:
        return cls([chain.pattern(number) for number in range(1, len(chain) + 1)])

    def splits(self, d: int) -> Table:
        rows = self.length - d
        right = {name: table[:rows, :d] for name, table in self._right.items()}
        left = {name: table[d:, d - 1 :: -1] for name, table in self._left.items()}
        even_rows, even_columns = right["row_count"] >= 0, left["column_count"] >= 0
        by_row, by_column = left["nnz"] * right["row_count"], left["column_count"] * right["nnz"]
        costs: Table = np.where(even_rows, by_row, by_column)
        uneven = ~(even_rows | even_columns)
        bands = uneven & (left["lower"] >= 0) & (right["lower"] >= 0)
        if bands.any():
            sizes = np.lib.stride_tricks.sliding_window_view(self._sizes[:-1], d)
            widths = (side[name] for side in (left, right) for name in ("lower", "upper"))
            costs = np.where(bands, band_fma(sizes, *widths), costs)
        if self._joins:
            costs = np.where(uneven & ~bands, self._joined(d), costs)
        return costs

    def _joined(self, d: int) -> Table:
        """The dot products of counts, laid out as `splits`."""
        joined = np.zeros((self.length - d, d), self.dtype)
        for k, joins in enumerate(self._joins):
            i = np.arange(max(0, k + 1 - d), min(k, self.length - 1 - d) + 1)
            joined[i, k - i] = joins.diagonal(k + 1 - d)
        return joined


def _joins(
    uneven: dict[tuple[int, int], Pattern], k: int, size: int, length: int, dtype: npt.DTypeLike
) -> Table:
    """Costs of joining the uneven subchains k+1..j (rows) and i..k (columns), by dot products of counts."""
    left = np.zeros((length - 1 - k, size), dtype)
    right = np.zeros((size, k + 1), dtype)
    for j in range(k + 1, length):
        if (k + 1, j) in uneven:
            left[j - k - 1] = uneven[k + 1, j].column_counts()
    for i in range(k + 1):
        if (i, k) in uneven:
            right[:, i] = uneven[i, k].row_counts()
    costs: Table = left @ right
    return costs


_FACTS = ("nnz", "row_count", "column_count", "lower", "upper")


def _facts(pattern: Pattern) -> tuple[int, int, int, int, int]:
    """Positions, positions per row and per column (−1: uneven), bandwidths (−1: no band); 0 if it is free."""
    if pattern.free:
        return 0, 0, 0, -1, -1
    lower, upper = (pattern.lower, pattern.upper) if isinstance(pattern, BandPattern) else (-1, -1)
    rows, columns = pattern.row_count, pattern.column_count
    return pattern.nnz, -1 if rows is None else rows, -1 if columns is None else columns, lower, upper


def _by_end(by_start: Table) -> Table:
    """The same facts, by the end of the subchain instead of its start."""
    by_end = np.zeros_like(by_start)
    for d in range(len(by_start)):
        by_end[d:, d] = by_start[: len(by_start) - d, d]
    return by_end
