"""What the dynamic program asks for: the costs of products and of steps, for all subchains of one length.

Tables of costs are exact: int64 where no sum of them can overflow, else Python ints in object arrays. Where
something cannot be done, the cost is `never`, which is above that of every plan. Solvers see `CostTables`;
what fills them here are fma, other integers come from `chainorder.costs.model`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chainorder.costs.evaluations import Accumulation, accumulation
from chainorder.costs.steps import Step
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import Kind
from chainorder.structures.banded import BandPattern, band_fma
from chainorder.structures.colouring import column_colours, row_colours
from chainorder.structures.index_sets import IndexSet, IntArray, listed
from chainorder.structures.pattern import Pattern

Table = npt.NDArray[Any]

TOGETHER = 2**16
"""Inner indices whose counts are looked at together: for many subchains, they take memory."""


class CostTables(Protocol):
    """The costs of one chain; subchains are i..i+d, elementals counted from 0."""

    @property
    def length(self) -> int:
        """Elementals."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """A type in which all sums of costs are exact."""

    @property
    def never(self) -> Any:
        """The cost of what is not possible: above that of every plan."""

    @property
    def accumulations(self) -> Sequence[Accumulation | None]:
        """How each elemental is accumulated; None for explicit ones."""

    def leaves(self) -> Table:
        """What having each elemental's own Jacobian costs."""

    def products(self, d: int, out: Table) -> None:
        """Write the costs of the last product of every subchain of d + 1 elementals.

        `out` has shape (length − d, d): row i, column t is the subchain i..i+d split behind i + t.
        """

    def tangent_steps(self, d: int) -> Table | None:
        """The costs of a tangent step with the last elemental of every subchain of d + 1; (length − d,).

        None if no elemental has a model.
        """

    def adjoint_steps(self, d: int) -> Table | None:
        """The costs of an adjoint step with the first elemental of each."""

    def entries(self, d: int) -> Table:
        """Stored entries of the Jacobian of every subchain of d + 1 elementals; (length − d,)."""


class EvaluationTables(ABC):
    """What evaluations cost in fma: counts of tangents and adjoints, at the costs of their models."""

    length: int
    models: Models | None

    @abstractmethod
    def tangents(self, d: int) -> Table:
        """How many tangents yield the Jacobian of every subchain of d + 1 elementals; (length − d,)."""

    @abstractmethod
    def adjoints(self, d: int) -> Table:
        """How many adjoints do."""

    @property
    def never(self) -> int:
        return 0 if self.models is None else self.models.never

    @property
    def accumulations(self) -> Sequence[Accumulation | None]:
        return [None] * self.length if self.models is None else self.models.accumulations

    def leaves(self) -> Table:
        return np.zeros(self.length, np.int64) if self.models is None else self.models.leaves()

    def tangent_steps(self, d: int) -> Table | None:
        return None if self.models is None else self.models.tangent_steps(self.tangents(d))

    def adjoint_steps(self, d: int) -> Table | None:
        return None if self.models is None else self.models.adjoint_steps(self.adjoints(d))


class Models:
    """The tangents and adjoints of a chain's elementals, in columns of shape (length,)."""

    def __init__(self, chain: Chain, patterns: Sequence[Pattern] | None, most: int) -> None:
        kinds = [chain.kind_of(number) for number in range(1, len(chain) + 1)]
        self.tangent_costs = [kind.tangent for kind in kinds]
        self.adjoint_costs = [kind.adjoint_within(chain.memory) for kind in kinds]
        self.overheads = [kind.overhead for kind in kinds]
        self.accumulations = [
            None if kind.explicit else _accumulation(chain, number, kind, patterns)
            for number, kind in enumerate(kinds)
        ]
        widest = int(chain.sizes.max())
        evaluations = [cost for cost in (*self.tangent_costs, *self.adjoint_costs) if cost is not None]
        steps = widest * sum(evaluations) + 2 * sum(self.overheads)
        self.never = most + steps + 1
        self.dtype: np.dtype[Any] = np.dtype(np.int64 if 8 * self.never < 2**63 else object)
        self.overhead = np.array(self.overheads, self.dtype)
        self.tangent, self.has_tangent = self._column(self.tangent_costs)
        self.adjoint, self.has_adjoint = self._column(self.adjoint_costs)

    def _column(self, costs: Sequence[int | None]) -> tuple[Table, npt.NDArray[np.bool_]]:
        there = np.array([cost is not None for cost in costs])
        return np.array([0 if cost is None else cost for cost in costs], self.dtype), there

    def forbid_steps(self) -> None:
        """Leave accumulation only."""
        self.tangent_costs = self.adjoint_costs = [None] * len(self.overheads)

    def stepping(self, step: Step, place: int, evaluations: int) -> int | None:
        """What a step through an elemental with so many evaluations costs; None if there is no model."""
        cost = (self.tangent_costs if step.by_tangents else self.adjoint_costs)[place]
        return None if cost is None else evaluations * cost + self.overheads[place]

    def leaves(self) -> Table:
        """What having each elemental's own Jacobian costs."""
        return np.array([0 if each is None else each.cost for each in self.accumulations], self.dtype)

    def tangent_steps(self, counts: Table) -> Table:
        """Costs of the tangent step with the last elemental of every subchain of a length."""
        d = len(self.tangent) - len(counts)
        costs = counts * self.tangent[d:] + self.overhead[d:]
        return np.where(self.has_tangent[d:], costs, self.never)

    def adjoint_steps(self, counts: Table) -> Table:
        """Costs of the adjoint step with the first elemental of every subchain of a length."""
        rows = len(counts)
        costs = counts * self.adjoint[:rows] + self.overhead[:rows]
        return np.where(self.has_adjoint[:rows], costs, self.never)


