"""Graphs of other programs: what would be lost is refused, and whole numbers of any type are sizes."""

from __future__ import annotations

import gzip
import re
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainorder import Banded, Diagonal, Edge, Graph, GraphError, Selection, SpecError, load
from chainorder.plans.drawing import to_graphml

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
SIZE = '<key id="s" for="node" attr.name="size" attr.type="{}">{}</key>\n'
TANGENT = '<key id="t" for="{}" attr.name="tangent" attr.type="int"><default>{}</default></key>\n'
X_Y = '<graph edgedefault="directed">{}{}<edge id="e0" source="x" target="y"/></graph>\n'


def node(name: str, size: object = None, more: str = "") -> str:
    stated = "" if size is None else f'<data key="s">{size}</data>'
    return f'<node id="{name}">{stated}{more}</node>'


def graphml(path: Path, *parts: str) -> Path:
    path.write_text(HEAD + "".join(parts) + "</graphml>")
    return path


def simple(**attributes: Any) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_node("x", size=4)
    graph.add_node("y", size=4)
    graph.add_edge("x", "y", **attributes)
    return graph


FOURS = [
    4,
    4.0,
    "4",
    "4.0",
    " 4 ",
    "4e0",
    np.int64(4),
    np.uint8(4),
    np.float32(4),
    np.float64(4),
    np.array(4),
]
FOURS += [Fraction(4), Decimal("4.00"), np.str_("4")]


@pytest.mark.parametrize("four", FOURS, ids=repr)
def test_numbers_of_networkx(four: Any) -> None:
    graph = simple(tangent=four, tape=four, adjoint=0, structure="banded", lower=0, upper=np.int8(1))
    graph.nodes["x"]["size"] = four
    edge = Edge("x", "y", Banded(0, 1), tangent=4, adjoint=0, tape=4)
    read = Graph.from_networkx(graph)
    assert read == Graph({"x": 4, "y": 4}, [edge])
    assert {type(size) for size in read.vertices.values()} == {int}


@pytest.mark.parametrize(
    "bad", [4.5, "4.5", "four", "04", True, np.True_, None, float("nan"), float("inf"), 4j, b"4"]
)
@pytest.mark.parametrize("key", ["size", "tangent"])
def test_what_is_no_whole_number_is_refused_with_its_place(bad: Any, key: str) -> None:
    graph = simple()
    (graph.nodes["x"] if key == "size" else graph.edges["x", "y"])[key] = bad
    with pytest.raises(SpecError, match="a whole number of at least") as caught:
        Graph.from_networkx(graph)
    assert caught.value.key == ("vertices.x" if key == "size" else "edges[0].tangent")


