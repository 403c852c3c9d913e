"""Equations that read or write entries at indices; where these are not known, at any of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainorder.autodiff.footprints import EMPTY, Footprints, Labels
from chainorder.jax.patterns.facts import Fact, shape_of, within
from chainorder.jax.patterns.windows import Windows


def gather(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """Entries at indices."""
    array, indices = operands
    windows, labels, known = Windows.of_gather(eqn.params), array.footprint, indices.known
    if known is None:
        labels, known = within(sets, labels, windows.moving(array.shape)), np.zeros(indices.shape, np.intp)
    places = windows.places(array.shape, known)
    made = np.where(places < 0, EMPTY, labels.reshape(-1)[places])
    return [np.broadcast_to(made, shape_of(eqn.outvars[0]))]


def scatter(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """Entries at indices combined with others, or replaced by them."""
    array, indices, updates = operands
    windows = Windows.of_scatter(eqn.params, len(array.shape), updates.shape)
    if indices.known is None:
        labels = sets.over(updates.footprint.reshape(-1), [0])
        return [sets.joined(array.footprint, np.broadcast_to(labels, array.shape))]
    places = np.broadcast_to(windows.places(array.shape, indices.known), updates.shape).reshape(-1)
    inside = places >= 0
    places, labels = places[inside], updates.footprint.reshape(-1)[inside]
    kept = array.footprint.reshape(-1).copy()
    if eqn.primitive.name == "scatter":
        kept[places] = EMPTY
    rows = np.concatenate([np.arange(len(kept)), places])
    return [sets.united(rows, np.concatenate([kept, labels]), len(kept)).reshape(array.shape)]


def dynamic_slice(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """A part that starts anywhere."""
    array, *starts = operands
    sizes = eqn.params["slice_sizes"]
    region, unknown = _region(array.shape, sizes, starts)
    labels = within(sets, array.footprint, unknown)
    return [labels[tuple(slice(start, start + size) for start, size in zip(region, sizes, strict=True))]]


def dynamic_update_slice(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """A part that starts anywhere, replaced."""
    array, updates, *starts = operands
    region, unknown = _region(array.shape, updates.shape, starts)
    chosen = tuple(
        slice(None) if axis in unknown else slice(start, start + updates.shape[axis])
        for axis, start in enumerate(region)
    )
    made = array.footprint.copy()
    if not unknown:
        made[chosen] = updates.footprint
        return [made]
    written = sets.over(updates.footprint, unknown, keep=True)
    made[chosen] = sets.joined(made[chosen], np.broadcast_to(written, made[chosen].shape))
    return [made]


def _region(
    shape: Sequence[int], sizes: Sequence[int], starts: Sequence[Fact]
) -> tuple[list[int], list[int]]:
    """Where a part starts, and the axes along which that is not known."""
    ends = [whole - part for whole, part in zip(shape, sizes, strict=True)]
    unknown = [axis for axis, end in enumerate(ends) if end and starts[axis].known is None]
    given = [0 if axis in unknown or not end else int(starts[axis].known) for axis, end in enumerate(ends)]
    return [min(max(0, start), end) for start, end in zip(given, ends, strict=True)], unknown


RULES = {
    "gather": gather,
    "scatter": scatter,
    "scatter-add": scatter,
    "scatter_add": scatter,
    "scatter_mul": scatter,
    "scatter-mul": scatter,
    "scatter_sub": scatter,
    "scatter-sub": scatter,
    "dynamic_slice": dynamic_slice,
    "dynamic_update_slice": dynamic_update_slice,
}
