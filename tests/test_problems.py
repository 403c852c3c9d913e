"""What chains and graphs have in common, and what tells them apart."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from chainorder import Chain, Diagonal, Elemental, Graph, ParameterNetwork, Plan, SpecError, plan
from chainorder.plans.base import BasePlan
from chainorder.problems.problem import Problem

CHAIN = Chain([Elemental(3, 3, Diagonal(), tangent=2), Elemental(3, 2)], "both", memory=7)
GRAPH = Graph.from_chain(CHAIN)


@pytest.mark.parametrize("problem", [CHAIN, GRAPH])
def test_problems_say_what_they_are(problem: Problem) -> None:
    assert (problem.name, problem.memory, problem.machines, problem.network) == ("both", 7, 1, None)
    assert problem.modelled and problem.matrix_free and not problem.files
    assert type(problem).from_spec(problem.to_spec()) == problem
    assert problem.named("a").named("both") == problem.within(None).within(7) == problem.on(1) == problem
    assert problem.to_data()["spec"] == problem.to_spec()
    found: BasePlan = plan(problem)
    assert (found.kind, found.problem, found.name) == (problem.kind, problem, "both")
    assert list(found.to_data())[:2] == ["schema", problem.kind]


def test_a_kind_of_elemental_has_no_sizes() -> None:
    chain = Chain.from_dims([5, 4, 3])
    assert "puts" not in str(chain.kind_of(2))
    assert chain.kind_of(2) == chain.kind_of(1) == Elemental(9, 7).kind
    assert chain.kind_of(2).of(4, 3) == chain.elementals[1]
    assert Elemental(3, 3, Diagonal(), tangent=2).kind == CHAIN.kind_of(1)


@pytest.mark.parametrize(("kind", "other"), [(Chain, GRAPH), (Graph, CHAIN)])
def test_the_spec_of_another_kind_is_refused(kind: type[Problem], other: Problem) -> None:
    with pytest.raises(SpecError, match=f"it is the spec of a {other.kind}, not of a {kind.kind}"):
        kind.from_spec(other.to_spec())


def test_a_plan_with_the_spec_of_another_kind_is_refused() -> None:
    data: dict[str, Any] = plan(CHAIN).to_data()
    data["chain"]["spec"] = GRAPH.to_spec()
    with pytest.raises(SpecError, match=r"chain\.spec: it is the spec of a graph, not of a chain"):
        Plan.from_json(json.dumps(data))


@pytest.mark.parametrize("batch", [None, 5])
def test_jacobians_of_a_network_are_arrays_in_the_shape_of_their_structure(batch: int | None) -> None:
    network = ParameterNetwork((4, 3, 2), "tanh", output_activation="softmax", batch=batch)
    graph, found = Graph.of(network), network.sample(1).jacobians()
    assert all(type(jacobian) is np.ndarray for jacobian in found.values())
    missing = {(edge.source, edge.target) for edge in graph.edges} - set(found)
    assert missing == ({("b1", "s1"), ("b2", "s2")} if batch is None else set())
