"""Sparse Jacobians: nothing more is known than where entries may be, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from chainorder.errors import StructureError
from chainorder.structures.compressed_rows import MAX_ENTRIES
from chainorder.structures.fragments import POSITION, given, listing, one_of, only
from chainorder.structures.index_sets import IntArray
from chainorder.structures.pattern import Pattern
from chainorder.structures.positions import HypersparsePattern, SparsePattern, positions_of, settled
from chainorder.structures.structure import Item, Structure


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
    enumerated = True
    keys: ClassVar = {
        "pattern": {
            "title": "a pattern",
            "description": "The positions of a sparse Jacobian as compressed rows.",
            "type": "object",
            "properties": {
                "indptr": listing(
                    "it",
                    "Row r has the columns indices[indptr[r]:indptr[r + 1]]: outputs + 1 numbers.",
                    1,
                    POSITION,
                ),
                "indices": listing(
                    "it", "The columns of row after row, counted from 0, rising within a row.", 0, POSITION
                ),
                "rows": listing(
                    "it",
                    "The rows that indptr is about, rising, where nearly all are empty; by default all.",
                    0,
                    POSITION,
                ),
            },
            "additionalProperties": False,
            "required": ["indptr", "indices"],
        }
    }
    rules: ClassVar = [
        only(given("structure", "sparse"), "only a sparse elemental has it", "pattern"),
        {"if": given("structure", "sparse"), "then": {"oneOf": one_of("pattern", "matrix")}},
    ]

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

    @classmethod
    def from_spec(cls, item: Item, matrix: Any, shape: tuple[int, int]) -> Self:
        return cls(_compressed_rows(item["pattern"], *shape) if matrix is None else matrix)

    @classmethod
    def drawn(
        cls, generator: np.random.Generator, rows: int, columns: int, density: tuple[float, float]
    ) -> Self:
        return cls(generator.random((rows, columns)) < generator.uniform(*density))

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


def _compressed_rows(pattern: Item, height: int, width: int) -> SparsePattern | HypersparsePattern:
    """The positions that a spec states, which arrive as whole numbers of at least 0 and no more."""
    indptr, indices = (np.array(pattern[key], np.int64) for key in ("indptr", "indices"))
    rows = np.array(pattern["rows"], np.int64) if "rows" in pattern else None
    for key, size in (("outputs", height), ("inputs", width)):
        if rows is None and size > MAX_ENTRIES:
            message = f"{key} is {size} in a sparse elemental; at most {MAX_ENTRIES:,} are kept without rows"
            raise StructureError(message, (key,))
    what, count = ("outputs is", height) if rows is None else ("rows has", len(rows))
    counts = np.diff(indptr)
    if len(counts) != count:
        message = f"indptr has {len(indptr)} entries but {what} {count}; it has one more than rows"
        raise StructureError(message, ("pattern", "indptr"))
    if indptr[0] != 0 or indptr[-1] != len(indices) or (counts < 0).any():
        message = f"indptr does not rise from 0 to {len(indices)}, the number of indices; write it so"
        raise StructureError(message, ("pattern", "indptr"))
    starts_row = np.zeros(len(indices) + 1, bool)
    starts_row[indptr] = True
    _check_rising("indices", indices, starts_row, "inputs", width)
    if rows is None:
        return SparsePattern(height, width, indptr, indices)
    _check_rising("rows", rows, np.zeros(len(rows) + 1, bool), "outputs", height)
    return HypersparsePattern.of(height, width, np.repeat(rows, counts), indices)


def _check_rising(name: str, values: IntArray, starts: npt.NDArray[np.bool_], key: str, size: int) -> None:
    """Check that numbers of rows or columns are below a size, and rise but where they start anew."""
    what = "column" if key == "inputs" else "row"
    if (values >= size).any():
        at = int(np.argmax(values >= size))
        message = f"{name}[{at}] is {values[at]} but {key} is {size}; a {what} is at most {size - 1}"
        raise StructureError(message, ("pattern", name, at))
    falls = (np.diff(values) <= 0) & ~starts[1:-1]
    if falls.any():
        at = int(np.argmax(falls)) + 1
        where = " within a row" if what == "column" else ""
        message = f"{name}[{at}] is {values[at]} after {values[at - 1]}; {what}s rise{where}"
        raise StructureError(message, ("pattern", name, at))
