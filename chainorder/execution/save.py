"""Jacobians to files."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainorder.output import Output


def save_matrix(matrix: Any, path: str) -> None:
    """Keep a Jacobian as .npz: NumPy's format with the key ``jacobian``, SciPy's for sparse ones.

    Raises
    ------
    OutputError
        If the file cannot be written; what was there before is still there then.
    """
    from scipy.sparse import save_npz

    with Output.at(path).writing() as file:
        if isinstance(matrix, np.ndarray):
            np.savez_compressed(file, jacobian=matrix)
        else:
            save_npz(file, matrix)
