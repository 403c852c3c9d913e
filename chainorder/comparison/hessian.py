"""Second derivatives: the gradient as a graph of its own, whose Jacobian is the Hessian.

The error terms of backpropagation are vertices like any other: with dv for ∂loss/∂v, layer l adds

    ds = σ'(s) ⊙ dx,   dW = ds xᵀ,   db = ds,   dx of the layer below = Wᵀ ds.

Forward elimination of this graph is forward over reverse, reverse elimination is reverse over reverse. A
Hessian–vector product Hv has one more vertex: a source that leads to all inputs by v, or a sink. Where only
adjoints are at hand, Hv is the adjoint of the adjoint u ↦ uH, linear in u: a tangent from two adjoints.
Forward over forward differentiates, for every direction v, the tangent ∇loss · v once more by tangents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainorder.errors import GraphError
from chainorder.execution.checks import Check, Tolerances, relative_error
from chainorder.execution.execute import execute
from chainorder.execution.operand import (
    Array,
    AxesOperand,
    BandOperand,
    DenseOperand,
    IdentityOperand,
    Operand,
)
from chainorder.execution.provenance import Provenance, Source
from chainorder.execution.result import TOLERANCE
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.edge import Edge
from chainorder.problems.graph import Graph
from chainorder.problems.network import ACTIVATIONS, LOSSES
from chainorder.problems.parameter_network import Layer, ParameterNetwork, SampledParameters
from chainorder.solvers import plan as plan_graph
from chainorder.structures.axes import Axes
from chainorder.structures.banded import Diagonal, Identity
from chainorder.structures.dense import Dense
from chainorder.structures.structure import Structure

if TYPE_CHECKING:
    from chainorder.costs.profile import Profile

Key = tuple[str, str]

MAX_PARAMETERS = 2_000
"""Inputs of a network up to which ways to its Hessian are looked at."""

STEP = 1e-30
"""Of the complex step, which has no cancellation."""


@dataclass(frozen=True, eq=False)
class Differentiated:
    """A graph with the Jacobians of its edges at a point."""

    graph: Graph
    jacobians: Mapping[Key, Any]

    def jacobian(self, plan: GraphPlan, *, verify: bool = False) -> Array:
        """The whole Jacobian by a plan, dense."""
        matrix = execute(plan, self.jacobians, verify=verify).jacobian
        return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())

    def seeded(self, vectors: Mapping[str, Array], *, forward: bool) -> Differentiated:
        """With one more source that leads to all inputs by a vector, or one more sink from all outputs."""
        vertices, edges = dict(self.graph.vertices) | {"v": 1}, list(self.graph.edges)
        jacobians = dict(self.jacobians)
        for name, vector in vectors.items():
            ends = ("v", name) if forward else (name, "v")
            edges.append(Edge(*ends))
            jacobians[ends] = DenseOperand.full(vector[:, None] if forward else vector[None, :])
        return Differentiated(Graph(vertices, edges, self.graph.name), jacobians)

    def transposed(self) -> Differentiated:
        """The graph of the adjoints: all edges reversed."""
        edges = [Edge(edge.target, edge.source, edge.structure.transposed()) for edge in self.graph.edges]
        jacobians = {(b, a): operand.transposed() for (a, b), operand in self.jacobians.items()}
        return Differentiated(Graph(self.graph.vertices, edges, self.graph.name), jacobians)


@dataclass(frozen=True)
class SecondOrder:
    """A way to second derivatives.

    Attributes
    ----------
    name
        What it is.
    product, hessian
        fma of a Hessian–vector product and of the whole Hessian, with the values that they need.
    optimal
        Whether no elimination of the gradient's graph makes the Hessian cheaper, by proof.
    time
        Predicted picoseconds of all eliminations for the Hessian, without the values; None if not asked for.
    """

    name: str
    product: int
    hessian: int
    optimal: bool = False
    time: int | None = None


@dataclass(frozen=True)
class SecondDerivatives:
    """The ways to second derivatives beside one another.

    Attributes
    ----------
    graph
        Of the network, with its loss.
    ways
        What each costs, the best found last.
    checks, provenance
        What running them gave, and where the Jacobians came from; None if they were not run.
    """

    graph: Graph
    ways: tuple[SecondOrder, ...]
    checks: tuple[Check, ...] | None = None
    provenance: Provenance | None = None

    @property
    def rows(self) -> int:
        """Of the Hessian."""
        return self.graph.columns

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(check.passed for check in self.checks or ())


@dataclass(frozen=True, eq=False)
class HessianProblem:
    """The Hessian of a network's loss with respect to its input, weights and biases.

    Parameters
    ----------
    network
        With a loss, one sample, and activations that work element by element.
    seed
        Of the weights and the sample.

    Raises
    ------
    GraphError
        If the network is another.
    """

    network: ParameterNetwork
    seed: int = 0
    provenance = Provenance((Source.NETWORK,))
    """Where the Jacobians come from."""

    def __post_init__(self) -> None:
        if self.network.loss is None or self.network.batch is not None:
            raise GraphError("a Hessian is that of a loss at one sample; state a loss, and no batch")
        count = self.network.parameters + self.network.layers[0]
        if count > MAX_PARAMETERS:
            raise GraphError(
                f"the Hessian has {count:,} rows; at most {MAX_PARAMETERS:,} are planned and run"
            )
        for layer in self.network.steps:
            if layer.activation is not None and not ACTIVATIONS[layer.activation].elementwise:
                raise GraphError(f"{layer.activation} does not work element by element; leave it to the loss")

    @cached_property
    def point(self) -> SampledParameters:
        """Where it is wanted."""
        return self.network.sample(self.seed)

    @cached_property
    def first(self) -> Differentiated:
        """The loss itself."""
        return Differentiated(Graph.of(self.network, "loss"), self.point.jacobians())

    @cached_property
    def gradient(self) -> Differentiated:
        """The gradient."""
        return gradient_graph(self.point)

    def tangent(self, direction: Array) -> Differentiated:
        """The tangent ∇loss · direction."""
        return tangent_graph(self.point, self.point.at(direction))

    @property
    def directions(self) -> dict[str, Array]:
        """A random vector for every input of the graph."""
        generator = np.random.default_rng(self.seed + 1)
        graph = self.first.graph
        return {name: generator.standard_normal(graph.vertices[name]) for name in graph.inputs}

    def ways(self, profile: Profile | None = None) -> tuple[SecondOrder, ...]:
        """What every way costs; with a profile the best is found by seconds, and all have their time."""
        graph, vectors = self.gradient.graph, self.directions
        flat = np.concatenate(list(vectors.values()))
        adjoints = {f"d{name}": vector for name, vector in vectors.items()}
        graphs = {
            "forward": (self.gradient.seeded(vectors, forward=True).graph, "forward"),
            "reverse": (self.gradient.seeded(adjoints, forward=False).graph, "reverse"),
            "twice": (self.gradient.transposed().seeded(vectors, forward=False).graph, "reverse"),
            "again": (self.tangent(flat).graph, "forward"),
            "gradient": (self.first.graph, "reverse"),
            "forward over reverse": (graph, "forward"),
            "reverse over reverse": (graph, "reverse"),
            "best found": (graph, "lookahead"),
        }
        objective = None if profile is None else "seconds"
        plans = {
            name: plan_graph(each, solver=solver, objective=objective, profile=profile)
            for name, (each, solver) in graphs.items()
        }
        fma = {name: each.fma for name, each in plans.items()}
        time = {name: each.cost for name, each in plans.items()}
        values, once = self._forward_pass + fma["gradient"], time["gradient"]
        count, both = self.first.graph.columns, fma["reverse"] + fma["twice"]
        # A tangent takes as much as it adds to the forward pass: two products a layer instead of one.
        again = 3 * self._forward_pass + fma["again"]
        whole = {name: (values + fma[name], once + time[name]) for name in plans}
        two = once + count * (time["reverse"] + time["twice"])
        table = {
            "forward over reverse": (values + fma["forward"], *whole["forward over reverse"]),
            "reverse over reverse": (values + fma["reverse"], *whole["reverse over reverse"]),
            "tangents from two adjoints": (values + both, values + count * both, two),
            "forward over forward": (again, count * again, count * time["again"]),
            "differences of gradients": (2 * values, 2 * count * values, 2 * count * once),
            "best found": (values + fma["forward"], *whole["best found"]),
        }
        proved = "best found" if plans["best found"].optimal else None
        return tuple(
            SecondOrder(name, product, hessian, name == proved, None if profile is None else spent)
            for name, (product, hessian, spent) in table.items()
        )

    def compared(self, profile: Profile | None = None) -> SecondDerivatives:
        """The ways beside one another, by what they cost."""
        return SecondDerivatives(Graph.of(self.network), self.ways(profile))

    def executed(self, tolerance: float | None = None) -> SecondDerivatives:
        """They and what running them gives; `tolerance` is that of `checks`."""
        return replace(self.compared(), checks=tuple(self.checks(tolerance)), provenance=self.provenance)

    @property
    def _forward_pass(self) -> int:
        """fma of the loss."""
        return sum(layer.inputs * layer.outputs for layer in self.network.steps)

    def hessians(self) -> dict[str, Callable[[], Array]]:
        """Every way to the Hessian, to be executed; in the order of the graph's inputs."""
        graph = self.gradient.graph
        return {
            "forward over reverse": lambda: self.gradient.jacobian(plan_graph(graph, solver="forward")),
            "reverse over reverse": lambda: self.gradient.jacobian(plan_graph(graph, solver="reverse")),
            "tangents from two adjoints": self._from_adjoints,
            "forward over forward": self._over_forward,
            "differences of gradients": self._differences,
            "best found": lambda: self.gradient.jacobian(plan_graph(graph, solver="lookahead")),
        }

    def checks(self, tolerance: float | None = None) -> list[Check]:
        """Compare the Hessians of all ways with the first, and it with its transpose.

        `tolerance` is the largest relative error that passes; by default 1e-9, and 1e-5 for differences.
        """
        tolerances = Tolerances.of(tolerance, TOLERANCE)
        found = {name: compute() for name, compute in self.hessians().items()}
        first = found.pop("forward over reverse")
        checks = [Check("symmetry", relative_error(first, first.T), tolerances.exact)]
        for name, hessian in found.items():
            allowed = tolerances.central if name == "differences of gradients" else tolerances.exact
            checks.append(Check(name, relative_error(hessian, first), allowed))
        return checks

    def _from_adjoints(self) -> Array:
        """Column by column by adjoint sweeps of the graph of adjoint sweeps."""
        adjoint = self.gradient.transposed()
        plan = None
        columns = []
        for vectors in self._units():
            seeded = adjoint.seeded(vectors, forward=False)
            plan = plan_graph(seeded.graph, solver="reverse") if plan is None else plan
            columns.append(seeded.jacobian(plan)[0])
        return np.stack(columns, axis=1)

    def _over_forward(self) -> Array:
        """Row by row the gradient, by tangents, of the tangent in a unit direction."""
        plan = None
        rows = []
        for vectors in self._units():
            tangent = self.tangent(np.concatenate(list(vectors.values())))
            plan = plan_graph(tangent.graph, solver="forward") if plan is None else plan
            rows.append(tangent.jacobian(plan)[0])
        return np.stack(rows)

    def _differences(self) -> Array:
        """Column by column central differences of the gradient by reverse accumulation."""
        plan = plan_graph(self.first.graph, solver="reverse")
        point = self.point.point
        step = float(np.cbrt(np.finfo(float).eps)) * max(1.0, float(np.abs(point).max()))

        def gradient(at: Array) -> Array:
            there = Differentiated(self.first.graph, self.point.at(at).jacobians())
            return np.asarray(there.jacobian(plan)[0])

        units = np.eye(len(point)) * step
        return np.stack([(gradient(point + u) - gradient(point - u)) / (2 * step) for u in units], axis=1)

    def _units(self) -> list[dict[str, Array]]:
        """Unit vectors, split by the inputs of the graph."""
        graph = self.first.graph
        ends = np.cumsum([graph.vertices[name] for name in graph.inputs])[:-1]
        units = np.eye(graph.columns)
        return [dict(zip(graph.inputs, np.split(unit, ends), strict=True)) for unit in units]


