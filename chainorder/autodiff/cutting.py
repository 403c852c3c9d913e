"""Where a function can be cut: the values through which everything flows from its input to its output.

These are the dominators of the output in the graph of the values that depend on the input (T. Lengauer &
R. E. Tarjan 1979; here by networkx). Cut there, the function is a composition and its Jacobian a product.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)

MAX_PIECES = 120
"""Pieces that are planned; of more, the widest cuts are given up (planning takes cubic time)."""


def dominators(edges: Iterable[tuple[Value, Value]], source: Value, target: Value) -> list[Value]:
    """The values that all paths from `source` to `target` pass, in order, both ends included.

    Raises
    ------
    KeyError
        If there is no path.
    """
    import networkx as nx

    graph: nx.DiGraph[Value] = nx.DiGraph()
    graph.add_node(source)
    graph.add_edges_from(edges)
    above = dict(nx.immediate_dominators(graph, source))
    path = [target]
    while path[-1] != source:
        path.append(above[path[-1]])
    return path[::-1]


def narrowest(cuts: list[Value], most: int, size: Callable[[Value], int]) -> list[Value]:
    """The cuts with all but the `most` − 1 smallest inner ones given up; both ends stay."""
    inner = range(1, len(cuts) - 1)
    kept = sorted(inner, key=lambda place: (size(cuts[place]), place))[: max(0, most - 1)]
    return [cuts[0], *(cuts[place] for place in sorted(kept)), cuts[-1]]
