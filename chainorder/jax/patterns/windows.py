"""Where the windows of a gather or a scatter lie in an array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainorder.autodiff.footprints import Labels

CLIPPED = {"CLIP", "PROMISE_IN_BOUNDS"}
"""Modes in which what is out of bounds is moved into them; in others it is dropped."""


@dataclass(frozen=True)
class Windows:
    """The geometry of a gather or a scatter, in the words of the former.

    Attributes
    ----------
    sizes
        The entries of a window along the axes of the array.
    axes
        The axes that the entries of an index are about.
    collapsed
        Axes that are not in the result.
    batched, along
        Axes of the array that are not in the result either, and those of the indices that they go with.
    offsets
        The axes of the result that the others have become.
    mode
        What happens out of bounds.
    """

    sizes: tuple[int, ...]
    axes: tuple[int, ...]
    collapsed: tuple[int, ...]
    batched: tuple[int, ...]
    along: tuple[int, ...]
    offsets: tuple[int, ...]
    mode: str

    @classmethod
    def of_gather(cls, params: dict[str, Any]) -> Windows:
        """Those that a gather reads."""
        numbers = params["dimension_numbers"]
        return cls(
            params["slice_sizes"],
            numbers.start_index_map,
            numbers.collapsed_slice_dims,
            numbers.operand_batching_dims,
            numbers.start_indices_batching_dims,
            numbers.offset_dims,
            params["mode"].name,
        )

    @classmethod
    def of_scatter(cls, params: dict[str, Any], rank: int, updates: Sequence[int]) -> Windows:
        """Those that a scatter of updates of some shape writes."""
        numbers = params["dimension_numbers"]
        left = iter(updates[axis] for axis in numbers.update_window_dims)
        dropped = {*numbers.inserted_window_dims, *numbers.operand_batching_dims}
        return cls(
            tuple(1 if axis in dropped else next(left) for axis in range(rank)),
            numbers.scatter_dims_to_operand_dims,
            numbers.inserted_window_dims,
            numbers.operand_batching_dims,
            numbers.scatter_indices_batching_dims,
            numbers.update_window_dims,
            params["mode"].name,
        )

    def moving(self, shape: Sequence[int]) -> list[int]:
        """The axes of an array along which windows lie at different places."""
        return [axis for axis in self.axes if self.sizes[axis] < shape[axis]]

    def places(self, shape: Sequence[int], indices: Any) -> Labels:
        """The flat places of all entries of the windows in an array; −1 outside of it."""
        indices = np.asarray(indices).astype(np.intp)
        rank = indices.ndim - 1 + len(self.offsets)
        outer = [axis for axis in range(rank) if axis not in self.offsets]
        offsets = iter(self.offsets)
        flat: Any = np.zeros((1,) * rank, np.intp)
        inside: Any = np.ones((1,) * rank, bool)
        for axis, (size, window) in enumerate(zip(shape, self.sizes, strict=True)):
            start: Any = 0
            if axis in self.batched:
                place = self.along[self.batched.index(axis)]
                start = _spread(np.arange(size), [outer[place]], rank)
            elif axis in self.axes:
                start = _spread(indices[..., self.axes.index(axis)], outer, rank)
                if self.mode in CLIPPED:
                    start = start.clip(0, size - window)
                else:
                    inside = inside & (start >= 0) & (start <= size - window)
            if axis not in self.batched and axis not in self.collapsed:
                start = start + _spread(np.arange(window), [next(offsets)], rank)
            flat = flat * size + start
        made: Labels = np.where(inside, flat, -1)
        return made


def _spread(array: Any, axes: Sequence[int], rank: int) -> Any:
    """An array with its axes at some axes of a higher rank."""
    shape = [1] * rank
    for axis, size in zip(axes, array.shape, strict=True):
        shape[axis] = size
    return array.reshape(shape)