class _Builder:
    """A graph with Jacobians in the making; inputs and outputs first, in their order."""

    def __init__(self, vertices: Mapping[str, int]) -> None:
        self.vertices = dict(vertices)
        self.edges: list[Edge] = []
        self.jacobians: dict[Key, Operand] = {}

    def add(self, source: str, target: str, structure: Structure, operand: Operand) -> None:
        self.edges.append(Edge(source, target, structure))
        self.jacobians[source, target] = operand

    def dense(self, source: str, target: str, matrix: Array) -> None:
        self.add(source, target, Dense(), DenseOperand.full(matrix))

    def diagonal(self, source: str, target: str, entries: Array) -> None:
        self.add(source, target, Diagonal(), BandOperand(0, 0, entries[None, :]))

    def identity(self, source: str, target: str) -> None:
        self.add(source, target, Identity(), IdentityOperand(self.vertices[source]))

    def axes(self, source: str, target: str, layer: Layer, form: str, values: Array) -> None:
        """A Jacobian over the axes i (outputs) and j (inputs): form is rows, columns and what varies."""
        rows, columns, varies = form.split()
        sizes = {"i": layer.outputs, "j": layer.inputs}
        structure = Axes(tuple(rows), tuple(columns), tuple(sizes.items()), tuple(varies))
        pattern = structure.pattern(self.vertices[target], self.vertices[source])
        order = dict.fromkeys(rows + columns)
        shape = [sizes[axis] if axis in varies else 1 for axis in order]
        operand = AxesOperand(values.reshape(shape), pattern)  # type: ignore[arg-type]
        self.add(source, target, structure, operand)

    def done(self, name: str) -> Differentiated:
        return Differentiated(Graph(self.vertices, self.edges, name), self.jacobians)


