"""Jacobians to files."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainorder.errors import ExecutionError


def save_matrix(matrix: Any, path: str) -> None:
    """Keep a Jacobian as .npz: NumPy's format with the key ``jacobian``, SciPy's for sparse ones.

    Raises
    ------
    ExecutionError
        If the file cannot be written.
    """
    from scipy.sparse import save_npz

    try:
        if isinstance(matrix, np.ndarray):
            np.savez_compressed(path, jacobian=matrix)
        else:
            save_npz(path, matrix)
    except OSError as error:
        raise ExecutionError(f"{path}: cannot be written ({error.strerror}); write elsewhere") from None
