"""The cost model of time: what operations take on the machine of a profile, in integers of picoseconds.

It follows what the executor does with each pair of patterns (`chainorder.execution.kernels`): well-filled
sparse matrices are written out, diagonals scale, other bands become rows beside what is no band.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from chainorder.costs.dense_times import DenseTimes
from chainorder.costs.evaluations import evaluations, least_evaluations
from chainorder.costs.guesses import Stated
from chainorder.costs.model import AskedTables, CostModel
from chainorder.costs.product_facts import Counted, Facts, Look
from chainorder.costs.profile import NO_PRODUCTS, Profile
from chainorder.costs.steps import Step
from chainorder.costs.storage_formats import BESIDE_DENSE, LARGE_BAND, quicker_dense
from chainorder.errors import SolverError
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import ModelCosts
from chainorder.problems.evaluation_time import EvaluationTime
from chainorder.structures.axes import AxesPattern
from chainorder.structures.banded import BandPattern, IdentityPattern
from chainorder.structures.dense import DensePattern
from chainorder.structures.pattern import Pattern
from chainorder.structures.positions import quicker_by_arrays
from chainorder.structures.selection import SelectionPattern

if TYPE_CHECKING:
    from chainorder.costs.tables import CostTables, Table

SINGLES = {"float64": 2, "float32": 1, "complex128": 8, "complex64": 4}
"""How many times as long a dense product takes as one of float32."""


class Seconds(CostModel):
    """Times of products by what they multiply and write; of evaluations, measured ones or a structure's own.

    Steps by tangents or adjoints that nobody measured, whose costs are stated in fma, are not among the
    orders, and a chain that cannot do without them is refused by `check_timed`.
    """

    unit: ClassVar[str] = "ps"
    sums: ClassVar[bool] = True
    profile: Profile

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    def product(self, left: Pattern, right: Pattern) -> int:
        """Picoseconds of a product; makes its pattern where the time depends on that."""
        return self.product_of(left, right, Counted(left, right))

    def product_of(self, left: Look, right: Look, facts: Facts) -> int:
        """The same, where more is known of it, or less than patterns."""
        time = self.profile.time
        match left, right:
            case (IdentityPattern(), _) | (_, IdentityPattern()):
                return time("passed_on")
            case (SelectionPattern(), _) | (_, SelectionPattern()):
                dense = isinstance(left, DensePattern) or isinstance(right, DensePattern)
                return time("picked_dense" if dense else "picked_sparse", facts.nnz)
            case (AxesPattern(), _) | (_, AxesPattern()):
                return time("axes", facts.multiplied, facts.entries)
            case DensePattern(), DensePattern():
                return self._dense(left, right, facts)
            case BandPattern(), BandPattern():
                return self._bands(left, right)
            case (BandPattern(), DensePattern()) | (DensePattern(), BandPattern()):
                return self._band_dense(left, right, facts)
            case _, DensePattern():
                return self._beside_dense(left, right, "sparse_dense", facts)
            case DensePattern(), _:
                return self._beside_dense(left, right, "dense_sparse", facts)
            case (BandPattern(diagonal=True), other) | (other, BandPattern(diagonal=True)):
                return time("sparse_diagonal" if other is left else "diagonal_sparse", other.nnz)
            case _:
                return self._sparse(left, right, facts)

    def _dense(self, left: DensePattern, right: DensePattern, facts: Facts) -> int:
        rows, columns = left.filled_rows, right.filled_columns
        inner = facts.multiplied // (rows * columns) if rows and columns else 0
        return self.profile.dense.time(rows, inner, columns)

    def _bands(self, left: BandPattern, right: BandPattern) -> int:
        size = left.size
        if size >= LARGE_BAND and all(quicker_dense(each.shape, each.nnz) for each in (left, right)):
            written = sum(self.profile.time("band_rows", each.nnz) for each in (left, right))
            return self.profile.dense.time(size, size, size) + written
        diagonals, others = (each.lower + each.upper + 1 for each in (left, right))
        made = min(diagonals + others - 1, 2 * size - 1) * size
        return self.profile.time("band_band", diagonals, diagonals * others * size, made)

    def _band_dense(self, left: Look, right: Look, facts: Facts) -> int:
        band, dense = (left, right) if isinstance(left, BandPattern) else (right, left)
        assert isinstance(band, BandPattern)
        assert isinstance(dense, DensePattern)
        along = dense.rows if band is left else dense.columns
        if band.diagonal and along is None:
            return self.profile.time("diagonal_dense", dense.entries)
        kernel = "sparse_dense" if band is left else "dense_sparse"
        return self.profile.time("band_rows", band.nnz) + self._beside_dense(left, right, kernel, facts)

    def _beside_dense(self, left: Look, right: Look, kernel: str, facts: Facts) -> int:
        """A product of something sparse and something dense."""
        sparse = left if kernel == "sparse_dense" else right
        if quicker_dense(sparse.shape, sparse.nnz, BESIDE_DENSE):
            whole = self.profile.dense.time(left.shape[0], left.shape[1], right.shape[1])
            return self._written(sparse) + whole
        return self.profile.time(kernel, facts.multiplied, left.shape[0] * right.shape[1], sparse.nnz)

    def _sparse(self, left: Look, right: Look, facts: Facts) -> int:
        """A product of two that are neither dense nor diagonals; well-filled ones are written out before."""
        wide = [each for each in (left, right) if _fills(each)]
        if not wide:
            bands = [each for each in (left, right) if isinstance(each, BandPattern)]
            counts = facts.multiplied, facts.nnz, left.nnz, left.shape[0]  # each of the left looks up a row
            by_rows = sum(self.profile.time("band_rows", each.nnz) for each in bands)
            return by_rows + self.profile.time("sparse_sparse", *counts)
        first, second = (DensePattern(*p.shape) if _fills(p) else p for p in (left, right))
        written = Stated(first.nnz * second.nnz // first.shape[1], first.shape[0] * second.shape[1])
        numbers = sum(map(self._written, wide)) + self.product_of(first, second, written)
        return self._positions(left, right, facts) + numbers

    def _positions(self, left: Look, right: Look, facts: Facts) -> int:
        """Finding the pattern of a product; by arrays of float32, if both are well filled."""
        sizes = *left.shape, right.shape[1]
        if not quicker_by_arrays(*sizes, facts.multiplied):
            return self.profile.time("positions", facts.multiplied, facts.nnz)
        arrays = self._written(left) + self._written(right)
        product = self.profile.dense.time(*sizes) // SINGLES[self.profile.dtype]
        return arrays + product + self.profile.time("positions", 0, facts.nnz)

    def _written(self, sparse: Look) -> int:
        """Writing something sparse out as an array."""
        return self.profile.time("written_out", sparse.nnz, sparse.shape[0] * sparse.shape[1])

    def least_product(self, left: Pattern, right: Pattern) -> int:
        """Exact where both are full: nothing can be added to them. Else what any call takes."""
        if left.full and right.full:
            return self.product(left, right)
        return self._least_call(free=left.free or right.free)

    def _least_call(self, *, free: bool) -> int:
        """What the quickest product takes; `free` if one may be by an identity or a selection."""
        kernels = self.profile.kernels
        names = {"passed_on", "picked_dense", "picked_sparse"}
        kept = [name for name in kernels if name not in NO_PRODUCTS and (free or name not in names)]
        return min(self.profile.dense.least, *(kernels[name]["call"] for name in kept))

    def sum(self, first: Pattern, second: Pattern, both: Pattern) -> int:
        """By how the executor adds them (`chainorder.execution.sums`)."""
        time, pair = self.profile.time, (first, second)
        if any(each.full for each in pair):
            sparse = sum(self._written(each) for each in pair if not isinstance(each, DensePattern))
            return sparse + time("add_dense", both.entries)
        if all(isinstance(each, BandPattern | IdentityPattern) for each in pair):
            return time("add_bands", both.entries)
        if all(isinstance(each, AxesPattern) for each in pair):
            return time("add_dense", both.entries)
        return time("add_rows", first.nnz + second.nnz, both.nnz)

    def evaluation(self, kind: ModelCosts, step: Step, result: Pattern, memory: int | None) -> int | None:
        """Picoseconds of evaluating, or solving, for the colours of the result; None if nobody knows."""
        return self._evaluation(kind, step, result, memory, evaluations)

    def least_evaluation(
        self, kind: ModelCosts, step: Step, result: Pattern, memory: int | None
    ) -> int | None:
        """By the colours that there are at least."""
        return self._evaluation(kind, step, result, memory, least_evaluations)

    def _evaluation(
        self,
        kind: ModelCosts,
        step: Step,
        result: Pattern,
        memory: int | None,
        counted: Callable[[Step, Pattern], int],
    ) -> int | None:
        if not step.by_tangents and kind.adjoint_within(memory) is None:
            return None
        cost, measured = kind.structure.evaluation, time_of(kind, step)
        if cost is None and measured is None:
            return None
        count = counted(step, result)
        if cost is None:
            return None if measured is None else measured.of(count)
        return self.profile.time("solve", count * cost, count * result.shape[0 if step.by_tangents else 1])

    def check_known(self, kind: ModelCosts, called: str, memory: int | None) -> None:
        """Raise `SolverError` if there is neither a matrix nor a model whose time is known."""
        check_known(kind, called, memory)

    def tables(self, chain: Chain) -> CostTables:
        """All at once of dense chains; else every operation is asked for, with the patterns that are made."""
        if chain.dense and DenseTimes.fits(self.profile.dense, chain):
            return DenseTimes(self, self.profile.dense, chain)
        return TimeTables(self, chain)


class TimeTables(AskedTables):
    """Times of all products of a chain."""

    def __init__(self, model: Seconds, chain: Chain) -> None:
        super().__init__(model, chain)
        self.seconds = model

    def products(self, d: int, out: Table) -> None:
        for i in range(self.length - d):
            row = self._patterns[i]
            for t in range(d):
                left = self._patterns[i + t + 1][d - t - 1]
                out[i, t] = self.seconds.product_of(left, row[t], Counted(left, row[t], row[d]))


def _fills(factor: Look) -> bool:
    """Whether the executor multiplies something sparse as an array."""
    return not isinstance(factor, BandPattern) and quicker_dense(factor.shape, factor.nnz)


def check_timed(chain: Chain) -> None:
    """Raise `SolverError` if an elemental has neither a matrix nor models whose time is known."""
    for number in range(1, len(chain) + 1) if chain.matrix_free else ():
        check_known(chain.kind_of(number), name_of(chain, number), chain.memory)


def check_known(kind: ModelCosts, called: str, memory: int | None) -> None:
    """Raise `SolverError` if something, `called` so, has neither a matrix nor models whose time is known."""
    known = kind.explicit or kind.structure.evaluation is not None or kind.tangent_time is not None
    if not known and (kind.adjoint_time is None or kind.adjoint_within(memory) is None):
        raise unknown_time(called, "tangent" if kind.tangent is not None else "adjoint")


def time_of(kind: ModelCosts, step: Step) -> EvaluationTime | None:
    """What evaluations of a step take, if that was measured."""
    return kind.tangent_time if step.by_tangents else kind.adjoint_time


def name_of(chain: Chain, number: int) -> str:
    """What errors call an elemental."""
    name = chain.kind_of(number).name
    return f"elemental {number}{f' ({name})' if name else ''}"


def unknown_time(called: str, mode: str) -> SolverError:
    """What is missing of an elemental."""
    return SolverError(
        f"{called}: seconds need the time of its {mode}, and only fma are stated of it; measure it "
        "(chainorder.measure, run --measure), give its matrix, or plan by fma"
    )
