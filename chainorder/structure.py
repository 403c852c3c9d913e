"""Structures: what a user declares an elemental Jacobian to look like.

A structure has no shape of its own; `Structure.pattern` binds it to one and checks that it fits. A new
structure is a subclass here (or in a file of its own) and a line in `chainorder.structures`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from chainorder.errors import StructureError
from chainorder.hypersparse import HypersparsePattern, positions_of, settled
from chainorder.pattern import BandPattern, DensePattern, IdentityPattern, Pattern, SparsePattern, band


class Structure(ABC):
    """What an elemental Jacobian looks like."""

    name: ClassVar[str]

    @property
    def shape(self) -> tuple[int, int] | None:
        """Rows and columns, where the structure has them of its own."""
        return None

    @property
    def evaluation(self) -> int | None:
        """fma of one tangent or adjoint, where the structure itself is known by these."""
        return None

    @abstractmethod
    def pattern(self, rows: int, columns: int) -> Pattern:
        """Where a `rows` × `columns` Jacobian of this structure may be nonzero.

        Raises
        ------
        StructureError
            If there is no such Jacobian of that shape.
        """

    def to_spec(self) -> dict[str, Any]:
        """The keys that declare it in a spec."""
        return {"structure": self.name, **asdict(self)}  # type: ignore[call-overload]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Dense(Structure):
    """Every entry may be nonzero."""

    name = "dense"

    def pattern(self, rows: int, columns: int) -> Pattern:
        return DensePattern(rows, columns)


@dataclass(frozen=True)
class Diagonal(Structure):
    """An element-wise function: square, nonzero on the diagonal only."""

    name = "diagonal"

    def pattern(self, rows: int, columns: int) -> Pattern:
        return BandPattern(square(self, rows, columns), 0, 0)


@dataclass(frozen=True)
class Identity(Structure):
    """The identity: square, nothing stored, free to multiply by."""

    name = "identity"

    def pattern(self, rows: int, columns: int) -> Pattern:
        return IdentityPattern(square(self, rows, columns))


@dataclass(frozen=True)
class Banded(Structure):
    """A square band with `lower` diagonals below and `upper` above the main one."""

    lower: int
    upper: int
    name = "banded"

    def __post_init__(self) -> None:
        for name, width in (("lower", self.lower), ("upper", self.upper)):
            if isinstance(width, bool) or not isinstance(width, int | np.integer) or width < 0:
                raise StructureError(f"{name} is {width!r}; a bandwidth is a whole number of at least 0")
            object.__setattr__(self, name, int(width))

    def pattern(self, rows: int, columns: int) -> Pattern:
        size = square(self, rows, columns)
        for name, width in (("lower", self.lower), ("upper", self.upper)):
            if width >= size:
                raise StructureError(
                    f"{name} is {width} in a matrix of {size} rows; a band has at most {size - 1} "
                    "diagonals on a side"
                )
        return band(size, self.lower, self.upper)

    def __str__(self) -> str:
        return f"banded({self.lower},{self.upper})"


@dataclass(frozen=True, init=False)
class Sparse(Structure):
    """The pattern of a real matrix: its stored positions, explicit zeros included.

    Parameters
    ----------
    matrix
        A SciPy sparse matrix or array, a NumPy array or nested list, or a pattern of its positions.
    """

    positions: SparsePattern | HypersparsePattern
    name = "sparse"

    def __init__(self, matrix: Any) -> None:
        if isinstance(matrix, SparsePattern | HypersparsePattern):
            positions = settled(matrix)
        else:
            given = matrix if hasattr(matrix, "shape") else np.asarray(matrix)
            if len(given.shape) != 2 or given.dtype.kind not in "fciub":
                raise StructureError(
                    f"sparse is given a {type(matrix).__name__}; give a numeric matrix of SciPy or NumPy"
                )
            positions = positions_of(given)
        object.__setattr__(self, "positions", positions)

    def pattern(self, rows: int, columns: int) -> Pattern:
        if self.positions.shape != (rows, columns):
            raise StructureError(
                f"the matrix is {self.positions.height} × {self.positions.width} (outputs × inputs) where "
                f"{rows} × {columns} is stated; state its own shape, or transpose it"
            )
        return self.positions.reduced

    def to_spec(self) -> dict[str, Any]:
        stored, columns = self.positions, self.positions.coordinates()[1].tolist()
        if isinstance(stored, SparsePattern):
            pattern = {"indptr": stored.indptr.tolist(), "indices": columns}
        else:
            indptr = stored.core.indptr.tolist()
            pattern = {"rows": stored.rows.tolist(), "indptr": indptr, "indices": columns}
        return {"structure": self.name, "pattern": pattern}

    def __str__(self) -> str:
        return f"sparse({self.positions.nnz})"


def square(structure: Structure, rows: int, columns: int) -> int:
    """The size of a square structure; raises `StructureError` if it is not stated to be square."""
    if rows != columns:
        raise StructureError(
            f"{structure.name} but {rows} × {columns} (outputs × inputs); such a Jacobian is square: make "
            "outputs and inputs equal, or declare it dense"
        )
    return rows
