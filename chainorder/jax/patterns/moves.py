"""Equations that move entries, as NumPy moves them: the entries of constants as well as labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainorder.autodiff.footprints import Footprints, Labels
from chainorder.jax.patterns.facts import Fact

Array = Any


def broadcast_in_dim(params: dict[str, Any], array: Array) -> Array:
    """As in `jax.lax`."""
    shape, places = params["shape"], params["broadcast_dimensions"]
    inner = [1] * len(shape)
    for axis, place in enumerate(places):
        inner[place] = array.shape[axis]
    return np.broadcast_to(array.transpose(np.argsort(places)).reshape(inner), shape)


def reshape(params: dict[str, Any], array: Array) -> Array:
    """As in `jax.lax`."""
    order = params["dimensions"]
    return (array if order is None else array.transpose(order)).reshape(params["new_sizes"])


def slice_(params: dict[str, Any], array: Array) -> Array:
    """As in `jax.lax`."""
    strides = params["strides"] or (1,) * array.ndim
    return array[tuple(map(slice, params["start_indices"], params["limit_indices"], strides))]


def pad(params: dict[str, Any], array: Array, filling: Array) -> Array:
    """As in `jax.lax`."""
    config = params["padding_config"]
    sizes = [
        size + max(0, size - 1) * inside for size, (_, _, inside) in zip(array.shape, config, strict=True)
    ]
    spread = np.full(sizes, filling)
    spread[tuple(slice(None, None, inside + 1) for _, _, inside in config)] = array
    kept = [
        slice(max(0, -low), max(0, size + min(0, high)))
        for size, (low, high, _) in zip(sizes, config, strict=True)
    ]
    return np.pad(
        spread[tuple(kept)], [(max(0, low), max(0, high)) for low, high, _ in config], constant_values=filling
    )


def split(params: dict[str, Any], array: Array) -> list[Array]:
    """As in `jax.lax`."""
    return np.split(array, np.cumsum(params["sizes"])[:-1], params["axis"])


def unstack(params: dict[str, Any], array: Array) -> list[Array]:
    """As in `jax.lax`."""
    return list(np.moveaxis(array, params["axis"], 0))


MOVES: dict[str, Callable[..., Any]] = {
    "broadcast_in_dim": broadcast_in_dim,
    "concatenate": lambda params, *arrays: np.concatenate(arrays, params["dimension"]),
    "copy": lambda params, array: array,
    "copy_p": lambda params, array: array,
    "pad": pad,
    "reshape": reshape,
    "rev": lambda params, array: np.flip(array, params["dimensions"]),
    "slice": slice_,
    "split": split,
    "squeeze": lambda params, array: array.squeeze(params["dimensions"]),
    "stack": lambda params, *arrays: np.stack(arrays, params["axis"]),
    "stop_gradient": lambda params, array: array,
    "transpose": lambda params, array: array.transpose(params["permutation"]),
    "unstack": unstack,
}
"""What an equation makes of arrays, by the name of its primitive."""


def move(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """Labels move as entries do."""
    made = MOVES[eqn.primitive.name](eqn.params, *(each.footprint for each in operands))
    return made if eqn.primitive.multiple_results else [made]


RULES = dict.fromkeys(MOVES, move)
