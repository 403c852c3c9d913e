"""Networks with weights at samples: the function itself, its elemental Jacobians, and a gradient step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from chainorder.axes import Axes, AxesPattern
from chainorder.execution.axes import AxesOperand
from chainorder.execution.operand import Array, BandOperand, DenseOperand, IdentityOperand, Operand
from chainorder.graph.parameters import Layer, ParameterNetwork
from chainorder.network import ACTIVATIONS, LOSSES
from chainorder.structure import Dense, Identity, Structure

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
