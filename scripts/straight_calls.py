"""The products of a plan as one writes them by hand: straight calls of SciPy's compiled loops, nothing else.

Nothing is planned, counted, checked or kept: what no run in the same order goes far below.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.sparse import _sparsetools
from scipy.sparse.linalg import SuperLU, splu
from sparse_cases import Inverse

from chainorder import Plan

FILLED = 0.25
"""What part of a product is stored from which an array is quicker."""


def straight(order: Plan, matrices: tuple[Any, ...]) -> Any:
    """The Jacobian in the order of a plan."""
    factors = cache(lambda inverse: splu(inverse.matrix.tocsc()))
    live: dict[tuple[int, int], Any] = {(n, n): matrix for n, matrix in enumerate(matrices, 1)}
    for operation in order.operations:
        j, k, i = operation.j, operation.k, operation.i
        if k is None:
            live[j, i] = factors(matrices[i - 1]).solve(np.eye(matrices[i - 1].shape[0]))
        else:
            live[j, i] = _times(live.pop((j, k + 1)), live.pop((k, i)), factors)
    (result,) = live.values()
    return result


def _times(left: Any, right: Any, factors: Any) -> Any:
    match left, right:
        case Inverse(), _:
            return _solver(factors, left).solve(_array(right))
        case _, Inverse():
            return _solver(factors, right).solve(np.asfortranarray(_array(left).T), "T").T
        case np.ndarray(), np.ndarray():
            return left @ right
        case _, np.ndarray():
            return _along("csr", left, left.shape, right)
        case np.ndarray(), _:
            return _along("csc", right, right.shape[::-1], left.T).T
        case _:
            made = left @ right
            return made.toarray() if made.nnz >= FILLED * made.shape[0] * made.shape[1] else made


def _solver(factors: Any, inverse: Inverse) -> SuperLU:
    found: SuperLU = factors(inverse)
    return found


def _array(matrix: Any) -> Any:
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def _along(form: str, matrix: Any, shape: tuple[int, int], columns: Any) -> Any:
    """A sparse matrix times columns, or the transpose of rows times it."""
    count = columns.shape[1]
    out = np.zeros((shape[0], count))
    arrays = matrix.indptr, matrix.indices, matrix.data, np.ascontiguousarray(columns).ravel(), out.ravel()
    getattr(_sparsetools, f"{form}_matvecs")(*shape, count, *arrays)
    return out
