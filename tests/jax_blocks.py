"""Random functions of trees in JAX: arguments that meet, or do not, on the way to several results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Generator = np.random.Generator

SIZE = 6
"""Entries of a vector; scalars are taken for vectors where one is needed."""


def _vector(value: Any) -> Any:
    return jnp.resize(jnp.ravel(value), (SIZE,))


def _alone(generator: Generator) -> Callable[[Any], Any]:
    """A step of one vector."""
    matrix = jnp.asarray(generator.normal(size=(SIZE, SIZE)) / SIZE)
    narrow = matrix[:2]
    options: tuple[Callable[[Any], Any], ...] = (
        jnp.sin,
        lambda v: matrix @ v,
        lambda v: jnp.tanh(narrow.T @ jnp.tanh(narrow @ v)),
        lambda v: jnp.roll(v, 1) - v**2,
        lambda v: v.sum() * v,
        lambda v: v[::-1].at[1].set(0.5),
        lambda v: lax.scan(lambda c, _: (jnp.sin(matrix @ c), None), v, None, 12)[0],
        lambda v: lax.cond(v[0] > 1, jnp.cos, lambda u: u[::-1], v),
        lambda v: jnp.cumsum(v) / 3,
        lambda v: jax.checkpoint(lambda u: jnp.exp(-u) * u)(v),
    )
    return options[generator.integers(len(options))]


def _together(generator: Generator) -> Callable[[Any, Any], Any]:
    """A step of two vectors."""
    options: tuple[Callable[[Any, Any], Any], ...] = (
        lambda a, b: a + jnp.sin(b),
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: jnp.concatenate([a[:2], b[2:]]),
        lambda a, b: jnp.where(a > 1, a, b),
        lambda a, b: jnp.stack([a, b]).mean(0),
        lambda a, b: lax.dynamic_update_slice(a, b[:2], (jnp.argmax(a) % 3,)),
        lambda a, b: a.at[jnp.array([0, 2, 2])].add(b[:3]),
        lambda a, b: lax.scan(lambda c, r: (0.5 * c + r, c.sum() * r), a, b[:, None] * jnp.ones(SIZE))[0],
        lambda a, b: lax.fori_loop(0, 2, lambda _, c: (c[0] * 0.9 + c[1], c[1]), (a, b))[0],
        lambda a, b: lax.cond(a[0] > b[0], jnp.add, lambda u, v: u * v, a, b),
        lambda a, b: lax.pad(a[1:], b[0], [(1, 0, 0)]),
        lambda a, b: a.at[1].set(b[0]),
        lambda a, b: jnp.outer(a, b)[:, 1],
    )
    return options[generator.integers(len(options))]


def random_tree_program(seed: int) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A function of a dictionary and an array that returns up to three arrays, and its arguments."""
    generator = np.random.default_rng(seed)
    steps = [
        (_alone(generator), _together(generator), generator.integers(2**16, size=3), generator.random() < 0.4)
        for _ in range(generator.integers(3, 8))
    ]
    kept = generator.integers(1, 4)
    reduced = generator.integers(4)

    def function(tree: Any, other: Any) -> Any:
        values = [_vector(tree["x"]), _vector(tree["s"]), _vector(other)]
        for alone, together, places, both in steps:
            a, b, place = (values[number % len(values)] for number in places)
            values.append(together(a, b) if both else alone(place))
        results = values[-kept:]
        if reduced == 0:
            results[-1] = results[-1].sum()
        if reduced == 1:
            results[0] = jnp.outer(results[0], values[0][:2])
        if reduced == 2:
            results[0] = jnp.ones(2)  # nothing depends on it
        return {f"result {number}": result for number, result in enumerate(results)}

    def given(*shape: int) -> Any:
        return jnp.asarray(generator.uniform(0.5, 2, shape))

    return function, ({"x": given(2, 3), "s": given()}, given(int(generator.integers(1, 8))))
