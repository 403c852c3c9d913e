"""Jacobians under `jax.vmap`: the choice sees how many are computed at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

from chainorder.autodiff.choice import Mode  # noqa: E402
from chainorder.jax import jacobian  # noqa: E402
from chainorder.jax.batches import batch_size  # noqa: E402
from chainorder.jax.task import JaxTask  # noqa: E402

jax.config.update("jax_enable_x64", True)

generator = np.random.default_rng(0)
DOWN, UP = (jnp.asarray(generator.normal(size=shape)) for shape in ((3, 24), (24, 3)))
MANY = jnp.asarray(generator.normal(size=(5, 4, 24)))


def narrow(x: Any) -> Any:
    """24 → 3 → 24: too small to be planned alone."""
    return jnp.tanh(UP @ jnp.tanh(DOWN @ x))


Around = Callable[[Callable[[Any], Any]], Callable[[Any], Any]]

AROUND: dict[str, tuple[Around, int]] = {
    "nothing": (lambda f: f, 1),
    "jit": (jax.jit, 1),
    "vmap": (jax.vmap, 5),
    "vmap, vmap": (lambda f: jax.vmap(jax.vmap(f)), 20),
    "vmap, second axis": (lambda f: jax.vmap(f, in_axes=1, out_axes=1), 4),
    "jit, vmap": (lambda f: jax.jit(jax.vmap(f)), 5),
    "vmap, jit": (lambda f: jax.vmap(jax.jit(f)), 1),
    "grad, vmap": (lambda f: jax.grad(lambda x: jax.vmap(f)(x).sum()), 5),
    "jacfwd, jit, vmap": (lambda f: jax.jacfwd(lambda x: jax.jit(jax.vmap(f))(x).sum()), 5),
}


@pytest.mark.parametrize("name", AROUND)
def test_the_size_of_a_batch_is_seen(name: str) -> None:
    around, size = AROUND[name]
    seen = []

    def function(x: Any) -> Any:
        seen.append(batch_size([1.0, x]))
        return jnp.sin(x)

    np.testing.assert_allclose(around(function)(MANY), around(jnp.sin)(MANY), rtol=1e-12)
    assert max(seen) == size


def test_what_many_share_counts_once() -> None:
    modes = [JaxTask(narrow, batch=batch).choice((MANY[0, 0],), {}).mode for batch in (1, 1000)]
    assert modes == [Mode.REVERSE, Mode.PLAN]


def test_each_size_is_planned_for(monkeypatch: pytest.MonkeyPatch) -> None:
    planned = []
    choice = JaxTask.choice_for

    def noted(self: JaxTask, *args: Any, **options: Any) -> Any:
        planned.append(self.batch)
        return choice(self, *args, **options)

    monkeypatch.setattr(JaxTask, "choice_for", noted)
    ours, theirs = jacobian(narrow), jax.jacrev(narrow)
    for x, around in ((MANY[0, 0], lambda f: f), (MANY[0], jax.vmap), (MANY, AROUND["vmap, vmap"][0])):
        for _ in range(2):
            np.testing.assert_allclose(around(ours)(x), around(theirs)(x), atol=1e-12)
    assert set(planned) == {1, 4, 20}