def _accumulation(
    chain: Chain, number: int, kind: Kind, patterns: Sequence[Pattern] | None
) -> Accumulation | None:
    pattern = chain.pattern(number + 1) if patterns is None else patterns[number]
    return accumulation(kind, pattern, chain.memory)


class DenseCosts(EvaluationTables):
    """Dense elementals: products m_j · m_k · n_i, tangents n_i, adjoints m_j."""

    def __init__(self, chain: Chain) -> None:
        self.length = len(chain)
        most = 4 * self.length * int(chain.sizes.max()) ** 3
        self.models = Models(chain, None, most) if chain.modelled else None
        plain: np.dtype[Any] = np.dtype(np.int64 if most < 2**63 else object)
        self.dtype = plain if self.models is None else self.models.dtype
        self.sizes = chain.sizes.astype(self.dtype)

    def products(self, d: int, out: Table) -> None:
        outer = self.tangents(d) * self.adjoints(d)
        inner = np.lib.stride_tricks.sliding_window_view(self.sizes[1:-1], d)
        np.multiply(outer[:, None], inner, out=out)

    def tangents(self, d: int) -> Table:
        return self.sizes[: self.length - d]

    def adjoints(self, d: int) -> Table:
        return self.sizes[d + 1 :]

    def entries(self, d: int) -> Table:
        return self.tangents(d) * self.adjoints(d)


class PatternCosts(EvaluationTables):
    """Any structures, from the patterns of all subchains.

    Where the right operand has equally full rows, or the left equally full columns, or both are bands, a
    product has a closed form and is priced with all others of its length at once. What is left are dot
    products of counts, and those of all subchains that meet at one boundary are one matrix product.
    """

    def __init__(self, patterns: Sequence[Pattern], chain: Chain | None = None) -> None:
        self.length = n = len(patterns)
        modelled = chain is not None and chain.modelled
        uneven: dict[tuple[int, int], Pattern] = {}
        rows: list[list[tuple[int, ...]]] = []
        for i in range(n):
            pattern = patterns[i]
            rows.append([])
            for d in range(n - i):
                pattern = patterns[i + d] @ pattern if d else pattern
                facts = _facts(pattern)
                if facts[2] < 0 or facts[3] < 0:
                    uneven[i, i + d] = pattern
                colours = (column_colours(pattern), row_colours(pattern)) if modelled else (0, 0)
                rows[i].append((*facts, *colours))
        most = max(facts[0] for row in rows for facts in row)
        widest = max(max(pattern.shape) for pattern in patterns)
        # No product costs more than nnz · size, and the closed form of bands stays below 16 times that.
        bound = 16 * n * (most + 1) * widest
        self.models = Models(chain, patterns, bound) if modelled and chain is not None else None
        plain: np.dtype[Any] = np.dtype(np.int64 if bound < 2**63 else object)
        self.dtype = plain if self.models is None else self.models.dtype
        table = np.zeros((len(_FACTS), n, n), self.dtype)
        for i, row in enumerate(rows):
            table[:, i, : n - i] = np.array(row, self.dtype).T
        self._right = dict(zip(_FACTS, table, strict=True))
        self._left = {name: _by_end(facts) for name, facts in self._right.items()}
        self._uneven_rows, self._right_bands = self._right["row_count"] < 0, self._right["lower"] >= 0
        self._uneven_columns, self._left_bands = self._left["column_count"] < 0, self._left["lower"] >= 0
        self._sizes = np.array([pattern.shape[0] for pattern in patterns], self.dtype)
        self._dots: list[Table] = []
        if not all(isinstance(pattern, BandPattern) for pattern in uneven.values()):
            counting = np.dtype(np.float64) if bound < 2**53 else self.dtype  # BLAS where it is exact
            self._dots = [_dots(uneven, k, n, counting) for k in range(n - 1)]

    @classmethod
    def of_chain(cls, chain: Chain) -> PatternCosts:
        """The costs of all elementals of a chain."""
        return cls([chain.pattern(number) for number in range(1, len(chain) + 1)], chain)

    def tangents(self, d: int) -> Table:
        return self._fact("column_colours", d)

    def adjoints(self, d: int) -> Table:
        return self._fact("row_colours", d)

    def entries(self, d: int) -> Table:
        return self._fact("entries", d)

    def _fact(self, fact: str, d: int) -> Table:
        table: Table = self._right[fact]
        return table[: self.length - d, d]

    def products(self, d: int, out: Table) -> None:
        rows = self.length - d
        right = {name: table[:rows, :d] for name, table in self._right.items()}
        left = {name: table[d:, d - 1 :: -1] for name, table in self._left.items()}
        np.multiply(left["nnz"], right["row_count"], out=out)
        uneven = self._uneven_rows[:rows, :d]
        if not uneven.any():
            return
        by_column = uneven & ~self._uneven_columns[d:, d - 1 :: -1]
        out[by_column] = left["column_count"][by_column] * right["nnz"][by_column]
        uneven = uneven & ~by_column
        bands = uneven & self._right_bands[:rows, :d] & self._left_bands[d:, d - 1 :: -1]
        if bands.any():
            sizes = np.lib.stride_tricks.sliding_window_view(self._sizes[:-1], d)[bands]
            widths = [side[name][bands] for side in (left, right) for name in ("lower", "upper")]
            out[bands] = _band_costs(sizes, *widths)
        if self._dots:
            counted = uneven & ~bands
            out[counted] = self._counted(d)[counted]

    def _counted(self, d: int) -> Table:
        """The dot products of counts, laid out as `products`."""
        counted = np.zeros((self.length - d, d), self.dtype)
        for k, dots in enumerate(self._dots):
            i = np.arange(max(0, k + 1 - d), min(k, self.length - 1 - d) + 1)
            counted[i, k - i] = dots.diagonal(k + 1 - d)
        return counted


