"""A graph's plan for networkx, GraphML and Graphviz."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from chainorder.costs.steps import Action
from chainorder.plans.graph_operations import GraphOperation
from chainorder.problems.graph import Graph

if TYPE_CHECKING:
    import networkx as nx


def plan_to_networkx(graph: Graph, operations: Iterable[GraphOperation], fma: int) -> nx.DiGraph[str]:
    """Jacobians as nodes, named by their vertices and, beside the edges, the number of the operation."""
    import networkx as nx

    digraph: nx.DiGraph[str] = nx.DiGraph(name=graph.name or "", fma=fma)
    edges = graph.edges
    names = {place: f"∂{edge.target}/∂{edge.source}" for place, edge in enumerate(edges)}
    for name in names.values():
        digraph.add_node(name, action="elemental", fma=0)
    for number, operation in enumerate(operations, 1):
        if operation.action is Action.ACCUMULATE:
            digraph.nodes[names[operation.arcs[0]]].update(action="accumulate", fma=operation.fma)
            continue
        result = f"{operation.result} #{number}"
        names[len(edges) + number - 1] = result
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
