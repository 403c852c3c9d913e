"""The parameter graph of a fully connected network: weights, biases and the sample are its inputs.

An affine layer s = W x + b depends on all three; backpropagation is the elimination of this graph from the
loss back to them. With a batch, all samples go through the same weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from chainorder.errors import ChainError
from chainorder.problems.edge import Edge
from chainorder.problems.network import ACTIVATIONS, LOSSES, Array, Network
from chainorder.structures.axes import Axes, AxesPattern
from chainorder.structures.banded import Diagonal, Identity
from chainorder.structures.dense import Dense
from chainorder.structures.structure import Structure

Key = tuple[str, str]
"""Source and target of an edge."""


@dataclass(frozen=True)
class Layer:
    """One affine layer with what follows it, and the names of its vertices.

    Attributes
    ----------
    number
        From 1 at the input.
    inputs, outputs
        Sizes for one sample.
    activation
        Its activation; None if s goes on as it is.
    """

    number: int
    inputs: int
    outputs: int
    activation: str | None

    @property
    def weights(self) -> str:
        """The vertex of W, of size outputs · inputs, row by row."""
        return f"W{self.number}"

    @property
    def biases(self) -> str:
        """The vertex of b."""
        return f"b{self.number}"

    @property
    def sums(self) -> str:
        """The vertex of s = W x + b."""
        return f"s{self.number}"

    @property
    def values(self) -> str:
        """The vertex of what goes on: σ(s), or s itself."""
        return self.sums if self.activation is None else f"x{self.number}"


@dataclass(frozen=True)
class ParameterNetwork:
    """A `Network` as a function of its weights, biases and input.

    Parameters
    ----------
    layers, activation, output_activation, loss
        As of a `Network`.
    batch
        Samples; the loss is their mean. None for one sample.

    Raises
    ------
    ChainError
        As `Network`; and if batch is no whole number of at least 1.
    """

    layers: tuple[int, ...]
    activation: str | None = None
    output_activation: str | None = None
    loss: str | None = None
    batch: int | None = None

    def __post_init__(self) -> None:
        network = Network(self.layers, self.activation, self.output_activation, self.loss)
        object.__setattr__(self, "layers", network.layers)
        if self.batch is not None and (type(self.batch) is not int or self.batch < 1):
            raise ChainError(f"batch is {self.batch!r}; it is a whole number of samples of at least 1")

    @property
    def network(self) -> Network:
        """The network as a function of its input alone."""
        return Network(self.layers, self.activation, self.output_activation, self.loss)

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return 1 if self.batch is None else self.batch

    @property
    def steps(self) -> tuple[Layer, ...]:
        """The layers, input first."""
        return tuple(Layer(*step) for step in self.network.steps())

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return sum(layer.outputs * (layer.inputs + 1) for layer in self.steps)

    def vertices(self) -> dict[str, int]:
        """Sizes by name of its graph's vertices: inputs x, W1, b1, …; inner ones s1, x1, …"""
        sizes = {"x": self.samples * self.layers[0]}
        for layer in self.steps:
            sizes[layer.weights] = layer.outputs * layer.inputs
            sizes[layer.biases] = layer.outputs
            sizes[layer.sums] = sizes[layer.values] = self.samples * layer.outputs
        return sizes if self.loss is None else sizes | {"loss": 1}

    def edges(self) -> Iterator[Edge]:
        """The edges of its graph, layer by layer."""
        before = "x"
        for layer in self.steps:
            yield Edge(before, layer.sums, self.by_values(layer), name="W")
            yield Edge(layer.weights, layer.sums, self.by_weights(layer), name="x")
            yield Edge(layer.biases, layer.sums, self.by_biases(layer), name="1")
            if layer.activation is not None:
                yield Edge(layer.sums, layer.values, self.by_sums(layer), name=layer.activation)
            before = layer.values
        if self.loss is not None:
            yield Edge(before, "loss", name=self.loss)

    def axes(self, layer: Layer, rows: str, columns: str, varies: str) -> Axes:
        """A structure with the axes b (samples), i (outputs), j (inputs) and k (outputs again)."""
        sizes = {"b": self.samples, "i": layer.outputs, "j": layer.inputs, "k": layer.outputs}
        return Axes(tuple(rows), tuple(columns), tuple(sizes.items()), tuple(varies))

    def by_values(self, layer: Layer) -> Structure:
        """∂s/∂x = I ⊗ W."""
        return Dense() if self.batch is None else self.axes(layer, "bi", "bj", "ij")

    def by_weights(self, layer: Layer) -> Structure:
        """∂s/∂W: row i is xᵀ in the columns of row i of W."""
        return self.axes(layer, "i", "ij", "j") if self.batch is None else self.axes(layer, "bi", "ij", "bj")

    def by_biases(self, layer: Layer) -> Structure:
        """∂s/∂b: the identity for every sample."""
        return Identity() if self.batch is None else self.axes(layer, "bi", "i", "")

    def by_sums(self, layer: Layer) -> Structure:
        """∂σ(s)/∂s: diagonal, or a full block for every sample."""
        if layer.activation is None or ACTIVATIONS[layer.activation].elementwise:
            return Diagonal()
        return Dense() if self.batch is None else self.axes(layer, "bi", "bk", "bik")

    def to_spec(self) -> dict[str, Any]:
        """The keys that declare it in a spec."""
        stated = self.network.to_spec() | {"parameters": True}
        return stated if self.batch is None else stated | {"batch": self.batch}

    def sample(self, seed: int = 0) -> SampledParameters:
        """The network with random weights (scaled by 1/√inputs) and biases, at random samples."""
        generator = np.random.default_rng(seed)
        weights = [
            generator.standard_normal((layer.outputs, layer.inputs)) / np.sqrt(layer.inputs)
            for layer in self.steps
        ]
        biases = [generator.standard_normal(layer.outputs) for layer in self.steps]
        points = generator.standard_normal((self.samples, self.layers[0]))
        targets = generator.random((self.samples, self.layers[-1]))
        targets /= targets.sum(axis=1, keepdims=True)
        return SampledParameters(self, tuple(weights), tuple(biases), points, targets)


