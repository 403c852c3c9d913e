"""The parameter graph of a fully connected network: weights, biases and the sample are its inputs.

An affine layer s = W x + b depends on all three; backpropagation is the elimination of this graph from the
loss back to them. With a batch, all samples go through the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainorder.axes import Axes
from chainorder.errors import ChainError
from chainorder.graph.graph import Edge, Graph
from chainorder.network import ACTIVATIONS, Network
from chainorder.structure import Dense, Diagonal, Identity, Structure

if TYPE_CHECKING:
    from chainorder.graph.sampled import SampledParameters


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
        from chainorder.graph.sampled import sample

        return sample(self, seed)
