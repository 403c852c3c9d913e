"""Constants that are worked out while a program is read: indices, masks and what only moves entries.

Only what NumPy does as JAX does: moves, and arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainorder.jax.patterns.facts import Fact, shape_of
from chainorder.jax.patterns.moves import MOVES

LARGEST = 2**22
"""Entries of a constant that is looked at."""


def _iota(params: dict[str, Any]) -> Any:
    shape, axis = params["shape"], params["dimension"]
    line = np.arange(shape[axis], dtype=params["dtype"])
    return np.broadcast_to(line.reshape([-1 if at == axis else 1 for at in range(len(shape))]), shape)


def _select(params: dict[str, Any], which: Any, *cases: Any) -> Any:
    spread = np.broadcast_arrays(*cases)
    return np.take_along_axis(np.stack(spread), np.broadcast_to(which, spread[0].shape)[None].astype(int), 0)[
        0
    ]


def _div(params: dict[str, Any], array: Any, by: Any) -> Any:
    return (array - np.fmod(array, by)) // by if array.dtype.kind in "iu" else array / by


def _by(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda params, *arrays: function(*arrays)


EXACT: dict[str, Callable[..., Any]] = {
    "add": _by(np.add),
    "and": _by(np.bitwise_and),
    "clamp": _by(lambda low, array, high: np.clip(array, low, high)),
    "div": _div,
    "eq": _by(np.equal),
    "ge": _by(np.greater_equal),
    "gt": _by(np.greater),
    "iota": _iota,
    "le": _by(np.less_equal),
    "lt": _by(np.less),
    "max": _by(np.maximum),
    "min": _by(np.minimum),
    "mul": _by(np.multiply),
    "ne": _by(np.not_equal),
    "neg": _by(np.negative),
    "not": _by(np.bitwise_not),
    "or": _by(np.bitwise_or),
    "rem": _by(np.fmod),
    "select_n": _select,
    "sign": _by(np.sign),
    "sub": _by(np.subtract),
    "xor": _by(np.bitwise_xor),
}
"""Equations that yield one and the same number everywhere."""


def folded(eqn: Any, operands: Sequence[Fact]) -> Any:
    """The only result of an equation of known operands; None if it is not worked out."""
    name = eqn.primitive.name
    if int(np.prod(shape_of(eqn.outvars[0]))) > LARGEST:
        return None
    arrays = [np.asarray(each.known) for each in operands]
    dtype = eqn.outvars[0].aval.dtype
    if name == "convert_element_type":
        exact = arrays[0].dtype.kind in "iub" or arrays[0].dtype.kind == dtype.kind == "f"
        return arrays[0].astype(dtype) if exact else None
    if name in MOVES and not eqn.primitive.multiple_results:
        return MOVES[name](eqn.params, *arrays)
    if name not in EXACT or dtype.kind not in "iubf":
        return None
    with np.errstate(all="ignore"):
        return np.asarray(EXACT[name](eqn.params, *arrays)).astype(dtype, copy=False)
