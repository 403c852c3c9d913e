"""`chainorder.jax`: what it returns is what JAX returns, whatever the function and wherever it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

from chainorder import ChainError, SolverError, plan  # noqa: E402
from chainorder.autodiff.captures import PATIENCE, REPAID  # noqa: E402
from chainorder.autodiff.choice import Mode  # noqa: E402
from chainorder.jax import chain, explain, jacobian  # noqa: E402
from chainorder.jax.api import compiled  # noqa: E402
from chainorder.jax.task import JaxTask  # noqa: E402
from tests.jax_compositions import random_composition  # noqa: E402
from tests.slow import slow_but  # noqa: E402

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


@pytest.fixture
def planned(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is left to JAX."""
    caplog.set_level("INFO", "chainorder")
    yield
    assert not [record.exc_text for record in caplog.get_records("call")]


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("seed", slow_but(range(3), range(15)))
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
    "a long output in single precision": (
        lambda x: jnp.outer(jnp.arange(30), jnp.sin(x)).astype(jnp.float32),
        (X,),
        {},
    ),
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
QUICK_CALLS = {"a pytree in", "argnums", "aux", "a Python float", "zero outputs", "control flow on values"}


@pytest.mark.parametrize("name", slow_but(QUICK_CALLS, CALLS))
def test_calls_are_those_of_jacrev(name: str) -> None:
    function, args, options = CALLS[name]
    assert_same(jacobian(function, **options)(*args), jax.jacrev(function, **options)(*args))


def with_reference(x: Any) -> Any:
    reference = jax.new_ref(jnp.zeros_like(x))
    reference[...] = jnp.sin(x)
    return reference[...]


def with_reference_and_a_loop(x: Any) -> Any:
    reference = jax.new_ref(x)

    def body(step: Any, total: Any) -> Any:
        reference[...] = reference[...] * 1.5
        return total + reference[step]

    return jax.lax.fori_loop(0, 3, body, 0.0) + reference[...]


def with_derivative_by_reference(x: Any) -> Any:
    @jax.custom_jvp
    def function(x: Any) -> Any:
        return jnp.sin(x)

    @function.defjvp
    def rule(primals: Any, tangents: Any) -> Any:
        reference = jax.new_ref(tangents[0])
        reference[...] = reference[...] * 3
        return jnp.sin(primals[0]), reference[...]

    return function(x)


@jax.custom_batching.custom_vmap
def batched(x: Any) -> Any:
    return jnp.sin(x)


batched.def_vmap(lambda size, flags, x: (jnp.sin(x), flags[0]))


@jax.custom_vjp
def at_times(x: Any, times: Any) -> Any:
    return x * times[1]


at_times.defvjp(
    lambda x, times: (x * times[1], times),
    lambda times, u: (u * jax.lax.map(lambda n: times[n], jnp.arange(2))[1], None),
)


def written(x: Any, values: Any) -> Any:
    values = values.copy()
    values[0] = 5.0
    return x * values


MATRIX = 3 * jnp.eye(4) + jnp.triu(jnp.ones((4, 4)))


def solved(x: Any, **options: Any) -> Any:
    """A linear solve that says of its adjoint what is not true."""

    def solve(_: Any, b: Any) -> Any:
        return jnp.linalg.solve(MATRIX, b)

    return jnp.outer(jnp.arange(30.0), jax.lax.custom_linear_solve(lambda v: MATRIX @ v, x, solve, **options))


