"""What `chainorder.jax` takes for an identity, a diagonal, a matrix or sparse, over all parameters of it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

Map = Callable[[Any], Any]
"""Of an array of shape (n, 1, m), n < m."""

AXES = tuple(permutations(range(3)))


PADDINGS = ((1, 2, 0), (1, 0, 2), (-1, 1, 0), (-1, -1, 1))
"""Low, high and interior."""


def permuted(x: Any, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape after a transpose."""
    return tuple(x.shape[axis] for axis in axes)


def spread(x: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """`lax.broadcast_in_dim` to a shape whose axes are those of x, or multiples where they have one entry."""
    return lax.broadcast_in_dim(x, shape, axes)


def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes another one."""
    return tuple(int(axis) for axis in np.argsort(axes))


def flat_slice(start: Any, count: int) -> Map:
    """A slice of all entries from a start that may lie outside."""
    return lambda x: lax.dynamic_slice(x.ravel(), (start,), (count,))


def gathered(mode: str, places: list[int]) -> Map:
    """Rows from the last axis, by number."""
    return lambda x: jnp.take(x, jnp.asarray(places), axis=2, mode=mode, fill_value=0.0)


VIEWS: dict[str, list[Map]] = {
    "broadcast_in_dim": [
        *(lambda x, p=p: spread(x, permuted(x, inverse(p)), p) for p in AXES),
        *(lambda x, p=p: spread(x[:, 0], permuted(x[:, 0], p), inverse(p)) for p in permutations(range(2))),
        lambda x: spread(x, (2, *x.shape), (1, 2, 3)),
        lambda x: spread(x, (x.shape[0], 5, x.shape[2]), (0, 1, 2)),
        lambda x: spread(x, (1, x.shape[2], 1, x.shape[0], 1), (3, 2, 1)),
        lambda x: spread(x, (1, x.shape[0], 1, x.shape[2], 1), (1, 2, 3)),
        lambda x: spread(x[0, 0, 0], (1, 1), ()),
        lambda x: spread(x[0, 0, 0], (3, 2), ()),
    ],
    "copy": [lambda x: jnp.copy(x), lambda x: jnp.array(x[:, 0].T, copy=True)],
    "reshape": [
        *(lambda x, p=p: lax.reshape(x, (x.shape[2], x.shape[0]), p) for p in AXES),
        *(lambda x, p=p: lax.reshape(x, (x.size,), p) for p in AXES),
        lambda x: lax.reshape(x, (1, x.size, 1)),
        lambda x: x.ravel(order="F"),
        lambda x: x.reshape(x.shape[::-1], order="F"),
        lambda x: jnp.column_stack(x),
        lambda x: jnp.dstack(x),
        lambda x: jnp.concatenate(x, axis=-1),
    ],
    "squeeze": [
        lambda x: lax.squeeze(x, (1,)),
        lambda x: lax.squeeze(x[..., None], (1, 3)),
        lambda x: jnp.swapaxes(x, 0, 2).squeeze(-2),
    ],
    "transpose": [
        *(lambda x, p=p: lax.transpose(x, p) for p in AXES),
        lambda x: x[:, 0].T,
        lambda x: x.reshape(1, -1).T,
        lambda x: jnp.moveaxis(x[..., None], 3, 0),
    ],
}

ELEMENTWISE: dict[str, list[Map]] = {
    "add": [lambda x: x + x[:, :1] * 2, lambda x: jnp.sin(x) + jnp.cos(x).reshape(x.shape)],
    "add_any": [lambda x: (x * x) * jnp.sin(x), lambda x: x**2 / (1 + x**2)],
    "convert_element_type": [
        lambda x: x.astype(jnp.float32),
        lambda x: x.astype(jnp.float32).astype(jnp.float64) * 2,
        lambda x: (x.astype(complex) * (2 - 1j)).real,
        lambda x: (x.astype(complex) * (2 - 1j)).imag,
        lambda x: x * x.astype(int),
        lambda x: x * (x > 1).astype(x.dtype),
    ],
    "div": [lambda x: x / 3, lambda x: x / jnp.arange(1.0, x.size + 1).reshape(x.shape), lambda x: 1 / x],
    "mul": [
        lambda x: x * 3,
        lambda x: x * jnp.cos(x),
        lambda x: x[0, 0, 0] * x,
        lambda x: x * jnp.ones((2, 1, 1, 1)),
    ],
    "neg": [lambda x: -x, lambda x: -x.ravel()[::-1]],
    "select_n": [
        lambda x: lax.select_n(True, x, 2 * x),
        lambda x: lax.select_n(x > 1, x, x**2),
        lambda x: lax.select_n(x[0, 0, 0] > 1, x, x**2),
        lambda x: lax.select_n((x.astype(int) % 3).astype(jnp.int32), x, 2 * x, 3 * x),
        lambda x: jnp.where(x > 1, x, 7.0),
        lambda x: jnp.where(x > 1, x[:, :, ::-1], x),
        lambda x: lax.clamp(0.3, x, 1.1),
    ],
    "sub": [lambda x: x - 2 * x, lambda x: jnp.sin(x) - x * jnp.cos(x), lambda x: x - x[:, :, ::-1]],
}

PRODUCTS: dict[str, list[Map]] = {
    "dot_general": [
        *(
            lambda x, a=a, b=b: lax.dot_general(
                jnp.sin(jnp.arange(4.0 * x.size)).reshape(4, *permuted(x, b)),
                jnp.transpose(x, a),
                (([1 + inverse(b)[n] for n in (0, 2)], [inverse(a)[n] for n in (0, 2)]), ([], [])),
            )
            for a, b in zip(AXES, AXES[::-1], strict=True)
        ),
        lambda x: x.ravel() @ jnp.sin(jnp.arange(3.0 * x.size)).reshape(x.size, 3),
        lambda x: jnp.sin(jnp.arange(3.0 * x.size)).reshape(3, x.size) @ x.reshape(-1, 1),
        lambda x: x.ravel() @ jnp.arange(x.size),
        lambda x: jnp.arange(2.0 * x.shape[2]).reshape(2, -1) @ x[0, 0],
        lambda x: x[:, 0] @ jnp.sin(jnp.arange(2.0 * x.shape[2])).reshape(-1, 2),
        lambda x: jnp.einsum("iaj,iak->jk", x, jnp.cos(jnp.arange(5.0 * len(x))).reshape(-1, 1, 5)),
        lambda x: lax.dot(jnp.ones((2, x.size), jnp.float32), x.ravel().astype(jnp.float32),
                          preferred_element_type=jnp.float64),
        lambda x: jnp.vdot(jnp.ones((x.size,), int), x.ravel()),
    ],
}  # fmt: skip

MOVES: dict[str, list[Map]] = {
    "broadcast_in_dim": VIEWS["broadcast_in_dim"],
    "concatenate": [
        *(lambda x, n=n: jnp.concatenate([x, 2 * x[::-1], jnp.ones_like(x)], n) for n in range(3)),
        lambda x: jnp.stack([x, x[..., ::-1]], -1),
        lambda x: jnp.roll(x, (2, 1), (2, 0)),
    ],
    "copy": VIEWS["copy"],
    "dynamic_slice": [
        flat_slice(2, 3),
        flat_slice(-2, 3),
        flat_slice(10**6, 3),
        lambda x: flat_slice(jnp.argmax(x), 3)(x),
        lambda x: lax.dynamic_slice(x, (1, 0, jnp.argmin(x)), (1, 1, 2)),
    ],
    "dynamic_update_slice": [
        lambda x: lax.dynamic_update_slice(x, jnp.ones((1, 1, 2)), (1, 0, 1)),
        lambda x: lax.dynamic_update_slice(x, 3 * x[:1, :, :2], (10**6, 0, jnp.argmax(x))),
        lambda x: lax.dynamic_update_slice(jnp.ones(x.shape), x[:1], (-1, 0, 0)),
        lambda x: x.at[0].set(2 * x[1]),
    ],
    "gather": [
        *(gathered(mode, [0, 2, 2, 1]) for mode in ("fill", "clip", "wrap")),
        *(gathered(mode, [0, -1, 99, -99]) for mode in ("fill", "clip", "wrap")),
        lambda x: x[jnp.array([1, 0, 1]), 0, jnp.array([2, 2, 0])],
        lambda x: x[:, 0][jnp.array([[1], [0]]), jnp.array([0, 2])],
        lambda x: x.ravel()[jnp.argsort(x.ravel())],
        lambda x: jnp.take_along_axis(x, jnp.argsort(x, axis=2), axis=2),
        lambda x: x.ravel()[jnp.array([True, False, True]).nonzero(size=4, fill_value=-1)[0]],
    ],
    "pad": [
        *(lambda x, n=n: lax.pad(x, 0.0, ((0, 0, 0), (0, 0, 0), n)) for n in PADDINGS),
        lambda x: lax.pad(x, 0.0, ((2, -1, 1), (0, 1, 3), (-1, 0, 0))),
        lambda x: lax.pad(jnp.cos(x), x[0, 0, 1], ((1, 1, 0), (0, 0, 1), (0, 0, 1))),
        lambda x: jnp.pad(x, 1, mode="edge"),
        lambda x: jnp.pad(x, ((0, 0), (0, 0), (1, 2)), mode="wrap"),
    ],
    "reshape": VIEWS["reshape"],
    "rev": [lambda x, d=d: lax.rev(x, d) for d in ((), (0,), (2,), (0, 1), (2, 0))],
    "select_n": ELEMENTWISE["select_n"],
    "slice": [
        lambda x: lax.slice(x, (0, 0, 1), x.shape, (1, 1, 2)),
        lambda x: x[1:, :, ::-2],
        lambda x: x[:, :, 1:] - x[:, :, :-1],
        lambda x: x.ravel()[3:4],
    ],
    "split": [
        lambda x: lax.split(x, (1, x.shape[2] - 1), 2)[1],
        lambda x: jnp.concatenate(lax.split(x, (1, x.shape[0] - 1), 0)[::-1], 0),
    ],
    "squeeze": VIEWS["squeeze"],
    "stack": [lambda x, n=n: jnp.stack([x, 2 * x[::-1], jnp.ones_like(x)], n) for n in range(3)],
    "transpose": VIEWS["transpose"],
    "unstack": [lambda x: jnp.unstack(x)[1] * jnp.unstack(jnp.sin(x))[0]],
}  # fmt: skip
