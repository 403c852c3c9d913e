"""Functions of PyTorch that captured operations would not tell, and modules that change between calls."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

Function = Callable[[Any], Any]

SIZE = 6


class Net(nn.Module):
    """A net with most of what modules have."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(SIZE, 3), nn.Linear(3, SIZE)
        self.norm, self.drop = nn.BatchNorm1d(3), nn.Dropout(0.9)
        self.register_buffer("shift", torch.ones(3))
        self.parts = nn.ModuleList([nn.Linear(3, 3)])
        self.table = nn.ParameterDict({"k": torch.ones(3)})
        self.alpha, self.act, self.options = 2.0, torch.tanh, {"power": [1]}

    def encode(self, x: Any) -> Any:
        return self.act(self.first(x)) * self.table["k"]

    def decode(self, h: Any) -> Any:
        h = self.norm(self.drop(h)[None])[0] if not self.training else self.drop(h)
        for part in self.parts:
            h = part(h)
        return torch.sin(self.alpha * self.second(h + self.shift)) ** self.options["power"][0]

    def forward(self, x: Any) -> Any:
        return self.decode(self.encode(x))


FORMS: dict[str, Callable[[Net], Any]] = {
    "the module": lambda net: net,
    "a bound method": lambda net: net.forward,
    "a function of it": lambda net: lambda x: net(x),
    "a partial": lambda net: functools.partial(lambda n, x: n(x), net),
    "stages": lambda net: [net.encode, net.decode],
    "within a list": lambda net: functools.partial(lambda nets, x: nets[0](x), [net]),
}


def replaced(owner: str, name: str, make: Callable[[Any], Any]) -> Callable[[Net], None]:
    """Replaces an attribute of a part of the net."""

    def change(net: Net) -> None:
        part = net.get_submodule(owner)
        setattr(part, name, make(getattr(part, name)))

    return change


