"""Solves: the Jacobian of an implicit step is the inverse of a given matrix, which is never formed.

The matrix is factorised once, by SuperLU (sparse) or LAPACK (dense); the factors are applied to columns (a
tangent step: A⁻¹ X) or, transposed, to rows (an adjoint step: X A⁻¹), one solve for each that is not empty.
One solve costs one fma for every stored entry of the factors but the unit diagonal. The pattern of an
inverse counts as dense, as it is for an irreducible matrix.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from chainorder.errors import StructureError
from chainorder.structures.dense import DensePattern
from chainorder.structures.fragments import given, needs, only, text, whole
from chainorder.structures.index_sets import IntArray
from chainorder.structures.number_types import as_floats
from chainorder.structures.pattern import Pattern
from chainorder.structures.sparse_arrays import sound, with_data
from chainorder.structures.structure import Item, Structure, check_square, draw
from chainorder.structures.superlu import EliminationOrder, SparseFactors, mirror_of

Array = npt.NDArray[Any]

TOGETHER, CELLS = 8, 2**15
"""Right-hand sides that SuperLU is given at once, or so many numbers: of more it takes longer for each."""


@dataclass(frozen=True, init=False)
class Solve(Structure):
    """The inverse of a matrix, by which a chain is multiplied by solving with it.

    Parameters
    ----------
    matrix
        A square SciPy sparse matrix or NumPy array, real or complex, factorised in double precision. None if
        only its cost is known: enough to plan, not to execute.
    factors
        Where there is no matrix: the stored entries of its factors, which one solve costs in fma.

    Attributes
    ----------
    factors
        As above; counted where there is a matrix.
    key
        A digest of the matrix; solves are equal where these are. Empty if there is none.

    Raises
    ------
    StructureError
        If the matrix is not square, not numeric, not finite, or singular (to working precision).
    """

    factors: int
    key: str
    factorisation: Factorisation | None = field(compare=False, repr=False)
    name = "solve"
    stated_by = "solve"
    loads = True
    square = True
    modelled = True
    keys: ClassVar = {
        "solve": text(
            "the path of a matrix",
            "A file with a square matrix; the Jacobian is its inverse, which is applied by solving with it.",
        ),
        "factors": whole("a cost", "fma of one solve, where the matrix itself is not at hand.", 1),
        "key": text("a digest", "Of the matrix of a solve; written by this program."),
    }
    rules: ClassVar = [
        only(
            {"not": given("solve")},
            "the elemental is a solve",
            *("matrix", "select", "structure", "tangent", "adjoint", "tape", "explicit"),
        ),
        only(given("structure", "solve"), "only a solve without a matrix has it", "factors", "key"),
        needs(given("structure", "solve"), "a solve without a matrix", "factors"),
    ]

    def __init__(self, matrix: Any = None, *, factors: int | None = None, key: str = "") -> None:
        made = None if matrix is None else Factorisation.of(matrix)
        if made is None and (type(factors) is not int or factors < 1):
            raise StructureError(
                f"factors is {factors!r}; give the matrix, or how many entries its factors have"
            )
        object.__setattr__(self, "factors", factors if made is None else made.entries)
        object.__setattr__(self, "key", key if made is None else made.key)
        object.__setattr__(self, "factorisation", made)

    @classmethod
    def from_spec(cls, item: Item, matrix: Any, shape: tuple[int, int]) -> Self:
        return cls(factors=item["factors"], key=item.get("key", "")) if matrix is None else cls(matrix)

    @classmethod
    def drawn(
        cls, generator: np.random.Generator, rows: int, columns: int, density: tuple[float, float]
    ) -> Self:
        return cls(factors=draw(generator, (rows, rows * rows)))

    @property
    def shape(self) -> tuple[int, int] | None:
        """Of the matrix, if there is one."""
        return None if self.factorisation is None else self.factorisation.shape

    @property
    def evaluation(self) -> int:
        """fma of one solve."""
        return self.factors

    def pattern(self, rows: int, columns: int) -> Pattern:
        size = check_square(self, rows, columns)
        if self.shape is not None and self.shape[0] != size:
            raise StructureError(
                f"the matrix to solve with is {self.shape[0]} × {self.shape[1]} where {size} × {size} is "
                "stated; state its own size"
            )
        return DensePattern(size, size)

    def transposed(self) -> Solve:
        made = self.factorisation
        return Solve(factors=self.factors) if made is None else Solve(made.matrix.T)

    def to_spec(self) -> dict[str, Any]:
        known = {"key": self.key} if self.key else {}
        return {"structure": self.name, "factors": self.factors, **known}

    def __str__(self) -> str:
        return f"solve({self.factors})"


@dataclass(frozen=True, eq=False)
class Factorisation:
    """A matrix and its LU factors.

    Attributes
    ----------
    matrix
        `scipy.sparse.csc_array` or NumPy array of floats.
    known
        That of another matrix with the same places, which is eliminated in the same order.
    """

    matrix: Any
    known: Factorisation | None = None

    @classmethod
    def of(cls, matrix: Any) -> Factorisation:
        """Check a matrix and factorise it; see `Solve` for what it raises."""
        if len(getattr(matrix, "shape", ())) != 2:
            raise StructureError(
                f"a solve is given a {type(matrix).__name__}; give a square NumPy array or SciPy matrix"
            )
        if matrix.shape[0] != matrix.shape[1] or not matrix.shape[0]:
            raise StructureError(
                f"the matrix to solve with is {matrix.shape[0]} × {matrix.shape[1]}; it must be square"
            )
        if isinstance(matrix, np.ma.MaskedArray):
            raise StructureError("the matrix to solve with is a masked array; fill it first")
        if matrix.dtype.kind not in "fciub":
            raise StructureError(f"the matrix to solve with holds {matrix.dtype}; it must be numeric")
        return cls(_floats(matrix)).checked()

    def again(self, data: Array) -> Factorisation:
        """That of a matrix with other entries at the same places, eliminated in the same order."""
        return Factorisation(with_data(self.matrix, data), self).checked()

    def checked(self) -> Self:
        """The same, factorised; raises `StructureError` unless it is finite and regular."""
        _check_finite(self.matrix)
        self.check_regular()
        return self

    @cached_property
    def _order(self) -> EliminationOrder | None:
        """In which order the columns of another matrix with the same places are eliminated."""
        order: EliminationOrder | None = self._factors.order(self.matrix)
        return order

    @cached_property
    def _mirror(self) -> IntArray | None:
        """Where the entries of the transpose of a sparse matrix are, if it stores the same places."""
        return mirror_of(self.matrix) if self.known is None else self.known._mirror

    @cached_property
    def _symmetric(self) -> bool:
        """Whether a sparse matrix is its transpose, with which solves are slower."""
        data, mirror = self.matrix.data, self._mirror
        return mirror is not None and np.array_equal(data, data[mirror])

    def __getstate__(self) -> dict[str, Any]:
        """Without the factors, which cannot be sent to workers: they factorise again."""
        return {"matrix": self.matrix}

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.matrix.shape[0], self.matrix.shape[1]

    @property
    def sparse(self) -> bool:
        """Whether it is a SciPy matrix."""
        return not isinstance(self.matrix, np.ndarray)

    @cached_property
    def key(self) -> str:
        """A digest of the entries and where they are."""
        parts: tuple[Array, ...] = (self.matrix,)
        if self.sparse:
            parts = (
                self.matrix.data,
                self.matrix.indices.astype(np.int64),
                self.matrix.indptr.astype(np.int64),
            )
        digest = sha256(str((self.shape, str(parts[0].dtype))).encode())
        for part in parts:
            digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()[:16]

    @cached_property
    def _factors(self) -> Any:
        if not self.sparse:
            from scipy.linalg import LinAlgWarning, lu_factor

            with warnings.catch_warnings():
                warnings.simplefilter("ignore", LinAlgWarning)  # `check_regular` says it better
                return lu_factor(self.matrix, check_finite=False)
        # SuperLU may crash on a matrix that is singular by its pattern alone.
        if not self.matrix.diagonal().all() and (rank := _pattern_rank(self.matrix)) < self.shape[0]:
            raise StructureError(f"the matrix to solve with is singular: {_why(self.matrix, rank)}")
        order = None if self.known is None else self.known._order
        return SparseFactors.of(self.matrix, symmetric=self._mirror is not None, by=order)

    @cached_property
    def entries(self) -> int:
        """Stored entries of the factors but the unit diagonal."""
        return int(self._factors.entries) if self.sparse else self.shape[0] ** 2

    def check_regular(self) -> None:
        """Raise `StructureError` if there is no inverse to working precision; says why."""
        try:
            pivots = np.abs(self._factors.pivots if self.sparse else np.diagonal(self._factors[0]))
        except RuntimeError as error:
            if "singular" not in str(error):
                raise
            raise StructureError(f"the matrix to solve with is singular: {_why(self.matrix)}") from None
        if not pivots.min() > pivots.max() * len(pivots) * np.finfo(pivots.dtype).eps / 8:
            raise StructureError(
                f"the matrix to solve with is singular to working precision: its pivots go from "
                f"{pivots.max():.1e} down to {pivots.min():.1e}; {_why(self.matrix)}"
            )

    def solve(self, columns: Array) -> Array:
        """A⁻¹ · columns."""
        return self._solve(columns, transposed=False)

    def solve_transposed(self, columns: Array) -> Array:
        """A⁻ᵀ · columns, which is (rows · A⁻¹)ᵀ."""
        return self._solve(columns, transposed=True)

    def _solve(self, columns: Array, *, transposed: bool) -> Array:
        if np.iscomplexobj(columns) and not np.iscomplexobj(self.matrix):
            real, imaginary = (
                self._solve(part, transposed=transposed) for part in (columns.real, columns.imag)
            )
            return real + 1j * imaginary
        columns = np.asfortranarray(columns, self.matrix.dtype)
        if self.sparse:
            width = max(TOGETHER, CELLS // self.shape[0])
            turned = transposed and not self._symmetric
            parts = [columns[:, at : at + width] for at in range(0, columns.shape[1], width)]
            solved = [self._factors.solve(part, transposed=turned) for part in parts]
            return solved[0] if len(solved) == 1 else np.concatenate([columns[:, :0], *solved], axis=1)
        from scipy.linalg import lu_solve

        done: Array = lu_solve(self._factors, columns, trans=int(transposed), check_finite=False)
        return done

    def residual(self, seed: int, count: int) -> float:
        """The largest ‖A x − b‖ / (‖A‖ ‖x‖ + ‖b‖) of solves with random vectors, both ways."""
        rhs = np.random.default_rng(seed).standard_normal((self.shape[0], count))
        norm = float(abs(self.matrix).max())
        worst = 0.0
        for matrix, solved in ((self.matrix, self.solve(rhs)), (self.matrix.T, self.solve_transposed(rhs))):
            scale = norm * np.abs(solved).max() + np.abs(rhs).max()
            worst = max(worst, float(np.abs(matrix @ solved - rhs).max() / scale))
        return worst


def _pattern_rank(matrix: Any) -> int:
    """The rank of a matrix of generic entries at the nonzeros of a given one."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import structural_rank

    csr = csr_array(matrix, copy=True)
    csr.eliminate_zeros()
    return int(structural_rank(csr))


