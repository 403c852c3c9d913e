"""Functions of the kinds that people write: what JAX returns, by whatever is chosen for them."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from chainorder.jax import jacobian  # noqa: E402
from scripts.kinds import KINDS, Kind, numbers  # noqa: E402
from tests.slow import slow_but  # noqa: E402

jax.config.update("jax_enable_x64", True)

QUICK = [each for each in KINDS if each.name in ("pose graph", "MPC tracking cost", "yield curve from swaps")]


@pytest.mark.parametrize("kind", slow_but(QUICK, KINDS), ids=lambda kind: kind.name)
@pytest.mark.parametrize("solver", [None, "auto"])
def test_kind(kind: Kind, solver: str | None) -> None:
    function, arguments = kind.case(small=True)
    argnums = numbers(arguments)
    mode = jax.jacfwd if kind.name.startswith("Van der Pol") else jax.jacrev  # a loop of unknown length
    expected = jax.jit(mode(function, argnums))(*arguments)
    made = jacobian(function, argnums, solver=solver)(*arguments)
    assert jax.tree.structure(made) == jax.tree.structure(expected)
    for ours, theirs in zip(*map(jax.tree.leaves, (made, expected)), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9 * float(np.abs(theirs).max(initial=1)))
