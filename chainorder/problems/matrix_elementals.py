"""From Jacobians that are given to the elementals that they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainorder.errors import ChainError, StructureError
from chainorder.problems.elementals import Elemental
from chainorder.structures.dense import Dense
from chainorder.structures.selection import Selection
from chainorder.structures.sparse import Sparse
from chainorder.structures.structure import Structure


def elementals_of(matrices: Sequence[Any]) -> list[Elemental]:
    """The elementals of Jacobians, input first; of the same object again and again, one.

    Raises
    ------
    ChainError
        Where one is broken, has no entries to look at, or is a selection beside another one.
    """
    columns: list[Elemental] = []
    known: dict[int, Elemental] = {}  # the same matrix again and again, as in a time-invariant stepper
    times = Counter(map(id, matrices))
    for number, matrix in enumerate(matrices, 1):
        if id(matrix) in known and not isinstance(matrix, Selection):  # its sizes may differ
            columns.append(known[id(matrix)])
            continue
        shape = _shape(matrix, number, matrices)
        if shape is None or len(shape) != 2 or hasattr(matrix, "matvec"):  # of an operator: no entries
            raise ChainError(
                f"matrix {number} is a {type(matrix).__name__} of shape {shape}; give a two-dimensional "
                "NumPy array or SciPy sparse matrix, outputs × inputs"
            )
        structure = matrix if isinstance(matrix, Structure) else _structure_of(matrix, number)
        same = f"matrix {number}" if times[id(matrix)] > 1 else None
        columns.append(Elemental(shape[1], shape[0], structure, same=same))
        known[id(matrix)] = columns[-1]
    return columns


def entries_of(matrices: Sequence[Any]) -> dict[int, Any]:
    """Those that have entries to multiply by, by their place: a selection has none."""
    return {place: matrix for place, matrix in enumerate(matrices) if not isinstance(matrix, Selection)}


def _shape(matrix: Any, number: int, matrices: Sequence[Any]) -> Any:
    """Outputs and inputs of the matrix of an elemental; of a selection, with the help of its neighbour."""
    if not isinstance(matrix, Selection):
        return getattr(matrix, "shape", None)
    picks = matrix.axis == "rows"
    place, axis = (number - 2, 0) if picks else (number, 1)
    shape = getattr(matrices[place], "shape", None) if 0 <= place < len(matrices) else None
    if shape is None or len(shape) != 2:
        raise ChainError(
            f"matrix {number} is a selection whose neighbour does not tell its other size; give an Elemental"
        )
    return (len(matrix.select), shape[axis]) if picks else (shape[axis], len(matrix.select))


def _structure_of(matrix: Any, number: int) -> Structure:
    try:
        return Dense() if isinstance(matrix, np.ndarray) else Sparse(matrix)
    except StructureError as error:
        raise ChainError(f"matrix {number}: {error}") from None
