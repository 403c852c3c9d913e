"""Functions with sparse Jacobians in JAX: kinds that occur in practice, and random programs of such steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Step = Callable[[Any], Any]

W = jnp.asarray(np.random.default_rng(0).normal(size=(4, 4)))
FROM, TO = (jnp.asarray(np.random.default_rng(seed).integers(0, 20, 30)) for seed in range(2))
BAND = jnp.asarray(np.eye(12) - np.eye(12, k=1))


@dataclass(frozen=True)
class Case:
    """A function, the shapes of its arguments, and how many evaluations its Jacobian takes at most."""

    function: Callable[..., Any]
    shapes: Any
    evaluations: int


def steps(x: Any, count: int) -> Any:
    """Diffusion with a reaction, by a loop."""
    return lax.scan(
        lambda u, _: (u + 0.1 * (jnp.roll(u, 1) - 2 * u + jnp.roll(u, -1)) - u**3, u[0]), x, None, count
    )[0]


def network(x: Any) -> Any:
    """Flows between pairs of 20 nodes, added up at both ends."""
    flow = x[FROM] * jnp.sin(x[FROM] - x[TO])
    return jnp.zeros(20).at[FROM].add(flow).at[TO].add(-flow)


def shallow_water(state: Any) -> Any:
    """Its three equations on a periodic grid, stacked."""
    h, u, v = state

    def along(a: Any, axis: int) -> Any:
        return (jnp.roll(a, -1, axis) - jnp.roll(a, 1, axis)) / 2

    mass = along(h * u, 0) + along(h * v, 1)
    return jnp.stack(
        [-mass, *(-u * along(c, 0) - v * along(c, 1) - along(h, n) for n, c in enumerate((u, v)))]
    )


def normalised(x: Any) -> Any:
    """Rows through a normalisation and a small network."""
    centred = x - x.mean(-1, keepdims=True)
    return x + jnp.tanh(centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) @ W) @ W.T


def rosenbrock(x: Any) -> Any:
    """The chained one."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def halved(x: Any) -> Any:
    """Newton's method for a number of steps that depends on the values."""
    return lax.while_loop(lambda c: (abs(c**2 - x) > 0.1).any(), lambda c: (c + x / c) / 2, x)


