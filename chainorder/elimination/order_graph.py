"""A graph as orders see it: weights, neighbours, and which vertices are eliminated together.

Where all Jacobians are full, a vertex stands for itself and weighs its size. Where some are sparse, every
entry of a vertex is a vertex of its own, of weight 1, and edges are the nonzeros: eliminating all entries of
a vertex makes, entry by entry, as many products as the entry has neighbours above times neighbours below,
which is what multiplying the sparse matrices takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np

from chainorder.costs.fma import FMA
from chainorder.elimination.line_graph import Arcs
from chainorder.problems.graph import Graph
from chainorder.structures.pattern import Pattern

MAX_ENTRIES = 2_000
"""Entries of all vertices together up to which sparse Jacobians are looked into."""

MAX_NONZEROS = 50_000
"""Nonzeros of all Jacobians up to which that is done."""


@dataclass(frozen=True, eq=False)
class OrderGraph:
    """Weighted vertices in topological order, and the inner vertices of a graph that they make up.

    Attributes
    ----------
    weights
        Of every vertex.
    edges
        Pairs (source, target), every pair once, in order.
    units
        The vertices that stand for each inner vertex of the graph, in topological order.
    places
        The place of that inner vertex in the graph.
    prices
        What one neighbour above and one below a vertex cost when it is eliminated: its weight; or 0 where an
        edge at it is matrix-free or a copy (an identity, permutation or selection), so that it may cost less.
    exact
        Whether the prices of all units are what their elimination costs.
    """

    weights: tuple[int, ...]
    edges: tuple[tuple[int, int], ...]
    units: tuple[tuple[int, ...], ...]
    places: tuple[int, ...]
    prices: tuple[int, ...]
    exact: bool

    @classmethod
    def of(cls, graph: Graph, patterns: Sequence[Pattern] | None = None) -> OrderGraph | None:
        """That of a graph; None if its Jacobians are sparse and too large to be looked into.

        Who has the patterns of its edges already gives them.
        """
        if patterns is None:
            patterns = [graph.pattern(place) for place in range(len(graph.edges))]
        full = all(pattern.nnz == pattern.shape[0] * pattern.shape[1] for pattern in patterns)
        if not full and (
            sum(graph.vertices.values()) > MAX_ENTRIES
            or sum(pattern.nnz for pattern in patterns) > MAX_NONZEROS
        ):
            return None
        names = (*graph.inputs, *graph.inner, *graph.outputs)
        entries = [1 if full else graph.vertices[name] for name in names]
        spans = dict(zip(names, pairwise(accumulate(entries, initial=0)), strict=True))
        edges: set[tuple[int, int]] = set()
        special: set[str] = set()
        for edge, elemental, pattern in zip(graph.edges, graph.elementals, patterns, strict=True):
            source, target = spans[edge.source][0], spans[edge.target][0]
            if full:
                edges.add((source, target))
            else:
                rows, columns = pattern.coordinates()
                edges |= set(zip((source + columns).tolist(), (target + rows).tolist(), strict=True))
            if elemental.modelled or not elemental.explicit or pattern.free:
                special |= {edge.source, edge.target}
        weights = [graph.vertices[name] for name in names] if full else [1] * sum(entries)
        priced = np.repeat([name not in special for name in names], entries).tolist()
        places = {name: place for place, name in enumerate(graph.vertices)}
        return cls(
            weights=tuple(weights),
            edges=tuple(sorted(edges)),
            units=tuple(tuple(range(*spans[name])) for name in graph.inner),
            places=tuple(places[name] for name in graph.inner),
            prices=tuple(w if counted else 0 for w, counted in zip(weights, priced, strict=True)),
            exact=special.isdisjoint(graph.inner) and not graph.matrix_free,
        )

    @classmethod
    def of_arcs(cls, arcs: Arcs) -> OrderGraph | None:
        """That of the graph of arcs; None also if its operations are not priced by fma."""
        if arcs.model is not FMA:
            return None
        return cls.of(
            arcs.graph, [arcs.patterns[arcs[edge].pattern] for edge in range(len(arcs.graph.edges))]
        )

    @cached_property
    def unit_of(self) -> tuple[int, ...]:
        """The unit of every vertex; −1 of inputs and outputs."""
        found = [-1] * len(self.weights)
        for unit, members in enumerate(self.units):
            for vertex in members:
                found[vertex] = unit
        return tuple(found)

    @cached_property
    def priced(self) -> bool:
        """Whether no vertex costs less than its weight and those of its neighbours say."""
        inner = [vertex for members in self.units for vertex in members]
        return all(self.prices[vertex] == self.weights[vertex] for vertex in inner)

    @property
    def most(self) -> int:
        """What no order costs more than."""
        total = sum(self.weights)
        return sum(self.prices) * total**2

    def into(self) -> Neighbours:
        """The predecessors of every vertex."""
        return Neighbours.of(len(self.weights), ((b, a, edge) for edge, (a, b) in enumerate(self.edges)))

    def out(self) -> Neighbours:
        """The successors of every vertex."""
        return Neighbours.of(len(self.weights), ((a, b, edge) for edge, (a, b) in enumerate(self.edges)))


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Neighbours on one side, vertex after vertex.

    Attributes
    ----------
    first
        Where those of each vertex begin; one more at the end.
    near, edge
        The neighbours, and the numbers of the edges to them.
    """

    first: Sequence[int]
    near: Sequence[int]
    edge: Sequence[int]

    @classmethod
    def of(cls, count: int, triples: Iterable[tuple[int, int, int]]) -> Neighbours:
        """From triples of a vertex, a neighbour and the number of the edge."""
        ordered = sorted(triples)
        counts = [0] * count
        for vertex, _, _ in ordered:
            counts[vertex] += 1
        first = list(accumulate(counts, initial=0))
        return cls(first, [near for _, near, _ in ordered], [edge for _, _, edge in ordered])

    def __getitem__(self, vertex: int) -> Iterator[int]:
        return iter(self.near[self.first[vertex] : self.first[vertex + 1]])
