"""Sparse matrices that tests multiply."""

from __future__ import annotations

from typing import Any

import scipy.sparse as sp


def sparse(rows: int, columns: int, degree: float, seed: int) -> Any:
    """About `degree` random entries in a row."""
    return sp.random_array((rows, columns), density=min(1, degree / columns), rng=seed, format="csr")


def grid(side: int) -> Any:
    """The five-point stencil, whose rows add up to zero inside."""
    line = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(side, side))
    eye = sp.eye_array(side)
    return (sp.kron(line, eye) + sp.kron(eye, line)).tocsr()


def heat(side: int) -> Any:
    """One explicit step of heat conduction on that grid."""
    return (sp.eye_array(side * side) - 0.2 * grid(side)).tocsr()


def picked_rows(size: int, chosen: range) -> Any:
    """A selection as a matrix."""
    return sp.eye_array(size, format="csr")[list(chosen)]
