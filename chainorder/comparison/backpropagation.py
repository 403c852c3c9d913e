"""Backpropagation beside the other ways to a gradient: what each costs, in fma and in memory.

Below, B is the number of samples, m × n the shape of a layer's weights, P the number of weights and biases,
and F = B Σ m n the forward pass. Activations and their derivatives are counted where they are multiplied.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from chainorder.errors import GraphError
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.edge import Edge
from chainorder.problems.graph import Graph
from chainorder.problems.parameter_network import ParameterNetwork
from chainorder.solvers import plan

ONE_LAYER = "P + B max(m + n)"
"""What a pass that keeps nothing holds."""


@dataclass(frozen=True)
class Method:
    """A way to the derivatives with respect to all parameters.

    Attributes
    ----------
    name, formula, fma
        What it is, its fma in letters and in figures.
    holds, memory
        Entries held at once, weights, activations and derivatives, in letters and in figures.
    plan
        The plan, if it is an order of elimination.
    """

    name: str
    formula: str
    fma: int
    holds: str
    memory: int
    plan: GraphPlan | None = None


@dataclass(frozen=True)
class Backpropagation:
    """The ways to the derivatives of a network, the forward pass first and the planner's best last."""

    graph: Graph
    network: ParameterNetwork
    methods: tuple[Method, ...]

    @property
    def forward_pass(self) -> Method:
        """The network itself."""
        return self.methods[0]

    @property
    def best(self) -> GraphPlan:
        """The planner's best."""
        plan = self.methods[-1].plan
        assert plan is not None
        return plan

    @property
    def kept(self) -> int:
        """Activations that reverse accumulation keeps: the inputs of all layers."""
        return self.network.samples * sum(self.network.layers[:-1])

    def facts(self) -> list[str]:
        """What these figures say of the rules of thumb."""
        costs = {method.name: method.fma for method in self.methods}
        network, forward = self.network, self.forward_pass.fma
        weights = network.parameters - sum(network.layers[1:])
        backward, differences = costs["reverse"], costs["finite differences"]
        beside = f", {differences / backward:,.0f} times the backward pass" if backward else ""
        return [
            f"the backward pass costs {backward / forward:.2f} forward passes",
            f"finite differences cost {differences / network.parameters**2:.2f} P² for P = "
            f"{network.parameters:,} parameters{beside}",
            f"{self.kept:,} activations are kept: {self.kept / sqrt(weights):.2f} times the square root of "
            f"the number of weights, {weights:,}",
        ]


def backpropagation(best: GraphPlan) -> Backpropagation:
    """The ways to the derivatives of a network with parameters, beside a plan that is there already.

    Raises
    ------
    GraphError
        If the graph is not that of a network with parameters.
    """
    graph = best.graph
    network = graph.network
    if network is None:
        raise GraphError("the graph is not that of a network; state layers with parameters: true")
    forward = network.samples * sum(layer.inputs * layer.outputs for layer in network.steps)
    widest = network.samples * max(layer.inputs + layer.outputs for layer in network.steps)
    passing = network.parameters + widest
    objective = None if best.times is None else "seconds"
    profile = None if best.predicted is None else best.predicted.profile
    alike: Any = {"objective": objective, "profile": profile}
    plans = {name: plan(graph, solver=name, **alike) for name in ("reverse", "forward")}
    blocks, alone = _unshared(graph, network)
    reverse, tangents = plans["reverse"], plans["forward"]
    return Backpropagation(
        graph,
        network,
        (
            Method("forward pass", "F", forward, ONE_LAYER, passing),
            Method(
                "reverse", reverse_formula(network), reverse.fma, "≈ P + B Σ n", reverse.peak_memory, reverse
            ),
            Method(
                "reverse, blocks not sharing",
                "Σ_v (δ from scratch)",
                blocks,
                "≈ P + B Σ n",
                reverse.peak_memory,
            ),
            Method("reverse, parameters alone", "Σ_p (δ from scratch)", alone, ONE_LAYER, passing),
            Method(
                "forward", "Σ_l P_l (layers above)", tangents.fma, "≈ P max m", tangents.peak_memory, tangents
            ),
            Method("finite differences", "2 P F", 2 * network.parameters * forward, ONE_LAYER, passing),
            Method("best", f"planned by {best.solver}", best.fma, "", best.peak_memory, best),
        ),
    )


def reverse_formula(network: ParameterNetwork) -> str:
    """The cost of reverse accumulation in letters: each sum is one line of the recursion."""
    times = "" if network.loss is not None else "(outputs) · "
    terms = ["2 F"]
    if any(layer.activation is not None for layer in network.steps):
        terms.append("B Σ_σ m")
    if network.batch is not None:
        terms.append("B Σ m")
    return times + ("(" + " + ".join(terms) + ")" if times else " + ".join(terms))


def _unshared(graph: Graph, network: ParameterNetwork) -> tuple[int, int]:
    """fma without shared error terms: every block W, b, x from scratch, and every weight and bias."""
    blocks = alone = 0
    for layer in network.steps:
        path = [edge for edge in graph.edges if _above(edge.source, layer.number, network)]
        error = _reverse_cost(graph, path)
        for source in (layer.weights, layer.biases, *(["x"] if layer.number == 1 else [])):
            own = next(edge for edge in graph.edges if edge.source == source and edge.target == layer.sums)
            blocks += _reverse_cost(graph, [own, *path])
        rows = graph.rows
        alone += layer.outputs * layer.inputs * (error + rows * network.samples * bool(path))
        alone += layer.outputs * (error + rows * network.samples * (network.batch is not None and bool(path)))
    return blocks, alone


def _above(source: str, number: int, network: ParameterNetwork) -> bool:
    """Whether an edge leaves s of the layer or a value above it."""
    later = [layer for layer in network.steps if layer.number >= number]
    return source in {name for layer in later for name in (layer.sums, layer.values)}


def _reverse_cost(graph: Graph, path: list[Edge]) -> int:
    """The adjoint sweep along a path of edges; one edge alone costs nothing."""
    edges = [edge for edge in graph.edges if edge in path]
    if len(edges) < 2:
        return 0
    names = {name for edge in edges for name in (edge.source, edge.target)}
    vertices = {name: size for name, size in graph.vertices.items() if name in names}
    return plan(Graph(vertices, edges), solver="reverse").fma
