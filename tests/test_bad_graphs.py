"""Graphs that are wrong: each gives one line that says where, what, and what would be right."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from chainorder import Edge, Graph, GraphError, SpecError, load

BASE = "vertices: {x: 2, h: 3, y: 2}\n"

CASES = {
    "cycle": (
        BASE + "edges: [{source: x, target: h}, {source: h, target: y}, {source: y, target: h}]",
        ":2:57: edges[2]: h → y → h is a cycle; a program runs one way, so unroll it",
    ),
    "loop": (
        BASE + "edges: [{source: x, target: x}, {source: x, target: h}, {source: h, target: y}]",
        ":2:9: edges[0]: x → x is a cycle",
    ),
    "unknown vertex": (
        "vertices: {x: 2, hidden: 3}\nedges: [{source: x, target: hiden}]",
        ":2:29: edges[0].target: target is 'hiden', which is no vertex; did you mean 'hidden'?",
    ),
    "dangling vertex": (
        BASE + "edges: [{source: x, target: y}]",
        ":1:21: vertices.h: 'h' dangles: no edge leads to it or leaves it, so it reaches no output",
    ),
    "unlisted output": (
        BASE + "outputs: [y]\nedges: [{source: x, target: y}, {source: x, target: h}]",
        ":2:10: outputs: the graph ends at 'h' too, which is not among the outputs; connect it or list it",
    ),
    "no input": (
        BASE + "inputs: [x, h]\nedges: [{source: x, target: h}, {source: h, target: y}]",
        ":2:13: inputs[1]: 'h' is no input: edges lead to it; remove it, or add an identity edge to one",
    ),
    "unlisted input": (
        BASE + "inputs: [x]\nedges: [{source: x, target: y}, {source: h, target: y}]",
        ":2:9: inputs: the graph starts at 'h' too",
    ),
    "size mismatch": (
        BASE + "edges: [{source: x, target: h, structure: diagonal}, {source: h, target: y}]",
        ":2:43: edges[0].structure: diagonal but 3 × 2 (outputs × inputs)",
    ),
    "matrix mismatch": (
        BASE + "edges: [{source: x, target: h, matrix: m.npy}, {source: h, target: y}]",
        ":2:40: edges[0].matrix: the matrix is 2 × 2 (size of target × size of source) but h has 3 and x",
    ),
    "missing matrix": (
        BASE + "edges: [{source: x, target: h, matrix: n.npy}, {source: h, target: y}]",
        ":2:40: edges[0].matrix: there is no file",
    ),
    "duplicate edge": (
        BASE + "edges: [{source: x, target: h}, {source: h, target: y}, {source: x, target: h}]",
        ":2:57: edges[2]: x → h is edges[0] already; add the Jacobians into one edge",
    ),
    "unknown attribute": (
        BASE + "edges: [{source: x, target: h, tangents: 3}, {source: h, target: y}]",
        ":2:32: edges[0].tangents: unknown key 'tangents'; did you mean 'tangent'?",
    ),
    "cost no number": (
        BASE + "edges: [{source: x, target: h, tangent: many}, {source: h, target: y}]",
        ":2:41: edges[0].tangent: tangent is 'many'; a cost is a whole number of at least 0",
    ),
    "size no number": (
        "vertices: {x: two, y: 2}\nedges: [{source: x, target: y}]",
        ":1:15: vertices.x: the size of x is 'two'; a size is a whole number of at least 1",
    ),
    "vertices no mapping": (
        "vertices: [x, h]\nedges: [[x, h]]",
        ":1:11: vertices: vertices is a list of 2; it is a mapping of names to values, as {x: 64, y: 10}",
    ),
    "vertex of two lines": (
        'vertices: {"x\\n": 2}\nedges: [{source: x, target: y}]',
        "vertices: 'x\\n' is no vertex; the name of a vertex has no line breaks or controls",
    ),
    "no target": (BASE + "edges: [{source: x}]", ":2:9: edges[0]: target is missing"),
    "no edges": (BASE, "edges is missing; a graph has edges"),
    "empty edges": (BASE + "edges: []", ":2:8: edges: edges has 0 entries; a graph has at least 1 edge"),
    "edges alone": (
        "dims: [2, 3]\nedges: [{source: x, target: y}]",
        "edges: edges is here but only a graph has it",
    ),
    "machines": (
        BASE + "machines: 2\nedges: [{source: x, target: h}, {source: h, target: y}]",
        ":2:1: machines: machines is here but only a chain states them; "
        "--machines plans a graph for several; remove it",
    ),
    "batch alone": (
        "layers: [2, 3]\nbatch: 2",
        ":2:1: batch: batch is here but only layers with parameters have it",
    ),
    "parameters of dims": ("dims: [2, 3]\nparameters: true", "parameters is here but only layers have it"),
    "duplicate vertex": ("vertices: {x: 2, x: 3}\nedges: [{source: x, target: y}]", "x"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line_with_the_place_and_the_remedy(case: str, tmp_path: Path) -> None:
    text, message = CASES[case]
    np.save(tmp_path / "m.npy", np.eye(2))
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(SpecError) as error:
        load(file)
    assert message in str(error.value)
    assert str(error.value).startswith(f"{file}:")
    assert "\n" not in str(error.value)


def test_in_python() -> None:
    with pytest.raises(GraphError, match="there is no vertex 'z'"):
        Graph({"x": 1}, [Edge("x", "z")])
    for vertices, message in (
        ({1: 2}, "is named 1"),
        ({"": 2}, "is named ''"),
        (["x"], "is a list"),
        ({"x": 0}, "x is 0"),
    ):
        with pytest.raises(GraphError, match=message):
            Graph(vertices, [])  # type: ignore[arg-type]
    for options, message in (({"memory": -5}, "memory is -5"), ({"inputs": "x"}, "give a list of names")):
        with pytest.raises(GraphError, match=message):
            Graph({"x": 1, "y": 1}, [Edge("x", "y")], **options)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match=r"the matrix has shape \(5, 5\)"):
        Graph({"x": 3, "y": 2}, [Edge("x", "y", matrix=np.ones((5, 5)))])
    with pytest.raises(GraphError, match="there are no edges"):
        Graph({"x": 1}, [])
    with pytest.raises(GraphError, match="is no DiGraph"):
        Graph.from_networkx(nx.Graph())
    graph = nx.DiGraph()
    graph.add_edge("x", "y")
    with pytest.raises(SpecError, match=r"vertices.x: the size of x is null; a size"):
        Graph.from_networkx(graph)
    graph.add_node("x", size=2, colour="red")
    with pytest.raises(GraphError, match="unknown attribute 'colour'"):
        Graph.from_networkx(graph)


def test_graphml(tmp_path: Path) -> None:
    graph = nx.DiGraph()
    graph.add_node("x", size=2)
    graph.add_node("y", size=2)
    graph.add_edge("x", "y", structure="diagonal", tangent=3)
    file = tmp_path / "g.graphml"
    nx.write_graphml(graph, file)
    (read,) = load(file)
    assert read == Graph({"x": 2, "y": 2}, [Edge("x", "y", load_structure(), tangent=3)], "g")
    bad = file.read_text().replace("<node", "<!-- --><nod", 1)
    file.write_text(bad)
    with pytest.raises(SpecError, match="no GraphML"):
        load(file)
    file.write_text('<!DOCTYPE a [<!ENTITY b "c">]><graphml/>')
    with pytest.raises(SpecError, match="document type"):
        load(file)
    graph.edges["x", "y"]["tangent"] = "many"
    nx.write_graphml(graph, file)
    with pytest.raises(SpecError, match=r"g.graphml:13:5: edges\[0\].tangent: tangent is 'many'"):
        load(file)


def load_structure() -> object:
    from chainorder import Diagonal

    return Diagonal()
