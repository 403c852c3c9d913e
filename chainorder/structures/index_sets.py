"""Index sets: which rows or columns of a matrix are meant, without a list where it is all of them.

Sizes are Python ints of any length; indices that are listed fit int64, and so does their number the memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.errors import StructureError

IntArray = npt.NDArray[np.int64]
IndexSet = IntArray | None
"""Sorted indices, or None for all of them (of which there may be 10^18)."""

PIECE = 2**16
"""Numbers that are looked at in one piece."""

MAX_LISTED = 200_000_000
"""Indices that are listed one by one; more would not fit the memory of an ordinary machine."""


def listed(size: int, indices: IndexSet = None) -> IntArray:
    """The indices of an index set, one by one; raises `StructureError` if there are too many to list."""
    if indices is not None:
        return indices
    check_listed(size)
    return np.arange(size)


def check_listed(count: int) -> None:
    """Refuse to list more indices than fit the memory."""
    if count > MAX_LISTED:
        raise StructureError(
            f"{count:,} rows or columns would have to be listed one by one, more than the {MAX_LISTED:,} "
            "that are kept; declare the Jacobians beside them dense, or split the chain"
        )


def mask_of(size: int, indices: IntArray) -> npt.NDArray[np.bool_]:
    """Where an index set has an index."""
    mask = np.zeros(size, bool)
    mask[indices] = True
    return mask


def all_or_indices(mask: npt.NDArray[np.bool_]) -> IndexSet:
    """The index set of a mask."""
    return None if mask.all() else np.flatnonzero(mask)


def all_or(size: int, indices: IntArray) -> IndexSet:
    """The index set of sorted indices."""
    return None if len(indices) == size else indices


def both(a: IndexSet, b: IndexSet) -> IndexSet:
    """The indices that two sets have in common."""
    if a is None or b is None:
        return b if a is None else a
    return np.intersect1d(a, b, assume_unique=True)


def meet(a: IndexSet, b: IndexSet) -> bool:
    """Whether two index sets have an element in common."""
    common = both(a, b)
    return common is None or len(common) > 0


def sum_at(counts: IntArray, places: IntArray) -> int:
    """The sum of the counts at some places, which may come again and again; piece by piece, in the caches."""
    picked = np.empty(min(len(places), PIECE), counts.dtype)
    total = 0
    for start in range(0, len(places), PIECE):
        piece = places[start : start + PIECE]
        found = np.take(counts, piece, out=picked[: len(piece)], mode="clip")  # quicker than an index
        total += int(found.sum(dtype=np.int64))
    return total


def ranges(starts: IntArray, stops: IntArray) -> IntArray:
    """The indices from each start up to its stop, one range after the other."""
    lengths = stops - starts
    check_listed(sum_of(lengths))
    before = np.cumsum(lengths) - lengths
    indices: IntArray = np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
    return indices


def around(size: int, indices: IntArray, down: int, up: int) -> tuple[IntArray, IntArray]:
    """From where to where the positions within `down` below and `up` above each of some indices reach."""
    if not len(indices):
        return indices, indices
    greatest = int(indices.max())
    last = min(greatest + up, size - 1)
    if last >= 2**63 - 1:
        raise StructureError(f"row or column {last:,} would have to be listed; those below 2^63 can be")
    starts = np.maximum(indices - min(down, greatest), 0)
    return starts, np.minimum(indices, last - min(up, last)) + min(up, last) + 1


def spread(size: int, indices: IndexSet, down: int, up: int) -> IndexSet:
    """All positions within `down` below and `up` above one of the indices."""
    if indices is None or down == 0 == up or not len(indices):
        return indices
    starts, stops = around(size, indices, down, up)
    apart = np.flatnonzero(starts[1:] > stops[:-1])
    first, last = np.concatenate([[0], apart + 1]), np.concatenate([apart, [len(starts) - 1]])
    starts, stops = starts[first], stops[last]
    return None if int(stops[0] - starts[0]) == size else ranges(starts, stops)


def exact(values: npt.ArrayLike, bound: int) -> npt.NDArray[Any]:
    """Values in a type in which sums up to a bound are exact: int64, or Python ints where that overflows."""
    return np.asarray(values).astype(np.int64 if bound < 2**63 else object)


def dot(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> int:
    """Σ a · b of counts, exactly."""
    bound = len(a) * int(a.max(initial=0)) * int(b.max(initial=0))
    return int(exact(a, bound) @ exact(b, bound)) if bound else 0


def sum_of(a: npt.NDArray[Any]) -> int:
    """Σ a of counts, exactly."""
    return int(exact(a, len(a) * int(a.max(initial=0))).sum())


def same_at(size: int, wanted: IndexSet, filled: IndexSet, count: int) -> IntArray:
    """The same count at those of the wanted indices that are filled, 0 at others."""
    wanted = listed(size, wanted)
    inside = np.ones(len(wanted), np.int64) if filled is None else np.isin(wanted, filled)
    return exact(inside, 2 * count) * count
