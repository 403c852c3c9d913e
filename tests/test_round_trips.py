"""What a chain or graph says of itself, a spec keeps: every attribute of every structure."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chainorder import (
    Banded,
    BlockDiagonal,
    Chain,
    Dense,
    Diagonal,
    Edge,
    Elemental,
    EvaluationTime,
    Graph,
    Identity,
    Selection,
    Solve,
    Sparse,
    Triangular,
    load,
)
from chainorder.errors import ChainError, GraphError
from chainorder.problems.load import from_data
from chainorder.problems.schema import SCHEMA
from chainorder.structures.axes import Axes
from chainorder.structures.catalogue import STRUCTURES
from chainorder.structures.structure import Structure

COSTS = st.integers(0, 3) | st.integers(0, 10**30)
NAMES = (
    st.none()
    | st.sampled_from(["", "a", "1e3", "yes", "~", "ß 😀"])
    | st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]))
)
LABELS = st.none() | st.text()


@st.composite
def structures(draw: st.DrawFn, rows: int, columns: int) -> Structure:
    few = list(range(max(rows, columns)))
    choices: list[st.SearchStrategy[Structure]] = [
        st.just(Dense()),
        st.builds(
            lambda bits: Sparse(np.array(bits).reshape(rows, columns)),
            st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns),
        ),
        st.permutations(few).map(
            lambda order: Selection(order[: min(rows, columns)], "rows" if rows <= columns else "columns")
        ),
    ]
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    choices.append(st.just(Axes.drawn(generator, rows, columns, (0, 1))))
    few = min(rows, columns)
    apart = [(1, 1)] * (few - 1) + [(rows - few + 1, columns - few + 1)]
    choices += [st.sampled_from([[(rows, columns)], apart]).map(BlockDiagonal)]
    if rows == columns:
        widths = st.integers(0, rows - 1)
        choices += [st.just(Diagonal()), st.just(Identity()), st.builds(Banded, widths, widths)]
        choices += [st.builds(Triangular, st.booleans(), st.booleans())]
        choices += [st.builds(Solve, factors=st.integers(1, 10**20), key=st.sampled_from(["", "abc"]))]
    return draw(st.one_of(choices))


@st.composite
def elementals(draw: st.DrawFn, inputs: int) -> Elemental:
    outputs = draw(st.sampled_from([inputs, inputs]) | st.integers(1, 5))
    structure = draw(structures(outputs, inputs))
    labels = {"name": draw(NAMES), "same": None}
    if structure.evaluation is not None:
        return Elemental(inputs, outputs, structure, **labels, overhead=draw(COSTS))
    models: dict[str, Any] = draw(st.fixed_dictionaries({}, optional={"tangent": COSTS, "adjoint": COSTS}))
    if models:
        models |= draw(
            st.fixed_dictionaries(
                {},
                optional={"tape": COSTS, "overhead": COSTS, "explicit": st.sampled_from([None, True, False])}
                | {f"{mode}_time": st.builds(EvaluationTime, COSTS, COSTS) for mode in models},
            )
        )
    return Elemental(inputs, outputs, structure, **labels, **models)


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    size = draw(st.integers(1, 5))
    made: list[Elemental] = []
    for _ in range(draw(st.integers(1, 5))):
        made.append(draw(elementals(size)))
        size = made[-1].outputs
    return Chain(made)


def again(problem: Chain | Graph) -> Chain | Graph:
    """What its spec makes of it, written down and read again."""
    data = json.loads(json.dumps(problem.to_spec()))
    Draft202012Validator(SCHEMA).validate(data)
    return from_data(data, Path("elsewhere"))


@given(chains(), NAMES, st.integers(1, 9), st.none() | COSTS)
def test_every_attribute_of_a_chain_is_kept(
    chain: Chain, name: str | None, machines: int, memory: int | None
) -> None:
    chain = Chain(chain.elementals, name, machines=machines, memory=memory)
    found = again(chain)
    assert found == chain
    assert [vars_of(each) for each in found.elementals] == [vars_of(each) for each in chain.elementals]


@given(st.data(), LABELS, st.lists(st.booleans(), min_size=2, max_size=4))
def test_labels_are_kept(data: st.DataObject, label: str | None, labelled: list[bool]) -> None:
    size = data.draw(st.integers(1, 4))
    structure = data.draw(structures(size, size))
    chain = Chain([Elemental(size, size, structure, same=label if each else None) for each in labelled])
    assert again(chain) == chain
    assert again(chain).sameness() == chain.sameness()


@given(st.data(), NAMES, st.none() | COSTS)
def test_every_attribute_of_a_graph_is_kept(
    data: st.DataObject, name: str | None, memory: int | None
) -> None:
    first = data.draw(elementals(3))
    second = data.draw(elementals(first.outputs))
    direct = Edge("x", "y", data.draw(structures(second.outputs, 3)))
    edges = [edge_of("x", "h", first), edge_of("h", "y", second), direct]
    graph = Graph({"x": 3, "h": first.outputs, "y": second.outputs}, edges, name, memory=memory)
    assert again(graph) == graph
    assert again(graph).elementals == graph.elementals


def edge_of(source: str, target: str, elemental: Elemental) -> Edge:
    kept = vars_of(elemental)
    models = ("tangent", "adjoint") if elemental.structure.evaluation is not None else ()
    keys = {field.name for field in fields(Edge)} - {"source", "target", "matrix", *models}
    return Edge(source, target, **{key: value for key, value in kept.items() if key in keys})


def vars_of(elemental: Elemental) -> dict[str, Any]:
    return {field.name: getattr(elemental, field.name) for field in fields(elemental)}


def test_the_structures_drawn_are_all() -> None:
    assert set(STRUCTURES.values()) == {
        *(Dense, Diagonal, Identity, Banded, Sparse, Selection, Solve, Triangular, Axes, BlockDiagonal)
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "a\nb"}, "name is 'a\\\\nb'"),
        ({"name": 5}, "name is 5"),
        ({"same": 5}, "same is 5"),
        ({"tape": 5}, "tape is 5 but"),
        ({"overhead": 5}, "overhead is 5 but"),
        ({"tangent": 1, "explicit": 1}, "explicit is 1; it is True or False"),
    ],
)
def test_what_no_spec_could_say_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ChainError, match=message):
        Elemental(2, 2, **arguments)
    if "same" not in arguments:
        with pytest.raises(GraphError, match=message):
            Graph({"x": 2, "y": 2}, [Edge("x", "y", **arguments)])


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "\ud800", 5, b"x"])
def test_names_that_break_lines_are_refused(name: Any) -> None:
    with pytest.raises(ChainError, match="name is"):
        Chain.from_dims([2, 3], name)
    with pytest.raises(GraphError, match="name is"):
        Graph({"x": 1, "y": 1}, [Edge("x", "y")], name)
    with pytest.raises(GraphError, match="is named"):
        Graph({"x": 1, name: 1}, [Edge("x", name)])


@pytest.mark.parametrize("file", ["dense.npy", "sparse.npz"])
@pytest.mark.parametrize("structure", ["", "structure: dense, ", "structure: sparse, ", "tangent: 3, "])
def test_matrices_in_files_are_kept(tmp_path: Path, file: str, structure: str) -> None:
    np.save(tmp_path / "dense.npy", np.eye(3))
    sp.save_npz(tmp_path / "sparse.npz", sp.csr_array(np.eye(3)[::-1]))
    for text in (
        f"elementals: [{{{structure}matrix: {file}, same: w}}, {{{structure}matrix: {file}, same: w}}]",
        f"vertices: {{x: 3, y: 3}}\nedges: [{{source: x, target: y, {structure}matrix: {file}}}]",
    ):
        (tmp_path / "s.yaml").write_text(text)
        (problem,) = load(tmp_path / "s.yaml")
        assert again(problem) == problem
        if isinstance(problem, Graph):
            assert Graph.from_networkx(problem.to_networkx()) == problem
