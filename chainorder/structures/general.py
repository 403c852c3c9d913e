"""The two structures of which nothing more is known than where entries may be: dense and sparse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainorder.errors import StructureError
from chainorder.structures.hypersparse import HypersparsePattern, positions_of, settled
from chainorder.structures.pattern import (
    DensePattern,
    Pattern,
    SparsePattern,
)
from chainorder.structures.structure import Structure


@dataclass(frozen=True)
class Dense(Structure):
    """Every entry may be nonzero."""

    name = "dense"

    def pattern(self, rows: int, columns: int) -> Pattern:
        return DensePattern(rows, columns)


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
