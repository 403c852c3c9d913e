"""The cheapest order of vertices, by trying all sets, on Boolean matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainorder import Graph, Identity, Selection
from chainorder.elimination.order_graph import OrderGraph

Edges = dict[tuple[Any, Any], tuple[np.ndarray, bool]]
"""The pattern of every edge, and whether multiplying by it is free."""


def cheapest_order(graph: Graph) -> int:
    """What the best order of the inner vertices costs; explicit edges of any structure."""
    edges: Edges = {}
    for edge, elemental in zip(graph.edges, graph.elementals, strict=True):
        pattern = elemental.structure.pattern(elemental.outputs, elemental.inputs).csr().toarray()
        copy = isinstance(elemental.structure, Identity | Selection)
        edges[edge.source, edge.target] = pattern.astype(bool), copy
    return least(edges, tuple(graph.inner))


def cheapest_weighted(graph: OrderGraph) -> int:
    """The same of an order graph, whose vertices stand for themselves."""
    ones = {(a, b): (np.ones((graph.weights[b], graph.weights[a]), bool), False) for a, b in graph.edges}
    return least(ones, tuple(vertex for members in graph.units for vertex in members))


def least(edges: Edges, inner: tuple[Any, ...]) -> int:
    """Set by set, by size: what is left of a graph does not depend on the order."""
    layer: dict[frozenset[Any], tuple[int, Edges]] = {frozenset(): (0, edges)}
    for _ in inner:
        following: dict[frozenset[Any], tuple[int, Edges]] = {}
        for done, (cost, left) in layer.items():
            for vertex in inner:
                if vertex not in done:
                    more, rest = eliminated(left, vertex)
                    key = done | {vertex}
                    if key not in following or cost + more < following[key][0]:
                        following[key] = cost + more, rest
        layer = following
    ((cost, _),) = layer.values()
    return cost


def eliminated(edges: Edges, vertex: Any) -> tuple[int, Edges]:
    """What eliminating a vertex costs, and what is left."""
    rest = {ends: edge for ends, edge in edges.items() if vertex not in ends}
    cost = 0
    for (i, _), (right, free_right) in ((e, x) for e, x in edges.items() if e[1] == vertex):
        for (_, k), (left, free_left) in ((e, x) for e, x in edges.items() if e[0] == vertex):
            if not (free_left or free_right):
                cost += int(left.sum(axis=0) @ right.sum(axis=1))
            product = left.astype(int) @ right.astype(int) > 0
            there = rest.get((i, k))
            rest[i, k] = (product, free_left and free_right) if there is None else (there[0] | product, False)
    return cost, rest
