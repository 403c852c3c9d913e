"""Jacobians in JAX whose blocks are computed apart: they are those of JAX, each by what serves it best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

from chainorder.autodiff import choice as choices  # noqa: E402
from chainorder.autodiff.choice import Choice, Group, Mode, Rates  # noqa: E402
from chainorder.autodiff.colours import Positions  # noqa: E402
from chainorder.jax import division, explain, jacobian  # noqa: E402
from chainorder.jax.api import choice_of  # noqa: E402
from tests.jax_blocks import random_tree_program  # noqa: E402
from tests.slow import slow_but  # noqa: E402
from tests.test_jax_sparsity import assert_same, both_ways, dense, everything  # noqa: E402

jax.config.update("jax_enable_x64", True)

generator = np.random.default_rng(0)
DOWN, UP, FULL = (jnp.asarray(generator.normal(size=shape)) for shape in ((4, 300), (300, 4), (300, 300)))
X, P = (jnp.linspace(0.1, 1, size) for size in (300, 200))


def autoencoder(x: Any) -> Any:
    """A waist, and an error that goes past it."""
    made = jnp.tanh(UP @ jnp.tanh(DOWN @ x))
    return {"made": made, "error": ((made - x) ** 2).sum()}


def neighbours(x: Any) -> Any:
    """A stencil."""
    return jnp.sin(x) * (jnp.roll(x, 1) - x)


CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[tuple[Any, Any], Mode]]] = {
    "a waist and an error": (autoencoder, (X,), {((0,), (0,)): Mode.REVERSE, ((1,), (0,)): Mode.PLAN}),
    "a stencil and a waist": (
        lambda x, p: neighbours(x) + jnp.tanh(UP @ jnp.tanh(DOWN[:, :200] @ p)),
        (X, P),
        {((0,), (0,)): Mode.COLOURS, ((0,), (1,)): Mode.PLAN},
    ),
    "a loop of both": (
        lambda x, p: (
            jnp.tanh(UP @ jnp.tanh(DOWN @ x)),
            jax.lax.scan(lambda c, r: (c * r, c), x.sum(), p)[0],
        ),
        (X, P),
        {((0,), (0,)): Mode.PLAN, ((1,), (0, 1)): Mode.REVERSE},
    ),
    "nothing in common": (
        lambda x, p: (jnp.tanh(FULL @ jnp.tanh(FULL @ x)), p[1:] * p[:-1]),
        (X, P),
        {((0,), (0,)): Mode.PLAN, ((1,), (1,)): Mode.COLOURS},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_group_of_blocks_is_computed_by_what_serves_it(name: str) -> None:
    function, args, ways = CASES[name]
    choice = choice_of(function, args, argnums=everything(args))
    assert isinstance(choice, Choice)
    assert {(group.rows, group.columns): group.choice.mode for group in choice.groups} == ways
    assert choice.mode is Mode.BLOCKS
    assert_same(*both_ways(function, args))


@pytest.fixture
def always_by_blocks(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    """Blocks are taken apart as far as they can be, each by another way; nothing is left to JAX."""
    monkeypatch.setattr(division, "NEAR", -(10**12))
    usual = choices.Choice.divided

    def finest(choice: Choice, groups: Sequence[Group], rates: Rates) -> Choice:
        made = usual(choice, groups, rates)
        return replace(made, times={**made.times, Mode.BLOCKS: -len(groups)})

    def any_mode(choice: Choice) -> Mode:
        possible = sorted(set(choice.times) - {Mode.BLOCKS})
        number = 7 * choice.chain.inputs + 3 * choice.chain.outputs + len(choice.pieces)
        return Mode.BLOCKS if choice.groups else possible[number % len(possible)]

    monkeypatch.setattr(choices.Choice, "divided", finest)
    monkeypatch.setattr(choices.Choice, "mode", property(any_mode))
    caplog.set_level("INFO", "chainorder")
    yield
    assert not [record.exc_text for record in caplog.get_records("call")]


@pytest.mark.usefixtures("always_by_blocks")
@pytest.mark.parametrize("seed", slow_but(range(2), range(220)))
def test_random_programs_of_trees(seed: int) -> None:
    function, args = random_tree_program(seed)
    assert_same(*both_ways(function, args, output=("dense", "bcoo")[seed % 2]))


@pytest.mark.usefixtures("always_by_blocks")
@pytest.mark.parametrize("seed", slow_but(range(0), range(300, 312)))
def test_random_programs_within_other_transformations(seed: int) -> None:
    function, args = random_tree_program(seed)
    ours, theirs = jacobian(function, (0, 1)), jax.jacrev(function, (0, 1))
    many = jax.tree.map(lambda leaf: jnp.stack([leaf, 1.1 * leaf]), args)
    assert_same(jax.vmap(ours)(*many), jax.vmap(theirs)(*many))

    def total(jac: Any) -> Any:
        return lambda *args: sum((leaf**2).sum() for leaf in jax.tree.leaves(jac(*args)))

    assert_same(*(jax.jit(jax.grad(total(each)))(*args) for each in (ours, theirs)))


def test_blocks_of_zeros_are_sparse_where_that_is_wanted() -> None:
    function, args, _ = CASES["nothing in common"]
    made = jacobian(function, (0, 1), output="bcoo")(*args)
    assert [[block.nse for block in row] for row in made] == [[300 * 300, 0], [0, 2 * 199]]
    assert_same(
        jax.tree.map(dense, made, is_leaf=lambda b: hasattr(b, "nse")), jax.jacrev(function, (0, 1))(*args)
    )


def test_explain_tells_of_every_block(capsys: pytest.CaptureFixture[str]) -> None:
    def function(tree: Any, p: Any) -> Any:
        x = tree["x"]
        return {"field": neighbours(x) * p[0], "rows": jax.nn.softmax(x.reshape(60, 5)), "total": x.sum()}

    found = explain(function, {"x": X}, P[:2], argnums=(0, 1))
    text = capsys.readouterr().out
    for words in ("['total']   [1]", "300 × 300   sparse, 0.67%", "60 blocks", "1 × 2       zero", "300 × 2"):
        assert words in text
    assert repr(found).startswith("<Jacobian of 302 → 601 by ")


POSITIONS = [
    ([], "zero"),
    ([(0, 0), (1, 1), (2, 2)], "diagonal"),
    ([(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)], "band of 2"),
    ([(row, column) for row in range(3) for column in range(3)], "dense"),
    ([(0, 2), (1, 0), (2, 0)], "2 blocks"),
    ([(0, 0), (0, 2), (1, 0), (2, 2)], "sparse, 44.44%"),
]


@pytest.mark.parametrize(("places", "words"), POSITIONS)
def test_what_positions_look_like(places: list[tuple[int, int]], words: str) -> None:
    table = np.zeros((3, 3), bool)
    table[tuple(np.array(places, int).reshape(-1, 2).T)] = True
    kinds = np.unique(table, axis=0, return_inverse=True)[1].reshape(-1)
    rows, columns = np.nonzero(table)
    assert Positions((3, 3), rows, columns, kinds).described == words