CASES: dict[str, Case] = {
    "stencil": Case(lambda x: x[2:] - 2 * x[1:-1] + x[:-2], (40,), 3),
    "stacked stencils": Case(shallow_water, (3, 6, 6), 24),
    "stencils in a loop": Case(lambda x: steps(x, 2), (40,), 8),
    "edges": Case(network, (20,), 12),
    "rows": Case(normalised, (10, 4), 4),
    "softmax of rows": Case(lambda x: jax.nn.softmax(x, -1), (10, 6), 6),
    "mapped": Case(jax.vmap(lambda r: jnp.linalg.norm(r) * r), (10, 3), 3),
    "mapped, sorted": Case(jax.vmap(jnp.sort), (10, 3), 3),
    "mapped, by value": Case(jax.vmap(lambda r: r[jnp.argmax(r)] * r), (10, 3), 3),
    "mapped, solved": Case(jax.vmap(lambda r: jnp.linalg.solve(W, r)), (10, 4), 4),
    "mapped, a branch": Case(
        jax.vmap(lambda r: lax.cond(r[0] > 1, jnp.sin, lambda v: v[::-1], r)), (10, 3), 3
    ),
    "samples, stacked": Case(lambda x: jnp.stack([jnp.tanh(W @ r).sum() for r in x]), (10, 4), 1),
    "a field and parameters": Case(lambda u, p: p[0] * steps(u, 1) + p[1] * u, ((30,), (2,)), 8),
    "a field and its sum": Case(lambda x: {"y": jnp.sin(x), "total": x.sum()}, (40,), 2),
    "an arrow": Case(lambda x: (x * x[0], (x**2).sum()), (40,), 4),
    "a camera": Case(lambda d: d["points"] @ d["camera"], {"points": (20, 3), "camera": (3, 2)}, 6),
    "a constant band": Case(lambda x: jnp.sin(BAND @ jnp.tanh(x)), (12,), 2),
    "a mask": Case(lambda x: (jnp.tril(jnp.triu(jnp.ones((12, 12)), -1)) * x).sum(1) ** 2, (12,), 3),
    "a convolution": Case(lambda x: jnp.convolve(x, jnp.array([1.0, 0.0, 2.0]), "same") ** 2, (30,), 3),
    "windows": Case(lambda x: lax.reduce_window(x, 0.0, lax.add, (3,), (2,), "SAME"), (30,), 3),
    "a gradient": Case(jax.grad(rosenbrock), (40,), 3),
    "an unknown number of steps": Case(halved, (20,), 1),
    "segments": Case(lambda x: jax.ops.segment_sum(x**2, jnp.arange(40) // 4, 10), (40,), 1),
    "several dimensions": Case(lambda x: jnp.cumsum(x, 1).transpose(2, 0, 1)[..., None] ** 2, (5, 3, 4), 3),
}


def argument(shapes: Any, seed: int = 0) -> Any:
    """Arrays of some shapes, positive."""
    generator = np.random.default_rng(seed)

    def leaf(shape: Any) -> Any:
        return jnp.asarray(generator.uniform(0.5, 2, size=shape))

    return jax.tree.map(leaf, shapes, is_leaf=lambda s: isinstance(s, tuple) and all(map(is_int, s)))


def is_int(size: Any) -> bool:
    """Whether it is a size, and what holds it so a shape."""
    return isinstance(size, int)


def arguments(case: Case) -> tuple[Any, ...]:
    """Those of a case."""
    given = argument(case.shapes)
    return given if isinstance(given, tuple) else (given,)


def _choose(generator: np.random.Generator, options: tuple[Step, ...]) -> Step:
    return options[generator.integers(len(options))]


def _moved(generator: np.random.Generator) -> Step:
    shift, places = int(generator.integers(1, 4)), generator.integers(0, 6, 8)
    return _choose(
        generator,
        (
            lambda x: jnp.roll(x, shift, 0) - x,
            lambda x: x[::-1] * 2,
            lambda x: jnp.take(x, places, axis=0, mode="wrap"),
            lambda x: jnp.concatenate([x[shift:], x[:shift] ** 2]),
            lambda x: jnp.pad(x, [(shift, 0)] + [(0, 0)] * (x.ndim - 1), mode="edge"),
            lambda x: jnp.stack([x, jnp.sin(x)], -1).reshape(len(x), -1),
            lambda x: x.at[places[:3] % len(x)].set(jnp.cos(x[:3])[: len(x[:3])][:1]),
            lambda x: x.at[places % len(x)].add(1.5 * x[0]),
            lambda x: lax.dynamic_slice_in_dim(x, jnp.argmax(x.ravel()) % len(x), max(1, len(x) // 2)),
            lambda x: lax.dynamic_update_slice_in_dim(x, x[:1] * 3, jnp.argmin(x.ravel()) % len(x), 0),
        ),
    )


def _mixed(generator: np.random.Generator) -> Step:
    return _choose(
        generator,
        (
            lambda x: x - x.mean(-1, keepdims=True),
            lambda x: jax.vmap(lambda r: jnp.tanh(r) * r.sum())(x),
            lambda x: jnp.cumsum(x, -1),
            lambda x: jnp.sort(x, -1),
            lambda x: jnp.where(x > 1, x**2, jnp.roll(x, 1, 0)),
            lambda x: lax.scan(lambda c, r: (0.5 * c + r, c * r), jnp.zeros(x.shape[1:]), x)[1],
            lambda x: lax.scan(lambda c, _: (jnp.sin(c) + jnp.roll(c, 1, 0), c.sum(0)), x, None, 2)[0],
            lambda x: lax.fori_loop(0, 3, lambda i, c: c.at[i % len(c)].multiply(1.1), x),
            lambda x: lax.cond(x.sum() > 1, jnp.sin, lambda v: v[::-1], x),
            lambda x: jnp.einsum("i...,j->i...", x, jnp.arange(2.0)),
            lambda x: jax.checkpoint(lambda v: jnp.sin(jnp.cos(v)) * v)(x),
            lambda x: jnp.diff(x, axis=0, prepend=0.5),
            lambda x: jnp.maximum(x, jnp.roll(x, 1, 0)),
            lambda x: x.max(-1, keepdims=True) + x,
            lambda x: lax.map(lambda r: r * jnp.exp(-r), x),
        ),
    )


def random_program(seed: int) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A function of a tree that returns a tree, and its arguments: all of which is fairly sparse."""
    generator = np.random.default_rng(seed)
    first, second = (
        [_choose(generator, (_moved, _mixed))(generator) for _ in range(generator.integers(1, 5))]
        for _ in range(2)
    )
    rows, columns = (int(size) for size in generator.integers(4, 8, 2))
    joined = generator.integers(3)

    def function(tree: Any, scale: Any) -> Any:
        x, y = tree["x"], tree["y"]
        for step in first:
            x = step(x)
        for step in second:
            y = step(y)
        if joined == 0:
            return {"x": x * scale[0], "y": y}
        if joined == 1:
            return x + scale.sum(), (y.ravel() * scale[1]).sum()
        return [jnp.outer(x.ravel()[:3], y.ravel()[:4]), x[:2] * scale[1]]

    return function, argument(({"x": (rows, columns), "y": (rows + 1, 1)}, (2,)), seed)
