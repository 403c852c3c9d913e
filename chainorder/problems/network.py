"""Fully connected networks: the chain of their layers, the function itself, its elemental Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.errors import ChainError
from chainorder.problems.elementals import Elemental
from chainorder.problems.numbers import as_sizes
from chainorder.reading.wording import nearest_of
from chainorder.structures.banded import Diagonal
from chainorder.structures.dense import Dense

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Activation:
    """A function applied to a layer's output s, and its Jacobian.

    Attributes
    ----------
    value
        Takes and returns an array of shape (n,); complex arguments are the complex step's.
    derivative
        At s of shape (n,): the diagonal, shape (n,), or where the function is not `elementwise`, (n, n).
    """

    value: Callable[[Array], Array]
    derivative: Callable[[Array], Array]
    elementwise: bool = True


@dataclass(frozen=True)
class Loss:
    """A scalar function of a network's output y and a target, and its gradient with respect to y."""

    value: Callable[[Array, Array], Array]
    gradient: Callable[[Array, Array], Array]


def _sigmoid(s: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * s)))  # does not overflow, and is analytic


def _softmax(s: Array) -> Array:
    exponentials = np.exp(s - s.real.max())
    return np.asarray(exponentials / exponentials.sum())


def _softmax_jacobian(s: Array) -> Array:
    y = _softmax(s)
    jacobian: Array = np.diag(y) - np.outer(y, y)
    return jacobian


def _gelu(s: Array) -> Array:
    from scipy.special import erf

    return np.asarray(0.5 * s * (1 + erf(s / np.sqrt(2))))


def _gelu_derivative(s: Array) -> Array:
    from scipy.special import erf

    return np.asarray(0.5 * (1 + erf(s / np.sqrt(2))) + s * np.exp(-0.5 * s * s) / np.sqrt(2 * np.pi))


def _leaky(slope: float) -> Activation:
    return Activation(lambda s: np.where(s.real > 0, s, slope * s), lambda s: np.where(s > 0, 1.0, slope))


def _log_sum_exp(y: Array) -> Array:
    top = y.real.max()
    return np.asarray(top + np.log(np.exp(y - top).sum()))


ACTIVATIONS: dict[str, Activation] = {
    "tanh": Activation(np.tanh, lambda s: 1 - np.tanh(s) ** 2),
    "sigmoid": Activation(_sigmoid, lambda s: _sigmoid(s) * (1 - _sigmoid(s))),
    "relu": _leaky(0.0),
    "leaky_relu": _leaky(0.01),
    "softplus": Activation(lambda s: np.log1p(np.exp(s)), _sigmoid),
    "silu": Activation(lambda s: s * _sigmoid(s), lambda s: _sigmoid(s) * (1 + s * (1 - _sigmoid(s)))),
    "gelu": Activation(_gelu, _gelu_derivative),
    "sin": Activation(np.sin, np.cos),
    "softmax": Activation(_softmax, _softmax_jacobian, elementwise=False),
}
"""Activations by the name that specs use."""

LOSSES: dict[str, Loss] = {
    "cross_entropy": Loss(  # of the softmax of y, against a distribution t
        lambda y, t: _log_sum_exp(y) - t @ y, lambda y, t: _softmax(y) - t
    ),
    "squared_error": Loss(lambda y, t: 0.5 * ((y - t) ** 2).sum(), lambda y, t: y - t),
}
"""Losses by the name that specs use."""


@dataclass(frozen=True)
class Network:
    """A fully connected network x ↦ loss(σ_out(W_L σ(… σ(W_1 x + b_1) …) + b_L)).

    An affine layer is a dense elemental, an activation a diagonal one (softmax: dense n × n), the loss a
    final 1 × n one. `activation` follows the hidden layers only.

    Raises
    ------
    ChainError
        If there are fewer than two layers, or an activation or loss is not known.
    """

    layers: tuple[int, ...]
    activation: str | None = None
    output_activation: str | None = None
    loss: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(as_sizes(self.layers).tolist()))
        if len(self.layers) < 2:
            raise ChainError(
                f"layers has {len(self.layers)} entry; a network has at least two sizes, input first"
            )
        known = (("activation", ACTIVATIONS), ("output_activation", ACTIVATIONS), ("loss", LOSSES))
        for key, names in known:
            value = getattr(self, key)
            if value is not None and value not in names:
                raise ChainError(f"{key} is {value!r}; {nearest_of(value, names)}")

    def steps(self) -> Iterator[tuple[int, int, int, str | None]]:
        """Number, inputs, outputs and activation of every layer."""
        last = len(self.layers) - 1
        for number, (inputs, outputs) in enumerate(zip(self.layers, self.layers[1:], strict=False), 1):
            yield number, inputs, outputs, self.activation if number < last else self.output_activation

    def elementals(self) -> Iterator[Elemental]:
        """Its layers, activations and loss as elementals, input first."""
        for _, inputs, outputs, activation in self.steps():
            yield Elemental(inputs, outputs, name="affine")
            if activation is not None:
                structure = Diagonal() if ACTIVATIONS[activation].elementwise else Dense()
                yield Elemental(outputs, outputs, structure, name=activation)
        if self.loss is not None:
            yield Elemental(self.layers[-1], 1, name=self.loss)

    def to_spec(self) -> dict[str, Any]:
        """The keys that declare it in a spec."""
        options = {key: getattr(self, key) for key in ("activation", "output_activation", "loss")}
        stated = {key: value for key, value in options.items() if value is not None}
        return {"layers": list(self.layers)} | stated

    def sample(self, seed: int = 0) -> SampledNetwork:
        """The network with random weights (scaled by 1/√inputs) and biases, at a random input."""
        generator = np.random.default_rng(seed)
        weights = []
        for _, inputs, outputs, _ in self.steps():
            weights.append(generator.standard_normal((outputs, inputs)) / np.sqrt(inputs))
        biases = [generator.standard_normal(len(weight)) for weight in weights]
        target = generator.random(self.layers[-1])
        point = generator.standard_normal(self.layers[0])
        return SampledNetwork(self, tuple(weights), tuple(biases), target / target.sum(), point)


@dataclass(frozen=True, eq=False)
class SampledNetwork:
    """A network with weights W_l (m_l, n_l), biases b_l (m_l,), a target (m_L,) and an input point (n_1,)."""

    network: Network
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    target: Array
    point: Array

    def __call__(self, x: Array) -> Array:
        """The function itself, from x of shape (n_1,) to shape (outputs,); x may be complex."""
        for number, _, _, activation in self.network.steps():
            x = self.weights[number - 1] @ x + self.biases[number - 1]
            x = x if activation is None else ACTIVATIONS[activation].value(x)
        return x if self.network.loss is None else LOSSES[self.network.loss].value(x, self.target)[None]

    def jacobians(self) -> list[Array]:
        """The elemental Jacobians at `point`, input first; a diagonal as its vector."""
        x, jacobians = self.point, []
        for number, _, _, activation in self.network.steps():
            jacobians.append(self.weights[number - 1])
            x = self.weights[number - 1] @ x + self.biases[number - 1]
            if activation is not None:
                jacobians.append(ACTIVATIONS[activation].derivative(x))
                x = ACTIVATIONS[activation].value(x)
        if self.network.loss is not None:
            jacobians.append(LOSSES[self.network.loss].gradient(x, self.target)[None, :])
        return jacobians
