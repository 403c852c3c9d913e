"""Branches in PyTorch: values that are a waist together, on random programs against PyTorch itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'torch'")

from torch.func import jacrev, vmap  # noqa: E402

from chainorder.autodiff.choice import Choice  # noqa: E402
from chainorder.torch import chain, jacobian  # noqa: E402
from chainorder.torch.api import choice_of  # noqa: E402

ACTIVATIONS = (torch.tanh, torch.sin, torch.sigmoid, torch.exp)


def matrix(generator: np.random.Generator, rows: int, columns: int) -> Any:
    return torch.as_tensor(generator.normal(size=(rows, columns)) / columns**0.5)


def branching(generator: np.random.Generator, wide: int = 24) -> Callable[[Any], Any]:
    """Wide layers, narrow values beside each other that may feed each other, and wide layers again."""
    count = int(generator.integers(2, 4))
    sizes = [int(size) for size in generator.integers(1, 5, count)]
    first, last = matrix(generator, wide, wide), matrix(generator, wide, wide)
    down = [matrix(generator, size, wide) for size in sizes]
    across = [matrix(generator, sizes[k], sizes[k - 1]) for k in range(1, count)]
    up = [matrix(generator, wide, size) for size in sizes]
    acts = [ACTIVATIONS[k] for k in generator.integers(0, len(ACTIVATIONS), 2 * count)]
    feeds, multiplied = (bool(generator.random() < 0.5) for _ in range(2))

    def function(x: Any) -> Any:
        x = torch.tanh(first @ x)
        narrow = [act(each @ x) for act, each in zip(acts, down, strict=False)]
        for place, each in enumerate(across, 1):
            if feeds:
                narrow[place] = narrow[place] + each @ narrow[place - 1]
        made = [act(each @ value) for act, each, value in zip(acts[count:], up, narrow, strict=False)]
        y = made[0]
        for other in made[1:]:
            y = y * other if multiplied else y + other
        return torch.tanh(last @ y) + y

    return function


def same(ours: Any, theirs: Any) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("seed", range(24))
def test_branches_are_cut_together_and_change_no_derivative(seed: int) -> None:
    generator = np.random.default_rng(seed)
    function = branching(generator)
    x = torch.as_tensor(generator.normal(size=24))
    choice = choice_of(function, (x,))
    assert isinstance(choice, Choice)
    assert max(piece.joined for piece in choice.pieces) > 1
    assert min(chain(function, x).sizes) < 24
    wanted = jacrev(function)(x)
    ours = jacobian(function, solver="auto")
    for _ in range(3):  # captured, recorded, replayed
        same(ours(x), wanted)
    same(vmap(ours)(x[None])[0], wanted)


def test_the_state_and_memory_of_a_recurrent_cell_are_a_waist_together() -> None:
    generator = np.random.default_rng(0)
    hidden, seen = 5, 20
    inward, across = matrix(generator, 4 * hidden, seen), matrix(generator, 4 * hidden, hidden)
    outward = [matrix(generator, 60, hidden) for _ in range(2)]

    def function(x: Any) -> Any:
        state = memory = torch.zeros(hidden, dtype=x.dtype)
        for row in x.reshape(-1, seen):
            i, f, o, g = torch.split(inward @ row + across @ state, hidden)
            memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
            state = torch.sigmoid(o) * torch.tanh(memory)
        return torch.tanh(outward[0] @ state) * torch.cos(outward[1] @ memory)

    x = torch.as_tensor(generator.normal(size=6 * seen))
    assert 2 * hidden in chain(function, x).sizes
    ours = jacobian(function, solver="auto")
    for _ in range(3):
        same(ours(x), jacrev(function)(x))


def test_what_else_is_computed_of_a_branch_comes_after_it() -> None:
    generator = np.random.default_rng(1)
    down, up = matrix(generator, 2, 30), matrix(generator, 30, 2)

    def function(x: Any) -> tuple[Any, Any]:
        a, b = torch.tanh(down @ x), torch.sin(down @ x)
        return (up @ a) * torch.cos(up @ b), (a.sum() + b.prod()) * 2

    x = torch.as_tensor(generator.normal(size=30))
    ours, theirs = (each(function, has_aux=True) for each in (jacobian, jacrev))
    for _ in range(3):
        for mine, other in zip(ours(x), theirs(x), strict=True):
            same(mine, other)