def gradient_graph(sample: SampledParameters) -> Differentiated:
    """The graph of a network's gradient with its Jacobians: inputs x, W1, b1, …, outputs dx, dW1, db1, …"""
    network = sample.network
    graph = Graph.of(network)
    sizes = {name: size for name, size in graph.vertices.items() if name != "loss"}
    build = _Builder(sizes | {f"d{name}": size for name, size in sizes.items()})
    passed = sample.values()
    errors = _errors(sample, passed)
    before, x = "x", sample.points[0]
    for layer, weight, (s, following) in zip(network.steps, sample.weights, passed, strict=True):
        ds = errors[layer.sums]
        build.dense(before, layer.sums, weight)
        build.axes(layer.weights, layer.sums, layer, "i ij j", x)
        build.identity(layer.biases, layer.sums)
        if layer.activation is not None:
            derivative = ACTIVATIONS[layer.activation].derivative
            build.diagonal(layer.sums, layer.values, derivative(s[0]))
            build.diagonal(f"d{layer.values}", f"d{layer.sums}", derivative(s[0]))
            second = derivative(s[0] + 1j * STEP).imag / STEP
            build.diagonal(layer.sums, f"d{layer.sums}", second * errors[layer.values])
        build.dense(f"d{layer.sums}", f"d{before}", weight.T.copy())
        build.axes(layer.weights, f"d{before}", layer, "j ij i", ds)
        build.axes(f"d{layer.sums}", f"d{layer.weights}", layer, "ij i j", x)
        build.axes(before, f"d{layer.weights}", layer, "ij j i", ds)
        build.identity(f"d{layer.sums}", f"d{layer.biases}")
        before, x = layer.values, following[0]
    build.dense(before, f"d{before}", _loss_hessian(sample, x))
    return build.done("gradient")