def in_place(net: Net) -> None:
    """What an optimiser does."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1.5)


def data(net: Net) -> None:
    """Other memory for the same parameter."""
    net.first.weight.data = net.first.weight.data * 2


def transposed_data(net: Net) -> None:
    """The same shape, in another order of memory."""
    net.parts[0].weight.data = (net.parts[0].weight.data * 2).T.contiguous().T


def patched(net: Net) -> None:
    """Another forward for one of them."""
    net.second.forward = lambda h: 2 * nn.functional.linear(h, net.second.weight)  # type: ignore[method-assign]


def hooked(net: Net) -> None:
    """A hook."""
    net.first.register_forward_hook(lambda module, args, output: 2 * output)


def hooked_before(net: Net) -> None:
    """Another."""
    net.second.register_forward_pre_hook(lambda module, args: (3 * args[0],))


def hooked_backwards(net: Net) -> None:
    """One that changes the derivative."""
    net.first.register_full_backward_hook(lambda module, given, made: tuple(2 * each for each in given))


def normalised(net: Net) -> None:
    """A weight that is computed in every call, by another class."""
    nn.utils.parametrizations.weight_norm(net.first)


def loaded(net: Net) -> None:
    """Other parameters."""
    state = {name: 1.5 * v if v.is_floating_point() else v for name, v in net.state_dict().items()}
    net.load_state_dict(state, assign=True)


CHANGES: dict[str, Callable[[Net], Any]] = {
    "train": lambda net: net.train(),
    "a part in training": lambda net: net.drop.train(),
    "an attribute": replaced("", "alpha", lambda alpha: 5.0),
    "a function": replaced("", "act", lambda act: torch.sin),
    "a list in a dictionary": lambda net: net.options["power"].insert(0, 2),
    "parameters in place": in_place,
    "parameters loaded": loaded,
    "a parameter": replaced("first", "weight", lambda weight: nn.Parameter(2 * weight.detach())),
    "its data": data,
    "its memory": transposed_data,
    "a parameter in a dictionary": lambda net: net.table.update({"k": torch.full((3,), 2.0)}),
    "a buffer": replaced("", "shift", lambda shift: 3 * shift),
    "a buffer in place": lambda net: net.shift.mul_(3),
    "statistics in place": lambda net: net.norm.running_var.mul_(4),
    "statistics": replaced("norm", "running_mean", lambda mean: mean + 2),
    "a module": replaced("", "second", lambda second: nn.Linear(3, SIZE)),
    "one more module": lambda net: net.parts.append(nn.Linear(3, 3)),
    "a probability": replaced("drop", "p", lambda p: 0.0),
    "forward of a part": patched,
    "the class of a part": lambda net: setattr(net.norm, "__class__", nn.Identity),
    "a hook": hooked,
    "a hook before": hooked_before,
    "a hook of the derivative": hooked_backwards,
    "a parametrisation": normalised,
    "all to single precision and back": lambda net: net.float().double(),
}


class Straight(torch.autograd.Function):
    """Rounds, with the derivative of the identity."""

    @staticmethod
    def forward(x: Any) -> Any:
        return x.round()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, adjoint: Any) -> Any:
        return adjoint


def without_gradient(x: Any) -> Any:
    with torch.no_grad():
        factor = x**2
    return factor * x


def switched_off(x: Any) -> Any:
    torch.set_grad_enabled(False)
    factor = x**2
    torch.set_grad_enabled(True)
    return factor * x


@torch.no_grad()
def _squared(x: Any) -> Any:
    return x**2


def inference(x: Any) -> Any:
    with torch.inference_mode():
        factor = torch.ones(SIZE) * 3
    return factor * x


def autocast(x: Any) -> Any:
    with torch.autocast("cpu", torch.bfloat16):
        return (x.float()[None] @ torch.full((SIZE, SIZE), 0.3).float()).double()


def hook_inside(x: Any) -> Any:
    h = x.sin()
    h.register_hook(lambda adjoint: 2 * adjoint)
    return h * 3


def assigned(x: Any) -> Any:
    y = x.clone()
    y[0] = y[1] * 2
    return y


def filled(x: Any) -> Any:
    y = torch.zeros(SIZE)
    y[1:] = x[:-1] ** 2
    return y


def through_a_view(x: Any) -> Any:
    y = x.clone()
    y.view(2, -1)[0].mul_(x[:3])
    return y * y.T if y.ndim == 2 else y


SQUARES, PLACES = torch.arange(1.0, 7, dtype=torch.float64) ** 2, torch.tensor([0, 1, 0, 1, 0, 0])


def copied(x: Any) -> Any:
    y = torch.zeros(2, SIZE)
    y[1].copy_(x.float())
    y[0, 2:4] = x[:2] ** 2
    return y.sum(0)


def views_of_views(x: Any) -> Any:
    y = torch.zeros(SIZE)
    view = y.view(2, 3)
    view.add_(x.view(2, 3))
    view.t().mul_(x[:2])
    return y * x


def recurrent(kind: Any, batch: int = 1, **options: Any) -> Function:
    """Layers whose kernels write in place to parts of what they make."""
    layer = kind(2, 3, batch_first=True, **options).double()
    return lambda x: layer(x.reshape(batch, -1, 2))[0].flatten() * x[0]


INSIDE: dict[str, Function] = {
    "a batch by its own statistics": lambda x: nn.functional.batch_norm(
        x.reshape(2, 3), None, None, training=True
    ),
    "an LSTM": recurrent(nn.LSTM, bidirectional=True),
    "an LSTM of a batch": recurrent(nn.LSTM, 3),
    "a GRU": recurrent(nn.GRU),
    "an RNN": recurrent(nn.RNN, nonlinearity="relu"),
    "copies to parts": copied,
    "in place through views of views": views_of_views,
    "a place for a result": lambda x: torch.sin(x, out=torch.empty(SIZE)) * x,
    "parts that share memory": lambda x: torch.cat([part.sin_() for part in (x * 2).unsafe_chunk(3)]),
    "its argument in place": lambda x: (x * 1).add_(1) if x.add_(0) is None else x * 2,
    "outputs of several types": lambda x: {"single": x[:3].float().sin(), "double": x.sum()},
    "no_grad": without_gradient,
    "set_grad_enabled": switched_off,
    "decorated by no_grad": lambda x: _squared(x) * x,
    "detach": lambda x: x.detach() ** 2 * x,
    "data": lambda x: x.data**2 * x,
    "inference_mode": inference,
    "autocast": autocast,
    "a hook on a tensor": hook_inside,
    "an autograd.Function": lambda x: Straight.apply(3 * x) * x,
    "cosine similarity of nearly nothing": lambda x: nn.functional.cosine_similarity(1e-12 * x, SQUARES, 0),
    "assignment": assigned,
    "assignment to a constant": filled,
    "in place through a view": through_a_view,
    "in place": lambda x: x.sin().add_(x).mul_(2).clamp_(0.1, 1.5),
    "another type of the same bits": lambda x: x.view(torch.int64).view(torch.float64) * 2 + x,
    "as_strided": lambda x: x.as_strided((3, 2), (1, 2)) * 2,
    "as_strided of a transpose": lambda x: (x.reshape(2, 3).T * 2).as_strided((6,), (1,)),
    "strides": lambda x: x * float(x.reshape(2, 3).T.stride()[0]),
    "vmap inside": lambda x: torch.func.vmap(lambda y: y.sin() * y)(x),
    "grad inside": lambda x: torch.func.grad(lambda y: (y**3).sum())(x),
    "jvp inside": lambda x: torch.func.jvp(torch.sin, (x,), (x,))[1],
    "complex numbers": lambda x: torch.fft.fft(x * (1 + 2j)).abs(),
    "a product of scatter_reduce": lambda x: torch.ones(2).scatter_reduce(0, PLACES, x, "prod"),
    "an inverse": lambda x: torch.cholesky_inverse(torch.eye(3) + x.reshape(2, 3).T @ x.reshape(2, 3)),
    "nothing": lambda x: x[:0],
    "an empty part": lambda x: torch.cat([x[:0], torch.ones(2)]),
    "integers": lambda x: x * x.long(),
    "a sorted copy": lambda x: x.sort().values + x[x.argsort(descending=True)],
}
"""What functions do to their tensors."""

RANDOM: dict[str, Function] = {
    "rand": lambda x: x * torch.rand(SIZE),
    "dropout": lambda x: nn.functional.dropout(x, 0.5),
    "bernoulli in place": lambda x: x * torch.empty(SIZE).bernoulli_(0.5),
    "a number": lambda x: x * torch.rand(()).item(),
    "a permutation": lambda x: x[torch.randperm(SIZE)],
    "a generator": lambda x: x * torch.randn(SIZE, generator=torch.default_generator),
}
"""Random functions."""

CLOSED_OVER: dict[str, tuple[Callable[[Any, Any, Any], Any], Callable[[Any, Any], object]]] = {
    "float": (lambda x, k, n: x * float(k), lambda k, n: k.add_(1)),
    "item": (lambda x, k, n: x * k.item(), lambda k, n: k.add_(1)),
    "tolist": (lambda x, k, n: x * k.tolist(), lambda k, n: k.add_(1)),
    "numpy": (lambda x, k, n: x * float(k.numpy()), lambda k, n: k.add_(1)),
    "a comparison": (lambda x, k, n: x * 2 if k > 3 else x * 5, lambda k, n: k.add_(1)),
    "an index": (lambda x, k, n: x * float(n[0]) + x[n].sum(), lambda k, n: n.add_(1)),
    "a range": (lambda x, k, n: x * sum(range(int(n[1]))), lambda k, n: n.add_(1)),
    "a format": (lambda x, k, n: x * len(f"{k:.0f}"), lambda k, n: k.mul_(10)),
    "equality": (lambda x, k, n: x * 2 if torch.equal(k, k.round()) else x, lambda k, n: k.add_(0.5)),
    "entries": (lambda x, k, n: x * k + x[n].sum(), lambda k, n: k.add_(1)),
    "places to split at": (
        lambda x, k, n: torch.cat([part * place for place, part in enumerate(torch.tensor_split(x, n))]),
        lambda k, n: n.add_(1),
    ),
    "a mask": (lambda x, k, n: x[: len(n)][n > 2], lambda k, n: n.add_(1)),
    "a number of times": (lambda x, k, n: x[:2].repeat_interleave(n), lambda k, n: n.add_(1)),
    "a resized tensor": (lambda x, k, n: x * len(n), lambda k, n: n.resize_(5).fill_(1)),
    "a changed dtype": (lambda x, k, n: x * k, lambda k, n: setattr(k, "data", k.float() / 3)),
}
"""What functions read of tensors that they close over, and what changes those."""


def closed_over(name: str) -> tuple[Function, Callable[[], object]]:
    """A function that closes over two tensors, and what changes them."""
    function, change = CLOSED_OVER[name]
    scale, steps = torch.tensor(2.0, dtype=torch.float64), torch.tensor([2, 3])
    return lambda x: function(x, scale, steps), lambda: change(scale, steps)
