"""Partially separable functions: their Jacobians by those of what is not linear are JAX's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

from chainorder.autodiff import choice as choices  # noqa: E402
from chainorder.autodiff import colours  # noqa: E402
from chainorder.autodiff.choice import Mode  # noqa: E402
from chainorder.jax import explain, jacobian, separating, sparsity  # noqa: E402
from chainorder.jax.api import choice_of  # noqa: E402
from tests.jax_sparse import random_program  # noqa: E402
from tests.slow import slow_but  # noqa: E402
from tests.test_jax_sparsity import assert_same, both_ways  # noqa: E402

jax.config.update("jax_enable_x64", True)

PLACES = np.array([3, 0, 17, 17, 5, 2, 9, 11, 23, 22, 1, 4])
X = jnp.linspace(0.5, 2.0, 24)
SCALES = np.linspace(-1, 3, 24)


def forces(x: Any) -> Any:
    """Between all pairs, added up."""
    apart = x.reshape(-1, 3)[None] - x.reshape(-1, 3)[:, None]
    return (apart / (jnp.sum(apart**2, -1, keepdims=True) + 1)).sum(1)


CASES: dict[str, Callable[[Any], Any]] = {
    "pairs": forces,
    "differences": lambda x: jnp.diff(jnp.sin(jnp.diff(x))),
    "gathered and scattered": lambda x: jnp.zeros(24).at[PLACES].add(jnp.exp(x[PLACES[::-1]] - x[PLACES])),
    "beside a linear part": lambda x: 3 * x[::-1] - jnp.cumsum(x) * 0 + jnp.roll(x, 1) * jnp.roll(x, 2),
    "known factors": lambda x: SCALES * jnp.sin((x - x[::-1]) / 4) * 2 + x / (1 + SCALES**2),
    "cancelled": lambda x: jnp.sin(x - jnp.roll(x, 1)) + (x - x),
    "repeated": lambda x: (jnp.outer(x, jnp.ones(3)) - jnp.repeat(x, 3).reshape(24, 3) ** 2).sum(0) + x[:3],
    "padded and stacked": lambda x: jnp.stack([jnp.pad(x, (1, 0))[:-1] - x, x / 2]).sum(0) ** 2,
    "negative": lambda x: -(jnp.cos(-x[1:] + x[:-1])),
    "used twice": lambda x: (jnp.diff(x) ** 2) + 2 * jnp.diff(jnp.concatenate([x[:1], jnp.sin(x[1:])])),
}


@pytest.fixture
def separable(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    """What is separable is computed so, whatever it takes; nothing is left to JAX."""

    def mode(choice: Any) -> Mode:
        return Mode.SEPARABLE if Mode.SEPARABLE in choice.times else Mode.REVERSE

    monkeypatch.setattr(choices.Choice, "mode", property(mode))
    monkeypatch.setattr(colours, "WORTH", 10)
    monkeypatch.setattr(sparsity, "FULLEST", 1)
    monkeypatch.setattr(separating, "LEAST", 1)
    caplog.set_level("INFO", "chainorder")
    yield
    assert not [record.exc_text for record in caplog.get_records("call")]


@pytest.mark.usefixtures("separable")
@pytest.mark.parametrize("output", ["dense", "bcoo"])
@pytest.mark.parametrize("name", CASES)
def test_cases(name: str, output: str) -> None:
    assert choice_of(CASES[name], (X,)).mode is Mode.SEPARABLE
    assert_same(*both_ways(CASES[name], (X,), output=output))


@pytest.mark.usefixtures("separable")
def test_under_transformations() -> None:
    rows, both = jnp.stack([X, X**2]), (jacobian(forces), jax.jacrev(forces))
    for made, expected in (
        tuple(map(jax.vmap, both)),
        tuple(jax.grad(lambda x, jac=jac: (jac(x) ** 2).sum()) for jac in map(jax.vmap, both)),
    ):
        assert_same(made(rows), expected(rows))


@pytest.mark.usefixtures("separable")
@pytest.mark.parametrize("seed", slow_but(range(3), range(75)))
def test_random_programs(seed: int) -> None:
    assert_same(*both_ways(*random_program(seed)))


def test_it_is_chosen_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    choice = explain(forces, jnp.linspace(0.5, 2.0, 120))
    assert choice.mode is Mode.SEPARABLE
    assert choice.separation.whole.count == 120**2
    assert "what is not linear" in capsys.readouterr().out
