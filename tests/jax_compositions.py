"""Random functions of one array in JAX: what a derivative meets in practice, composed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Step = Callable[[Any], Any]

SIZES = (1, 2, 3, 4)
"""Few and small: compiled operations are then reused from function to function."""


@jax.custom_jvp
def _squared(x: Any) -> Any:
    return x * x


_squared.defjvp(lambda primals, tangents: (_squared(primals[0]), 2 * primals[0] * tangents[0]))


@jax.custom_vjp
def _clipped(x: Any) -> Any:
    return x + 0.5


_clipped.defvjp(lambda x: (x + 0.5, x), lambda x, u: (u * jnp.cos(x),))


def _array(generator: np.random.Generator, *shape: int) -> Any:
    return jnp.asarray(generator.normal(size=shape))


def elementwise(generator: np.random.Generator) -> Step:
    """Keeps the shape, entry by entry."""
    steps: tuple[Step, ...] = (
        jnp.tanh,
        jnp.sin,
        lambda x: jnp.exp(-x * x),
        lambda x: jnp.where(x > 0, x, 0.1 * x),
        lambda x: x / (1 + x**2),
        jax.nn.gelu,
        jax.nn.relu,
        lambda x: 3.0 - x,
        _squared,
        jax.checkpoint(lambda x: jnp.sin(jnp.cos(x))),
        lambda x: -x,
    )
    return steps[generator.integers(len(steps))]


def matrix(generator: np.random.Generator) -> Step:
    """A product with a matrix along the last axis."""
    size = int(generator.choice(SIZES))

    def step(x: Any) -> Any:
        last = x.shape[-1] if x.ndim else 1
        weights = _array(np.random.default_rng(last), last, size)
        return jnp.reshape(x, (*x.shape[:-1], last)) @ weights if x.ndim else x * weights[0]

    return step


def movement(generator: np.random.Generator) -> Step:
    """Moves, repeats, drops or adds up entries."""
    steps: tuple[Step, ...] = (
        jnp.ravel,
        lambda x: x.T,
        lambda x: x[..., None],
        lambda x: x[..., ::-1] if x.ndim else x,
        lambda x: x[:1] if x.ndim else x,
        lambda x: x.ravel()[jnp.array([0, 0, -1])],
        lambda x: jnp.broadcast_to(x, (2, *x.shape)),
        lambda x: jnp.concatenate([x.ravel(), jnp.sin(x.ravel()[:2])]),
        lambda x: jnp.pad(x.ravel(), 1),
        lambda x: jnp.roll(x.ravel(), 1),
        lambda x: x.sum(0) if x.ndim else x,
        lambda x: x.mean(-1, keepdims=True) if x.ndim else x,
        lambda x: x.max(0) if x.ndim else x,
        lambda x: jnp.cumsum(x.ravel()),
        lambda x: jnp.sort(x.ravel()),
        lambda x: jnp.linalg.norm(x.ravel() + 2),
        lambda x: jax.lax.dynamic_slice(x.ravel(), (jnp.argmax(x),), (1,)),
    )
    return steps[generator.integers(len(steps))]


def mixing(generator: np.random.Generator) -> Step:
    """Branches, loops and constants."""
    steps: tuple[Step, ...] = (
        lambda x: jax.nn.softmax(x.ravel()),
        lambda x: x + jnp.tanh(x.sum()),
        lambda x: x * x.ravel()[0],
        lambda x: x + jnp.ones((2, *x.shape)),
        lambda x: jnp.outer(x.ravel(), jnp.cos(x.ravel()[:2])),
        lambda x: x - jnp.floor(x) + x.astype(int),
        lambda x: jnp.where(x.sum() > 0, x, x**2),
        lambda x: jax.lax.scan(lambda c, _: (jnp.sin(c) + 0.1 * c.sum(), c.sum()), x, None, length=3)[0],
        lambda x: jax.lax.scan(lambda c, v: (c + v, c * v), jnp.zeros(()), x.ravel())[1],
        lambda x: jax.lax.fori_loop(0, 3, lambda _, c: jnp.tanh(c) * 1.1, x),
        lambda x: jax.lax.cond(x.sum() > 0, jnp.sin, lambda v: v * 2, x),
        lambda x: jax.vmap(lambda v: jnp.sin(v) * jnp.arange(1.0, 3.0))(x.ravel()),
        lambda x: jnp.linalg.solve(jnp.eye(x.size) + 0.1 * jnp.outer(x.ravel(), x.ravel()), x.ravel()),
        lambda x: jnp.fft.fft(x.ravel()).real,
        _clipped,
    )
    return steps[generator.integers(len(steps))]


def random_composition(seed: int) -> tuple[Step, Any]:
    """A function, and a point to differentiate it at; sizes stay below some hundred."""
    generator = np.random.default_rng(seed)
    kinds = (elementwise, matrix, movement, mixing)
    steps = [
        kinds[generator.choice(4, p=[0.3, 0.25, 0.25, 0.2])](generator)
        for _ in range(generator.integers(1, 9))
    ]
    shape = [int(generator.choice(SIZES)) for _ in range(generator.integers(0, 3))]

    def function(x: Any) -> Any:
        for step in steps:
            x = step(x) if x.size <= 32 else x.ravel()[:8]
        return x

    return function, _array(generator, *shape)
