"""Branches in JAX: several values that are a waist together, on random programs against JAX itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.slow import slow_but

jax = pytest.importorskip("jax", reason="needs the extra 'jax'")
jnp = pytest.importorskip("jax.numpy")

from chainorder.autodiff.choice import Choice  # noqa: E402
from chainorder.jax import jacobian  # noqa: E402
from chainorder.jax.api import choice_of  # noqa: E402

ACTIVATIONS = (jnp.tanh, jnp.sin, lambda x: x / (1 + x**2), jax.nn.sigmoid)


def branching(generator: np.random.Generator, wide: int = 24) -> Callable[[Any], Any]:
    """Wide layers, narrow values beside each other that may feed each other, and wide layers again."""
    count = int(generator.integers(2, 4))
    sizes = [int(size) for size in generator.integers(1, 5, count)]
    first, last = ([_matrix(generator, wide, wide) for _ in range(2)] for _ in range(2))
    down = [_matrix(generator, size, wide) for size in sizes]
    across = [_matrix(generator, sizes[k], sizes[k - 1]) for k in range(1, count)]
    up = [_matrix(generator, wide, size) for size in sizes]
    acts = [ACTIVATIONS[k] for k in generator.integers(0, len(ACTIVATIONS), 2 * count)]
    feeds, multiplied, skips = (bool(generator.random() < 0.5) for _ in range(3))

    def function(x: Any) -> Any:
        for matrix in first:
            x = jnp.tanh(matrix @ x)
        narrow = [act(matrix @ x) for act, matrix in zip(acts, down, strict=False)]
        for place, matrix in enumerate(across, 1):
            narrow[place] = narrow[place] + feeds * (matrix @ narrow[place - 1])
        made = [act(matrix @ value) for act, matrix, value in zip(acts[count:], up, narrow, strict=False)]
        y = made[0]
        for other in made[1:]:
            y = y * other if multiplied else y + other
        for matrix in last:
            y = jnp.tanh(matrix @ y) + skips * y
        return y

    return function


def _matrix(generator: np.random.Generator, rows: int, columns: int) -> Any:
    return jnp.asarray(generator.normal(size=(rows, columns)) / columns**0.5)


@pytest.mark.parametrize("seed", slow_but(range(3), range(24)))
def test_branches_are_cut_together_and_change_no_derivative(seed: int) -> None:
    generator = np.random.default_rng(seed)
    function = branching(generator)
    x = jnp.asarray(generator.normal(size=24))
    choice = choice_of(function, (x,))
    assert isinstance(choice, Choice)
    assert max(piece.joined for piece in choice.pieces) > 1
    wanted = jax.jacrev(function)(x)
    ours = jacobian(function, solver="auto")
    for found in (ours(x), jax.jit(ours)(x), jax.vmap(ours)(x[None])[0]):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
        assert found.dtype == wanted.dtype

    def size_of(differentiate: Any) -> Any:
        return jax.grad(lambda value: jnp.sum(differentiate(value) ** 2))(x)

    np.testing.assert_allclose(size_of(ours), size_of(jax.jacrev(function)), rtol=1e-3, atol=1e-4)


def test_the_state_and_memory_of_a_recurrent_cell_are_a_waist_together() -> None:
    generator = np.random.default_rng(0)
    hidden, seen = 5, 20
    inward, across = _matrix(generator, 4 * hidden, seen), _matrix(generator, 4 * hidden, hidden)
    outward = [_matrix(generator, 60, hidden) for _ in range(2)]

    def function(x: Any) -> Any:
        state = memory = jnp.zeros(hidden)
        for row in x.reshape(-1, seen):
            i, f, o, g = jnp.split(inward @ row + across @ state, 4)
            memory = jax.nn.sigmoid(f) * memory + jax.nn.sigmoid(i) * jnp.tanh(g)
            state = jax.nn.sigmoid(o) * jnp.tanh(memory)
        return jnp.tanh(outward[0] @ state) * jnp.cos(outward[1] @ memory)

    x = jnp.asarray(generator.normal(size=6 * seen))
    choice = choice_of(function, (x,))
    assert isinstance(choice, Choice)
    assert [piece.inputs for piece in choice.pieces if piece.inputs == 2 * hidden]
    np.testing.assert_allclose(
        jacobian(function, solver="auto")(x), jax.jacrev(function)(x), rtol=1e-4, atol=1e-5
    )


def test_a_value_on_the_way_that_is_used_beside_leaves_the_program_as_it_is() -> None:
    down, up = jnp.ones((2, 30)) / 30, jnp.ones((30, 2))

    def function(x: Any) -> Any:
        narrow = down @ x
        return jnp.tanh(up @ jnp.sin(narrow)) * x

    x = jnp.linspace(-1.0, 1.0, 30)
    np.testing.assert_allclose(
        jacobian(function, solver="auto")(x), jax.jacrev(function)(x), rtol=1e-4, atol=1e-5
    )