def tangent_graph(sample: SampledParameters, direction: SampledParameters) -> Differentiated:
    """The graph of ∇loss · direction with its Jacobians: one output; ts, tx are the tangents of s and x."""
    network = sample.network
    vertices = {name: size for name, size in network.vertices().items() if name != "loss"}
    inner = {
        name: size
        for layer in network.steps
        for name in (layer.sums, layer.values)
        for size in [vertices[name]]
    }
    build = _Builder(vertices | {f"t{name}": size for name, size in inner.items()} | {"t": 1})
    before, x, tx = "x", sample.points[0], direction.points[0]
    parts = zip(
        network.steps, sample.weights, direction.weights, direction.biases, sample.values(), strict=True
    )
    for layer, weight, turned, shift, (s, following) in parts:
        ts = weight @ tx + turned @ x + shift
        build.dense(before, layer.sums, weight)
        build.axes(layer.weights, layer.sums, layer, "i ij j", x)
        build.identity(layer.biases, layer.sums)
        build.dense(before, f"t{layer.sums}", turned)
        build.axes(layer.weights, f"t{layer.sums}", layer, "i ij j", tx)
        if before != "x":
            build.dense(f"t{before}", f"t{layer.sums}", weight)
        x, tx, before = following[0], ts, layer.values
        if layer.activation is not None:
            derivative = ACTIVATIONS[layer.activation].derivative
            slope, second = derivative(s[0]), derivative(s[0] + 1j * STEP).imag / STEP
            build.diagonal(layer.sums, layer.values, slope)
            build.diagonal(f"t{layer.sums}", f"t{layer.values}", slope)
            build.diagonal(layer.sums, f"t{layer.values}", second * ts)
            tx = slope * ts
    assert network.loss is not None
    build.dense(before, "t", (_loss_hessian(sample, x) @ tx)[None, :])
    build.dense(f"t{before}", "t", LOSSES[network.loss].gradient(x, sample.targets[0])[None, :])
    return build.done("tangent")


def _errors(sample: SampledParameters, passed: list[tuple[Array, Array]]) -> dict[str, Array]:
    """The error terms ∂loss/∂s and ∂loss/∂x of all layers, by their vertex."""
    network = sample.network
    assert network.loss is not None
    error = LOSSES[network.loss].gradient(passed[-1][1][0], sample.targets[0])
    errors = {}
    for layer, weight, (s, _) in list(zip(network.steps, sample.weights, passed, strict=True))[::-1]:
        errors[layer.values] = error
        if layer.activation is not None:
            error = error * ACTIVATIONS[layer.activation].derivative(s[0])
        errors[layer.sums] = error
        error = weight.T @ error
    return errors


def _loss_hessian(sample: SampledParameters, y: Array) -> Array:
    """∂²loss/∂y², column by column by the complex step."""
    assert sample.network.loss is not None
    gradient = LOSSES[sample.network.loss].gradient
    columns = [gradient(y + 1j * STEP * unit, sample.targets[0]).imag / STEP for unit in np.eye(len(y))]
    return np.stack(columns, axis=1)
