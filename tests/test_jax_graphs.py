"""Graphs of JAX functions: any plan of them, executed by NumPy, is the Jacobian of JAX."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="needs the extra 'jax'")

import jax.numpy as jnp  # noqa: E402

from chainorder import Graph, GraphError, execute, load, plan  # noqa: E402
from chainorder.autodiff.task import NotPlannedError  # noqa: E402
from chainorder.jax import graph  # noqa: E402
from tests.jax_compositions import random_composition  # noqa: E402
from tests.jax_sparse import random_program  # noqa: E402
from tests.slow import slow_but  # noqa: E402

jax.config.update("jax_enable_x64", True)


def dense_jacobian(function: Callable[..., Any], args: tuple[Any, ...], argnums: Any) -> Any:
    """That of JAX: all results × all arguments, without rows and columns that no edge leads to."""
    outputs = jax.tree.leaves(jax.eval_shape(function, *args))
    given = [args[number] for number in ([argnums] if isinstance(argnums, int) else argnums)]
    inputs = jax.tree.leaves(given)
    blocks = iter(jax.tree.leaves(jax.jacrev(function, argnums)(*args)))
    rows = [[np.reshape(next(blocks), (o.size, np.size(i))) for i in inputs] for o in outputs]
    return np.block(rows)


def connected(matrix: Any) -> Any:
    return matrix[np.any(matrix, axis=1)][:, np.any(matrix, axis=0)]


def held(function: Callable[..., Any], args: tuple[Any, ...], argnums: Any = 0) -> Graph:
    """The graph of a function whose plans were found to be right."""
    wanted = connected(dense_jacobian(function, args, argnums))
    found = graph(function, *args, argnums=argnums, entries=True)
    for solver in ("reverse", "markowitz"):
        made = execute(plan(found, solver=solver)).jacobian
        made = made.toarray() if hasattr(made, "toarray") else made
        np.testing.assert_allclose(connected(made), wanted, rtol=1e-9, atol=1e-11)
    return found


@pytest.mark.parametrize("seed", slow_but(range(1, 5), range(24)))
def test_graphs_of_random_compositions(seed: int) -> None:
    function, x = random_composition(seed)
    if not np.any(dense_jacobian(function, (x,), 0)):
        return
    try:
        held(function, (x,))
    except NotPlannedError as error:
        assert "complex" in str(error)


@pytest.mark.parametrize("seed", slow_but(range(2), range(16)))
def test_graphs_of_random_functions_of_trees(seed: int) -> None:
    function, args = random_program(seed)
    held(function, args, argnums=(0, 1))


def roe(left: Any, right: Any) -> list[Any]:
    """Some of a Roe flux: means, speed of sound, a flux; scalars in, scalars out."""
    (rl, ml, el), (rr, mr, er) = left, right
    vl, vr = ml / rl, mr / rr
    pl, pr = 0.4 * (el - 0.5 * ml * vl), 0.4 * (er - 0.5 * mr * vr)
    sl, sr = jnp.sqrt(rl), jnp.sqrt(rr)
    v = (sl * vl + sr * vr) / (sl + sr)
    h = (sl * (el + pl) / rl + sr * (er + pr) / rr) / (sl + sr)
    c = jnp.sqrt(0.4 * (h - 0.5 * v * v))
    return [ml + mr - c * (rr - rl), ml * vl + pl + mr * vr + pr - abs(v) * (mr - ml), (el + er) * v * h]


def test_scalar_functions_are_graphs_of_scalars(tmp_path: Path) -> None:
    found = held(roe, ((1.0, 0.5, 2.0), (0.9, 0.4, 1.8)), argnums=(0, 1))
    assert set(found.vertices.values()) == {1}
    assert found.inputs == tuple(f"argument[{a}][{b}]" for a in range(2) for b in range(3))
    assert found.outputs == ("result[0]", "result[1]", "result[2]")
    best = plan(found)
    assert best.fma < plan(found, solver="reverse").fma < plan(found, solver="forward").fma
    shapes = graph(roe, *(((jax.ShapeDtypeStruct((), float),) * 3,) * 2), argnums=(0, 1))
    assert plan(shapes, solver="reverse").fma == plan(found, solver="reverse").fma
    path = tmp_path / "roe.yaml"
    path.write_text(json.dumps(shapes.to_spec()))
    (loaded,) = load(path)
    assert loaded == shapes


def test_results_that_are_given_used_or_doubled_are_copied() -> None:
    def function(x: Any) -> Any:
        y = jnp.sin(x)
        return {"x": x, "y": y, "again": y, "z": jnp.cos(y)}

    found = held(function, (jnp.ones(3),))
    assert set(found.outputs) == {f"result[{key!r}]" for key in ("again", "x", "y", "z")}


def test_what_is_dear_is_matrix_free_and_static_arguments_stay() -> None:
    kernel = jnp.ones((1, 1, 3))

    def function(x: Any, times: int) -> Any:
        for _ in range(times):
            x = jax.lax.conv_general_dilated(x[None, None], kernel, (1,), "SAME")[0, 0]
        return x.sum()

    found = graph(function, jnp.ones(8), 2)
    models = [edge.tangent for edge in found.edges if edge.tangent is not None]
    assert models == [24, 24]


def test_a_function_of_nothing_is_refused() -> None:
    with pytest.raises(GraphError, match="does not depend"):
        graph(lambda x: jnp.ones(3), jnp.ones(3))
