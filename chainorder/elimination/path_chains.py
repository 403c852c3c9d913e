"""The paths of a graph from an input to an output, each as a chain with shares of the costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from chainorder.costs.steps import Step
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.moves import Costs
from chainorder.structures.pattern import Pattern

UNIT = 2**40
"""Shares, and bounds that are made of them, are whole multiples of 1 / UNIT."""

Key = tuple[Any, ...]


class Derivation(NamedTuple):
    """One derivation of the Jacobian of an interval of a path from those of shorter ones.

    Attributes
    ----------
    key
        What it is, shared with other paths.
    cost
        What it costs at least.
    operands
        The intervals that it needs.
    """

    key: Key
    cost: int
    operands: tuple[tuple[int, int], ...]


@dataclass(eq=False)
class PathChain:
    """A path from an input to an output, as a chain.

    Attributes
    ----------
    costs
        What operations cost.
    edges
        Places of its edges.
    """

    costs: Costs
    edges: tuple[int, ...]
    shares: dict[Key, int] = field(default_factory=dict)
    _patterns: dict[tuple[int, int], Pattern] = field(default_factory=dict)
    _least: dict[tuple[tuple[int, ...], int], int] = field(default_factory=dict)

    @property
    def vertices(self) -> tuple[int, ...]:
        """Places of its vertices."""
        arcs = self.costs.arcs
        return (arcs[self.edges[0]].source, *(arcs[edge].target for edge in self.edges))

    def pattern(self, a: int, b: int) -> Pattern:
        """What the product of the edges a … b − 1 along the path fills at least."""
        if (a, b) not in self._patterns:
            arcs = self.costs.arcs
            last = arcs.patterns[arcs[self.edges[b - 1]].pattern]
            self._patterns[a, b] = last if b == a + 1 else last @ self.pattern(a, b - 1)
        return self._patterns[a, b]

    def accumulation(self, a: int) -> Derivation | None:
        """How to have edge a at hand; None if it is."""
        edge = self.edges[a]
        elemental = self.costs.arcs.graph.elementals[edge]
        if elemental.explicit:
            return None
        found = self.costs.accumulation(edge)
        assert found is not None
        return Derivation(("accumulate", edge), found[0], ())

    def _derivations(self, a: int, b: int, cuts: tuple[int, ...]) -> Iterator[Derivation]:
        """The derivations of the interval a … b from shorter ones that meet at the cuts between.

        A model is that of an edge, so it passes only one that is an interval of its own.
        """
        vertices = self.vertices
        for m in cuts:
            cost = self.costs.arcs.model.least_product(self.pattern(m, b), self.pattern(a, m))
            yield Derivation((vertices[a], vertices[m], vertices[b]), cost, ((a, m), (m, b)))
        if cuts and cuts[-1] == b - 1:
            passed = self._model(self.edges[b - 1], Step.TANGENT, a, b)
            if passed is not None:
                yield Derivation((vertices[a], "tangent", self.edges[b - 1]), passed, ((a, b - 1),))
        if cuts and cuts[0] == a + 1:
            passed = self._model(self.edges[a], Step.ADJOINT, a, b)
            if passed is not None:
                yield Derivation((vertices[b], "adjoint", self.edges[a]), passed, ((a + 1, b),))

    def _model(self, edge: int, step: Step, a: int, b: int) -> int | None:
        """What a model costs at least."""
        arcs = self.costs.arcs
        kind, memory = arcs.graph.elementals[edge], arcs.graph.memory
        return arcs.model.least_evaluation(kind, step, self.pattern(a, b), memory)

    def least(self, cuts: tuple[int, ...], accumulated: int) -> int:
        """What making the whole path costs at least, at its shares: an optimal bracketing of what is left.

        Parameters
        ----------
        cuts
            Positions on the path, 0 and the last included, between which Jacobians stand.
        accumulated
            Bit a: edge a is at hand.
        """
        key = cuts, accumulated
        if key not in self._least:
            self._least[key] = self._bracket(cuts, accumulated)
        return self._least[key]

    def _bracket(self, cuts: tuple[int, ...], accumulated: int) -> int:
        best: dict[tuple[int, int], int] = {}
        for a, b in pairwise(cuts):
            open_edge = b == a + 1 and not accumulated >> a & 1
            derivation = self.accumulation(a) if open_edge else None
            best[a, b] = 0 if derivation is None else self._shared(derivation)
        for span in range(2, len(cuts)):
            for at in range(len(cuts) - span):
                a, b = cuts[at], cuts[at + span]
                best[a, b] = min(
                    self._shared(derivation) + sum(best[operand] for operand in derivation.operands)
                    for derivation in self.derivations(a, b, cuts[at + 1 : at + span])
                )
        return best[cuts[0], cuts[-1]]

    def shallowest(self) -> int:
        """The least that passes until the whole path is made, operations side by side, at full costs."""
        best: dict[tuple[int, int], int] = {}
        for interval, derivation in self.all_derivations():
            ready = 0
            if derivation is not None:
                operands = max((best[operand] for operand in derivation.operands), default=0)
                ready = derivation.cost + operands
            best[interval] = min(ready, best.get(interval, ready))
        return best[0, len(self.edges)]

    def derivations(self, a: int, b: int, cuts: tuple[int, ...]) -> list[Derivation]:
        """The derivations of an interval, kept."""
        key = a, b, cuts
        if key not in self._kept:
            self._kept[key] = list(self._derivations(a, b, cuts))
        return self._kept[key]

    _kept: dict[tuple[int, int, tuple[int, ...]], list[Derivation]] = field(default_factory=dict)

    def _shared(self, derivation: Derivation) -> int:
        return derivation.cost * self.shares.get(derivation.key, UNIT)

    def all_derivations(self) -> Iterator[tuple[tuple[int, int], Derivation | None]]:
        """Every interval with each of its derivations; None for an edge that is at hand."""
        length = len(self.edges)
        for a in range(length):
            yield (a, a + 1), self.accumulation(a)
        for span in range(2, length + 1):
            for a in range(length - span + 1):
                cuts = tuple(range(a + 1, a + span))
                for derivation in self.derivations(a, a + span, cuts):
                    yield (a, a + span), derivation


def all_paths(arcs: Arcs) -> Iterator[tuple[int, ...]]:
    """All paths from inputs to outputs, as places of edges, depth first."""
    graph = arcs.graph
    out: dict[int, list[int]] = {}
    for edge in range(len(graph.edges)):
        out.setdefault(arcs[edge].source, []).append(edge)
    names = list(graph.vertices)
    for name in graph.inputs:
        stack: list[tuple[int, ...]] = [(edge,) for edge in reversed(out[names.index(name)])]
        while stack:
            path = stack.pop()
            following = out.get(arcs[path[-1]].target)
            if following is None:
                yield path
            else:
                stack += [(*path, edge) for edge in reversed(following)]


def covering_paths(arcs: Arcs) -> Iterator[tuple[int, ...]]:
    """For every edge a shortest path from an input to an output through it."""
    count = len(arcs.graph.edges)
    before = _shortest([(arcs[edge].source, arcs[edge].target) for edge in range(count)])
    after = _shortest([(arcs[edge].target, arcs[edge].source) for edge in range(count)])
    for edge in range(count):
        path = [edge]
        while (first := before.get(arcs[path[0]].source)) is not None:
            path.insert(0, first)
        while (last := after.get(arcs[path[-1]].target)) is not None:
            path.append(last)
        yield tuple(path)


def _shortest(ends: list[tuple[int, int]]) -> dict[int, int]:
    """The last edge of a shortest path to every vertex, from those to which no edge leads."""
    out: dict[int, list[int]] = {}
    for edge, (source, _) in enumerate(ends):
        out.setdefault(source, []).append(edge)
    targets = {target for _, target in ends}
    reached = [source for source in out if source not in targets]
    seen = set(reached)
    last: dict[int, int] = {}
    for vertex in reached:  # grows while it is walked: breadth first
        for edge in out.get(vertex, ()):
            target = ends[edge][1]
            if target not in seen:
                seen.add(target)
                last[target] = edge
                reached.append(target)
    return last
