"""Sparsity in PyTorch: patterns hold, colours make what jacrev makes, blocks are returned as wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.func import grad, jacrev, vmap  # noqa: E402
from torch.utils import _pytree as pytree  # noqa: E402

from chainorder.autodiff.captures import Budget  # noqa: E402
from chainorder.autodiff.choice import Mode  # noqa: E402
from chainorder.torch import explain, jacobian  # noqa: E402
from chainorder.torch.api import choice_of  # noqa: E402
from chainorder.torch.calls import Call  # noqa: E402
from chainorder.torch.patterns import footprint  # noqa: E402
from chainorder.torch.task import TorchTask  # noqa: E402
from tests import torch_sparse  # noqa: E402
from tests.slow import slow_but  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated", "ignore:Sparse CSR tensor")


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    torch.manual_seed(0)
    Budget.known.clear()
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def same(mine: Any, theirs: Any) -> None:
    """The same numbers, or trees of them."""
    torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-11)


def by_rows(columns: int, block: Any) -> Any:
    """A block as a matrix."""
    return block.reshape(-1, columns)


def pattern(function: Callable[[Any], Any], x: Any) -> Any:
    """Where the Jacobian may be nonzero."""
    program = TorchTask(function)._capture(Call.of((x,), {}, 0)).program
    sets, labels, _ = footprint(program, 10**8)
    found = np.zeros((len(labels), x.numel()), bool)
    found[sets.listed(labels)] = True
    return found


def nonzero(function: Callable[[Any], Any], x: Any) -> Any:
    """Where it is."""
    return jacrev(function)(x).reshape(-1, x.numel()).numpy() != 0


@pytest.mark.parametrize("name", torch_sparse.EXACT)
def test_patterns_are_where_jacobians_are_nonzero(name: str) -> None:
    x = torch.rand(4, 6) + 0.3
    function = torch_sparse.EXACT[name]
    assert (pattern(function, x) == nonzero(function, x)).all()


@pytest.mark.parametrize("name", torch_sparse.WIDER)
def test_patterns_hold_for_all_values(name: str) -> None:
    function, found = torch_sparse.WIDER[name], None
    for _ in range(5):
        x = torch.randn(4, 6)
        found = pattern(function, x) if found is None else found
        assert not (nonzero(function, x) & ~found).any()


@pytest.mark.parametrize("seed", slow_but(range(16), range(160)))
def test_random_programs_by_colours(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)

    def draw(most: int) -> int:
        return int(torch.randint(most, (), generator=generator))

    steps = [torch_sparse.STEPS[draw(len(torch_sparse.STEPS))] for _ in range(1 + draw(4))]
    x = torch.randn((2 + draw(3), 2 * (2 + draw(4))), generator=generator)
    several = draw(3) == 0

    def function(x: Any) -> Any:
        for step in steps:
            x = step(x)
        return {"whole": x, "total": x.sum()} if several else x

    ours, sparse = jacobian(function), jacobian(function, output="csr")
    for _ in range(3):
        theirs = jacrev(function)(x)
        same(ours(x), theirs)
        rows = pytree.tree_map(partial(by_rows, x.numel()), theirs)
        same(pytree.tree_map(torch.Tensor.to_dense, sparse(x)), rows)
        x = torch.randn(x.shape, generator=generator)


def stencil(x: Any) -> Any:
    """A tridiagonal Jacobian."""
    return x.sin() * x.roll(1, 0) - x.roll(-1, 0) ** 2


def test_colours_are_chosen_and_replayed() -> None:
    x = torch.randn(300)
    assert choice_of(stencil, (x,)).mode is Mode.COLOURS
    jac = jacobian(stencil)
    for _ in range(3):
        same(jac(x), jacrev(stencil)(x))
    many = torch.randn(3, 300)
    same(vmap(jac)(many), vmap(jacrev(stencil))(many))
    same(*(grad(lambda x, way=way: way(x).square().sum())(x) for way in (jac, jacrev(stencil))))
    same(jacobian(stencil, chunk_size=1)(x), jacrev(stencil)(x))


def test_what_explain_tells_of_sparsity(capsys: pytest.CaptureFixture[str]) -> None:
    explain(stencil, torch.randn(300))
    assert "900 of 90,000 entries (1.00%) may be nonzero" in capsys.readouterr().out


@pytest.mark.parametrize("output", ["dense", "csr"])
def test_indices_that_change_are_seen(output: str) -> None:
    places = torch.arange(299, -1, -1)

    def function(x: Any) -> Any:
        return x[places] ** 2

    x = torch.randn(300)
    jac = jacobian(function, output=output)
    for change in (None, None, None, lambda: places.fill_(3), lambda: places.numpy().fill(7)):
        if change is not None:
            change()
        made = jac(x)
        same(made.to_dense() if output == "csr" else made, jacrev(function)(x))


def test_blocks_are_sparse_as_wanted() -> None:
    def function(x: Any) -> Any:
        return {"field": stencil(x), "total": x.sum()}

    x = torch.randn(300)
    for output, layouts in (
        ("dense", [torch.strided] * 2),
        ("csr", [torch.sparse_csr] * 2),
        ("auto", [torch.sparse_csr, torch.strided]),
    ):
        Budget.known.clear()
        jac = jacobian(function, output=output)
        for _ in range(3):
            made = jac(x)
            assert [made[name].layout for name in ("field", "total")] == layouts
        assert output == "dense" or made["field"].values().numel() == 900
    values, _ = jacobian(lambda x: (stencil(x), x.sum()), has_aux=True, output="csr")(x)
    same(values.to_dense(), jacrev(stencil)(x))
    (pair,) = jacobian(stencil, argnums=(0,), output="csr")(x)
    same(pair.to_dense(), jacrev(stencil)(x))


def test_what_is_left_to_pytorch_is_sparse_as_wanted() -> None:
    def function(x: Any) -> Any:
        return x * 2 if x.detach().sum() > -1e9 else x

    x = torch.randn(5)
    same(jacobian(function, output="csr")(x).to_dense(), 2 * torch.eye(5))
    same(jacobian(lambda x: torch.ones(3), output="csr")(x).to_dense(), torch.zeros(3, 5))
    pair = jacobian(lambda pair: pair[0] * pair[1].sum(), output="csr")((x, x[:2]))
    same(pair[1].to_dense(), jacrev(lambda p: p[0] * p[1].sum())((x, x[:2]))[1])
    with pytest.raises(ValueError, match="dense, csr, auto"):
        jacobian(function, output="bcoo")


def test_sparse_blocks_may_be_differentiated() -> None:
    scale = torch.ones(300, requires_grad=True)
    x = torch.randn(300)
    jac = jacobian(lambda x: stencil(x) * scale, output="csr")
    for _ in range(4):
        made = jac(x)
    made.to_dense().square().sum().backward()
    expected = torch.autograd.grad(jacrev(lambda x: stencil(x) * scale)(x).square().sum(), scale)[0]
    same(scale.grad, expected)