@pytest.mark.parametrize("bad", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+999999"), "1e999999999"])
def test_numbers_that_are_none_or_too_long(bad: Any) -> None:
    graph = simple(tangent=bad)
    with pytest.raises((SpecError, GraphError), match=r"tangent is|digits"):
        Graph.from_networkx(graph)


def test_flags_and_lists_of_numpy() -> None:
    graph = simple(select=np.array([3, 1, 0, 2]), tangent=2, explicit=np.True_)
    edge = Edge("x", "y", Selection([3, 1, 0, 2]), tangent=2, explicit=True)
    assert Graph.from_networkx(graph) == Graph({"x": 4, "y": 4}, [edge])


def nodes_of_one_name() -> nx.DiGraph:
    graph = nx.DiGraph()
    for end in (1, "1", "y"):
        graph.add_node(end, size=2)
    graph.add_edges_from([(1, "y"), ("1", "y")])
    return graph


def with_graph_attribute() -> nx.DiGraph:
    graph = simple()
    graph.graph["machines"] = 3
    return graph


def parallel() -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph(simple(tangent=1))
    graph.add_edge("x", "y", tangent=2)
    return graph


REFUSED = {
    "nodes 1 and '1'": (nodes_of_one_name, "nodes 1 and '1' are both named '1'; rename one"),
    "source of its own": (lambda: simple(source="y"), "x → y has an attribute 'source' of its own, 'y'"),
    "target of its own": (lambda: simple(target=3), "x → y has an attribute 'target' of its own, 3"),
    "a weight": (lambda: simple(weight=3), "edges[0].weight: unknown key 'weight'"),
    "an attribute of the graph": (with_graph_attribute, "the graph has an unknown attribute 'machines'"),
    "no direction": (lambda: nx.Graph(simple()), "a Graph is no DiGraph"),
    "many, no direction": (lambda: nx.MultiGraph(simple()), "a MultiGraph is no DiGraph"),
    "parallel edges": (parallel, "edges[1]: x → y is edges[0] already; add the Jacobians into one edge"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_lost_is_refused(case: str) -> None:
    make, message = REFUSED[case]
    with pytest.raises((GraphError, SpecError)) as caught:
        Graph.from_networkx(make())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_there_is_kept() -> None:
    graph = nx.MultiDiGraph(simple(source="x", target="y", name="7", id=3))
    graph.nodes["x"]["id"] = "n0"
    graph.graph |= {"name": "net", "memory": "100k"}
    assert Graph.from_networkx(graph) == Graph(
        {"x": 4, "y": 4}, [Edge("x", "y", name="7")], "net", memory=100_000
    )
    mine = Graph({"x": 2, "y": 2}, [Edge("x", "y", Diagonal(), tangent=10**20, tape=1)], "net", memory=7)
    assert Graph.from_networkx(mine.to_networkx()) == mine


def test_a_graph_written_as_graphml_comes_back(tmp_path: Path) -> None:
    mine = Graph(
        {"x": 10**20, "y": 10**20}, [Edge("x", "y", Diagonal(), tangent=10**20, tape=1)], "1e3", memory=7
    )
    (tmp_path / "other.graphml").write_text(to_graphml(mine.to_networkx()))
    assert load(tmp_path / "other.graphml") == [mine]


def test_networkx_writes_numbers_of_several_types(tmp_path: Path) -> None:
    graph = simple(tangent=np.int32(3), adjoint=np.float32(5), explicit=True)
    graph.nodes["x"]["size"] = np.float64(4)
    nx.write_graphml_xml(graph, tmp_path / "g.graphml")
    expected = [Graph({"x": 4, "y": 4}, [Edge("x", "y", tangent=3, adjoint=5, explicit=True)], "g")]
    assert load(tmp_path / "g.graphml") == expected
    assert Graph.from_networkx(nx.read_graphml(tmp_path / "g.graphml"), "g") == expected[0]


@pytest.mark.parametrize("kind", ["int", "long", "float", "double", "string", "integer"])
@pytest.mark.parametrize("text", ["4", "4.0", " 4\n", "4e0"])
def test_numbers_of_graphml(tmp_path: Path, kind: str, text: str) -> None:
    file = graphml(tmp_path / "g.graphml", SIZE.format(kind, ""), X_Y.format(node("x", text), node("y", "4")))
    assert load(file) == [Graph({"x": 4, "y": 4}, [Edge("x", "y")], "g")]


def test_graphml_keeps_numbers_that_no_double_holds(tmp_path: Path) -> None:
    file = graphml(
        tmp_path / "g.graphml", SIZE.format("double", ""), X_Y.format(node("x", 2**53 + 1), node("y", 4))
    )
    assert load(file)[0].vertices == {"x": 2**53 + 1, "y": 4}


def test_defaults_of_graphml(tmp_path: Path) -> None:
    keys = SIZE.format("double", "<default>3.0</default>") + TANGENT.format("edge", 5)
    file = graphml(tmp_path / "g.graphml", keys, X_Y.format(node("x"), node("y", "4")))
    expected = Graph({"x": 3, "y": 4}, [Edge("x", "y", tangent=5)], "g")
    assert load(file) == [expected]
    assert Graph.from_networkx(nx.read_graphml(file), "g") == expected


def test_all_graphs_of_a_file_are_read(tmp_path: Path) -> None:
    good = X_Y.format(node("x", 2), node("y", 3))
    file = graphml(
        tmp_path / "two.graphml", SIZE.format("int", ""), good, X_Y.format(node("x", 4), node("y", 5))
    )
    assert [graph.vertices for graph in load(file)] == [{"x": 2, "y": 3}, {"x": 4, "y": 5}]
    with pytest.raises(SpecError, match="holds 2 graphs; load reads them all"):
        Graph.from_graphml(file)
    graphml(file, SIZE.format("int", ""), good, X_Y.format(node("x", 0), node("y", -1)))
    with pytest.raises(SpecError) as caught:
        load(file)
    assert len(caught.value.lines()) == 2


def named(name: str) -> str:
    return f'<data key="n">{name}</data>'


NAME = '<key id="n" for="node" attr.name="name" attr.type="string"/>'
YED = """<key for="graph" id="d0" attr.name="Description" attr.type="string"/>
<key for="node" id="d1" attr.name="description" attr.type="string"/>
<key for="node" id="d2" yfiles.type="nodegraphics"/><key for="graphml" id="d3" yfiles.type="resources"/>
<key for="node" id="s" attr.name="size" attr.type="int"><default>8</default></key>
<key for="edge" id="d4" yfiles.type="edgegraphics"/>
<graph edgedefault="directed" id="G"><data key="d0" xml:space="preserve"/>
<node id="n0"><data key="d1"/><data key="d2"><y:ShapeNode xmlns:y="http://www.yworks.com/xml/graphml">
<y:Geometry height="30" width="30" x="1" y="2"/><y:NodeLabel>x</y:NodeLabel></y:ShapeNode></data></node>
<node id="n1"><data key="s">2</data><data key="d2"><y:ShapeNode xmlns:y="http://www.yworks.com/xml/graphml">
<y:NodeLabel>{}</y:NodeLabel></y:ShapeNode></data></node>
<edge id="e0" source="n0" target="n1"><data key="d4"><y:PolyLineEdge xmlns:y="http://www.yworks.com/xml/graphml">
<y:EdgeLabel>f</y:EdgeLabel></y:PolyLineEdge></data></edge></graph><data key="d3"/>"""


def test_names_of_igraph_and_yed(tmp_path: Path) -> None:
    nodes = node("n0", 4.0, named("x")), node("n1", 3.0, named("1e3"))
    graph = X_Y.format(*nodes).replace('"x"', '"n0"').replace('"y"', '"n1"')
    file = graphml(tmp_path / "g.graphml", SIZE.format("double", ""), NAME, graph)
    assert load(file) == [Graph({"x": 4, "1e3": 3}, [Edge("x", "1e3")], "g")]
    graphml(file, YED.format("y"))
    assert load(file) == [Graph({"x": 8, "y": 2}, [Edge("x", "y", name="f")], "g")]
    graphml(file, YED.format("x"))
    with pytest.raises(SpecError, match="nodes 'n0' and 'n1' are both named 'x'"):
        load(file)


NO_GRAPHML = {
    "two nodes": (node("x", 1) + node("x", 2) + node("y", 3), "there are two nodes 'x'; rename one"),
    "two values": (
        node("x", 1, '<data key="s">2</data>') + node("y", 3),
        "node 'x' has two values of 'size'",
    ),
    "two keys of a name": (
        node("x", 1, '<data key="s2">2</data>') + node("y", 3),
        "node 'x' has two values of 'size'",
    ),
    "a nested graph": (node("x", 1, "<graph/>") + node("y", 3), "node 'x' has a <graph>"),
    "a port": (node("x", 1, '<port name="a"/>') + node("y", 3), "node 'x' has a <port>"),
    "a hyperedge": (node("x", 1) + node("y", 3) + "<hyperedge/>", "has a <hyperedge>"),
    "no such node": (node("x", 1), "the edge x → y is at 'y', which is no node"),
    "no such key": (node("x", 1, '<data key="q">2</data>') + node("y", 3), "a value of 'q', which is no key"),
    "no id": ("<node/>" + node("x", 1) + node("y", 3), "a node has no id"),
    "no direction": (
        node("x", 1) + node("y", 3) + '<edge directed="false" source="y" target="x"/>',
        "the edge y — x has no direction",
    ),
    "a colour": (
        node("x", 1, '<data key="c">red</data>') + node("y", 3),
        "node 'x' has an unknown attribute 'colour'",
    ),
    "parallel edges": (
        node("x", 1) + node("y", 3) + '<edge id="e0" source="x" target="y"/>',
        "edges[1]: x → y is edges[0] already",
    ),
    "no boolean": (
        node("x", 1) + node("y", 3) + '<edge source="x" target="y"><data key="b">maybe</data></edge>',
        "explicit is 'maybe'; a boolean is true or false",
    ),
}


@pytest.mark.parametrize("case", NO_GRAPHML)
def test_graphml_that_would_lose_something_is_refused(tmp_path: Path, case: str) -> None:
    body, message = NO_GRAPHML[case]
    keys = SIZE.format("int", "") + SIZE.format("double", "").replace('"s"', '"s2"')
    keys += '<key id="c" for="node" attr.name="colour" attr.type="string"/>'
    keys += '<key id="b" for="edge" attr.name="explicit" attr.type="boolean"/>'
    file = graphml(tmp_path / "g.graphml", keys, X_Y.format(body, ""))
    with warnings.catch_warnings(), pytest.raises(SpecError) as caught:
        warnings.simplefilter("error")
        load(file)
    assert str(caught.value).startswith(f"{file}:5:")
    assert message in str(caught.value)


def test_all_that_is_wrong_with_graphml_is_said_with_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "g.graphml"

    def errors(keys: str, *lines: str) -> list[str]:
        graphml(
            file,
            SIZE.format("int", "") + keys,
            "\n".join(('<graph edgedefault="directed">', *lines, "</graph>")),
        )
        with pytest.raises(SpecError) as caught:
            load(file)
        return [str(error).removeprefix(f"{file}:") for error in (caught.value, *caught.value.others)]

    edge = '<edge source="x" target="y"/>'
    assert errors("\n", node("x", -1), " " + node("y", "two"), edge) == [
        "6:1: vertices.x: the size of x is -1; a size is a whole number of at least 1",
        "7:2: vertices.y: the size of y is 'two'; a size is a whole number of at least 1",
    ]
    weight = '<key id="w" for="all" attr.name="weight"/>\n'
    assert errors(weight, node("x", 1, '<data key="w">2</data>'), node("x", 1), edge, "<node/>") == [
        "7:1: there are two nodes 'x'; rename one",
        "8:1: the edge x → y is at 'y', which is no node; add it",
        "9:1: a node has no id; add it",
    ]
    found = errors(weight, node("x", 1, '<data key="w">2</data>'), node("y", 1), edge)
    assert found == ["6:1: node 'x' has an unknown attribute 'weight'; a node has a size, and perhaps a name"]
    assert errors("\n", node("x", 1), node("y", "<b>2</b>"), edge) == [
        "7:28: size of node 'y' holds a <b>; a value is a text"
    ]


@pytest.mark.parametrize("part", ['<data key="s">3</data>', '<node id="z"/>'])
def test_nothing_outside_of_graphs_is_lost(tmp_path: Path, part: str) -> None:
    file = graphml(
        tmp_path / "g.graphml", SIZE.format("int", ""), part, X_Y.format(node("x", 2), node("y", 3))
    )
    with pytest.raises(SpecError, match=r"g\.graphml:\d+:\d+: .* outside of a graph; move it into one"):
        load(file)


def test_a_default_of_the_graph_is_kept(tmp_path: Path) -> None:
    memory = '<key id="m" for="graph" attr.name="memory" attr.type="long"><default>5</default></key>'
    file = graphml(
        tmp_path / "g.graphml", SIZE.format("int", ""), memory, X_Y.format(node("x", 2), node("y", 3))
    )
    assert [graph.memory for graph in load(file)] == [5]


@pytest.mark.parametrize("name", ["g.xml", "G.GRAPHML", "g.yaml", "g.GraphML.GZ"])
def test_graphml_under_other_names(tmp_path: Path, name: str) -> None:
    file = graphml(tmp_path / name, SIZE.format("int", ""), X_Y.format(node("x", 2), node("y", 3)))
    if name.endswith("GZ"):
        file.write_bytes(gzip.compress(file.read_bytes()))
    assert [graph.vertices for graph in load(file)] == [{"x": 2, "y": 3}]


@pytest.mark.parametrize("graph", [None, "x", 3, {}, np.eye(2)])
def test_what_is_no_graph_of_networkx_is_refused(graph: object) -> None:
    with pytest.raises(GraphError, match="give a DiGraph of networkx"):
        Graph.from_networkx(graph)


def test_a_node_may_be_named_by_zero() -> None:
    graph = simple()
    graph.nodes["x"]["name"] = 0
    assert list(Graph.from_networkx(graph).vertices) == ["0", "y"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<graphml", "is no GraphML"),
        ("<gexf/>", "it starts with <gexf>"),
        ("<graphml/>", "there is no graph in it"),
        ('<graphml><key id="a"/><key id="a"/><graph/></graphml>', "there are two keys 'a'"),
        (
            '<graphml><graph><node id="a"/><edge source="a" target="a"/></graph></graphml>',
            "no direction",
        ),
        ("<!DOCTYPE a><graphml/>", "document type"),
    ],
)
def test_text_that_is_no_graphml(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "g.graphml").write_text(text)
    with pytest.raises(SpecError) as caught:
        load(tmp_path / "g.graphml")
    assert message in str(caught.value)


MUTABLE = HEAD + SIZE.format("double", "<default>3</default>") + TANGENT.format("edge", 5) + NAME
MUTABLE += X_Y.format(node("x", "4.0", named("a")), node("y", 4)) + "</graphml>"
PIECES = re.findall(r"<[^>]*>|[^<>]+", MUTABLE)


@given(
    st.lists(
        st.tuples(st.integers(0, len(PIECES) - 1), st.sampled_from(["", *PIECES, "&lt;", "1e999999999"]))
    )
)
def test_mutated_graphml_is_a_graph_or_a_spec_error(
    tmp_path_factory: Any, changes: list[tuple[int, str]]
) -> None:
    pieces = PIECES.copy()
    for place, piece in changes:
        pieces[place] = piece
    path = tmp_path_factory.mktemp("fuzz") / "g.graphml"
    path.write_text("".join(pieces))
    try:
        load(path)
    except SpecError as error:
        assert all(line.splitlines() == [line] for line in error.lines())
