"""Each operation that is not taken for a general one is held against `jax.jacrev` over all its parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

from chainorder.jax import rules, work  # noqa: E402
from chainorder.jax.capture import Options, Traced  # noqa: E402
from chainorder.jax.pieces import pieces_of  # noqa: E402
from chainorder.jax.task import JaxTask, Linearised  # noqa: E402
from tests import jax_rules  # noqa: E402

jax.config.update("jax_enable_x64", True)

SMALL, LARGE = (2, 1, 3), (8, 1, 12)


def point(shape: tuple[int, ...]) -> Any:
    """Entries of both sides of 1, in no order."""
    return jnp.asarray(
        np.random.default_rng(0).permutation(np.linspace(0.2, 2.4, int(np.prod(shape)))).reshape(shape)
    )


def test_tables_are_those_of_the_rules() -> None:
    """An operation that is added there needs cases here."""
    assert jax_rules.VIEWS.keys() == rules.VIEWS.keys()
    assert jax_rules.ELEMENTWISE.keys() == rules.ELEMENTWISE
    assert jax_rules.MOVES.keys() == rules.MOVES
    assert rules.VIEWS.keys() >= work.FREE
    assert set(jax_rules.PRODUCTS) == {"dot_general"}


CASES = jax_rules.VIEWS | jax_rules.ELEMENTWISE | jax_rules.PRODUCTS | jax_rules.MOVES
QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""Compiling takes longer than running."""


def programs(cases: list[jax_rules.Map]) -> list[Any]:
    """The programs of the derivatives of some functions."""
    return [Linearised.of(Traced.of(case, Options(), (point(SMALL),), {})).program for case in cases]


def between(case: jax_rules.Map) -> jax_rules.Map:
    """It amid others."""
    return lambda x: jnp.cumsum(jnp.tanh(case(jnp.sin(x[::-1]) + 0.3)).ravel())[::2]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
def test_what_is_known_of_operations_holds(
    name: str, shape: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """Small ones amid others; large ones, where sparsity is looked for, alone."""
    caplog.set_level("INFO", "chainorder")
    functions = [case if shape is LARGE else between(case) for case in CASES[name]]

    def ours(x: Any) -> Any:
        return [JaxTask(each, solver="dynamic").jacobian((x,), {}) for each in functions]

    def theirs(x: Any) -> Any:
        return [Options().own(each, (x,), {}) for each in functions]

    both = jax.jit(lambda x: (ours(x), theirs(x)), compiler_options=QUICKLY)(point(shape))
    for number, (mine, other) in enumerate(zip(*both, strict=True)):
        assert (mine.shape, mine.dtype) == (other.shape, other.dtype)
        worst = 2e-7 * max(np.abs(other).max(), 1e-5)
        np.testing.assert_allclose(mine, other, rtol=0, atol=worst, err_msg=f"case {number}")
    left = [record for record in caplog.records if "Expected cotangent type" not in record.exc_text]
    assert not left, "none is left to JAX, but for broadcasts that it does not transpose"
    assert any(equation.name == name for program in programs(CASES[name]) for equation in program.equations)


@pytest.mark.parametrize("name", jax_rules.VIEWS)
def test_views_are_taken_for_identities_only_where_they_are(name: str) -> None:
    seen = {
        rules.is_view(program, equation)
        for program in programs(jax_rules.VIEWS[name])
        for equation in program.equations
        if equation.name == name
    }
    assert seen == ({True} if name in ("copy", "squeeze") else {True, False})


def test_products_with_constant_matrices_are_at_hand() -> None:
    explicit = [
        any(piece.explicit for piece in pieces_of(program))
        for program in programs(jax_rules.PRODUCTS["dot_general"])
    ]
    assert explicit == [*[True] * 8, False, True, *[False] * 4]
