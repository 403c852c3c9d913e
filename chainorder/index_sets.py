"""Index sets: which rows or columns of a matrix are meant, without a list where it is all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
IndexSet = IntArray | None
"""Sorted indices, or None for all of them (of which there may be 10^18)."""


def mask_of(size: int, indices: IntArray) -> npt.NDArray[np.bool_]:
    """Where an index set has an index."""
    mask = np.zeros(size, bool)
    mask[indices] = True
    return mask


def all_or_indices(mask: npt.NDArray[np.bool_]) -> IndexSet:
    """The index set of a mask."""
    return None if mask.all() else np.flatnonzero(mask)


def meet(a: IndexSet, b: IndexSet) -> bool:
    """Whether two index sets have an element in common."""
    if a is None or b is None:
        other = b if a is None else a
        return other is None or len(other) > 0
    return len(np.intersect1d(a, b, assume_unique=True)) > 0


def spread(size: int, indices: IndexSet, down: int, up: int) -> IndexSet:
    """All positions within `down` below and `up` above one of the indices."""
    if indices is None or down == 0 == up:
        return indices
    edges = np.zeros(size + 1, np.int64)
    np.add.at(edges, np.maximum(indices - down, 0), 1)
    np.add.at(edges, np.minimum(indices + up + 1, size), -1)
    return all_or_indices(np.cumsum(edges[:-1]) > 0)


def values_at(size: int, indices: IndexSet, value: int) -> IntArray:
    """The value at every index, 0 elsewhere."""
    if indices is None:
        return np.full(size, value, np.int64)
    return np.where(mask_of(size, indices), value, 0)
