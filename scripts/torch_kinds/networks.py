"""Networks by their inputs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn

from .registry import Case, kind, normal


def perceptron(*sizes: int, activation: Any = nn.Tanh) -> Any:
    """Linear layers with an activation between them."""
    layers: list[Any] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1]).double()


@kind("perceptron, few outputs", (50, 100, 5), (4, 5, 2))
def classifier(*sizes: int) -> Case:
    return perceptron(*sizes), normal(sizes[0])


@kind("perceptron, few inputs", (3, 64, 64, 100), (2, 4, 5))
def decoder(*sizes: int) -> Case:
    return perceptron(*sizes), normal(sizes[0])


@kind("autoencoder 300-64-300", (300, 64, 300), (6, 2, 6))
def autoencoder(*sizes: int) -> Case:
    return perceptron(*sizes), normal(sizes[0])


@kind("variational autoencoder", (200, 50, 8), (6, 4, 2))
def variational(wide: int, hidden: int, narrow: int) -> Case:
    inner, outer = perceptron(wide, hidden, 2 * narrow), perceptron(narrow, hidden, wide)
    noise = normal(narrow)

    def function(x: Any) -> Any:
        mean, spread = inner(x).chunk(2)
        return torch.sigmoid(outer(mean + noise * torch.exp(spread)))

    return function, normal(wide)


@kind("convolutional autoencoder", (24, 8), (8, 2))
def convolutional(side: int, narrow: int) -> Case:
    left = side // 4
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, 2, 1), nn.Tanh(), nn.Conv2d(8, 8, 3, 2, 1), nn.Tanh(), nn.Flatten(0),
        nn.Linear(8 * left**2, narrow), nn.Tanh(), nn.Linear(narrow, 8 * left**2),
        nn.Unflatten(0, (8, left, left)),
        nn.ConvTranspose2d(8, 8, 4, 2, 1), nn.Tanh(), nn.ConvTranspose2d(8, 1, 4, 2, 1),
    ).double()  # fmt: skip
    return net, normal(1, side, side)


@kind("convolutional classifier", (16,), (8,))
def convolutional_classifier(side: int) -> Case:
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(),
        nn.AvgPool2d(2), nn.Flatten(0), nn.Linear(8 * (side // 4) ** 2, 10),
    ).double()  # fmt: skip
    return net, normal(1, side, side)


@kind("residual network", (60, 4), (4, 2))
def residual(width: int, depth: int) -> Case:
    blocks = [perceptron(width, 2 * width, width, activation=nn.GELU) for _ in range(depth)]

    def function(x: Any) -> Any:
        for block in blocks:
            x = x + block(x)
        return x

    return function, normal(width)


@kind("dense network with skips", (20, 4), (3, 2))
def skips(width: int, depth: int) -> Case:
    layers = [nn.Linear(width * (n + 1), width).double() for n in range(depth)]

    def function(x: Any) -> Any:
        for layer in layers:
            x = torch.cat([x, torch.relu(layer(x))])
        return x[-width:]

    return function, normal(width)


@kind("physics-informed network, derivatives", (30,), (3,))
def physics(points: int) -> Case:
    net = perceptron(1, 16, 16, 1)

    def function(x: Any) -> Any:
        slope = torch.func.vmap(torch.func.grad(lambda each: net(each[None])[0]))(x)
        return slope + net(x[:, None])[:, 0]

    return function, normal(points)


@kind("neural ODE, 10 steps", (12,), (3,))
def neural_ode(size: int) -> Case:
    net = perceptron(size, 32, size)

    def function(x: Any) -> Any:
        for _ in range(10):
            x = x + 0.1 * net(x)
        return x

    return function, normal(size)


@kind("deep equilibrium, 8 iterations", (30,), (3,))
def equilibrium(size: int) -> Case:
    net = nn.Linear(size, size).double()

    def function(x: Any) -> Any:
        z = torch.zeros_like(x)
        for _ in range(8):
            z = torch.tanh(0.5 * net(z) + x)
        return z

    return function, normal(size)


@kind("real-valued flow, couplings", (20, 4), (4, 2))
def flow(size: int, depth: int) -> Case:
    nets = [perceptron(size // 2, 24, size) for _ in range(depth)]

    def function(x: Any) -> Any:
        for net in nets:
            one, other = x.chunk(2)
            scale, shift = net(one).chunk(2)
            x = torch.cat([other * torch.exp(torch.tanh(scale)) + shift, one])
        return x

    return function, normal(size)


@kind("hypernetwork", (4, 10, 8), (2, 3, 2))
def hypernetwork(codes: int, inputs: int, outputs: int) -> Case:
    net, x = perceptron(codes, 32, inputs * outputs), normal(inputs)
    return lambda code: torch.tanh(net(code).reshape(outputs, inputs) @ x), normal(codes)


@kind("DeepONet", (20, 50), (3, 4))
def deep_operator(sensors: int, places: int) -> Case:
    branch, trunk, where = perceptron(sensors, 40, 16), perceptron(1, 40, 16), normal(places, 1)
    return lambda u: trunk(where) @ branch(u), normal(sensors)


@kind("mixture of experts", (24, 4), (4, 2))
def experts(size: int, count: int) -> Case:
    nets, gate = [perceptron(size, 32, size) for _ in range(count)], nn.Linear(size, count).double()

    def function(x: Any) -> Any:
        weights = torch.softmax(gate(x), 0)
        return sum(weight * net(x) for weight, net in zip(weights, nets, strict=True))

    return function, normal(size)
