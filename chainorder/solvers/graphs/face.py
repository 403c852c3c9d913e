"""Exact face elimination: best first over the states of the line graph, with the bound of shared paths.

Every path of the graph is a row of arcs in every state, so what is left to do along it costs at least the
best bracketing of that row at the path's shares (`bounds`). The sum over all paths never falls by more than
a move costs: the bound is consistent, and the first finished state that is taken from the queue is optimal.
States are recognised by their arcs, predecessors and successors; of those that differ in what is accumulated,
some make others superfluous. An accumulation is done when an operation needs it, or when the arc can then be
added to another: doing it earlier changes nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from chainorder.elimination.line_graph import Arcs, LineGraph, Neighbours
from chainorder.elimination.moves import Costs, Move, feasible_arcs
from chainorder.elimination.path_bounds import PathBound
from chainorder.elimination.path_chains import UNIT
from chainorder.elimination.vertex_orders import Sweep, VertexGraph, order_cost
from chainorder.errors import SolverError
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.vertex_plans import plan_of_order
from chainorder.problems.graph import Graph
from chainorder.solvers.graphs.annealing import PATH_SECONDS, best_vertices
from chainorder.solvers.graphs.orders import time_to_write
from chainorder.solvers.graphs.vertex import exact_order
from chainorder.solvers.options import Options

Row = tuple[int, ...]
"""The arcs that a path consists of."""


@dataclass(frozen=True, slots=True)
class Node:
    """A state, how it was reached, and what it takes at least.

    Attributes
    ----------
    line, rows
        The line graph, and the arcs of every path.
    cost
        So far.
    rests
        What is left along every path costs at least that, in units of 1 / UNIT.
    rest
        All of them together.
    moves, parent
        What led here from the parent.
    """

    line: LineGraph
    rows: tuple[Row, ...]
    cost: int
    rests: tuple[int, ...]
    rest: int
    moves: tuple[Move, ...]
    parent: Node | None

    @property
    def total(self) -> int:
        """What a plan through this state costs at least, in units of 1 / UNIT."""
        return self.cost * UNIT + self.rest

    def history(self) -> list[Move]:
        """All moves from the start."""
        moves: list[Move] = []
        node: Node | None = self
        while node is not None:
            moves[:0] = node.moves
            node = node.parent
        return moves


@dataclass(frozen=True)
class Outcome:
    """What a search found.

    Attributes
    ----------
    moves
        The cheapest moves, if any are cheaper than what was known.
    lower_bound
        What all sequences cost at least.
    states
        How many states were looked at.
    """

    moves: list[Move] | None
    lower_bound: int
    states: int


class Space:
    """The states of a graph."""

    def __init__(self, arcs: Arcs, bound: PathBound) -> None:
        self.arcs, self.bound = arcs, bound
        self.costs = Costs(arcs)
        self._positions = [{v: at for at, v in enumerate(path.vertices)} for path in bound.paths]

    def start(self) -> Node:
        """Nothing eliminated."""
        line = LineGraph.of(self.arcs.graph, self.arcs)
        rows = tuple(path.edges for path in self.bound.paths)
        rests = tuple(self._rest(at, line, row) for at, row in enumerate(rows))
        return Node(line, rows, 0, rests, sum(rests), (), None)

    def _rest(self, at: int, line: LineGraph, row: Row) -> int:
        positions = self._positions[at]
        cuts = (0, *(positions[self.arcs[arc].target] for arc in row))
        accumulated = 0
        for position, arc in zip(cuts, row, strict=False):
            accumulated |= (arc in line.accumulated) << position
        return self.bound.paths[at].least(cuts, accumulated)

    def following(self, node: Node) -> Iterator[Node]:
        """The states one elimination further, or an accumulation that lets an arc be added or finishes it."""
        line = node.line
        for a, b in sorted(line.faces()):
            for cost, missing, move in self.costs.eliminations(line, a, b):
                if any(line.twin(arc) is not None for arc in missing):
                    continue  # accumulated, it would be added to the other; that is a state of its own, below
                yield self._child(node, cost, (*self._accumulations(missing), move))
        for a in sorted(set(line.before) - line.accumulated):
            if line.twin(a) is not None or (min(line.before[a]) < 0 and min(line.after[a]) < 0):
                way = self.costs.accumulation(a)
                if way is not None:
                    yield self._child(node, way[0], (Move(way[1], a),))

    def _accumulations(self, missing: tuple[int, ...]) -> Iterator[Move]:
        for a in missing:
            way = self.costs.accumulation(a)
            assert way is not None
            yield Move(way[1], a)

    def _child(self, node: Node, cost: int, moves: tuple[Move, ...]) -> Node:
        line = node.line.copy()
        rows = list(node.rows)
        changed: set[int] = set()
        for move in moves:
            if move.b is None:
                changed.update(at for at, row in enumerate(rows) if move.a in row)
                sums = line.accumulate(move.a)
            else:
                result, sums = line.eliminate(move.a, move.b)
                _replace(rows, changed, (move.a, move.b), result)
            for each in sums:
                cost += each.cost
                _replace(rows, changed, (each.first,), each.result)
                _replace(rows, changed, (each.second,), each.result)
        rests, rest = list(node.rests), node.rest
        for at in changed:
            value = self._rest(at, line, rows[at])
            rest += value - rests[at]
            rests[at] = value
        return Node(line, tuple(rows), node.cost + cost, tuple(rests), rest, moves, node)


def _replace(rows: list[Row], changed: set[int], part: Row, result: int) -> None:
    """Put a result in the place of neighbouring arcs, in all rows that have them."""
    first, length = part[0], len(part)
    for at, row in enumerate(rows):
        if first in row:
            place = row.index(first)
            if row[place : place + length] == part:
                rows[at] = (*row[:place], result, *row[place + length :])
                changed.add(at)


class Reached:
    """States by their arcs: for the same arcs, those that no other makes superfluous.

    One with fewer Jacobians at hand makes another superfluous that paid what accumulating the difference
    takes, or more: it can still do that. One with more of them, which cost no more, makes another superfluous
    where all matrices are full and sums cost nothing: a sum is then no dearer to multiply than its parts, so
    that nothing is lost by having them added.
    """

    def __init__(self, costs: Costs) -> None:
        graph = costs.arcs.graph
        patterns = (graph.pattern(place) for place in range(len(graph.edges)))
        self._full = not costs.arcs.model.sums and all(
            pattern.nnz == pattern.shape[0] * pattern.shape[1] and not pattern.free for pattern in patterns
        )
        found = {edge: costs.accumulation(edge) for edge in range(len(graph.edges))}
        self._prices = {edge: each[0] for edge, each in found.items() if each is not None}
        self._kept: dict[frozenset[tuple[int, Neighbours]], list[tuple[int, Neighbours]]] = {}

    def enter(self, node: Node) -> bool:
        """Keep a state and drop what it makes superfluous; False if it is itself."""
        there = self._kept.setdefault(frozenset(node.line.before.items()), [])
        mine = self._entry(node)
        # What is accumulated by itself is not superfluous beside the state that it comes from; if that is
        # dropped, what drops it leads there, too.
        alike = any(move.b is not None for move in node.moves)
        if any(self._covers(each, mine, alike=alike) for each in there):
            return False
        there[:] = [each for each in there if not self._covers(mine, each, alike=True)]
        there.append(mine)
        return True

    def holds(self, node: Node) -> bool:
        """Whether a state that was kept still is."""
        return self._entry(node) in self._kept[frozenset(node.line.before.items())]

    def _entry(self, node: Node) -> tuple[int, Neighbours]:
        return node.cost, frozenset(node.line.accumulated)

    def _covers(
        self, one: tuple[int, Neighbours], other: tuple[int, Neighbours], *, alike: bool = False
    ) -> bool:
        """Whether one state makes another of the same arcs superfluous; `alike`: if it costs as much, too."""
        cost, accumulated = one
        if accumulated == other[1] or (self._full and accumulated > other[1]):
            return cost <= other[0]
        if accumulated < other[1]:
            later = cost + sum(map(self._prices.__getitem__, other[1] - accumulated))
            return later < other[0] + alike
        return False


def search_faces(
    arcs: Arcs, bound: PathBound, known: int, options: Options, max_states: int | None = None
) -> Outcome:
    """Look for moves cheaper than a known cost, until there provably are none, or time or states are up."""
    space = Space(arcs, bound)
    start = space.start()
    numbers = count()
    queue = [(start.total, -start.cost, next(numbers), start)]
    reached = Reached(space.costs)
    reached.enter(start)
    best: list[Move] | None = None
    states = 0
    while queue:
        total, _, _, node = heapq.heappop(queue)
        lower = -(-total // UNIT)
        if lower >= known:
            return Outcome(best, known, states)
        if not reached.holds(node):
            continue
        for child in space.following(node):
            states += 1
            if options.over or (max_states is not None and states >= max_states):
                return Outcome(best, lower, states)
            if -(-child.total // UNIT) >= known or not reached.enter(child):
                continue
            if not any(True for _ in child.line.faces()) and set(child.line.before) == child.line.accumulated:
                known, best = child.cost, child.history()
                options.report(known, lower)
                continue
            heapq.heappush(queue, (child.total, -child.cost, next(numbers), child))
    return Outcome(best, known, states)


def solve(graph: Graph, options: Options) -> GraphPlan:
    """The cheapest sequence of face eliminations, with proof; within a time limit the best so far."""
    return solve_faces(graph, options, "face")


VERTICES, PATHS = 0.5, 0.7
"""Of a time limit what orders of vertices take, and of the rest what the bound of paths does."""

SMALL = 12
"""Inner vertices up to which `auto` finds the best vertex elimination to start from."""


def solve_faces(graph: Graph, options: Options, solver: str, work: int | None = None) -> GraphPlan:
    """Search faces below the best vertex elimination that is found, unless that meets the bound already."""
    arcs = feasible_arcs(graph, options.model)
    options = time_to_write(graph, options, plans=2)
    found = best_vertices(arcs, options.share(VERTICES))
    order, sweep, vertex_bound = found.order, found.sweep, found.bound
    bound = PathBound.of(arcs, options.share(PATHS).within(PATH_SECONDS).left)
    lower = bound.cost
    if not found.proved and found.cost > lower and len(order) <= SMALL:
        with suppress(SolverError):  # too many choices, or no time: what local search found stands
            order, sweep = exact_order(arcs, options), Sweep.BEST
            vertex_bound = order_cost(VertexGraph.of(arcs), order)
    stated: dict[str, Any] = {"solver": solver, "vertex_bound": vertex_bound, "arcs": arcs}
    best = plan_of_order(graph, order, sweep, lower_bound=lower, **stated)
    options.report(best.cost, lower)
    if best.optimal:
        return replace(best, why="an order of vertices costs what every sequence of faces costs at least")
    if options.over:
        return replace(best, why="the time is up before faces are looked at")
    states = None if work is None else work // (len(bound.paths) + len(graph.edges))
    searched = search_faces(arcs, bound, best.cost, options, states)
    stated |= {"lower_bound": max(lower, searched.lower_bound)}
    stated |= {"why": f"face elimination, {searched.states:,} states"}
    if searched.moves is None:
        return plan_of_order(graph, order, sweep, **stated)
    return GraphPlan.of(graph, searched.moves, model="face", **stated)