EXACT: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
    "a reference": (with_reference, (X,), {}),
    "a reference, amid others": (lambda x: network(4, 1, 4)(with_reference(network(4, 1, 4)(x))), (X,), {}),
    "a reference in a loop": (with_reference_and_a_loop, (X,), {}),
    "a reference in a compiled function": (lambda x: jax.jit(with_reference)(x) * x, (X,), {}),
    "a reference in a derivative": (with_derivative_by_reference, (X,), {}),
    "another argument is a reference": (lambda x, r: x * r[...], (X, jax.new_ref(2 * X)), {}),
    "a batching rule": (batched, (X,), {}),
    "residuals of NumPy": (lambda x: jax.jit(at_times)(network(4, 1, 4)(x), np.arange(2.0)), (X,), {}),
    "an empty part": (lambda x: jnp.concatenate([x[:0], jnp.ones(3)]), (X,), {}),
    "an empty part of it": (lambda x: jnp.concatenate([x[:0] * 2, x[:2]]), (X,), {}),
    "a size of NumPy": (lambda x, n: jnp.tile(x, n), (X, np.int64(3)), {}),
    "a size of JAX": (lambda x, n: jnp.broadcast_to(x, (n, 4)), (X, jnp.array(2)), {}),
    "a formatted number": (lambda x, t: x * len(f"{t:.3f}"), (X, 2.0), {}),
    "a number as a key": (lambda x, t: x * {2.0: 5.0}[t], (X, 2.0), {}),
    "the type of a number": (lambda x, t: x * (2 if isinstance(t, float) else 3), (X, 2.0), {}),
    "a number in double precision": (lambda x, t: x * float(np.float64(t) * 1e300 * 1e-300), (X, 3.0), {}),
    "an array of strings": (lambda x, names: x * len(names[1]), (X, np.array(["a", "bcd"])), {}),
    "an array of objects": (lambda x, o: x * len(o[1]), (X, np.array([None, "bcd"], dtype=object)), {}),
    "an array of dates": (lambda x, d: x * (d[1] - d[0]).astype(int), (X, np.arange(2).astype("M8[D]")), {}),
    "an array that is written to": (written, (X, np.ones(4)), {}),
    "numbers in aux": (lambda x: (x * 2, {"n": 3, "z": 1.5}), (X,), {"has_aux": True}),
    "a falsely symmetric solve": (lambda x: solved(x, symmetric=True), (X,), {}),
    "a wrong adjoint": (lambda x: solved(x, transpose_solve=lambda _, b: 2 * b), (X,), {}),
    "a solve without an adjoint": (solved, (X,), {}),
    "conjugate gradients": (lambda x: jax.scipy.sparse.linalg.cg(lambda v: v @ MATRIX, x)[0], (X,), {}),
    "the same argument twice": (lambda a, b: a * b, (X, X), {"argnums": (0, 1)}),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_what_is_not_traced_exactly_is_left_to_jax(name: str) -> None:
    function, args, options = EXACT[name]
    try:
        theirs = jax.jacrev(function, **options)(*args)
    except (TypeError, ValueError):
        theirs = jax.jacfwd(function, **options)(*args)
    for solver in (None, "dynamic"):
        ours = jacobian(function, solver=solver, **options)
        for _ in range(2):
            assert_same(ours(*args), theirs)


def test_aux_is_left_alone() -> None:
    values = np.array(["a"])
    for jac in (jax.jacrev, jacobian):
        assert type(jac(lambda x: (x, 3), has_aux=True)(X)[1]) is int
        assert jac(lambda x: (x, values), has_aux=True)(X)[1] is values
    made = jacobian(lambda x: (x, np.zeros(2)), has_aux=True)
    made(X)[1][0] = 7.0
    assert made(X)[1][0] == 0


@pytest.mark.parametrize("ordered", [False, True])
def test_effects_happen_once_a_call(ordered: bool) -> None:
    seen: list[int] = []

    def function(x: Any) -> Any:
        jax.experimental.io_callback(lambda: seen.append(1), None, ordered=ordered)
        return network(4, 1, 4)(x)

    ours = jacobian(function)
    for calls in range(1, 4):
        ours(X)
        jax.effects_barrier()
        assert len(seen) == calls


def test_references_are_changed_as_in_jacrev() -> None:
    counts = []
    for jac in (jax.jacrev, jacobian):
        reference = jax.new_ref(jnp.zeros(4))

        def function(x: Any, reference: Any = reference) -> Any:
            reference[...] += 1.0
            return x * reference[...]

        jacobians = [jac(function)(X) for _ in range(3)]
        counts.append((jacobians, reference[...]))
    assert_same(*counts)


def test_collectives_are_those_of_reverse_mode() -> None:
    def function(x: Any) -> Any:
        return jax.lax.psum(x, "many") * x

    many = jnp.stack([X, 2 * X])
    ours, theirs = (jax.vmap(jac(function), axis_name="many")(many) for jac in (jacobian, jax.jacrev))
    assert_same(ours, theirs)


