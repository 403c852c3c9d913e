"""A lower bound for face elimination: every path is a chain, and chains share costs only where they meet.

Whatever sequence of face eliminations is used, what it does along one path from an input to an output is a
bracketing of that path's chain of elementals. Its products and evaluations of models belong to triples of
vertices i → j → k; one operation may serve several paths that all contain the triple. Split the cost of
every triple among the paths: the optima of all chains at their shares, by dynamic programming, then add up
to a lower bound. The best split is a linear program, solved by HiGHS through SciPy. Only its shares are
used, rounded down: the dynamic programs run on integers, so the bound is exact however the program was
solved.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from typing import Any, NamedTuple

import numpy as np

from chainorder.costs.steps import Step
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.moves import Costs
from chainorder.structures.colouring import column_colours, transposed
from chainorder.structures.hypersparse import HypersparsePattern
from chainorder.structures.pattern import Pattern, SparsePattern, fma

UNIT = 2**40
"""Shares, and bounds that are made of them, are whole multiples of 1 / UNIT."""

MAX_PATHS = 2_000
MAX_WAYS = 20_000
"""Paths that a bound looks at, and ways to make all their intervals; more would only make it better."""

Key = tuple[Any, ...]


class Way(NamedTuple):
    """A way to make the Jacobian of an interval of a path.

    Attributes
    ----------
    key
        What it is, shared with other paths.
    fma
        What it costs at least.
    operands
        The intervals that it needs.
    """

    key: Key
    fma: int
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

    def accumulation(self, a: int) -> Way | None:
        """How to have edge a at hand; None if it is."""
        edge = self.edges[a]
        elemental = self.costs.arcs.graph.elementals[edge]
        if elemental.explicit:
            return None
        way = self.costs.accumulation(edge)
        assert way is not None
        return Way(("accumulate", edge), way[0], ())

    def ways(self, a: int, b: int, cuts: tuple[int, ...]) -> Iterator[Way]:
        """The ways to make the interval a … b out of shorter ones that meet at the cuts between.

        A model is that of an edge, so it passes only one that is an interval of its own.
        """
        vertices = self.vertices
        for m in cuts:
            cost = fma(self.pattern(m, b), self.pattern(a, m))
            yield Way((vertices[a], vertices[m], vertices[b]), cost, ((a, m), (m, b)))
        if cuts and cuts[-1] == b - 1:
            passed = self._model(self.edges[b - 1], Step.TANGENT, a, b)
            if passed is not None:
                yield Way((vertices[a], "tangent", self.edges[b - 1]), passed, ((a, b - 1),))
        if cuts and cuts[0] == a + 1:
            passed = self._model(self.edges[a], Step.ADJOINT, a, b)
            if passed is not None:
                yield Way((vertices[b], "adjoint", self.edges[a]), passed, ((a + 1, b),))

    def _model(self, edge: int, step: Step, a: int, b: int) -> int | None:
        """What a model costs at least: a colouring has as many colours as a row has positions."""
        elemental = self.costs.arcs.graph.elementals[edge]
        forward = step is Step.TANGENT
        cost = elemental.tangent if forward else elemental.adjoint_within(self.costs.memory)
        if cost is None:
            return None
        pattern = self.pattern(a, b)
        return _longest(pattern if forward else transposed(pattern)) * cost + elemental.overhead

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
            way = self.accumulation(a) if open_edge else None
            best[a, b] = 0 if way is None else self._shared(way)
        for span in range(2, len(cuts)):
            for at in range(len(cuts) - span):
                a, b = cuts[at], cuts[at + span]
                best[a, b] = min(
                    self._shared(way) + sum(best[operand] for operand in way.operands)
                    for way in self.ways_between(a, b, cuts[at + 1 : at + span])
                )
        return best[cuts[0], cuts[-1]]

    def ways_between(self, a: int, b: int, cuts: tuple[int, ...]) -> list[Way]:
        """The ways to make an interval, kept."""
        key = a, b, cuts
        if key not in self._kept:
            self._kept[key] = list(self.ways(a, b, cuts))
        return self._kept[key]

    _kept: dict[tuple[int, int, tuple[int, ...]], list[Way]] = field(default_factory=dict)

    def _shared(self, way: Way) -> int:
        return way.fma * self.shares.get(way.key, UNIT)

    def all_ways(self) -> Iterator[tuple[tuple[int, int], Way | None]]:
        """Every interval with every way to make it; None for an edge that is at hand."""
        length = len(self.edges)
        for a in range(length):
            yield (a, a + 1), self.accumulation(a)
        for span in range(2, length + 1):
            for a in range(length - span + 1):
                cuts = tuple(range(a + 1, a + span))
                for way in self.ways_between(a, a + span, cuts):
                    yield (a, a + span), way


@dataclass(frozen=True, eq=False)
class PathBound:
    """Paths with their shares of the costs; not all, if there are very many."""

    paths: tuple[PathChain, ...]

    @classmethod
    def of(cls, arcs: Arcs, seconds: float | None = None) -> PathBound:
        """Paths of a graph, with the best shares that a linear program finds in time, or else good ones.

        Every edge is on one of the paths, unless the shortest through it is very long.
        """
        until = None if seconds is None else time.monotonic() + seconds
        costs = Costs(arcs)
        chosen: dict[tuple[int, ...], None] = {}
        left = MAX_WAYS
        for edges in islice(chain(_covering_paths(arcs), all_paths(arcs)), 2 * MAX_PATHS):
            ways = len(edges) ** 3 // 6
            if edges not in chosen and ways <= left and len(chosen) < MAX_PATHS:
                chosen[edges] = None
                left -= ways
        paths = tuple(PathChain(costs, edges) for edges in chosen)
        if not _share_by_program(paths, until):
            _share_in_turn(paths)
        return cls(paths)

    @property
    def fma(self) -> int:
        """What every sequence of face eliminations costs at least."""
        total = sum(path.least(tuple(range(len(path.edges) + 1)), _explicit(path)) for path in self.paths)
        return -(-total // UNIT)


def _longest(pattern: Pattern) -> int:
    """The most positions that a row has: without sparse ones, the colours of its columns."""
    if isinstance(pattern, HypersparsePattern):
        pattern = pattern.core
    if isinstance(pattern, SparsePattern):
        return int(pattern.row_counts().max(initial=0))
    return column_colours(pattern)


def _explicit(path: PathChain) -> int:
    elementals = path.costs.arcs.graph.elementals
    return sum(1 << a for a, edge in enumerate(path.edges) if elementals[edge].explicit)


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


def _covering_paths(arcs: Arcs) -> Iterator[tuple[int, ...]]:
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


def _share_in_turn(paths: tuple[PathChain, ...]) -> None:
    """Long paths first, each takes all costs that no path before it has taken."""
    taken: set[Key] = set()
    for path in sorted(paths, key=lambda path: -len(path.edges)):
        keys = {way.key for _, way in path.all_ways() if way is not None}
        path.shares.update(dict.fromkeys(keys & taken, 0))
        taken |= keys


def _share_by_program(paths: tuple[PathChain, ...], until: float | None) -> bool:
    """The shares at which the bound is greatest, from the dual of a linear program; whether it was solved.

    Its variables are fractions of ways and, for every key that paths share, what is paid for it: as much as
    the path that uses it most makes of it. Intervals are made as often as they are used. The prices of
    sharing are the shares.
    """
    from scipy.optimize import linprog

    if not paths:
        return True
    made = [(path, interval, way) for path in paths for interval, way in path.all_ways() if way is not None]
    users: dict[Key, set[int]] = {}
    for path, _, way in made:
        users.setdefault(way.key, set()).add(id(path))
    shared = {key: len(made) + at for at, key in enumerate(k for k, who in users.items() if len(who) > 1)}
    if not shared:
        return True
    scale = max(1, *(way.fma for _, _, way in made))
    objective = np.array([0 if w.key in shared else w.fma / scale for _, _, w in made] + [1] * len(shared))
    at_hand = {(id(path), interval) for path in paths for interval, way in path.all_ways() if way is None}
    balance, right = _balance(made, at_hand)
    sharing = [(at, path, way) for at, (path, _, way) in enumerate(made) if way.key in shared]
    paid = [(row, at, way.fma / scale) for row, (at, _, way) in enumerate(sharing)]
    paid += [(row, shared[way.key], -1.0) for row, (_, _, way) in enumerate(sharing)]
    left = None if until is None else until - time.monotonic()
    if left is not None and left <= 0:
        return False
    result = linprog(
        objective,
        _matrix(paid, len(sharing), len(objective)),
        np.zeros(len(sharing)),
        _matrix(balance, len(right), len(objective)),
        right,
        method="highs",
        options={} if left is None else {"time_limit": left},
    )
    if result.status != 0:
        return False
    prices = np.maximum(-result.ineqlin.marginals, 0)
    shares: dict[Key, list[tuple[PathChain, int]]] = {}
    for (_, path, way), price in zip(sharing, prices.tolist(), strict=True):
        shares.setdefault(way.key, []).append((path, int(price * UNIT)))
    for key, parts in shares.items():
        # Rounding in the program must not hand out more than there is.
        total = max(UNIT, sum(share for _, share in parts))
        for path, share in parts:
            path.shares[key] = share * UNIT // total
    return True


Entry = tuple[int, int, float]


def _balance(
    made: list[tuple[PathChain, tuple[int, int], Way]], at_hand: set[tuple[int, tuple[int, int]]]
) -> tuple[list[Entry], Any]:
    """Rows that make an interval as often as it is used, and the whole path once."""
    rows: dict[tuple[int, tuple[int, int]], int] = {}
    entries: list[Entry] = []
    whole = []
    for at, (path, interval, way) in enumerate(made):
        row = rows.setdefault((id(path), interval), len(rows))
        entries.append((row, at, 1.0))
        if interval == (0, len(path.edges)):
            whole.append(row)
        used = [key for operand in way.operands if (key := (id(path), operand)) not in at_hand]
        entries += [(rows.setdefault(key, len(rows)), at, -1.0) for key in used]
    right = np.zeros(len(rows))
    right[whole] = 1
    return entries, right


def _matrix(entries: list[Entry], rows: int, columns: int) -> Any:
    from scipy.sparse import csr_array

    at_row, at_column, values = (np.array(part) for part in zip(*entries, strict=True))
    return csr_array((values, (at_row, at_column)), shape=(rows, columns))
