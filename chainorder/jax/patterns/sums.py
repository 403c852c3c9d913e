"""Equations that add entries up: sums, products with constants, convolutions, windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chainorder.autodiff.footprints import CALL, EMPTY, Footprints, Labels
from chainorder.jax.patterns.facts import Fact, everything, shape_of
from chainorder.jax.patterns.moves import pad


def reduce_sum(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """All entries along some axes."""
    return [sets.over(operands[0].footprint, eqn.params["axes"])]


def cumsum(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """All entries up to a place, or from it."""
    labels, reverse = operands[0].footprint, eqn.params["reverse"]
    along = np.moveaxis(labels, eqn.params["axis"], 0)
    made = along.copy()
    steps = range(1, len(along))
    for step in reversed(steps) if reverse else steps:
        here, before = (step - 1, step) if reverse else (step, step - 1)
        made[here] = sets.joined(made[before], along[here])
    return [np.moveaxis(made, 0, eqn.params["axis"])]


def dot_general(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """A product with a constant; its zeros count where it is known."""
    dependent = [place for place in (0, 1) if operands[place].labels is not None]
    if len(dependent) != 1:
        return everything(sets, eqn, operands)
    place = dependent[0]
    contracted, batched = eqn.params["dimension_numbers"]
    labels, other = operands[place].footprint, operands[1 - place]
    ordered = _ordered(labels, batched[place], contracted[place])  # batch, free, inner
    zeros = None if other.known is None else np.asarray(other.known) == 0
    if zeros is None or not zeros.any():
        made = sets.over(ordered, [2])[:, :, None]
    else:
        made = _through(sets, ordered, ~_ordered(zeros, batched[1 - place], contracted[1 - place]))
    shape = shape_of(eqn.outvars[0])
    batch = [labels.shape[axis] for axis in batched[place]]
    free = [labels.shape[a] for a in range(labels.ndim) if a not in (*batched[place], *contracted[place])]
    others = shape[len(batch) : len(shape) - len(free)] if place else shape[len(batch) + len(free) :]
    made = made.reshape((*batch, *free, *(others if made.shape[2] > 1 else [1] * len(others))))
    if place:
        ends = len(batch) + len(free)
        made = made.transpose([*range(len(batch)), *range(ends, made.ndim), *range(len(batch), ends)])
    return [np.broadcast_to(made, shape)]


def _ordered(array: Any, batched: Sequence[int], contracted: Sequence[int]) -> Any:
    """Its axes as three: those of the batch, free ones, contracted ones."""
    free = [axis for axis in range(array.ndim) if axis not in (*batched, *contracted)]
    sizes = [[array.shape[axis] for axis in axes] for axes in (batched, free, contracted)]
    return array.transpose([*batched, *free, *contracted]).reshape([int(np.prod(each)) for each in sizes])


def _through(sets: Footprints, labels: Labels, filled: Any) -> Labels:
    """The unions of the inner labels where a constant (batch, free, inner) is filled."""
    batch, outer, inner = filled.nonzero()
    free, count = labels.shape[1], filled.shape[1]
    sets.spend(CALL + len(batch) * free)
    rows = (batch[:, None] * free + np.arange(free)) * count + outer[:, None]
    made = sets.united(rows.ravel(), labels[batch, :, inner].ravel(), len(labels) * free * count)
    return made.reshape(len(labels), free, count)


def convolution(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """A convolution of a footprint with a constant kernel: of all features of a group."""
    image, kernel = operands
    params, numbers = eqn.params, eqn.params["dimension_numbers"]
    if kernel.labels is not None or params["batch_group_count"] != 1:
        return everything(sets, eqn, operands)
    groups = params["feature_group_count"]
    labels = image.footprint.transpose(numbers.lhs_spec)
    labels = labels.reshape(len(labels), groups, -1, *labels.shape[2:])
    labels = sets.over(labels, [2])
    known = None if kernel.known is None else np.asarray(kernel.known).transpose(numbers.rhs_spec)
    sizes = [kernel.shape[axis] for axis in numbers.rhs_spec[2:]]
    every = list(np.ndindex(*sizes))
    offsets = every if known is None else [at for at in every if known[(..., *at)].any()] or every[:1]
    config = [
        (low, high, inside - 1)
        for (low, high), inside in zip(params["padding"], params["lhs_dilation"], strict=True)
    ]
    padded = _padded(labels, [(0, 0, 0), (0, 0, 0), *config])
    made = _windows(
        sets, padded, [(0, 0, *at) for at in offsets], (1, 1, *params["rhs_dilation"]),
        (1, 1, *params["window_strides"]), (1, 1, *sizes)
    )  # fmt: skip
    shape = shape_of(eqn.outvars[0])
    features = shape[numbers.out_spec[1]]
    made = np.repeat(made, features // groups, axis=1)
    return [made.transpose(np.argsort(numbers.out_spec))]


def reduce_window(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """Sums over windows, and what is gathered from them."""
    params = eqn.params
    labels = operands[0].footprint
    ones = (1,) * labels.ndim
    sizes = params["window_dimensions"]
    dilated = params.get("base_dilation") or ones
    config = [(low, high, inside - 1) for (low, high), inside in zip(params["padding"], dilated, strict=True)]
    return [
        _windows(
            sets, _padded(labels, config), list(np.ndindex(*sizes)),
            params.get("window_dilation") or ones, params["window_strides"], sizes,
        )
    ]  # fmt: skip


def _padded(labels: Labels, config: Sequence[tuple[int, int, int]]) -> Labels:
    padded: Labels = pad({"padding_config": config}, labels, EMPTY)
    return padded


def _windows(
    sets: Footprints,
    labels: Labels,
    offsets: Sequence[Sequence[int]],
    dilation: Sequence[int],
    strides: Sequence[int],
    sizes: Sequence[int],
) -> Labels:
    """The unions over windows of some sizes, of the entries at some offsets in them."""

    def along() -> Iterator[tuple[slice, ...]]:
        ends = [
            size - (window - 1) * apart
            for size, window, apart in zip(labels.shape, sizes, dilation, strict=True)
        ]
        for at in offsets:
            starts = [offset * apart for offset, apart in zip(at, dilation, strict=True)]
            yield tuple(
                slice(start, start + end, stride)
                for start, end, stride in zip(starts, ends, strides, strict=True)
            )

    parts = [labels[chosen] for chosen in along()]
    return sets.over(np.stack(parts), [0])


RULES = {
    "reduce_sum": reduce_sum,
    "cumsum": cumsum,
    "dot_general": dot_general,
    "conv_general_dilated": convolution,
    "reduce_window_sum": reduce_window,
    "select_and_gather_add": reduce_window,
}
