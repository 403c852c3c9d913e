"""Chains of matrix products inside functions of JAX, in the best order."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

from chainorder import Chain, plan  # noqa: E402
from chainorder.jax import reassociate  # noqa: E402
from chainorder.jax.capture import equations  # noqa: E402

RNG = np.random.default_rng(0)


def array(*shape: int) -> Any:
    return jnp.asarray(RNG.normal(size=shape), jnp.float32)


def fma(function: Callable[..., Any], *args: Any) -> int:
    """Multiply–adds of the products in a traced function."""
    total = 0
    for eqn in equations(jax.make_jaxpr(function)(*args).jaxpr):
        if eqn.primitive.name == "dot_general":
            summed = eqn.params["dimension_numbers"][0][0]
            total += prod(eqn.outvars[0].aval.shape) * prod(eqn.invars[0].aval.shape[axis] for axis in summed)
    return total


def scanned(a: Any, x: Any) -> Any:
    return jax.lax.scan(lambda c, _: (jnp.tanh(a @ a.T @ c), None), x, None, length=3)[0]


def branching(a: Any, x: Any) -> Any:
    return jax.lax.cond(x[0] > 0, lambda: a @ a.T @ x, lambda: x)


def nested(a: Any, x: Any) -> Any:
    return jax.jit(lambda a, x: a @ a @ x)(a, x) + 1


A, X, LOW = array(40, 40), array(40), array(40, 2)
CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], int]] = {
    "matrices and a vector": (lambda a, x: a @ a @ a @ x, (A, X), 3 * 1600),
    "the transposed vector": (lambda a, x: x @ (a @ (a @ a)), (A, X), 3 * 1600),
    "a low-rank update": (lambda u, x: u @ u.T @ x, (LOW, X), 160),
    "a scalar": (lambda a, x: x @ (a @ (a @ jnp.outer(x, x))), (A, X), 3 * 1600),
    "batches": (lambda a, x: (a @ a @ a) @ x, (array(5, 9, 9), array(5, 9, 1)), 5 * 3 * 81),
    "a batch of vectors": (jax.vmap(lambda a, x: a @ a @ x), (array(5, 9, 9), array(5, 9)), 5 * 2 * 81),
    "an axis that rides along": (lambda b, u: b @ (u @ u.T), (array(3, 4, 40), LOW), 2 * 12 * 80),
    "einsum": (
        lambda a, b, c: jnp.einsum("ij,kj->ik", a, b) @ c,
        (LOW, LOW, array(40, 3)),
        40 * 2 * 3 * 2,
    ),
    "in a loop": (scanned, (A, X), 2 * 1600),
    "in a branch": (branching, (A, X), 2 * 1600),
    "in a call": (nested, (A, X), 2 * 1600),
    "already best": (lambda a, x: a @ (a @ x), (A, X), 2 * 1600),
    "a product that is used twice": (lambda a, x: (a @ a) + (a @ a) @ a, (A, X), 3 * 64000),
    "a transpose between": (lambda a, u: (a @ u).T @ a, (A, LOW), 2 * 3200),
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_values_for_the_fewest_fma(name: str) -> None:
    function, args, best = CASES[name]
    ours = reassociate(function)
    np.testing.assert_allclose(ours(*args), function(*args), rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(jax.jit(ours)(*args), function(*args), rtol=2e-3, atol=2e-3)
    assert fma(ours, *args) == best
    assert fma(ours, *args) <= fma(function, *args)


def test_random_chains_cost_what_is_planned() -> None:
    """Any bracketing, with transposed factors, comes to the cost of the best one."""
    for _ in range(20):
        count = int(RNG.integers(3, 8))
        sizes = [int(size) for size in RNG.integers(1, 30, count + 1)]
        flipped = RNG.random(count) < 0.3
        factors = [
            array(*sizes[n : n + 2][::-1]) if flip else array(*sizes[n : n + 2])
            for n, flip in enumerate(flipped)
        ]
        splits = [int(each) for each in RNG.integers(0, 10**6, count)]

        def function(*given: Any, flipped: Any = flipped, splits: Any = splits) -> Any:
            live = [
                (each, 0 if flip else 1, 1 if flip else 0) for each, flip in zip(given, flipped, strict=True)
            ]  # the axes of columns and rows
            for split in splits[: len(given) - 1]:
                at = split % (len(live) - 1)
                (left, columns, _), (right, _, joint) = live[at : at + 2]
                product = jax.lax.dot_general(left, right, (((columns,), (joint,)), ((), ())))
                live[at : at + 2] = [(product, 1, 0)]
            return live[0][0]

        ours, shown = reassociate(function)(*factors), function(*factors)
        np.testing.assert_allclose(ours, shown, rtol=1e-2, atol=1e-2 * float(jnp.abs(shown).max()))
        assert fma(reassociate(function), *factors) == plan(Chain.from_dims(sizes)).fma


def test_it_is_differentiated_and_mapped() -> None:
    function = CASES["matrices and a vector"][0]
    ours = reassociate(function)
    for derivative in (jax.jacrev, jax.jacfwd):
        np.testing.assert_allclose(derivative(ours)(A, X), derivative(function)(A, X), rtol=1e-2, atol=1e-2)
    many = array(6, 40)
    np.testing.assert_allclose(
        jax.vmap(ours, (None, 0))(A, many), jax.vmap(function, (None, 0))(A, many), rtol=1e-2, atol=1e-2
    )


def test_what_cannot_be_traced_is_left_alone() -> None:
    by_value = reassociate(lambda a, x: a @ a @ x if x[0] > 0 else x)
    np.testing.assert_allclose(by_value(A, jnp.abs(X)), A @ A @ jnp.abs(X), rtol=1e-3, atol=1e-3)
    assert reassociate(lambda a, name: (a @ a @ X, name))(A, "text")[1] == "text"
    mixed = reassociate(lambda a, x: a @ a.astype(jnp.bfloat16) @ x)
    assert mixed(A, X).dtype == jnp.float32
    whole = jnp.arange(9).reshape(3, 3)
    assert (reassociate(lambda a, x: a @ a @ x)(whole, jnp.arange(3)) == whole @ whole @ jnp.arange(3)).all()
