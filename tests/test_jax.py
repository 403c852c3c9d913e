"""`chainorder.jax`: what it returns is what JAX returns, whatever the function and wherever it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

from chainorder import ChainError, SolverError, plan  # noqa: E402
from chainorder.autodiff.choice import Mode  # noqa: E402
from chainorder.jax import chain, explain, jacobian  # noqa: E402
from chainorder.jax.task import JaxTask  # noqa: E402
from tests.jax_compositions import random_composition  # noqa: E402

jax.config.update("jax_enable_x64", True)

X = jnp.linspace(0.5, 2.0, 4)
SHORT, LONG = X[:3], jnp.linspace(-1, 1, 30)


def network(*sizes: int) -> Callable[[Any], Any]:
    """Dense layers with tanh between them."""
    generator = np.random.default_rng(0)
    matrices = [jnp.asarray(generator.normal(size=shape)) for shape in zip(sizes[1:], sizes, strict=False)]

    def function(x: Any) -> Any:
        for matrix in matrices[:-1]:
            x = jnp.tanh(matrix @ x)
        return matrices[-1] @ x

    return function


def assert_same(ours: Any, theirs: Any, tolerance: float = 1e-10) -> None:
    """Same trees, shapes, dtypes, and entries relative to the largest."""
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for mine, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        if isinstance(other, str):
            assert mine == other
            continue
        assert jnp.shape(mine) == jnp.shape(other)
        assert jnp.result_type(mine) == jnp.result_type(other)
        if jnp.size(other):
            scale = max(float(np.abs(other).max()), 1e-5)  # rounding may stand for 0
            assert float(np.abs(np.asarray(mine) - np.asarray(other)).max()) <= tolerance * scale


@pytest.mark.parametrize("seed", range(15))
def test_planned_products_of_random_compositions(seed: int) -> None:
    function, point = random_composition(seed)
    assert_same(jacobian(function, solver="dynamic")(point), jax.jit(jax.jacrev(function))(point))


@pytest.mark.parametrize("solver", ["forward", "reverse", "preaccumulation"])
def test_every_order_gives_the_same(solver: str) -> None:
    def function(x: Any) -> Any:
        x = network(30, 4, 20)(x)
        x = x + 0.1 * jnp.sin(x)[::-1]
        return jnp.cumsum(network(20, 3, 7)(x)) * 2

    assert_same(jacobian(function, solver=solver)(LONG), jax.jacrev(function)(LONG))


CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
    "a pytree in": (lambda d: d["a"] * d["b"].sum(), ({"a": X, "b": X[:2]},), {}),
    "a pytree out": (lambda x: (x.sum(), {"k": x * 2}), (X,), {}),
    "pytrees": (lambda d: (d[0] * 2, d[1] @ d[0]), ((X, jnp.ones((3, 4))),), {}),
    "argnums": (lambda a, b: a * b, (X, 2 * X), {"argnums": 1}),
    "several argnums": (lambda a, b: jnp.sin(a) * b.sum(), (X, SHORT), {"argnums": (0, 1)}),
    "argnums from the end": (lambda a, b: jnp.sin(a) * b.sum(), (X, SHORT), {"argnums": -1}),
    "aux": (lambda x: (x**2, {"n": x.sum(), "k": 3}), (X,), {"has_aux": True}),
    "aux that is no array": (lambda x: (x**2, "text"), (X,), {"has_aux": True}),
    "static arguments": (lambda x, name, flag: getattr(jnp, name)(x) if flag else x, (X, "sin", True), {}),
    "unhashable arguments": (lambda x, s: x * len(s["q"]), (X, {"q": {1, 2}}), {}),
    "a Python float": (jnp.sin, (2.0,), {}),
    "NumPy": (jnp.sin, (np.arange(3.0),), {}),
    "scalars": (lambda x: x**2, (jnp.asarray(3.0),), {}),
    "mixed dtypes in": (lambda d: d[0] * d[1], ((X, X.astype(jnp.float32)),), {}),
    "mixed dtypes out": (lambda x: (x.astype(jnp.float32), x), (X,), {}),
    "zero inputs": (lambda x: jnp.zeros(3) + x.sum(), (jnp.zeros(0),), {}),
    "zero outputs": (lambda x: x[:0], (X,), {}),
    "an output that ignores the input": (lambda _: jnp.ones(3), (X,), {}),
    "the identity": (lambda x: x, (X,), {}),
    "control flow on values": (lambda x: x * 2 if x[0] > 0 else x, (X,), {}),
    "a shape that depends on values": (lambda x: x[x > 1], (X,), {}),
    "complex": (jnp.sin, (X.astype(complex),), {"holomorphic": True}),
    "allow_int": (lambda x: x * 2.0, (jnp.arange(3),), {"allow_int": True}),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_those_of_jacrev(name: str) -> None:
    function, args, options = CALLS[name]
    assert_same(jacobian(function, **options)(*args), jax.jacrev(function, **options)(*args))


WRONG: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
    "integer input": (jnp.sin, (jnp.arange(3),), {}),
    "a Python int": (jnp.sin, (3,), {}),
    "integer output": (lambda x: x.astype(int), (X,), {}),
    "an output that is no array": (lambda _: "text", (X,), {}),
    "complex input": (jnp.sin, (X.astype(complex),), {}),
    "aux that is not there": (lambda x: x, (X[:2],), {"has_aux": True}),
    "no such argument": (jnp.sin, (X,), {"argnums": 5}),
    "an error of the function": (lambda x: x @ jnp.ones(7), (X,), {}),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_are_those_of_jacrev(name: str) -> None:
    function, args, options = WRONG[name]
    with pytest.raises(Exception) as theirs:
        jax.jacrev(function, **options)(*args)
    with pytest.raises(type(theirs.value)) as ours:
        jacobian(function, **options)(*args)
    assert str(ours.value)[:60] == str(theirs.value)[:60]


def test_no_function_is_an_error() -> None:
    for wrong in (3, [], [jnp.sin, 3]):
        with pytest.raises(TypeError, match="expected a function"):
            jacobian(wrong)  # type: ignore[arg-type]


def test_a_shape_that_depends_on_values_fails_in_jit_as_in_jax() -> None:
    with pytest.raises(jax.errors.JAXIndexError):
        jax.jit(jacobian(lambda x: x[x > 1]))(X)


def test_side_effects_happen_as_in_jacrev() -> None:
    seen: list[int] = []

    def function(x: Any) -> Any:
        seen.append(1)
        return network(4, 1, 4)(x)

    ours = jacobian(function)
    for calls in range(1, 4):
        ours(X)
        assert len(seen) == calls, "once a call, and none while capturing"


def test_static_arguments_of_equal_value_and_other_type_are_told_apart() -> None:
    ours = jacobian(lambda x, n: x * 2 if isinstance(n, bool) else x * 3)
    assert_same((ours(X, True), ours(X, 1)), (2 * jnp.eye(4), 3 * jnp.eye(4)))


def test_float32() -> None:
    function, x = network(30, 2, 30), LONG.astype(jnp.float32)

    def single(value: Any) -> Any:
        return function(value).astype(jnp.float32)

    assert_same(jacobian(single, solver="dynamic")(x), jax.jacrev(single)(x), 1e-5)


def narrow(x: Any) -> Any:
    return network(30, 1, 30)(jnp.sin(x))


def test_jit_vmap_and_grad_of_a_function_of_the_jacobian() -> None:
    ours, theirs = jacobian(narrow, solver="dynamic"), jax.jit(jax.jacrev(narrow))
    many = jnp.stack([LONG, 2 * LONG])
    assert_same(jax.jit(ours)(LONG), theirs(LONG))
    assert_same(jax.vmap(ours)(many), jnp.stack([theirs(x) for x in many]))
    assert_same(jax.jit(jax.vmap(ours))(many), jnp.stack([theirs(x) for x in many]))
    mine, other = (jax.jit(jax.grad(lambda x, j=j: (j(x) ** 2).sum())) for j in (ours, theirs))
    assert_same(mine(LONG), other(LONG), 1e-9)


def test_derivatives_of_derivatives() -> None:
    def scalar(x: Any) -> Any:
        return (narrow(x) ** 2).sum()

    assert_same(jacobian(jax.grad(scalar))(LONG), jax.jit(jax.hessian(scalar))(LONG), 1e-9)
    assert_same(jacobian(jacobian(narrow))(LONG), jax.jit(jax.jacrev(jax.jacrev(narrow)))(LONG), 1e-9)


def test_gradient_with_respect_to_what_the_function_closes_over() -> None:
    def loss(weights: Any, jac: Any) -> Any:
        return (jac(lambda x: jnp.tanh(weights @ x))(X) ** 2).sum()

    weights = jnp.arange(12.0).reshape(3, 4) / 12
    ours = jax.grad(lambda w: loss(w, lambda f: jacobian(f, solver="dynamic")))(weights)
    assert_same(ours, jax.grad(lambda w: loss(w, jax.jacrev))(weights))


def test_stages() -> None:
    stages = [network(30, 4), jnp.tanh, network(4, 30)]
    whole = jax.jacrev(lambda x: stages[2](stages[1](stages[0](x))))
    assert_same(jacobian(stages)(LONG), whole(LONG))
    assert chain(stages, LONG) == chain(lambda x: stages[2](stages[1](stages[0](x))), LONG).named(
        "composition"
    )


def test_directions_take_turns_within_the_memory() -> None:
    def function(x: Any) -> Any:
        return jnp.cumsum(jnp.sin(x)) + x[::-1]

    ours = jacobian(function, solver="dynamic", chunk_entries=64)
    assert "while" in str(jax.make_jaxpr(ours)(LONG)) or "scan" in str(jax.make_jaxpr(ours)(LONG))
    assert_same(ours(LONG), jax.jacrev(function)(LONG))


def test_reverse_only_and_forward_only_functions() -> None:
    @jax.custom_vjp
    def reverse_only(x: Any) -> Any:
        return jnp.sin(x)

    reverse_only.defvjp(lambda x: (jnp.sin(x), jnp.cos(x)), lambda cos, u: (u * cos,))

    def forward_only(x: Any) -> Any:
        return jax.lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, jnp.sin(c[1])), (0, x))[1]

    assert_same(jacobian(reverse_only)(X), jnp.diag(jnp.cos(X)))
    assert_same(jacobian(forward_only)(X), jax.jacfwd(forward_only)(X))
    assert_same(
        jacobian([forward_only, network(4, 1, 4)])(X),
        jax.jacfwd(lambda x: network(4, 1, 4)(forward_only(x)))(X),
    )


def test_the_chain_of_a_network() -> None:
    found = chain(network(1000, 1, 1000, 1, 1000), jax.ShapeDtypeStruct((1000,), jnp.float64))
    assert found.sizes.tolist() == [1000, 1, 1, 1000, 1000, 1, 1, 1000]
    assert [str(kind.structure) for kind in found.elementals] == ["dense", "diagonal"] * 3 + ["dense"]
    assert [kind.explicit for kind in found.elementals] == [True, False] * 3 + [True]
    assert plan(found).fma < 1_010_000
    assert found.name == "function"


def test_costs_are_counted_from_the_linearised_function() -> None:
    weights = jnp.ones((5, 30))
    (elemental,) = chain(lambda x: x[:5] * (weights @ x), LONG).elementals
    # 150 in the product, 5 for each of the two element-wise factors and 5 for adding them up.
    assert (elemental.tangent, elemental.adjoint) == (
        165,
        195,
    )  # the adjoint adds up 30 where x is used twice


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    waisted = explain(network(200, 1, 200), jnp.ones(200))
    text = capsys.readouterr().out
    assert waisted.mode is Mode.PLAN
    for words in (
        "matrix",
        "element-wise",
        "narrow waist: 1 entry between F1 and F2",
        "F'3,1",
        "jacrev",
        "the plan is used",
    ):
        assert words in text
    reverse = explain(network(300, 200, 100, 2), jnp.ones(300))
    assert reverse.mode is Mode.REVERSE
    assert "planning brings nothing here: this is jacrev" in capsys.readouterr().out
    assert explain(network(2, 100, 200, 300), jnp.ones(2)).mode is Mode.FORWARD


def test_there_is_no_chain_where_nothing_flows() -> None:
    with pytest.raises(ChainError, match="does not depend on the input"):
        chain(lambda _: jnp.ones(3), X)
    with pytest.raises(ChainError, match="one real floating dtype"):
        chain(jnp.sin, jnp.arange(3))
    with pytest.raises(SolverError, match="unknown solver"):
        jacobian(jnp.sin, solver="none")


def test_long_functions_give_up_their_widest_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    def function(x: Any) -> Any:
        for step in range(20):
            x = jnp.sin(jnp.cumsum(x) / 4)
            x = jnp.concatenate([x, x]) if step == 4 else x[:3]
        return x

    monkeypatch.setattr("chainorder.jax.program.MAX_SEGMENTS", 10)
    found = chain(function, X)
    assert 5 < len(found) <= 10
    assert 8 not in found.sizes
    assert_same(jacobian(function, solver="dynamic")(X), jax.jit(jax.jacrev(function))(X))


def stencil(u: Any) -> Any:
    """Neighbours on a ring."""
    return u + 0.1 * (jnp.roll(u, 1) - 2 * u + jnp.roll(u, -1)) / (1 + u**2)


SPARSE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a ring": (stencil, "sparse(1200)"),
    "differences": (lambda u: jnp.diff(u), "sparse(798)"),
    "a band": (lambda u: u + jnp.concatenate([u[1:] ** 2, jnp.zeros(1)]), "banded(0,1)"),
    "a grid": (lambda u: jnp.pad(u.reshape(20, 20), 1)[2:, 1:-1] * u.reshape(20, 20), "sparse(780)"),
}


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_parts_take_a_direction_for_each_colour(name: str) -> None:
    pytest.importorskip("asdex")
    function, structure = SPARSE[name]
    x = jnp.linspace(0.1, 1, 400)
    found = chain(function, x)
    assert str(found.elementals[-1].structure) == structure
    assert plan(found).fma < 400 * 400

    def thrice(u: Any) -> Any:
        return jnp.sin(function(stencil(u)).ravel())[::-1]

    expected = jax.jit(jax.jacrev(thrice))(x)
    for solver in (None, "forward", "reverse"):
        assert_same(jacobian(thrice, solver=solver)(x), expected)


def recurrent(steps: int) -> Callable[[Any], Any]:
    """A loop with a narrow place in each step."""
    generator = np.random.default_rng(0)
    narrow, wide = (jnp.asarray(generator.normal(size=shape)) / 4 for shape in ((2, 30), (30, 2)))

    def function(x: Any) -> Any:
        def step(state: Any, shift: Any) -> tuple[Any, Any]:
            state = wide @ jnp.tanh(narrow @ state + shift)
            return state, state.sum()

        return jax.lax.scan(step, x, jnp.arange(float(steps)))[0]

    return function


def test_short_loops_of_products_are_unrolled() -> None:
    short, long = recurrent(4), recurrent(50)
    assert len(chain(short, LONG)) > 8
    assert len(chain(long, LONG)) == 1
    for function in (short, recurrent(12)):
        assert_same(jacobian(function, solver="dynamic")(LONG), jax.jacrev(function)(LONG))
    backwards = lambda x: jax.lax.scan(  # noqa: E731
        lambda c, v: (jnp.dot(jnp.eye(3) * 0.5, c) + v, c * v), jnp.ones(3), x.reshape(4, 3), reverse=True
    )
    x = jnp.linspace(0, 1, 12)
    assert_same(jacobian(backwards, solver="dynamic")(x), jax.jacrev(backwards)(x))


def test_task_runs_without_being_compiled() -> None:
    assert_same(JaxTask(narrow, solver="dynamic").jacobian((LONG,), {}), jax.jacrev(narrow)(LONG))
