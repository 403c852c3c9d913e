"""`chainorder.torch`: what it returns is what `torch.func` returns, whatever the function."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.func import grad, jacfwd, jacrev, vmap  # noqa: E402
from torch.utils import _pytree as pytree  # noqa: E402

from chainorder import ChainError, SolverError  # noqa: E402
from chainorder.autodiff.captures import PATIENCE, Captures  # noqa: E402
from chainorder.autodiff.choice import Mode  # noqa: E402
from chainorder.autodiff.task import composed  # noqa: E402
from chainorder.torch import chain, explain, jacobian  # noqa: E402
from tests import torch_changing  # noqa: E402
from tests.slow import slow_but  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
"""PyTorch's own, when it first uses forward mode."""

X = torch.linspace(0.3, 1.7, torch_changing.SIZE, dtype=torch.float64)
SIZES = (1, 2, 3, 4)
SOLVERS = ("dynamic", "forward", "reverse", "preaccumulation")

REPLAYED = 3
"""Calls of which the last replays what was recorded in the one before."""


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def planned(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is left to PyTorch."""
    caplog.set_level("INFO", "chainorder")
    yield
    assert not [record.exc_text for record in caplog.get_records("call")]


def network(*sizes: int) -> Any:
    """Linear layers with tanh between them."""
    layers: list[Any] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def assert_same(ours: Any, theirs: Any, tolerance: float = 1e-10) -> None:
    """Same shapes, dtypes, and entries relative to the largest."""
    assert type(ours) is type(theirs)
    if isinstance(ours, tuple | list):
        for mine, other in zip(ours, theirs, strict=True):
            assert_same(mine, other, tolerance)
    elif isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        assert_same(list(ours.values()), list(theirs.values()), tolerance)
    else:
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        scale = theirs.detach().abs().amax().clamp_min(1e-300) if theirs.numel() else 1.0
        assert bool(((ours - theirs).detach().abs() <= tolerance * scale).all())


STEPS: tuple[Callable[[Any], Any], ...] = (
    torch.tanh,
    lambda x: torch.where(x > 0, x, 0.1 * x),
    nn.functional.gelu,
    lambda x: 3 - x / (1 + x**2),
    lambda x: torch.linspace(-1, 1, 3 * x.shape[-1]).reshape(3, -1) @ x.reshape(-1, x.shape[-1]).T,
    lambda x: x @ torch.linspace(-1, 1, 2 * x.shape[-1]).reshape(-1, 2),
    lambda x: x.reshape(-1),
    lambda x: x[..., None],
    lambda x: x.flip(-1),
    lambda x: x[..., :1],
    lambda x: x.expand(2, *x.shape),
    lambda x: torch.cat([x.reshape(-1), x.reshape(-1)[:2].sin()]),
    lambda x: x.sum(0, keepdim=True),
    lambda x: x.max(-1, keepdim=True).values,
    lambda x: torch.cumsum(x, -1),
    lambda x: torch.softmax(x, -1),
    lambda x: x + torch.tanh(x.sum()),
    lambda x: x.T if x.ndim == 2 else x,
    lambda x: nn.functional.layer_norm(x, x.shape[-1:]),
    lambda x: x.clone().add_(1).mul_(2),
    lambda x: nn.functional.pad(x, (1, 1)),
    lambda x: x.reshape(-1).outer(x.reshape(-1)[:2]),
    lambda x: x - x.floor(),
    lambda x: torch.sort(x.reshape(-1)).values,
    lambda x: x + x,
    lambda x: x - x * x.detach(),
    lambda x: torch.add(torch.ones(()), x, alpha=3),
    lambda x: x @ x.T if x.ndim == 2 else x.reshape(-1).dot(x.reshape(-1))[None],
    lambda x: x.reshape(-1, 1).T @ torch.ones(x.numel(), 2) if x.ndim == 1 else x,
)


@pytest.mark.parametrize("seed", slow_but(range(20), range(80)))
@pytest.mark.usefixtures("planned")
def test_planned_products_of_random_compositions(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)

    def draw(most: int) -> int:
        return int(torch.randint(most, (), generator=generator))

    steps = [STEPS[draw(len(STEPS))] for _ in range(1 + draw(7))]
    point = torch.randn([SIZES[draw(4)] for _ in range(1 + draw(2))], generator=generator)

    def function(x: Any) -> Any:
        for step in steps:
            x = step(x) if x.numel() <= 32 else x.reshape(-1)[:8]
        return x

    ours = jacobian(function, solver=SOLVERS[seed % len(SOLVERS)])
    for _ in range(3):  # recorded in the second call, and replayed
        assert_same(ours(point), jacrev(function)(point))
        point = torch.randn(point.shape, generator=generator)


@pytest.mark.usefixtures("planned")
def test_modules_and_stages() -> None:
    model, x = network(20, 3, 20, 2, 20), torch.randn(20)
    expected = jacrev(model)(x)
    for solver in (None, *SOLVERS):
        assert_same(jacobian(model, solver=solver)(x), expected)
        assert_same(jacobian(list(model), solver=solver)(x), expected)


@pytest.mark.usefixtures("planned")
def test_parameters_are_read_in_every_call() -> None:
    model, x = network(6, 2, 6), torch.randn(6)
    ours = jacobian(model, solver="dynamic")
    ours(x)
    with torch.no_grad():
        model[0].weight.mul_(2)
    assert_same(ours(x), jacrev(model)(x))
    model[0].weight = nn.Parameter(torch.randn(2, 6))
    assert_same(ours(x), jacrev(model)(x))


@pytest.mark.usefixtures("planned")
def test_vmap_grad_and_backward() -> None:
    model, x, many = network(6, 2, 6), torch.randn(6), torch.randn(3, 6)
    ours, theirs = jacobian(model, solver="dynamic"), jacrev(model)
    assert_same(vmap(ours)(many), vmap(theirs)(many))
    mine, other = (grad(lambda v, j=j: j(v).pow(2).sum())(x) for j in (ours, theirs))
    assert_same(mine, other)
    assert_same(jacobian(ours)(x), jacrev(theirs)(x))
    gradients = []
    for each in (ours, theirs):
        model.zero_grad()
        each(x).pow(2).sum().backward()
        gradients.append(model[0].weight.grad.clone())
    assert_same(*gradients)


CALLS: dict[str, tuple[Callable[..., Any], Callable[[], tuple[Any, ...]], dict[str, Any]]] = {
    "a tree of outputs": (lambda x: (x.sum(), {"k": x * 2}), lambda: (torch.randn(3),), {}),
    "argnums": (lambda a, b: a.sum() * b.sin(), lambda: (torch.randn(3), torch.randn(2)), {"argnums": 1}),
    "a tuple of argnums": (lambda a: a.sin(), lambda: (torch.randn(3),), {"argnums": (0,)}),
    "several argnums": (lambda a, b: a * b, lambda: (torch.randn(3), torch.randn(3)), {"argnums": (0, 1)}),
    "aux": (lambda x: (x**2, x.sum()), lambda: (torch.randn(3),), {"has_aux": True}),
    "static arguments": (lambda x, name: getattr(torch, name)(x), lambda: (torch.randn(3), "sin"), {}),
    "unhashable arguments": (lambda x, s: x * len(s), lambda: (torch.randn(3), {1, 2}), {}),
    "an output that ignores the input": (lambda x: torch.ones(3), lambda: (torch.randn(3),), {}),
    "the identity": (lambda x: x, lambda: (torch.randn(3),), {}),
    "control flow on values": (lambda x: x * 2 if x[0] > -9 else x, lambda: (torch.ones(3),), {}),
    "a shape that depends on values": (lambda x: x[x > 0], lambda: (torch.ones(3),), {}),
    "a tree of inputs": (lambda d: d["a"] * 2, lambda: ({"a": torch.randn(3)},), {}),
    "scalars": (lambda x: x**2, lambda: (torch.tensor(3.0),), {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_those_of_jacrev(name: str) -> None:
    function, arguments, options = CALLS[name]
    args = arguments()

    def outcome(jac: Any) -> Any:
        try:
            return jac(function, **options)(*args)
        except RuntimeError as error:
            return torch.zeros(len(type(error).__name__))

    assert_same(outcome(jacobian), outcome(jacrev))


WRONG: dict[str, tuple[Callable[[Any], Any], Callable[[], Any]]] = {
    "integer input": (torch.sin, lambda: torch.arange(3)),
    "no tensor": (torch.sin, lambda: "text"),
    "an output that is no tensor": (lambda x: "text", lambda: torch.ones(3)),
    "an error of the function": (lambda x: x @ torch.ones(7), lambda: torch.ones(3)),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_are_those_of_jacrev(name: str) -> None:
    function, point = WRONG[name]
    with pytest.raises(Exception) as theirs:
        jacrev(function)(point())
    with pytest.raises(type(theirs.value)) as ours:
        jacobian(function)(point())
    assert str(ours.value)[:60] == str(theirs.value)[:60]


def test_aux_that_is_not_there_is_the_error_of_jacrev() -> None:
    for jac in (jacobian, jacrev):
        with pytest.raises(RuntimeError, match="tuple"):
            jac(lambda x: x * 2, has_aux=True)(torch.ones(2))


def test_aux_that_is_no_tensor_is_the_error_of_jacrev_whatever_is_planned() -> None:
    for jac in (jacobian, partial(jacobian, solver="dynamic"), jacrev):
        with pytest.raises(RuntimeError, match="unsupported type"):
            jac(lambda x: (x * 2, {"steps": 3}), has_aux=True)(torch.ones(2))


def test_no_function_is_an_error() -> None:
    for wrong in (3, [], [torch.sin, 3]):
        with pytest.raises(TypeError, match="expected a function"):
            jacobian(wrong)  # type: ignore[arg-type]
    with pytest.raises(SolverError, match="unknown solver"):
        jacobian(torch.sin, solver="none")


def outcome(make: Callable[[], Any]) -> Any:
    """What is returned, or the class of what is raised."""
    torch.manual_seed(1)
    try:
        return pytree.tree_map(torch.Tensor.detach, make())
    except (RuntimeError, TypeError) as error:
        return type(error)


def assert_same_outcomes(ours: Callable[[Any], Any], theirs: Callable[[Any], Any], x: Any) -> None:
    """Both return the same, or raise the same."""
    mine, other = (outcome(lambda jac=jac: jac(x)) for jac in (ours, theirs))
    if isinstance(other, type):
        assert mine is other
    else:
        assert_same(mine, other)


@pytest.mark.parametrize("name", torch_changing.INSIDE)
def test_what_operations_would_not_tell(name: str) -> None:
    function = torch_changing.INSIDE[name]
    for solver in (None, "dynamic"):
        ours = jacobian(function, solver=solver)
        for _ in range(REPLAYED):
            assert_same_outcomes(ours, jacrev(function), X)


@pytest.mark.parametrize("name", torch_changing.RANDOM)
def test_random_functions_draw_as_in_jacrev(name: str) -> None:
    function = torch_changing.RANDOM[name]
    ours = jacobian(function)
    drawn = []
    for jac in (ours, jacrev(function)):
        torch.manual_seed(0)
        drawn.append([jac(X) for _ in range(3)])
    assert_same(*drawn)


@pytest.mark.parametrize("name", torch_changing.CLOSED_OVER)
def test_tensors_that_a_function_closes_over_are_read_in_every_call(name: str) -> None:
    function, change = torch_changing.closed_over(name)
    ours = jacobian(function, solver="dynamic")
    for _ in range(3):
        for _ in range(REPLAYED):
            assert_same_outcomes(ours, jacrev(function), X)
        change()


@pytest.mark.parametrize("form", torch_changing.FORMS)
@pytest.mark.parametrize("name", torch_changing.CHANGES)
def test_changes_of_modules_are_seen(name: str, form: str) -> None:
    net = torch_changing.Net().eval()
    function = torch_changing.FORMS[form](net)
    ours, theirs = jacobian(function, solver="dynamic"), jacrev(composed(function))
    for _ in range(2):
        for _ in range(REPLAYED):
            assert_same_outcomes(ours, theirs, X)
        torch_changing.CHANGES[name](net)
    assert_same_outcomes(ours, theirs, X)


def test_changes_of_what_all_modules_call_are_seen() -> None:
    net = torch_changing.Net().eval()
    ours = jacobian(net, solver="dynamic")
    for _ in range(REPLAYED):
        ours(X)
    handle = nn.modules.module.register_module_forward_hook(lambda module, args, output: 2 * output)
    try:
        assert_same(ours(X), jacrev(net)(X))
    finally:
        handle.remove()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu")])
def test_modes_of_pytorch(mode: Callable[[], Any]) -> None:
    net = network(6, 2, 6)
    ours = jacobian(net, solver="dynamic")
    for _ in range(REPLAYED):
        with mode():
            assert_same(ours(X), jacrev(net)(X), 1e-6)
        assert_same(ours(X), jacrev(net)(X))


def test_the_default_dtype_is_part_of_a_function() -> None:
    def function(x: Any) -> Any:
        return x * torch.tensor(1 / 3)

    ours = jacobian(function, solver="dynamic")
    for dtype in (torch.float32, torch.float64, torch.float32):
        torch.set_default_dtype(dtype)
        assert_same(ours(X), jacrev(function)(X), 1e-15)


@pytest.mark.usefixtures("planned")
def test_what_a_function_closes_over_may_be_transformed() -> None:
    weights, x = torch.randn(3, 4), torch.randn(4)

    def loss(weights: Any, jac: Any) -> Any:
        return jac(lambda x: torch.tanh(weights @ x))(x).pow(2).sum()

    def ours(function: Any) -> Any:
        return jacobian(function, solver="dynamic")

    assert_same(*(grad(lambda w, jac=jac: loss(w, jac))(weights) for jac in (ours, jacrev)))
    many = torch.randn(5, 3, 4)
    assert_same(*(vmap(lambda w, jac=jac: loss(w, jac))(many) for jac in (ours, jacrev)))


def test_a_function_that_is_another_one_in_every_call_is_given_up() -> None:
    """Capturing takes as long as many Jacobians."""
    captured = 0

    def count(x: Any, factor: float) -> Any:
        nonlocal captured
        return x.sin() * factor

    ours = jacobian(count)
    for step in range(20):
        assert_same(ours(X, 0.1 * step), jacrev(count)(X, 0.1 * step))
    assert captured == 0


@pytest.mark.usefixtures("planned")
def test_modules_of_other_structures_are_other_functions() -> None:
    for width in range(2, 2 + 3 * PATIENCE):
        for function in (net := network(600, width, 600), net.forward):
            assert _run_of(jacobian(function), torch.randn(600)) is not None


def _run_of(jac: Any, x: Any) -> Any:
    jac(x)
    (captures,) = (cell.cell_contents for cell in jac.__closure__ if isinstance(cell.cell_contents, Captures))
    return captures.kept[0].run


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN, nn.TransformerEncoderLayer])
def test_recurrent_layers_and_attention_are_captured(layer: Any) -> None:
    net = layer(4, 2, batch_first=True).eval()
    found = chain(lambda x: (lambda made: made[0])(net(x.reshape(1, 3, 4))).flatten(), torch.randn(12))
    assert found.inputs == 12


def test_an_autograd_function_that_has_no_reverse_mode_in_transformations() -> None:
    class Forward(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.sin()

        @staticmethod
        def jvp(ctx: Any, tangent: Any) -> Any:
            return tangent

    for jac in (jacrev, jacobian):
        with pytest.raises(RuntimeError, match=r"autograd\.Function"):
            jac(Forward.apply)(X)


@pytest.mark.slow
def test_a_first_call_takes_at_most_as_long_as_fifteen_of_jacrev() -> None:
    def function(x: Any) -> Any:
        for _ in range(300):
            x = x + 0.1 * torch.sin(torch.roll(x, 1) - x)
        return x

    def seconds(jac: Callable[[Any], Any]) -> float:
        gc.collect()  # what other tests left is collected by none of them
        started = time.process_time()
        jac(x)
        return time.process_time() - started

    x = torch.rand(64)
    jacobian(lambda x: x * torch.roll(x, 1))(x)  # imports what is needed
    theirs = min(seconds(jacrev(function)) for _ in range(5))
    assert seconds(jacobian(function)) <= 15 * theirs


def test_random_functions_are_left_to_pytorch() -> None:
    with pytest.raises(ChainError, match="random"):
        chain(lambda x: x * torch.rand(3), torch.ones(3))
    with pytest.raises(ChainError, match="does not depend"):
        chain(lambda x: torch.ones(3), torch.ones(3))


def test_functions_that_change_their_buffers_are_left_to_pytorch() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).train()
    with pytest.raises(ChainError, match="changes a tensor that it closes over"):
        chain(model, torch.randn(5, 4))
    with pytest.raises(RuntimeError, match="in-place"):  # what jacrev says
        jacobian(model)(torch.randn(5, 4))
    assert int(model[1].num_batches_tracked) == 0, "capturing changes nothing"


CHANGING: dict[str, Callable[[Any, Any], Any]] = {
    "in place": lambda x, t: x * t.add_(1).sum(),
    "a part": lambda x, t: (t.__setitem__(0, 5.0), x * t[0])[1],
    "its data": lambda x, t: (t.data.mul_(2), x)[1],
    "without gradients": lambda x, t: (torch.no_grad()(t.add_)(1), x)[1],
    "a place for a result": lambda x, t: (torch.add(torch.ones(2), 1, out=t), x)[1],
    "many at once": lambda x, t: (torch._foreach_add_([t], 1.0), x)[1],
    "the largest rows": lambda x, t: (
        x * nn.functional.embedding(torch.tensor([0]), t[None], max_norm=0.1).sum()
    ),
}


@pytest.mark.parametrize("name", CHANGING)
def test_tensors_are_changed_as_often_as_by_jacrev(name: str) -> None:
    outcomes = []
    for jac in (jacrev, jacobian, partial(jacobian, solver="dynamic")):
        closed_over = torch.ones(2)
        for _ in range(3):
            with suppress(RuntimeError):
                jac(lambda x, t=closed_over: CHANGING[name](x, t))(torch.ones(2))
        outcomes.append(closed_over.tolist())
    assert outcomes[0] == outcomes[1] == outcomes[2]
    closed_over = torch.ones(2)
    with suppress(ChainError):
        chain(lambda x: CHANGING[name](x, closed_over), torch.ones(2))
    assert closed_over.tolist() == [1, 1]


def test_pytorch_says_nothing_of_what_cannot_be_captured() -> None:
    """It logs the traceback of an exception that is none for the user."""

    def function(x: Any) -> Any:
        return torch.view_as_real(torch.view_as_complex(x.reshape(2, 2)).conj())

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise AssertionError(record.getMessage())

    log, noting = logging.getLogger("torch._subclasses.fake_tensor"), Noting(logging.WARNING)
    log.addHandler(noting)
    try:
        with pytest.raises(RuntimeError, match="unresolved conjugated"):
            jacobian(function)(torch.ones(4))
    finally:
        log.removeHandler(noting)


def test_float32_and_chunks() -> None:
    model, x = network(20, 3, 20).float(), torch.randn(20, dtype=torch.float32)
    assert_same(jacobian(model, solver="dynamic", chunk_entries=30)(x), jacfwd(model)(x), 1e-5)

    def function(value: Any) -> Any:
        return torch.cumsum(value.sin(), 0) + value.flip(0)

    for options in ({"chunk_entries": 64}, {"chunk_size": 3}):
        assert_same(jacobian(function, solver="dynamic", **options)(x), jacrev(function)(x), 1e-5)  # type: ignore[arg-type]
    assert_same(jacobian(function, chunk_size=3)(x), jacrev(function)(x), 1e-5)
    for jac in (jacobian, jacrev):
        with pytest.raises(ValueError, match="chunk_size"):
            jac(function, chunk_size=0)


def test_at_most_so_many_directions_are_in_flight_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def noted(function: Any, **options: Any) -> Any:
        seen.append(options["chunk_size"])
        return vmap(function, **options)

    monkeypatch.setattr("chainorder.torch.execution.vmap", noted)
    jacobian(lambda x: torch.cumsum(x.sin(), 0), solver="dynamic", chunk_size=2)(X)
    assert seen
    assert max(seen) == 2


def test_the_chain_of_a_network_and_what_is_said_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    model = network(1000, 1, 1000, 1, 1000)
    found = chain(model, torch.empty(1000))
    assert found.sizes.tolist() == [1000, 1, 1, 1000, 1000, 1, 1, 1000]
    assert [str(kind.structure) for kind in found.elementals] == ["dense", "diagonal"] * 3 + ["dense"]
    assert explain(model, torch.randn(1000)).mode is Mode.PLAN
    text = capsys.readouterr().out
    assert "narrow waist: 1 entry between matrix1 and" in text
    assert "the plan is used" in text
    assert explain(network(300, 200, 100, 2), torch.randn(300)).mode is Mode.REVERSE
    assert "planning brings nothing here: this is jacrev" in capsys.readouterr().out
