"""The line graph of a computational graph, and what eliminating a face does to it.

Every edge i → j of the graph is a vertex of the line graph, here an *arc*; it has a face with every arc
that starts where it ends. U. Naumann, *Optimal accumulation of Jacobian matrices by elimination methods on
the dual computational graph* (Mathematical Programming 99, 2004): eliminating the face (a, b) makes the
product b · a, which has the predecessors of a and the successors of b. It is added to an accumulated arc of
the same ends with the same predecessors and successors, if there is one. The face goes, and with it what is
left without predecessors or successors. The Jacobian is there when no face is left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from chainorder.costs.fma import FMA
from chainorder.costs.model import CostModel
from chainorder.costs.steps import Step
from chainorder.elimination.pattern_table import Patterns
from chainorder.problems.graph import Graph

PRIME = 2**127 - 1

Neighbours = frozenset[int]


@dataclass(frozen=True, slots=True)
class Arc:
    """A Jacobian between two vertices, given by their places.

    Attributes
    ----------
    source, target
        Places of vertices.
    pattern
        Number of its pattern.
    edge
        The place of the edge that it is; None of a product or sum.
    """

    source: int
    target: int
    pattern: int
    edge: int | None


class Arcs:
    """All arcs that ever were, numbered: first the edges, then products and sums.

    An arc is the sum of products along certain paths. Two ways to compute the same sum are the same arc, so
    that states are recognised whatever led to them. The paths may be too many to list: their sum is
    evaluated at fixed pseudo-random elementals modulo a prime of 127 bits instead. That two different sums
    collide has a probability of about 10^-36 for each pair.

    Parameters
    ----------
    graph
        What is eliminated.
    model
        What operations cost.
    """

    def __init__(self, graph: Graph, model: CostModel = FMA) -> None:
        self.graph, self.model = graph, model
        self.patterns = Patterns(model)
        self.kept: list[Arc] = []
        self._values: list[int] = []
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._evaluated: dict[tuple[int, Step, int], int | None] = {}
        places = {name: place for place, name in enumerate(graph.vertices)}
        for number, edge in enumerate(graph.edges):
            digest = hashlib.sha256(f"edge {number}".encode()).digest()
            pattern = self.patterns.number(graph.pattern(number))
            arc = Arc(places[edge.source], places[edge.target], pattern, number)
            self._number(arc, int.from_bytes(digest[:16]) % PRIME)

    def __getitem__(self, number: int) -> Arc:
        return self.kept[number]

    def entries(self, number: int) -> int:
        """Entries that an arc stores."""
        return self.patterns.entries(self.kept[number].pattern)

    def evaluation(self, edge: int, step: Step, result: int) -> int | None:
        """What evaluating the model of an edge costs for a result of that pattern; None if there is none."""
        key = edge, step, result
        if key not in self._evaluated:
            kind, memory = self.graph.elementals[edge], self.graph.memory
            self._evaluated[key] = self.model.evaluation(kind, step, self.patterns[result], memory)
        return self._evaluated[key]

    def value(self, number: int) -> int:
        """The sum of an arc at the pseudo-random elementals."""
        return self._values[number]

    def product(self, a: int, b: int) -> int:
        """The arc b · a."""
        first, second = self.kept[a], self.kept[b]
        pattern, _ = self.patterns.product(second.pattern, first.pattern)
        value = self._values[a] * self._values[b] % PRIME
        return self._number(Arc(first.source, second.target, pattern, None), value)

    def sum(self, a: int, b: int) -> Sum:
        """The sum of two arcs."""
        first, second = self.kept[a], self.kept[b]
        pattern, adds, cost = self.patterns.sum(first.pattern, second.pattern)
        value = (self._values[a] + self._values[b]) % PRIME
        return Sum(a, b, self._number(Arc(first.source, first.target, pattern, None), value), adds, cost)

    def _number(self, arc: Arc, value: int) -> int:
        key = arc.source, arc.target, value
        if key not in self._numbers:
            self._numbers[key] = len(self.kept)
            self.kept.append(arc)
            self._values.append(value)
        return self._numbers[key]


@dataclass(frozen=True, slots=True)
class Sum:
    """Two arcs that were added: their numbers, that of their sum, the additions, and what it costs."""

    first: int
    second: int
    result: int
    adds: int
    cost: int


@dataclass(eq=False)
class LineGraph:
    """A state of the elimination; it changes as faces are eliminated.

    Attributes
    ----------
    arcs
        What the numbers of arcs mean.
    before, after
        Predecessors and successors of every arc that is there. That it starts at an input (ends at an
        output) is itself a predecessor (successor), −1 − the place of the vertex.
    accumulated
        The arcs whose Jacobian is at hand.
    entries
        How many entries those store.
    gone
        Arcs that were removed.
    """

    arcs: Arcs
    before: dict[int, Neighbours]
    after: dict[int, Neighbours]
    accumulated: set[int]
    entries: int
    gone: list[int] = field(default_factory=list)
    _ends: dict[tuple[int, int], Neighbours] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: Graph, arcs: Arcs | None = None) -> LineGraph:
        """The line graph of a graph, before any elimination."""
        arcs = Arcs(graph) if arcs is None else arcs
        into: dict[int, list[int]] = {}
        out: dict[int, list[int]] = {}
        for number in range(len(graph.edges)):
            out.setdefault(arcs[number].source, []).append(number)
            into.setdefault(arcs[number].target, []).append(number)
        edges = range(len(graph.edges))
        before = {a: frozenset(into.get(arcs[a].source, [-1 - arcs[a].source])) for a in edges}
        after = {a: frozenset(out.get(arcs[a].target, [-1 - arcs[a].target])) for a in edges}
        explicit = {number for number, elemental in enumerate(graph.elementals) if elemental.explicit}
        ends = {(arcs[a].source, arcs[a].target): frozenset((a,)) for a in edges}
        entries = sum(map(arcs.entries, explicit))
        return cls(arcs, before, after, explicit, entries, [], ends)

    def copy(self) -> LineGraph:
        """An independent copy on the same arcs."""
        before, after, accumulated = dict(self.before), dict(self.after), set(self.accumulated)
        return LineGraph(self.arcs, before, after, accumulated, self.entries, [], dict(self._ends))

    def faces(self) -> Iterator[tuple[int, int]]:
        """The faces that are left."""
        return ((a, b) for a, after in self.after.items() for b in after if b >= 0)

    def between(self, source: int, target: int) -> int:
        """The only arc between two vertices: there is no other while whole vertices are eliminated."""
        (arc,) = self._ends[source, target]
        return arc

    def twin(self, a: int) -> int | None:
        """An accumulated arc that this one is added to as soon as it is accumulated."""
        arc = self.arcs[a]
        for other in self._ends[arc.source, arc.target]:
            alike = self.before[other] == self.before[a] and self.after[other] == self.after[a]
            if other != a and other in self.accumulated and alike:
                return other
        return None

    def accumulate(self, a: int) -> list[Sum]:
        """Have the Jacobian of an edge at hand; what is added then."""
        self.accumulated.add(a)
        self.entries += self.arcs.entries(a)
        return self._add_up({(self.arcs[a].source, self.arcs[a].target)})

    def eliminate(self, a: int, b: int) -> tuple[int, list[Sum]]:
        """Eliminate the face (a, b): the product, and what is added then."""
        result = self.arcs.product(a, b)
        before, after = self.before[a], self.after[b]
        changed = {self._add(result, before, after)}
        self.after[a] -= {b}
        self.before[b] -= {a}
        changed |= {self._ends_of(a), self._ends_of(b)}
        changed |= self._prune([a, b])
        return result, self._add_up(changed)

    def _ends_of(self, a: int) -> tuple[int, int]:
        return self.arcs[a].source, self.arcs[a].target

    def _add(self, a: int, before: Neighbours, after: Neighbours) -> tuple[int, int]:
        self.before[a], self.after[a] = before, after
        for other in before:
            if other >= 0:
                self.after[other] |= {a}
        for other in after:
            if other >= 0:
                self.before[other] |= {a}
        self.accumulated.add(a)
        self.entries += self.arcs.entries(a)
        ends = self._ends_of(a)
        self._ends[ends] = self._ends.get(ends, frozenset()) | {a}
        return ends

    def _remove(self, a: int) -> list[int]:
        """Take an arc out; the arcs that were its neighbours."""
        before, after = self.before.pop(a), self.after.pop(a)
        for other in before:
            if other >= 0:
                self.after[other] -= {a}
        for other in after:
            if other >= 0:
                self.before[other] -= {a}
        if a in self.accumulated:
            self.accumulated.remove(a)
            self.entries -= self.arcs.entries(a)
        self.gone.append(a)
        self._ends[self._ends_of(a)] -= {a}
        return [other for other in (*before, *after) if other >= 0]

    def _prune(self, candidates: list[int]) -> set[tuple[int, int]]:
        """Remove arcs without predecessors or successors; the ends of all arcs that changed."""
        changed = set()
        while candidates:
            a = candidates.pop()
            if a in self.before and not (self.before[a] and self.after[a]):
                neighbours = self._remove(a)
                changed |= {self._ends_of(other) for other in neighbours}
                candidates += neighbours
        return changed

    def _add_up(self, changed: set[tuple[int, int]]) -> list[Sum]:
        """Add accumulated arcs of the same ends, predecessors and successors, until there are none."""
        sums = []
        pending = [ends for ends in changed if len(self._ends.get(ends, ())) > 1]
        # New arcs, and the neighbours of arcs that were added, may in turn be alike.
        while pending:
            ends = pending.pop()
            pair = self._alike(ends)
            if pair is None:
                continue
            first, second = pair
            before, after = self.before[first], self.after[first]
            added = self.arcs.sum(first, second)
            neighbours = {*self._remove(first), *self._remove(second)}
            self._add(added.result, before, after)
            sums.append(added)
            pending += [e for e in {ends, *map(self._ends_of, neighbours)} if len(self._ends[e]) > 1]
        return sums

    def _alike(self, ends: tuple[int, int]) -> tuple[int, int] | None:
        seen: dict[tuple[Neighbours, Neighbours], int] = {}
        for a in sorted(self._ends[ends]):
            if a in self.accumulated:
                first = seen.setdefault((self.before[a], self.after[a]), a)
                if first != a:
                    return first, a
        return None