def _band_costs(*facts: Table) -> Table:
    """`band_fma` of columns; Python ints, which take their time, once for all rows that are alike."""
    if facts[0].dtype != object:
        return np.asarray(band_fma(*facts))
    places: dict[tuple[int, ...], int] = {}
    rows = zip(*(column.tolist() for column in facts), strict=True)
    alike = [places.setdefault(row, len(places)) for row in rows]
    return np.array([band_fma(*row) for row in places], object)[alike]


def _dots(uneven: dict[tuple[int, int], Pattern], k: int, length: int, dtype: npt.DTypeLike) -> Table:
    """Costs of multiplying the uneven subchains k+1..j (rows) and i..k (columns), by dot products of counts.

    Not of two bands: at indices where nothing but bands has positions, nothing is added up.
    """
    left = {j: uneven[k + 1, j] for j in range(k + 1, length) if (k + 1, j) in uneven}
    left = {j: pattern for j, pattern in left.items() if pattern.column_count is None}
    right = {i: uneven[i, k] for i in range(k + 1) if (i, k) in uneven}
    right = {i: pattern for i, pattern in right.items() if pattern.row_count is None}
    costs: Table = np.zeros((length - 1 - k, k + 1), dtype)
    filled = [each.columns_from(None) for each in left.values() if not isinstance(each, BandPattern)]
    filled += [each.rows_into(None) for each in right.values() if not isinstance(each, BandPattern)]
    if not left or not right or not filled:
        return costs
    for inner in _parts(filled, next(iter(left.values())).shape[1]):
        columns = np.array([each.column_counts(inner) for each in left.values()], dtype)
        rows = np.array([each.row_counts(inner) for each in right.values()], dtype)
        costs[np.ix_([j - k - 1 for j in left], list(right))] += columns @ rows.T
    return costs.astype(np.int64) if costs.dtype == np.float64 else costs


def _parts(filled: Sequence[IndexSet], size: int) -> Iterator[IntArray]:
    """The indices of some sets, each once, some at a time."""
    some = [each for each in filled if each is not None]
    inner = np.unique(np.concatenate(some)) if len(some) == len(filled) else listed(size)
    for first in range(0, len(inner), TOGETHER):
        yield inner[first : first + TOGETHER]


_FACTS = ("nnz", "entries", "row_count", "column_count", "lower", "upper", "column_colours", "row_colours")


def _facts(pattern: Pattern) -> tuple[int, ...]:
    """Positions, stored ones, those per row and column (−1: uneven), bandwidths (−1: none); 0 if free."""
    if pattern.free:
        return 0, 0, 0, 0, -1, -1
    lower, upper = (pattern.lower, pattern.upper) if isinstance(pattern, BandPattern) else (-1, -1)
    counts = (-1 if count is None else count for count in (pattern.row_count, pattern.column_count))
    return pattern.nnz, pattern.entries, *counts, lower, upper


def _by_end(by_start: Table) -> Table:
    """The same facts, by the end of the subchain instead of its start."""
    by_end = np.zeros_like(by_start)
    for d in range(len(by_start)):
        by_end[d:, d] = by_start[: len(by_start) - d, d]
    return by_end