@dataclass(frozen=True, eq=False)
class SampledParameters:
    """A network with weights (m, n) and biases (m,) by layer, points (batch, n_1), targets (batch, m_L)."""

    network: ParameterNetwork
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    points: Array
    targets: Array

    @property
    def point(self) -> Array:
        """All inputs of the graph, one after the other: the samples, then W_1, b_1, W_2, …"""
        parts = [self.points.ravel()]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            parts += [weight.ravel(), bias]
        return np.concatenate(parts)

    def at(self, point: Array) -> SampledParameters:
        """The same with other inputs."""
        network = self.network
        points, at = point[: self.points.size].reshape(self.points.shape), self.points.size
        weights, biases = [], []
        for layer in network.steps:
            size = layer.outputs * layer.inputs
            weights.append(point[at : at + size].reshape(layer.outputs, layer.inputs))
            biases.append(point[at + size : at + size + layer.outputs])
            at += size + layer.outputs
        return replace(self, weights=tuple(weights), biases=tuple(biases), points=points)

    def __call__(self, point: Array) -> Array:
        """The outputs, or the mean loss, as a function of all inputs; they may be complex."""
        other = self.at(point)
        outputs = other.values()[-1][1]
        if self.network.loss is None:
            return np.asarray(outputs).ravel()
        value = LOSSES[self.network.loss].value
        losses = [value(y, t) for y, t in zip(outputs, self.targets, strict=True)]
        return np.asarray([sum(losses) / len(losses)])

    def values(self) -> list[tuple[Array, Array]]:
        """The forward pass: s_l and what goes on from it, each of shape (batch, outputs)."""
        x, passed = self.points, []
        for layer, weight, bias in zip(self.network.steps, self.weights, self.biases, strict=True):
            s = x @ weight.T + bias
            x = _activated(layer.activation, s)
            passed.append((s, x))
        return passed

    def outputs(self) -> Array:
        """The network's output for every sample, shape (batch, m_L)."""
        return self.values()[-1][1]

    def jacobians(self) -> dict[Key, Array]:
        """The elemental Jacobians of all edges but identities, by (source, target): views where possible.

        A dense one is its matrix, a diagonal one its vector; one with axes is its values, with a dimension
        for each axis, of size 1 where entries repeat.
        """
        network = self.network
        found: dict[Key, Array] = {}
        before, x = "x", self.points
        for layer, weight, (s, following) in zip(network.steps, self.weights, self.values(), strict=True):
            spread = x[:, None, :] if network.batch is not None else x[0][None, :]
            found[before, layer.sums] = _shaped(network.by_values(layer), layer, weight[None, :, None, :])
            found[layer.weights, layer.sums] = _shaped(network.by_weights(layer), layer, spread)
            if network.batch is not None:
                found[layer.biases, layer.sums] = _shaped(network.by_biases(layer), layer, np.ones((1, 1)))
            if layer.activation is not None:
                found[layer.sums, layer.values] = self._by_sums(layer, s)
            before, x = layer.values, following
        if network.loss is not None:
            gradient = LOSSES[network.loss].gradient
            rows = [gradient(y, t) for y, t in zip(x, self.targets, strict=True)]
            found[before, "loss"] = np.concatenate(rows)[None, :] / len(rows)
        return found

    def _by_sums(self, layer: Layer, s: Array) -> Array:
        assert layer.activation is not None
        activation = ACTIVATIONS[layer.activation]
        if activation.elementwise:
            return activation.derivative(s).ravel()
        blocks = np.stack([activation.derivative(row) for row in s])
        return _shaped(self.network.by_sums(layer), layer, blocks)


def _shaped(structure: Structure, layer: Layer, values: Array) -> Array:
    """Values in the shape of a structure: one dimension for each of its axes, or a matrix."""
    if not isinstance(structure, Axes):
        return values.reshape(layer.outputs, -1)
    pattern = structure.bound()
    assert isinstance(pattern, AxesPattern)
    return values.reshape(pattern.values_shape)


def _activated(activation: str | None, s: Array) -> Array:
    if activation is None:
        return s
    function = ACTIVATIONS[activation]
    if function.elementwise:
        return np.asarray(function.value(s))
    return np.stack([function.value(row) for row in s])


class Block(Protocol):
    """A block of a Jacobian, however it is stored."""

    def matrix(self) -> Any:
        """As an array, or one of SciPy."""


def gradient_step(sample: SampledParameters, gradient: Mapping[Key, Block], rate: float) -> SampledParameters:
    """The network after one step of gradient descent, from the blocks of the loss's Jacobian."""
    weights, biases = [], []
    for layer, weight, bias in zip(sample.network.steps, sample.weights, sample.biases, strict=True):
        weights.append(weight - rate * gradient[layer.weights, "loss"].matrix().reshape(weight.shape))
        biases.append(bias - rate * gradient[layer.biases, "loss"].matrix().reshape(bias.shape))
    return replace(sample, weights=tuple(weights), biases=tuple(biases))