@pytest.mark.parametrize("kind", ["Auto", "Explicit"])
def test_distributed_arrays(kind: str) -> None:
    mesh = jax.make_mesh((1,), ("i",), axis_types=(jax.sharding.AxisType[kind],))
    with jax.set_mesh(mesh):
        x = jax.device_put(X, jax.sharding.PartitionSpec("i"))
        ours, theirs = (jac(network(4, 1, 4))(x) for jac in (jacobian, jax.jacrev))
    assert_same(ours, theirs)
    inside = jax.shard_map(
        jacobian(jnp.sin),
        mesh=mesh,
        in_specs=jax.sharding.PartitionSpec("i"),
        out_specs=jax.sharding.PartitionSpec("i"),
    )
    assert_same(jax.jit(inside)(x), jnp.diag(jnp.cos(X)))


def test_symbolic_shapes() -> None:
    (size,) = jax.export.symbolic_shape("n")
    exported = jax.export.export(jax.jit(jacobian(lambda x: jnp.sin(x) * 2)))(
        jax.ShapeDtypeStruct((size,), jnp.float64)
    )
    assert_same(exported.call(X), jnp.diag(2 * jnp.cos(X)))


def test_a_function_that_is_another_one_in_every_call_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling takes as long as many Jacobians: a new closure, a number that changes, another length."""
    made: list[int] = []

    def counted(*args: Any) -> Any:
        made.append(1)
        return compiled(*args)

    monkeypatch.setattr("chainorder.jax.api.compiled", counted)
    for step in range(5):
        jacobian(lambda x, scale=float(step): x * scale)(X)
    assert len(made) == PATIENCE
    ours = jacobian(lambda x, t: x * t)
    for step in range(5):
        assert_same(ours(X, step), step * jnp.eye(4))
    assert len(made) == 2 * PATIENCE
    lengths = jacobian(lambda x: x * 3)
    for size in range(2, 7):
        lengths(jnp.ones(size))
    assert len(made) == 3 * PATIENCE
    for _ in range(REPAID):
        lengths(jnp.ones(2))
    assert len(made) == 3 * PATIENCE, "what was captured is used"
    lengths(jnp.ones(7))
    assert len(made) == 3 * PATIENCE + 1, "so it was worth it"


def test_several_threads() -> None:
    ours = jacobian(narrow)
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(ours, [LONG * (1 + n / 8) for n in range(8)]))
    for n, result in enumerate(results):
        assert_same(result, jax.jacrev(narrow)(LONG * (1 + n / 8)))


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


@pytest.mark.parametrize("solver", [None, "dynamic"])
def test_blocks_are_as_weakly_typed_as_their_inputs(solver: str | None) -> None:
    """Otherwise what is computed with them is of another dtype."""
    half = jnp.ones(3, jnp.float16)
    for function in (lambda x: x * x, lambda x: jnp.arange(3.0) * x, lambda x: jnp.ones(3)):
        for point in (2.0, jnp.asarray(2.0), np.float32(2), jnp.float32(2)):
            ours, theirs = jacobian(function, solver=solver)(point), jax.jacrev(function)(point)
            assert (ours.dtype, ours.weak_type) == (theirs.dtype, theirs.weak_type)
            assert (ours * half).dtype == (theirs * half).dtype
            assert_same(ours, theirs)


def test_float32() -> None:
    function, x = network(30, 2, 30), LONG.astype(jnp.float32)

    def single(value: Any) -> Any:
        return function(value).astype(jnp.float32)

    assert_same(jacobian(single, solver="dynamic")(x), jax.jacrev(single)(x), 1e-5)


def narrow(x: Any) -> Any:
    return network(30, 1, 30)(jnp.sin(x))


@pytest.mark.usefixtures("planned")
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


@pytest.mark.usefixtures("planned")
def test_gradient_with_respect_to_what_the_function_closes_over() -> None:
    def loss(weights: Any, jac: Any) -> Any:
        return (jac(lambda x: jnp.tanh(weights @ x))(X) ** 2).sum()

    weights = jnp.arange(12.0).reshape(3, 4) / 12
    ours = jax.grad(lambda w: loss(w, lambda f: jacobian(f, solver="dynamic")))(weights)
    assert_same(ours, jax.grad(lambda w: loss(w, jax.jacrev))(weights))


@pytest.mark.usefixtures("planned")
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
        "narrow waist: 1 entry between matrix1 and element-wise",
        "matrix2·element-wise × matrix1",
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

    monkeypatch.setattr("chainorder.jax.program.MAX_PIECES", 10)
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


@pytest.mark.parametrize("name", slow_but({"a band"}, SPARSE))
def test_sparse_pieces_take_a_direction_for_each_colour(name: str) -> None:
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


@pytest.mark.slow
@pytest.mark.usefixtures("planned")
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
