"""The parameter graph of a fully connected network: weights, biases and the sample are its inputs.

An affine layer s = W x + b depends on all three; backpropagation is the elimination of this graph from the
loss back to them. With a batch, all samples go through the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainorder.errors import ChainError
from chainorder.problems.edge import Edge
from chainorder.problems.graph import Graph
from chainorder.problems.network import ACTIVATIONS, Network
from chainorder.structures.axes import Axes
from chainorder.structures.banded import Diagonal, Identity
from chainorder.structures.dense import Dense
from chainorder.structures.structure import Structure

if TYPE_CHECKING:
    pass


from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from chainorder.execution.operand import (
    Array,
    AxesOperand,
    BandOperand,
    DenseOperand,
    IdentityOperand,
    Operand,
)
from chainorder.problems.network import LOSSES
from chainorder.structures.axes import AxesPattern


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

    def graph(self, name: str | None = None) -> Graph:
        """Its computational graph: inputs x, W1, b1, …; inner vertices s1, x1, …"""
        vertices = {"x": self.samples * self.layers[0]}
        edges: list[Edge] = []
        before = "x"
        for layer in self.steps:
            vertices[layer.weights] = layer.outputs * layer.inputs
            vertices[layer.biases] = layer.outputs
            vertices[layer.sums] = self.samples * layer.outputs
            edges += [
                Edge(before, layer.sums, self.by_values(layer), name="W"),
                Edge(layer.weights, layer.sums, self.by_weights(layer), name="x"),
                Edge(layer.biases, layer.sums, self.by_biases(layer), name="1"),
            ]
            if layer.activation is not None:
                vertices[layer.values] = self.samples * layer.outputs
                edges.append(Edge(layer.sums, layer.values, self.by_sums(layer), name=layer.activation))
            before = layer.values
        if self.loss is not None:
            vertices["loss"] = 1
            edges.append(Edge(before, "loss", name=self.loss))
        return Graph(vertices, edges, name, network=self)

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
        pass

        return sample(self, seed)


Key = tuple[str, str]


def sample(network: ParameterNetwork, seed: int) -> SampledParameters:
    """Random weights (scaled by 1/√inputs), biases, samples and targets."""
    generator = np.random.default_rng(seed)
    weights = [
        generator.standard_normal((layer.outputs, layer.inputs)) / np.sqrt(layer.inputs)
        for layer in network.steps
    ]
    biases = [generator.standard_normal(layer.outputs) for layer in network.steps]
    points = generator.standard_normal((network.samples, network.layers[0]))
    targets = generator.random((network.samples, network.layers[-1]))
    targets /= targets.sum(axis=1, keepdims=True)
    return SampledParameters(network, tuple(weights), tuple(biases), points, targets)


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

    def jacobians(self) -> dict[Key, Operand]:
        """The elemental Jacobians of all edges, by (source, target): views of what the forward pass kept."""
        network = self.network
        found: dict[Key, Operand] = {}
        before, x = "x", self.points
        for layer, weight, (s, following) in zip(network.steps, self.weights, self.values(), strict=True):
            found[before, layer.sums] = self._axes(network.by_values(layer), layer, weight[None, :, None, :])
            spread = x[:, None, :] if network.batch is not None else x[0][None, :]
            found[layer.weights, layer.sums] = self._axes(network.by_weights(layer), layer, spread)
            found[layer.biases, layer.sums] = self._axes(network.by_biases(layer), layer, np.ones((1, 1)))
            if layer.activation is not None:
                found[layer.sums, layer.values] = self._by_sums(layer, s)
            before, x = layer.values, following
        if network.loss is not None:
            gradient = LOSSES[network.loss].gradient
            rows = [gradient(y, t) for y, t in zip(x, self.targets, strict=True)]
            found[before, "loss"] = DenseOperand.full(np.concatenate(rows)[None, :] / len(rows))
        return found

    def _by_sums(self, layer: Layer, s: Array) -> Operand:
        assert layer.activation is not None
        activation = ACTIVATIONS[layer.activation]
        if activation.elementwise:
            return BandOperand(0, 0, activation.derivative(s).reshape(1, -1))
        blocks = np.stack([activation.derivative(row) for row in s])
        return self._axes(self.network.by_sums(layer), layer, blocks)

    def _axes(self, structure: Structure, layer: Layer, values: Array) -> Operand:
        """The operand of a structure; values have a dimension for each of its axes, or are a matrix."""
        match structure:
            case Identity():
                return IdentityOperand(layer.outputs)
            case Dense():
                return DenseOperand.full(values.reshape(layer.outputs, -1))
            case Axes(rows=rows, columns=columns, sizes=sizes):
                lengths = dict(sizes)
                rows_size = int(np.prod([lengths[axis] for axis in rows]))
                pattern = structure.pattern(rows_size, int(np.prod([lengths[axis] for axis in columns])))
                assert isinstance(pattern, AxesPattern)
                shape = [n if axis in pattern.varies else 1 for axis, n in enumerate(pattern.sizes)]
                return AxesOperand(values.reshape(shape), pattern)
            case _:
                raise TypeError(f"no operand of {structure}")


def _activated(activation: str | None, s: Array) -> Array:
    if activation is None:
        return s
    function = ACTIVATIONS[activation]
    if function.elementwise:
        return np.asarray(function.value(s))
    return np.stack([function.value(row) for row in s])


def gradient_step(
    sample: SampledParameters, gradient: Mapping[Key, Operand], rate: float
) -> SampledParameters:
    """The network after one step of gradient descent, from the blocks of the loss's Jacobian."""
    weights, biases = [], []
    for layer, weight, bias in zip(sample.network.steps, sample.weights, sample.biases, strict=True):
        weights.append(weight - rate * gradient[layer.weights, "loss"].matrix().reshape(weight.shape))
        biases.append(bias - rate * gradient[layer.biases, "loss"].matrix().reshape(bias.shape))
    return replace(sample, weights=tuple(weights), biases=tuple(biases))
