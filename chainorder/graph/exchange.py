"""Graphs and their plans for other programs: networkx, GraphML, Graphviz."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainorder.errors import GraphError, SpecError
from chainorder.graph.graph import Graph
from chainorder.graph.plan import GraphPlan
from chainorder.steps import Action

if TYPE_CHECKING:
    import networkx as nx


def from_networkx(graph: Any, name: str | None = None, folder: Path = Path()) -> Graph:
    """See `Graph.from_networkx`; paths of matrices are relative to the folder."""
    from chainorder.spec import from_data

    if not graph.is_directed() or graph.is_multigraph():
        raise GraphError(f"a {type(graph).__name__} is no DiGraph; edges have a direction and are unique")
    vertices: dict[str, Any] = {}
    for node, attributes in graph.nodes(data=True):
        unknown = sorted(set(attributes) - {"size"})
        if unknown:
            raise GraphError(f"node {node!r} has an unknown attribute {unknown[0]!r}; a node has a size")
        vertices[str(node)] = attributes.get("size")
    edges = []
    for source, target, attributes in graph.edges(data=True):
        kept = {key: value for key, value in attributes.items() if key != "id"}  # GraphML numbers its edges
        edges.append({"source": str(source), "target": str(target)} | kept)
    data: dict[str, Any] = {"vertices": vertices, "edges": edges}
    title = name or graph.graph.get("name") or None
    built = from_data(data | ({} if title is None else {"name": str(title)}), folder)
    assert isinstance(built, Graph)
    return built


def read_graphml(path: Path) -> Graph:
    """The graph of a GraphML file; see `Graph.from_graphml`."""
    import xml.etree.ElementTree as ElementTree

    import networkx as nx

    from chainorder.spec.files import read_text

    text = read_text(path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise SpecError("declares a document type or entities; remove the declaration", path)
    try:
        graph = nx.parse_graphml(text)
    except (nx.NetworkXError, ElementTree.ParseError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise SpecError(f"is no GraphML that networkx reads ({reason}); write it again", path) from None
    try:
        return from_networkx(graph, path.stem, path.parent)
    except SpecError as error:
        error.file = path
        raise
    except GraphError as error:
        raise SpecError(str(error), path) from None


def to_networkx(graph: Graph) -> nx.DiGraph[str]:
    """A ``networkx.DiGraph`` of plain attributes."""
    import networkx as nx

    digraph: nx.DiGraph[str] = nx.DiGraph(name=graph.name or "")
    for name, size in graph.vertices.items():
        digraph.add_node(name, size=size)
    for edge in graph.edges:
        spec = edge.to_spec()
        digraph.add_edge(spec.pop("source"), spec.pop("target"), **spec)
    return digraph


def plan_to_networkx(plan: GraphPlan) -> nx.DiGraph[str]:
    """Jacobians as nodes, named by their vertices and, beside the edges, the number of the operation."""
    import networkx as nx

    digraph: nx.DiGraph[str] = nx.DiGraph(name=plan.graph.name or "", fma=plan.fma)
    edges = plan.graph.edges
    names = {place: f"∂{edge.target}/∂{edge.source}" for place, edge in enumerate(edges)}
    for name in names.values():
        digraph.add_node(name, action="elemental", fma=0)
    for number, operation in enumerate(plan.operations):
        if operation.action is Action.ACCUMULATE:
            digraph.nodes[names[operation.arcs[0]]].update(action="accumulate", fma=operation.fma)
            continue
        result = f"{operation.result} #{number + 1}"
        names[len(edges) + number] = result
        digraph.add_node(result, action=str(operation.action), fma=operation.fma)
        for side, arc in zip(("right", "left"), operation.arcs, strict=True):
            digraph.add_edge(names[arc], result, side=side)
    return digraph


def to_graphml(graph: nx.DiGraph[str]) -> str:
    """GraphML text; integers that it cannot hold become text."""
    import networkx as nx

    plain: nx.DiGraph[str] = nx.DiGraph(**_plain(graph.graph))
    plain.add_nodes_from((node, _plain(attributes)) for node, attributes in graph.nodes(data=True))
    plain.add_edges_from((a, b, _plain(attributes)) for a, b, attributes in graph.edges(data=True))
    lines: Any = nx.generate_graphml(plain)
    return "\n".join(lines) + "\n"


def _plain(attributes: dict[str, Any]) -> dict[str, Any]:
    fits: dict[type, Callable[[Any], bool]] = {
        int: lambda value: abs(value) < 2**63,
        str: lambda _: True,
        bool: lambda _: True,
    }
    return {
        key: value if type(value) in fits and fits[type(value)](value) else str(value)
        for key, value in attributes.items()
    }


def to_dot(graph: nx.DiGraph[str]) -> str:
    """Text for Graphviz, operands above results."""
    lines = ["digraph plan {", "  node [shape=box];"]
    for node, attributes in graph.nodes(data=True):
        what = attributes.get("action", "")
        cost = f"\\n{what}, {attributes['fma']:,} fma" if attributes.get("fma") else f"\\n{what}"
        lines.append(f"  {_quoted(node)} [label={_quoted(node, cost)}];")
    lines += (f"  {_quoted(a)} -> {_quoted(b)};" for a, b in graph.edges)
    return "\n".join([*lines, "}", ""])


def _quoted(text: str, more: str = "") -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}{more}"'
