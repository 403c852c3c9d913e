"""Sparse Jacobians in JAX: they are those of JAX, in every form, by few evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
from jax.experimental.sparse import BCOO, CSR  # noqa: E402

from chainorder.autodiff import choice as choices  # noqa: E402
from chainorder.autodiff import colours  # noqa: E402
from chainorder.autodiff.choice import Mode  # noqa: E402
from chainorder.autodiff.footprints import EMPTY, FULL, BudgetError, Footprints  # noqa: E402
from chainorder.errors import SpecError  # noqa: E402
from chainorder.jax import Prepared, explain, jacobian, prepare, sparsity, value_and_jacobian  # noqa: E402
from chainorder.jax.api import choice_of  # noqa: E402
from chainorder.jax.task import JaxTask  # noqa: E402
from tests.jax_compositions import random_composition  # noqa: E402
from tests.jax_sparse import CASES, arguments, random_program  # noqa: E402
from tests.slow import slow_but  # noqa: E402

jax.config.update("jax_enable_x64", True)

QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def everything(args: tuple[Any, ...]) -> int | tuple[int, ...]:
    """The numbers of all arguments."""
    return 0 if len(args) == 1 else tuple(range(len(args)))


def dense(block: Any) -> Any:
    """A block as an array."""
    return block.todense() if isinstance(block, BCOO | CSR) else block


def assert_same(ours: Any, theirs: Any) -> None:
    """Same trees and entries; CSR blocks are matrices."""
    mine = jax.tree.leaves(ours, is_leaf=lambda x: isinstance(x, BCOO | CSR))
    for block, other in zip(mine, jax.tree.leaves(theirs), strict=True):
        assert isinstance(block, CSR) or block.shape == other.shape
        assert block.dtype == other.dtype
        worst = 1e-10 * max(float(np.abs(other).max(initial=0)), 1e-5)
        np.testing.assert_allclose(np.ravel(dense(block)), np.ravel(other), rtol=0, atol=worst)


def both_ways(function: Any, args: Any, own: Any = jax.jacrev, output: str = "dense") -> tuple[Any, Any]:
    """The Jacobians by us and by JAX, compiled at once."""
    numbers = everything(args)

    def both(*args: Any) -> tuple[Any, Any]:
        return jacobian(function, numbers, output=output)(*args), own(function, numbers)(*args)

    return jax.jit(both, compiler_options=QUICKLY)(*args)


@pytest.fixture
def always_by_colours(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    """Colours are used wherever a pattern is found; nothing is left to JAX."""
    monkeypatch.setattr(colours, "WORTH", 10)
    monkeypatch.setattr(sparsity, "FULLEST", 1)
    monkeypatch.setattr(choices.Choice, "mode", property(lambda self: Mode.COLOURS))
    caplog.set_level("INFO", "chainorder")
    yield
    assert not [record.exc_text for record in caplog.get_records("call")]


@pytest.mark.parametrize("name", slow_but({"stencil", "an arrow"}, CASES))
def test_kinds_of_functions_take_few_evaluations(name: str) -> None:
    case = CASES[name]
    args = arguments(case)
    found = choice_of(case.function, args, argnums=everything(args))
    assert found.colouring.total <= case.evaluations
    assert_same(*both_ways(case.function, args, jax.jacfwd, "bcoo"))


@pytest.mark.usefixtures("always_by_colours")
@pytest.mark.parametrize("output", slow_but({"csr"}, ["dense", "bcoo", "csr", "auto"]))
def test_every_form_holds_the_same_entries(output: str) -> None:
    for name in ("an arrow", "a camera", "a field and its sum"):
        assert_same(*both_ways(CASES[name].function, arguments(CASES[name]), output=output))


@pytest.mark.usefixtures("always_by_colours")
@pytest.mark.parametrize("seed", slow_but(range(1), range(75)))
def test_random_programs(seed: int) -> None:
    assert_same(*both_ways(*random_program(seed)))


@pytest.mark.usefixtures("always_by_colours")
@pytest.mark.parametrize("seed", slow_but((), range(100, 125)))
def test_random_compositions(seed: int) -> None:
    function, point = random_composition(seed)
    assert_same(*both_ways(function, (point,)))


@pytest.mark.usefixtures("always_by_colours")
@pytest.mark.parametrize("output", slow_but((), ["dense", "bcoo"]))
def test_within_other_transformations(output: str) -> None:
    def function(x: Any) -> Any:
        return jnp.sin(x[1:]) * x[:-1]

    x = jnp.linspace(0.5, 2, 8)
    many = jnp.stack([x, 2 * x])
    ours, theirs = jacobian(function, output=output), jax.jacrev(function)

    def total(jac: Any) -> Any:
        return lambda x: (dense(jac(x)) ** 2).sum()

    assert_same(jax.jit(ours)(x), theirs(x))
    assert_same(jax.vmap(ours)(many), jax.vmap(theirs)(many))
    assert_same(jax.jit(jax.grad(total(ours)))(x), jax.grad(total(theirs))(x))


@pytest.mark.parametrize("output", slow_but({"csr"}, ["bcoo", "csr", "auto"]))
def test_what_is_not_known_to_be_sparse_stores_all_entries(output: str) -> None:
    x = jnp.linspace(0.5, 2, 4)
    looks = jacobian(lambda x: x * 2 if x[0] > 0 else x, output=output)
    assert_same(looks(x), 2 * jnp.eye(4))
    aux = jacobian(lambda x: (x * x.sum(), {"n": 3}), has_aux=True, output=output)(x)
    assert_same(aux[0], jax.jacrev(lambda x: x * x.sum())(x))
    assert aux[1] == {"n": 3}
    assert_same(jacobian(lambda _: jnp.ones(3), output=output)(x), jnp.zeros((3, 4)))


def test_explain_shows_what_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    explain(lambda x: x[1:] * x[:-1], jnp.ones(2000))
    text = capsys.readouterr().out
    for words in ("3,998 of 3,998,000 entries (0.10%)", "■■··", "colours are used: 2 tangents"):
        assert words in text


def test_value_and_jacobian() -> None:
    x = jnp.linspace(0.5, 2, 40)
    value, made = value_and_jacobian(lambda x: x[1:] * x[:-1], output="bcoo")(x)
    assert_same((value, made.todense()), (x[1:] * x[:-1], jax.jacfwd(lambda x: x[1:] * x[:-1])(x)))
    (value, aux), made = value_and_jacobian(lambda x: (x * 2, {"n": x.sum()}), has_aux=True)(x)
    assert_same((value, aux["n"], made), (x * 2, x.sum(), 2 * jnp.eye(40)))


def test_prepared_jacobians_are_not_planned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    x = jnp.linspace(0.5, 2, 40)
    ready = prepare(
        lambda x, t: t * x[1:] * x[:-1], jax.ShapeDtypeStruct((40,), x.dtype), x[0], output="bcoo"
    )
    theirs = jax.jacfwd(lambda x: 3 * x[1:] * x[:-1])
    monkeypatch.setattr(JaxTask, "jacobian", None)
    assert_same(ready(x, jnp.asarray(3.0)), theirs(x))
    assert_same(jax.jit(ready)(2 * x, jnp.asarray(3.0)), theirs(2 * x))
    with pytest.raises(TypeError, match="it is prepared for"):
        ready(x[1:], jnp.asarray(3.0))


def test_no_such_output() -> None:
    with pytest.raises(ValueError, match="'coo' is not a valid Output"):
        jacobian(jnp.sin, output="coo")


def test_footprints_know_equal_sets_and_their_budget() -> None:
    sets = Footprints(5, 200_000)
    labels = sets.inputs((5,))
    pairs = sets.joined(labels, labels[::-1])
    assert pairs[0] == pairs[4] == sets.joined(labels[4:], labels[:1])[0]
    assert sets.over(labels, [0]) == sets.all_of([pairs]) == FULL
    assert sets.united(np.array([2]), labels[:1], 3).tolist() == [EMPTY, EMPTY, labels[0]]
    assert [each.tolist() for each in sets.listed(pairs[1:3])] == [[0, 0, 1], [1, 3, 2]]
    with pytest.raises(BudgetError):
        sets.spend(200_000)


SAVED = [
    (lambda x, y: jnp.sin(x) * (jnp.roll(x, 1) - y), "bcoo"),
    (lambda x, y: jnp.sin(x) * (jnp.roll(x, 1) - y), "csr"),
    (lambda x, y: {"all": (jnp.tanh(jnp.ones((40, 2)) @ (jnp.ones((2, 40)) @ x / 40)), y)}, "dense"),
]


@pytest.mark.parametrize(("function", "output"), SAVED, ids=["bcoo", "csr", "dense"])
def test_prepared_jacobians_are_saved_and_loaded(tmp_path: Path, function: Any, output: str) -> None:
    x, y = jnp.linspace(0.0, 1.0, 40), jnp.linspace(1.0, 2.0, 40)
    ready = prepare(function, x, y, argnums=(0, 1), output=output)
    ready.save(tmp_path / "saved")
    loaded = Prepared.load(tmp_path / "saved")
    for found in (loaded(x, y), jax.jit(loaded)(x, y)):
        assert jax.tree.structure(found) == jax.tree.structure(ready(x, y))
        jax.tree.map(np.testing.assert_array_equal, found, ready(x, y))
    with pytest.raises(TypeError, match="prepared for"):
        loaded(x[1:], y)


def test_files_that_hold_no_prepared_jacobian_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "saved"
    prepare(jnp.sin, jnp.ones(3)).save(file)
    whole = file.read_bytes()
    for content, message in (
        (b"", "is no prepared Jacobian"),
        (b"dims: [1, 2]\n", "is no prepared Jacobian"),
        (whole[:-1], "is damaged"),
        (whole[:-9] + b"\0" * 9, "is damaged"),
    ):
        file.write_bytes(content)
        with pytest.raises(SpecError, match=message):
            Prepared.load(file)
    with pytest.raises(TypeError, match="only functions of arrays"):
        prepare(lambda x, n: x * n, jnp.ones(3), 2).save(file)
