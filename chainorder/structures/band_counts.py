"""Closed forms of square bands with clipped corners: positions, and what multiplying two of them costs."""

from __future__ import annotations

from typing import Any

import numpy as np


def band_nnz(size: Any, lower: Any, upper: Any) -> Any:
    """Positions in a clipped square band; integers or integer arrays."""
    return size * (lower + upper + 1) - lower * (lower + 1) // 2 - upper * (upper + 1) // 2


def band_fma(size: Any, lower1: Any, upper1: Any, lower2: Any, upper2: Any) -> Any:
    """Fused multiply–adds of the product of two clipped square bands, in closed form.

    Column k of the left has 1 + min(l₁, N−k) + min(u₁, k) positions and row k of the right
    1 + min(l₂, k) + min(u₂, N−k), with N = size − 1. Multiplied out and summed over k = 0…N, the positions
    of both are left, and sums of min(p, k)·min(q, k) and of min(p, k)·min(q, N−k). Integers or arrays.
    """
    last = size - 1
    counts = band_nnz(size, lower1, upper1) + band_nnz(size, lower2, upper2) - size
    same = _sum_min_min(last, lower1, upper2) + _sum_min_min(last, upper1, lower2)
    opposite = _sum_min_opposite(last, lower2, lower1) + _sum_min_opposite(last, upper1, upper2)
    return counts + same + opposite


def _least(a: Any, b: Any) -> Any:
    """The smaller one; of Python ints a Python int, which NumPy would make an int64."""
    arrays = isinstance(a, np.ndarray) or isinstance(b, np.ndarray)
    return np.minimum(a, b) if arrays else min(a, b)


def _sum_min(last: Any, p: Any) -> Any:
    """Σ_{k=0…N} min(p, k), p ≤ N."""
    return p * (p + 1) // 2 + p * (last - p)


def _sum_min_min(last: Any, p: Any, q: Any) -> Any:
    """Σ_{k=0…N} min(p, k)·min(q, k)."""
    p, q = _least(p, q), -_least(-p, -q)
    squares = p * (p + 1) * (2 * p + 1) // 6
    return squares + p * (q - p) * (p + q + 1) // 2 + (last - q) * p * q


def _sum_min_opposite(last: Any, p: Any, q: Any) -> Any:
    """Σ_{k=0…N} min(p, k)·min(q, N−k).

    Σ of p·min(q, N−k) less what the small k take from it, Σ_{k<p} (p−k)·min(q, N−k); there min(q, N−k)
    falls short of q by k−(N−q) only beyond N−q.
    """
    short = -_least(last + 1 - p - q, 0)  # the k in N−q+1 … p−1, where both are clipped
    missing = q * p * (p + 1) // 2 - short * (short + 1) * (short + 2) // 6
    return p * _sum_min(last, q) - missing
