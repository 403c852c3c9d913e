"""Graphs on real Jacobians: counted as planned, and right; parameter graphs, backpropagation, Hessians."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from chainorder import (
    Edge,
    ExecutionError,
    Graph,
    GraphError,
    GraphPlan,
    Identity,
    ParameterNetwork,
    compare,
    execute,
    plan,
)
from chainorder.comparison.backpropagation import backpropagation
from chainorder.comparison.hessian import HessianProblem
from chainorder.execution.graph import gather
from chainorder.execution.graph_program import Program
from chainorder.execution.kernels import multiply
from chainorder.execution.operand import Operand
from chainorder.execution.storing import random_operand
from chainorder.execution.sums import add
from chainorder.problems.parameter_network import gradient_step
from chainorder.structures.axes import Axes
from chainorder.structures.banded import BandPattern, IdentityPattern
from chainorder.structures.dense import DensePattern
from chainorder.structures.pattern import Pattern, counted_fma, fma
from tests.graphs import random_graph
from tests.slow import slow_but

RESIDUAL = Graph({"x": 4, "h": 3, "y": 4}, [Edge("x", "h"), Edge("h", "y"), Edge("x", "y")])
SIZES = {"b": 2, "i": 3, "j": 4, "k": 5}


@pytest.mark.parametrize("seed", slow_but(range(4), range(10)))
def test_counted_is_planned_and_right(seed: int) -> None:
    generator = random.Random(seed)
    for _ in range(4):
        graph = random_graph(generator, 3, density=0.5, matrix_free=0.3, structured=True)
        for solver in ("auto", "forward", "reverse", "lookahead"):
            run = execute(plan(graph, solver=solver), seed=seed)
            assert run.passed, (graph.to_spec(), run.checks)
            assert len(run.checks) >= 3
            assert run.jacobian.shape == (graph.rows, graph.columns)


def test_given_jacobians_and_models() -> None:
    generator = np.random.default_rng(0)
    a, b, c = generator.random((3, 4)), generator.random((4, 3)), generator.random((4, 4))
    given: dict[tuple[str, str], Any] = {("x", "h"): a, ("h", "y"): b, ("x", "y"): c}
    run = execute(plan(RESIDUAL), given)
    np.testing.assert_allclose(run.jacobian, b @ a + c)
    np.testing.assert_array_equal(run.blocks["x", "y"], run.jacobian)
    edges = [replace(RESIDUAL.edges[0], tangent=2, adjoint=3), *RESIDUAL.edges[1:]]
    modelled = Graph(RESIDUAL.vertices, edges)
    given["x", "h"] = (lambda v: a @ v, lambda u: u @ a)
    run = execute(plan(modelled), given)
    assert run.passed
    np.testing.assert_allclose(run.jacobian, b @ a + c)


def test_complex_jacobians_and_sums_that_cancel() -> None:
    generator = np.random.default_rng(0)
    a, b, c = generator.random((3, 4)), generator.random((4, 3)), generator.random((4, 4))
    turned = {("x", "h"): a * (1 + 2j), ("h", "y"): b * (1 + 2j), ("x", "y"): c * 1j}
    assert execute(plan(RESIDUAL), turned).passed
    gone = execute(plan(RESIDUAL), {("x", "h"): a, ("h", "y"): b, ("x", "y"): -(b @ a)})
    assert gone.passed
    assert abs(gone.jacobian).max() < 1e-15


def test_identities_need_not_be_given() -> None:
    graph = Graph({"x": 3, "h": 2, "y": 3}, [Edge("x", "h"), Edge("h", "y"), Edge("x", "y", Identity())])
    a, b = np.ones((2, 3)), np.ones((3, 2))
    run = execute(plan(graph), {("x", "h"): a, ("h", "y"): b})
    np.testing.assert_allclose(run.jacobian, b @ a + np.eye(3))


def test_a_wrong_adjoint_is_found() -> None:
    generator = np.random.default_rng(0)
    a = generator.random((3, 4))
    edges = [replace(RESIDUAL.edges[0], tangent=2, adjoint=3), *RESIDUAL.edges[1:]]
    graph = Graph(RESIDUAL.vertices, edges)
    given = {
        ("x", "h"): (lambda v: a @ v, lambda u: 2 * u @ a),
        ("h", "y"): np.eye(4, 3),
        ("x", "y"): np.eye(4),
    }
    assert not execute(plan(graph), given).passed


def test_a_wrong_function_is_found() -> None:
    given = {
        (edge.source, edge.target): np.ones((RESIDUAL.vertices[edge.target], RESIDUAL.vertices[edge.source]))
        for edge in RESIDUAL.edges
    }
    right = execute(plan(RESIDUAL), given, function=lambda x: 4 * np.full(4, x.sum()), point=np.ones(4))
    wrong = execute(plan(RESIDUAL), given, function=lambda x: 5 * np.full(4, x.sum()), point=np.ones(4))
    assert (right.passed, wrong.passed) == (True, False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([np.ones((3, 4))], "the Jacobians are a list"),
        ({("x", "h"): np.ones((3, 4))}, "h → y is missing"),
        ({("x", "q"): np.ones((3, 4))}, "which is no edge"),
        (
            {("x", "h"): np.ones((4, 3)), ("h", "y"): np.ones((4, 3)), ("x", "y"): np.eye(4)},
            r"x → h has shape \(4, 3\)",
        ),
        (
            {("x", "h"): np.full((3, 4), np.nan), ("h", "y"): np.ones((4, 3)), ("x", "y"): np.eye(4)},
            "x → h holds an inf",
        ),
    ],
)
def test_jacobians_that_do_not_fit(given: Any, message: str) -> None:
    with pytest.raises(ExecutionError, match=message):
        execute(plan(RESIDUAL), given)


def axes(rows: str, columns: str, varies: str) -> Pattern:
    shape = [int(np.prod([SIZES[axis] for axis in names])) for names in (rows, columns)]
    return Axes(tuple(rows), tuple(columns), tuple(SIZES.items()), tuple(varies)).pattern(*shape)


def dense(operand: Operand) -> np.ndarray:
    matrix = operand.matrix()
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def test_products_and_sums_with_axes() -> None:
    generator = np.random.default_rng(0)
    forms = (
        "bi ij bj",
        "bi bj ij",
        "bi i ",
        "bi ij b",
        "i ij j",
        "bj bk jk",
        "bk bi bik",
        "bk i k",
        "ij j ",
        "bj jb b",
        "ij i j",
    )
    patterns = [axes(*form.split(" ")) for form in forms]
    patterns += [DensePattern(7, 6), DensePattern(6, 7), DensePattern(12, 3), DensePattern(1, 6)]
    patterns += [BandPattern(6, 0, 0), BandPattern(12, 0, 0), BandPattern(6, 1, 1), IdentityPattern(6)]
    patterns += [DensePattern(3, 6, np.array([0, 2]))]
    compared = 0
    for a, b in product(patterns, patterns):
        first, second = random_operand(a, generator), random_operand(b, generator)
        if a.shape[1] == b.shape[0]:
            result = multiply(first, second)
            np.testing.assert_allclose(dense(result), dense(first) @ dense(second))
            assert (result.pattern.nnz, result.pattern.entries) == ((a @ b).nnz, (a @ b).entries)
            assert fma(a, b) == counted_fma(a, b)
            compared += 1
        if a.shape == b.shape:
            total = add(first, second)
            np.testing.assert_allclose(dense(total), dense(first) + dense(second))
            assert total.pattern.nnz == (a | b).nnz
            compared += 1
        np.testing.assert_array_equal(dense(first.transposed()), dense(first).T)
    assert compared > 100


NETWORKS = [
    ParameterNetwork((5, 4, 3), "tanh", loss="cross_entropy"),
    ParameterNetwork((5, 4, 3, 2), "relu", loss="squared_error", batch=3),
    ParameterNetwork((5, 4, 3), "gelu", "softmax", "squared_error", batch=2),
    ParameterNetwork((3, 4, 2), "sigmoid"),
    ParameterNetwork((3, 4, 2), "tanh", "softmax", batch=2),
    ParameterNetwork((4, 3)),
]


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_every_gradient_of_a_network(network: ParameterNetwork) -> None:
    graph = Graph.of(network, "net")
    best = plan(graph)
    best.validate()
    assert best.optimal
    assert GraphPlan.from_json(best.to_json()) == best
    run = execute(best, seed=3)
    assert run.passed
    assert any("complex step" in check.name for check in run.checks)
    assert set(run.blocks) == {(source, graph.outputs[0]) for source in graph.inputs}


def test_reverse_accumulation_is_found_and_optimal() -> None:
    graph = Graph.from_layers([784, 512, 256, 128, 10], "tanh", loss="cross_entropy")
    best = plan(graph)
    assert best.optimal
    assert best.fma == plan(graph, solver="reverse").fma
    layers = [784, 512, 256, 128, 10]
    forward = sum(m * n for n, m in pairwise(layers))
    assert best.fma == 2 * forward + sum(layers[1:-1])


def test_of_a_vector_reverse_is_not_always_best() -> None:
    graph = Graph.from_layers([1, 40, 10], "tanh", batch=3)
    best = plan(graph)
    assert (best.optimal, best.fma) == (True, 3960)
    assert plan(graph, solver="reverse").fma == 4800


def test_backpropagation_by_hand() -> None:
    network = ParameterNetwork((6, 5, 4), "tanh", loss="cross_entropy", batch=3)
    table = backpropagation(plan(Graph.of(network)))
    costs = {method.name: method.fma for method in table.methods}
    forward = 3 * (6 * 5 + 5 * 4)
    # ∂W and Wᵀδ of both layers, one ⊙ σ'(s), and the biases summed over the batch.
    assert costs["forward pass"] == forward
    assert costs["reverse"] == costs["best"] == 2 * forward + 3 * 5 + 3 * (5 + 4)
    error = 3 * 20 + 3 * 5  # δ₁ from scratch
    assert (
        costs["reverse, blocks not sharing"] == (3 * 20 + 3 * 4) + 2 * error + error + 3 * 30 + 3 * 5 + 3 * 30
    )
    assert costs["reverse, parameters alone"] == 20 * 3 + 4 * 3 + 30 * (error + 3) + 5 * (error + 3)
    assert costs["finite differences"] == 2 * (30 + 5 + 20 + 4) * forward
    assert any("times the square root" in fact for fact in table.facts())
    with pytest.raises(GraphError, match="not that of a network"):
        backpropagation(plan(RESIDUAL))


def test_gradient_descent_lowers_the_loss() -> None:
    network = ParameterNetwork((5, 8, 3), "tanh", loss="cross_entropy", batch=4)
    graph = Graph.of(network)
    program = Program.of(plan(graph))
    sample = network.sample(0)
    losses = []
    for _ in range(30):
        losses.append(float(sample(sample.point)[0]))
        gradient = program.run(gather(graph, sample.jacobians(), 0).operands, {})
        sample = gradient_step(sample, gradient, 0.2)
    assert losses[-1] < 0.8 * losses[0]
    assert all(after < before for before, after in pairwise(losses))


@pytest.mark.parametrize(
    "network",
    [
        ParameterNetwork((3, 4, 2), "tanh", loss="cross_entropy"),
        ParameterNetwork((2, 3, 2), "gelu", "sigmoid", "squared_error"),
        ParameterNetwork((3, 2), loss="squared_error"),
    ],
    ids=str,
)
def test_all_ways_to_the_hessian_agree(network: ParameterNetwork) -> None:
    problem = HessianProblem(network)
    ways = {way.name: way for way in problem.ways()}
    checks = problem.checks()
    assert {check.name for check in checks} == ways.keys() - {"forward over reverse"} | {"symmetry"}
    assert all(check.passed for check in checks), checks
    assert ways["best found"].hessian <= ways["forward over reverse"].hessian
    assert ways["forward over reverse"].hessian < ways["forward over forward"].hessian


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "state a loss"),
        ({"loss": "cross_entropy", "batch": 2}, "no batch"),
        (
            {"loss": "squared_error", "output_activation": "softmax"},
            "softmax does not work element by element",
        ),
    ],
)
def test_networks_without_a_hessian(options: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        HessianProblem(ParameterNetwork((3, 2), **options))


def test_comparison_of_a_graph() -> None:
    comparison = compare(RESIDUAL)
    assert comparison.labels[-1] == "best"
    assert all(comparison.ratio(each) >= 1 for each in comparison.plans)  # type: ignore[operator]
