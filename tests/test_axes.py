"""Jacobians with axes as a structure of their own: closed forms, specs, plans and runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chainorder import (
    Chain,
    Dense,
    Diagonal,
    Elemental,
    Graph,
    GraphPlan,
    Identity,
    ParameterNetwork,
    Sparse,
    SpecError,
    StructureError,
    execute,
    load,
    plan,
)
from chainorder.structures.axes import Axes
from tests.structures import check_chains, check_pair, check_pattern, check_spec


def test_closed_forms_are_those_of_compressed_rows() -> None:
    generator = np.random.default_rng(51)
    for _ in range(60):
        rows, inner, columns = generator.integers(1, 13, size=3).tolist()
        left = Axes.drawn(generator, rows, inner, (0, 1)).pattern(rows, inner)
        check_pattern(left, generator)
        sparse = Sparse(generator.random((inner, columns)) < 0.4)
        for other in (Axes.drawn(generator, inner, columns, (0, 1)), Dense(), sparse):
            check_pair(left, other.pattern(inner, columns))
        for square in (Diagonal(), Identity()):
            check_pair(left, square.pattern(inner, inner))
            check_pair(square.pattern(rows, rows), left)
        check_pair(left, Axes.drawn(generator, rows, inner, (0, 1)).pattern(rows, inner))


@pytest.mark.parametrize("matrix_free", [0.0, 0.5])
def test_chains_hold_in_every_way(matrix_free: float) -> None:
    check_chains(("axes", "axes", "dense", "diagonal", "sparse", "selection"), 15, 52, matrix_free)


def test_a_spec_keeps_them(tmp_path: Path) -> None:
    axes = Axes(("b", "i"), ("b", "j"), (("i", 2), ("b", 3), ("j", 4)), ("i", "j"))
    check_spec(tmp_path, Chain([Elemental(12, 6, axes), Elemental(6, 6)]))


@pytest.mark.parametrize("batch", [None, 3])
def test_a_plan_of_edges_with_axes_and_without_a_network_is_saved(batch: int | None) -> None:
    network = ParameterNetwork((4, 3, 2), "tanh", output_activation="softmax", batch=batch)
    graph = Graph(network.vertices(), network.edges())
    assert graph.network is None
    found = plan(graph)
    again = GraphPlan.from_json(found.to_json())
    assert again == found
    again.validate()
    run = execute(again)
    assert run.passed and run.fma == found.fma


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (
            "{rows: [a, a], columns: [b], sizes: {a: 2, b: 2}, varies: []}",
            "rows[1]: rows has the axis 'a' t",
        ),
        ("{rows: [a], columns: [b], sizes: {a: 4}, varies: []}", "columns has the axis 'b' without a size"),
        ("{rows: [a], columns: [a], sizes: {a: 4, z: 3}, varies: []}", "sizes.z: sizes has 'z', which is no"),
        ("{rows: [a], columns: [a], sizes: {a: 4}, varies: [q]}", "varies[0]: varies has the axis 'q' of"),
        ("{rows: [a], columns: [a], sizes: {a: 0}, varies: []}", "a is 0; a size is a whole number"),
        ("{rows: [a], columns: [a], sizes: {a: 3}, varies: []}", "axes of 3 × 3 where 4 × 4 is stated"),
    ],
)
def test_axes_that_do_not_fit_are_refused_where_they_stand(tmp_path: Path, axes: str, message: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(f"elementals:\n  - {{inputs: 4, outputs: 4, structure: axes, axes: {axes}}}\n")
    with pytest.raises(SpecError) as caught:
        load(file)
    assert message in str(caught.value) and ":2:" in str(caught.value)


def test_equal_axes_are_equal_whatever_else_has_a_size() -> None:
    one = Axes(("b", "i"), ("i",), (("b", 2), ("i", 3), ("j", 5)), ())
    assert one == Axes(("b", "i"), ("i",), (("i", 3), ("b", 2)), ())
    with pytest.raises(StructureError, match="without a size"):
        Axes(("b",), ("i",), (("b", 2),), ())
