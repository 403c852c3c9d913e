"""Recorded Jacobians in PyTorch: replayed where that is right, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.autograd import forward_ad  # noqa: E402
from torch.func import grad, jacfwd, jacrev, jvp, vmap  # noqa: E402

from chainorder.autodiff.captures import Budget, Captures  # noqa: E402
from chainorder.torch import jacobian  # noqa: E402
from chainorder.torch.replay import RECORDED, Replay  # noqa: E402
from tests.slow import slow_but  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

Function = Callable[[Any], Any]

W = torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(4, 6)
X = torch.linspace(0.2, 1.4, 6, dtype=torch.float64)


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    torch.manual_seed(0)
    Budget.known.clear()  # the same code is captured again and again here
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def replay_of(jac: Any) -> Replay:
    """What is recorded of the call that was made last."""
    (captures,) = (cell.cell_contents for cell in jac.__closure__ if isinstance(cell.cell_contents, Captures))
    replay: Replay = captures.kept[0].run.args[0].replay  # type: ignore[union-attr]
    return replay


def recorded(function: Any, x: Any = X, **options: Any) -> Any:
    """The Jacobian of a function once it is recorded."""
    jac = jacobian(function, **options)
    for _ in range(RECORDED):
        jac(x)
    assert replay_of(jac).recording is not None
    return jac


def recorded_of(jac: Any, args: tuple[Any, ...]) -> Any:
    """A Jacobian once it is recorded for some arguments."""
    for _ in range(RECORDED):
        jac(*args)
    assert replay_of(jac).recording is not None
    return jac


def count_replays(jac: Any) -> list[None]:
    """A list that grows with every replay."""
    replay, seen = replay_of(jac), []
    recording = replay.recording
    assert recording is not None

    def counted(*tensors: Any) -> Any:
        seen.append(None)
        return recording(*tensors)

    replay.recording = counted
    return seen


def same(mine: Any, theirs: Any) -> None:
    """The same numbers, or trees of them."""
    torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-12)


FUNCTIONS: dict[str, Function] = {
    "reverse": lambda x: torch.tanh(W @ x),
    "forward": lambda x: torch.cat([x[:2].sin(), x[:2].cos() * x[1], x[:2] ** 3, x[:2] * x[0], x[:2].exp()]),
    "a waist": lambda x: torch.tanh(W.T @ torch.outer(W @ x, x).sum(1)[:4]) * (x**2).sum(),
    "several outputs": lambda x: {"a": x.sin(), "b": (W @ x, x.sum())},
    "the same output twice": lambda x: (x.sin(), x.sin()),
    "linear": lambda x: W @ x,
    "a shift": lambda x: x + 1,
    "a scalar": lambda x: (W @ x).square().sum(),
    "convolutions": lambda x: nn.functional.conv1d(x.sin()[None, None], W[:1, None, :3])[0],
    "attention": lambda x: nn.functional.scaled_dot_product_attention(*3 * [x.reshape(1, 3, 2)]),
    "a solve": lambda x: torch.linalg.solve(torch.eye(6) * 9 + x.outer(x), x),
    "zeros without memory": lambda x: torch.zeros(3).index_add(0, torch.tensor([0, 2, 0, 1, 1, 2]), x.sin()),
    "indexing": lambda x: x[torch.tensor([2, 0, 2])] * x.max(),
}


@pytest.mark.parametrize("solver", [None, "dynamic", "forward", "reverse"])
@pytest.mark.parametrize("name", slow_but(("a waist", "several outputs"), FUNCTIONS))
def test_what_is_replayed_is_what_jacrev_returns(name: str, solver: str | None) -> None:
    function = FUNCTIONS[name]
    jac = recorded(function, solver=solver)
    seen = count_replays(jac)
    for factor in (1.0, -0.7, 2.5):
        same(jac(factor * X), jacrev(function)(factor * X))
    assert len(seen) == 3


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_returned_is_memory_of_its_own(name: str) -> None:
    function = FUNCTIONS[name]
    for solver in (None, "dynamic"):
        jac = recorded(function, solver=solver)
        before = W.clone()
        for _ in range(2):
            leaves = torch.utils._pytree.tree_leaves(jac(X))
            for leaf in leaves:
                leaf.fill_(7)
            assert len({leaf.data_ptr() for leaf in leaves}) == len(leaves)
        assert torch.equal(W, before)
        same(jac(X), jacrev(function)(X))


def test_numbers_that_a_function_closes_over_are_never_constants() -> None:
    weight, shift, places = W.clone(), torch.ones(4), torch.tensor([0, 3])

    def function(x: Any) -> Any:
        return torch.tanh(weight @ x + shift)[places]

    jac = recorded(function)
    seen = count_replays(jac)
    for change in (lambda: weight.mul_(2), lambda: shift.data.zero_(), lambda: places.add_(-1).abs_()):
        change()
        same(jac(X), jacrev(function)(X))
    weight.numpy()[:] = 0.25
    same(jac(X), jacrev(function)(X))
    assert len(seen) == 4


def test_gradients_of_what_is_replayed() -> None:
    net = nn.Sequential(nn.Linear(6, 3), nn.Tanh(), nn.Linear(3, 6))
    jac, x = recorded(net), X.clone().requires_grad_()
    jac(x)  # tracked in another way than before: what of it is, is seen first
    seen = count_replays(jac)
    results = []
    for way in (jac, jacrev(net)):
        wanted = [x, *net.parameters()]
        first = torch.autograd.grad(way(2 * x).pow(2).sum(), wanted, create_graph=True, allow_unused=True)
        second = torch.autograd.grad(first[0].sum(), [x, net[0].weight])
        results.append([*(each for each in first if each is not None), *second])
    same(*results)
    assert len(seen) == 1
    with torch.no_grad():
        assert not jac(x).requires_grad


def test_what_does_not_depend_on_tracked_tensors_is_not_tracked() -> None:
    shift, scale = torch.ones(6, requires_grad=True), torch.ones(6, requires_grad=True)

    def function(x: Any) -> Any:
        return x + shift, x * scale

    jac = recorded(function)
    for _ in range(3):
        assert [block.requires_grad for block in jac(X)] == [
            block.requires_grad for block in jacrev(function)(X)
        ]
    jac(X)[1].sum().backward()
    same(scale.grad, torch.ones(6))
    assert shift.grad is None


def test_one_tensor_that_is_made_of_another_is_counted_once() -> None:
    def function(x: Any, y: Any) -> Any:
        return x**2 * y

    results = []
    for way in (jacobian(function), jacrev(function)):
        for _ in range(4):
            x = X.clone().requires_grad_()
            way(x, x.sin()).sum().backward()
        results.append(x.grad)
    same(*results)


TREES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], Any]] = {
    "a dictionary": (lambda d: d["w"] @ torch.tanh(d["x"]), ({"w": W, "x": X},), 0),
    "a dictionary of one": (lambda d: {"y": d["x"].sin()}, ({"x": X},), 0),
    "nested": (lambda t: (t[0] * t[1]["s"], t[1]["s"].sum()), ((X, {"s": X[:1]}),), 0),
    "two arguments": (lambda a, b: torch.outer(a, b).sin(), (X, X[:2]), (0, 1)),
    "the other way round": (lambda a, b: torch.outer(a, b).sin(), (X, X[:2]), (1, 0)),
    "a tuple of one": (lambda a, b: a * b.sum(), (X, X[:2]), (1,)),
    "from behind": (lambda a, b: a * b.sum(), (X, X[:2]), -1),
    "a tree and a tensor": (lambda d, s, k: d["x"] * s + k, ({"x": X}, X, X), (0, 1)),
    "a field and parameters": (
        lambda u, p: p[0] * (u.roll(1) - u) + p[1] * u**2,
        (torch.linspace(0, 1, 80, dtype=torch.float64), X[:2]),
        (0, 1),
    ),
}


@pytest.mark.parametrize("name", TREES)
def test_several_tensors_are_differentiated_as_one(name: str) -> None:
    function, args, argnums = TREES[name]
    jac = recorded_of(jacobian(function, argnums), args)
    seen = count_replays(jac)
    for factor in (1.0, 0.3):
        given = torch.utils._pytree.tree_map(lambda leaf, factor=factor: factor * leaf, args)
        mine, theirs = jac(*given), jacrev(function, argnums)(*given)
        same(mine, theirs)
        blocks = torch.utils._pytree.tree_leaves(mine)
        assert len(blocks) == 1 or all(block.is_contiguous() for block in blocks)
    assert len(seen) == 2
    for tensors in (args, torch.utils._pytree.tree_map(lambda leaf: torch.stack([leaf, 2 * leaf]), args)):
        if tensors is not args:
            same(vmap(jac)(*tensors), vmap(jacrev(function, argnums))(*tensors))


def test_parameters_of_modules_by_functional_call() -> None:
    net = nn.Sequential(nn.Linear(6, 3), nn.Tanh(), nn.Linear(3, 2))
    for values in (dict(net.named_parameters()), {k: v.detach() for k, v in net.named_parameters()}):

        def function(given: Any) -> Any:
            return torch.func.functional_call(net, given, (X,))

        jac = jacobian(function)
        for _ in range(4):
            same(jac(values), jacrev(function)(values))
            assert jac(values)["0.weight"].requires_grad == values["0.weight"].requires_grad


def test_transformations_around_it() -> None:
    function = FUNCTIONS["a waist"]
    for jac in (recorded(function), recorded(function, solver="dynamic"), jacobian(function)):
        for _ in range(3):
            many = torch.stack([X, 2 * X])
            same(vmap(jac)(many), vmap(jacrev(function))(many))
            same(vmap(vmap(jac))(many[None]), vmap(vmap(jacrev(function)))(many[None]))
            same(*(grad(lambda x, way=way: way(x).pow(2).sum())(X) for way in (jac, jacrev(function))))
            same(*(jvp(way, (X,), (X,)) for way in (jac, jacrev(function))))
            same(jacfwd(jac)(X), jacfwd(jacrev(function))(X))
            with forward_ad.dual_level():
                duals = [
                    forward_ad.unpack_dual(way(forward_ad.make_dual(X, X))) for way in (jac, jacrev(function))
                ]
                same(duals[0].tangent, duals[1].tangent)


def test_vmap_alone_is_recorded_too() -> None:
    function = FUNCTIONS["reverse"]
    jac = jacobian(function)
    many = torch.stack([X, 2 * X, -X])
    for _ in range(RECORDED):
        vmap(jac)(many)
    seen = count_replays(jac)
    same(vmap(jac)(many), vmap(jacrev(function))(many))
    same(vmap(jac, in_dims=1)(many.T.contiguous()), vmap(jacrev(function))(many))
    assert len(seen) == 2


SHARED: list[Any] = []


def noting(x: Any) -> Any:
    SHARED.append(1)
    return x * 2


NEVER: dict[str, Function] = {
    "random": lambda x: x * torch.rand(6),
    "dropout": lambda x: nn.functional.dropout(x, 0.5),
    "a branch": lambda x: x * 2 if x.sum() > 0 else x,
    "its argument in place": lambda x: (x.mul_(1), x * 2)[1],
    "no_grad": lambda x: torch.no_grad()(torch.sin)(x) * x,
    "a hook": lambda x: (h := x * 2, h.register_hook(lambda u: 3 * u), h)[-1],
    "side effects": noting,
    "values as shapes": lambda x: x[x > 0.5],
}


@pytest.mark.parametrize("name", NEVER)
def test_what_is_never_recorded(name: str) -> None:
    jac, function = jacobian(NEVER[name]), NEVER[name]
    for factor in (1.0, 1.0, 1.0, -1.0, 1.0):
        outcomes = []
        for way in (jac, jacrev(function)):
            torch.manual_seed(0)
            SHARED.clear()
            try:
                outcomes.append([way(factor * X), len(SHARED)])
            except RuntimeError as error:
                outcomes.append([str(type(error))])
        assert len(outcomes[0]) == len(outcomes[1])
        if len(outcomes[0]) == 2:
            same(outcomes[0][0], outcomes[1][0])
            assert outcomes[0][1] == outcomes[1][1]


@pytest.mark.parametrize(
    "mode", [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu"), nullcontext]
)
def test_modes_that_are_entered_later(mode: Callable[[], Any]) -> None:
    net = nn.Linear(6, 3)
    jac = recorded(net)
    with mode():
        mine, theirs = jac(X), jacrev(net)(X)
    assert (mine.dtype, mine.requires_grad) == (theirs.dtype, theirs.requires_grad)
    torch.testing.assert_close(mine, theirs, rtol=1e-2, atol=1e-2)


def test_shapes_dtypes_and_strides_have_recordings_of_their_own() -> None:
    jac = recorded(torch.sin)
    for x in (X[:3], X.float(), X.reshape(2, 3), X.reshape(2, 3).T, X[::2], X[:1].expand(6)):
        for _ in range(3):
            mine, theirs = jac(x), jacrev(torch.sin)(x)
            torch.testing.assert_close(mine, theirs)
            assert mine.is_contiguous() or not theirs.is_contiguous()


def test_a_derivative_that_depends_on_values_is_not_recorded() -> None:
    """That of a product of all looks for zeros."""

    def function(x: Any) -> Any:
        return torch.cumprod(x, 0) * x.prod()

    jac = jacobian(function)
    for x in (X, X, X, X * torch.tensor([1.0, 0, 1, 1, 0, 1]), X):
        same(jac(x), jacrev(function)(x))


def test_threads() -> None:
    function = FUNCTIONS["several outputs"]
    jac, failures = jacobian(function), []

    def work(factor: float) -> None:
        for _ in range(5):
            try:
                same(jac(factor * X), jacrev(function)(factor * X))
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

    threads = [threading.Thread(target=work, args=(factor,)) for factor in (1.0, 2.0, 3.0, 4.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.slow
def test_functions_that_are_new_in_every_call_leave_nothing_behind() -> None:
    import resource

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def call(number: int) -> None:
        jac = jacobian(lambda x: torch.tanh(W @ x) * number)
        for _ in range(3):
            jac(X)

    for number in range(300):
        call(number)
    before = peak()
    for number in range(3000):
        call(number + 0.5)
    assert peak() - before < 15_000, "kilobytes; 50 MB for 10,000"