def _why(matrix: Any, rank: int | None = None) -> str:
    """Why a matrix is singular, by its pattern if that is enough."""
    from scipy.sparse import csr_array

    csr = csr_array(matrix, copy=True)
    csr.eliminate_zeros()
    for name, counts in (("row", np.diff(csr.indptr)), ("column", np.bincount(csr.indices, minlength=1))):
        counts = np.pad(counts, (0, csr.shape[0] - len(counts)))
        if not counts.all():
            return f"{name} {int(np.argmin(counts)) + 1} is empty"
    rank = _pattern_rank(matrix) if rank is None else rank
    if rank < csr.shape[0]:
        return f"its pattern has rank {rank} of {csr.shape[0]}"
    return "some rows depend on each other (a grid needs its reference bus removed), or differ much in scale"


def _floats(matrix: Any) -> Any:
    from scipy.sparse import csc_array

    dtype = np.complex128 if matrix.dtype.kind == "c" else np.float64
    if isinstance(matrix, np.ndarray):
        return np.array(as_floats(matrix), dtype)  # a copy: the factors are of the matrix as it is now
    csc = csc_array(sound(matrix, as_floats).astype(dtype), copy=True)  # sums of integers could overflow
    csc.sum_duplicates()
    return csc


def _check_finite(matrix: Any) -> None:
    values = matrix if isinstance(matrix, np.ndarray) else matrix.data
    if np.isfinite(values).all():
        return
    place = int(np.argmin(np.isfinite(values)))
    if isinstance(matrix, np.ndarray):
        row, column = divmod(place, matrix.shape[1])
    else:
        row, column = int(matrix.indices[place]), int(np.searchsorted(matrix.indptr, place, "right")) - 1
    raise StructureError(
        f"the matrix to solve with holds {values.flat[place]} in row {row + 1}, column {column + 1}; mend it"
    )
