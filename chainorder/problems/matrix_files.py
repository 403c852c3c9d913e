"""Where the entries of Jacobians are: in memory, in files, or no more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class MatrixFile:
    """Where the entries of an elemental Jacobian are kept."""

    path: Path

    def load(self) -> Any:
        """Read it: a NumPy array or a SciPy sparse array of floats."""
        from chainorder.reading.matrices import read_matrix  # with its formats: start-up does without

        return read_matrix(self.path)


@dataclass(frozen=True, slots=True)
class Unsaved:
    """In place of a matrix that was in memory when its chain was saved: specs keep patterns, not entries."""


def files_of(matrices: Iterable[Any]) -> frozenset[Path]:
    """The paths of those matrices that are files."""
    return frozenset(matrix.path for matrix in matrices if isinstance(matrix, MatrixFile))


def equal_matrices(one: Any, other: Any) -> bool:
    """Whether two matrices are equal; what is none, such as a pair of functions, is believed to be."""
    match one, other:
        case _ if one is other:
            return True
        case (None, _) | (_, None):
            return False
        case np.ndarray(), np.ndarray():
            return np.array_equal(one, other)
        case MatrixFile(), MatrixFile():
            return one == other
        case _ if hasattr(one, "tocsr") and hasattr(other, "tocsr"):
            return bool(one.shape == other.shape and (one != other).nnz == 0)
        case _:
            return True
