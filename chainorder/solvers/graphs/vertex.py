"""Exact vertex elimination: dynamic programming over the sets of eliminated vertices.

The graph after eliminating a set does not depend on the order within the set, so the cheapest way to
eliminate S ends with some j ∈ S after the cheapest way to eliminate S ∖ {j}: O*(2^n) for n inner vertices
(Bentert et al. 2025, arXiv 2506.17521). Where all Jacobians are full matrices the costs of all sets are
arrays, or, with Numba, sets are searched depth first between an order and bounds of cuts (`best_order`);
otherwise sets are visited by size, and those that cost more than a known order are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.elimination import cut_kernel
from chainorder.elimination.best_order import Contest
from chainorder.elimination.cuts import SMALL
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.moves import feasible_arcs
from chainorder.elimination.order_graph import OrderGraph
from chainorder.elimination.path_bounds import PathBound
from chainorder.elimination.vertex_orders import MAX_CHOICES, Sweep, VertexGraph, order_cost
from chainorder.errors import SolverError
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.vertex_plans import plan_of_order
from chainorder.problems.graph import Graph
from chainorder.solvers.graphs.orders import best_of_rules, inner_places, time_to_write
from chainorder.solvers.options import Options
from chainorder.structures.dense import Dense

MAX_DENSE = 20
"""Inner vertices of a graph of dense matrices: about 1 GB."""

MAX_ANY = 16
"""Inner vertices of any other graph."""

MAX_SEARCHED = 40
"""Inner vertices of a graph of full matrices that are not safe to eliminate first, with Numba: up to about 30
take seconds, more may take very long."""

SHARE = 0.9
"""Of a time limit what orders are searched for, the rest is for the bound of faces."""

WORD = 63
"""Vertices that a set in an int64 holds."""

Sets = npt.NDArray[np.int64]


class OverdueError(SolverError):
    """The time is up before the cheapest order is known.

    Attributes
    ----------
    order
        The best one by then.
    least
        What every order costs at least; None if that is not known.
    """

    def __init__(self, order: list[int], least: int | None) -> None:
        super().__init__("the time is up before the cheapest order is known")
        self.order, self.least = order, least


def solve(graph: Graph, options: Options) -> GraphPlan:
    """The cheapest order of vertex eliminations, or the best in time; the bound is the one for faces."""
    arcs = feasible_arcs(graph, options.model)
    options = time_to_write(graph, options)
    why = "no order of vertex eliminations costs less; eliminating faces may"
    try:
        order = exact_order(arcs, options.share(SHARE))
        least: int | None = order_cost(VertexGraph.of(arcs), order)
    except OverdueError as late:
        order, least, why = late.order, late.least, f"{late}: the best by then"
    bound = PathBound.of(arcs, options.left).cost
    best = plan_of_order(
        graph, order, solver="vertex", lower_bound=bound, vertex_bound=least, why=why, arcs=arcs
    )
    options.report(best.cost, bound)
    return best


def exact_order(arcs: Arcs, options: Options) -> list[int]:
    """The cheapest order of the inner vertices.

    Raises
    ------
    SolverError
        If there are too many of them, or too many matrix-free edges at one.
    OverdueError
        If the time is up.
    """
    graph = arcs.graph
    count = len(graph.inner)
    if arcs.model.cubic and _is_dense(graph) and count <= (SMALL if cut_kernel.fast() else MAX_DENSE):
        table = _DenseTable.of(graph)
        if table is not None:
            return table.order()
    orders = OrderGraph.of_arcs(arcs) if cut_kernel.fast() else None
    if orders is not None and orders.exact and all(len(members) == 1 for members in orders.units):
        order = best_of_rules(arcs, options, orders)[1]
        contest = Contest(orders, [orders.places.index(place) for place in order], options.seed)
        if len(contest.reduction.graph.units) <= MAX_SEARCHED:
            return _order_by_contest(contest, options)
    if count > MAX_ANY:
        raise SolverError(
            f"{count} inner vertices; exact vertex elimination takes {MAX_SEARCHED} with dense matrices if "
            f"Numba is installed, {MAX_DENSE} without, and {MAX_ANY} otherwise: use annealing or auto"
        )
    return _order_by_sets(arcs, options)


def _is_dense(graph: Graph) -> bool:
    """Whether all edges are explicit dense matrices."""
    return all(
        each.explicit and not each.modelled and isinstance(each.structure, Dense) for each in graph.elementals
    )


def _order_by_contest(contest: Contest, options: Options) -> list[int]:
    """Annealing, cuts and sets, until the cheapest order is known."""
    while contest.cost is not None and contest.cost > contest.least:
        if options.over:
            raise OverdueError(_places(contest), contest.least)
        if contest.take_turns(options.left):
            options.report(contest.cost, contest.least, "vertex orders")
    return _places(contest)


def _places(contest: Contest) -> list[int]:
    return [contest.graph.places[unit] for unit in contest.order]


def _order_by_sets(arcs: Arcs, options: Options) -> list[int]:
    """Layer by layer of sets of the same size; costs above a known order's are dropped."""
    graph = arcs.graph
    known, order, sweep = best_of_rules(arcs, options)
    start = VertexGraph.of(arcs)
    _check_choices(graph, start)
    finish = start.finish().cost if not graph.inner else 0
    layer: dict[int, tuple[int, VertexGraph, tuple[int, ...]]] = {0: (finish, start, ())}
    inner = inner_places(graph)
    for _ in inner:
        following: dict[int, tuple[int, VertexGraph, tuple[int, ...]]] = {}
        for done, (cost, state, path) in layer.items():
            if options.over:
                raise OverdueError(order, None)
            for bit, vertex in enumerate(inner):
                if done >> bit & 1:
                    continue
                total = cost + state.elimination(vertex).cost
                there = following.get(done | 1 << bit)
                if total > known or (there is not None and there[0] <= total):
                    continue
                if there is None:
                    successor = state.copy()
                    successor.eliminate(vertex)
                else:
                    successor = there[1]
                following[done | 1 << bit] = total, successor, (*path, vertex)
        layer = following
    best = min((cost + state.finish().cost, path) for cost, state, path in layer.values()) if layer else None
    if best is None or (best[0] >= known and sweep is Sweep.BEST):
        return order
    return list(best[1])


def _check_choices(graph: Graph, state: VertexGraph) -> None:
    """Refuse vertices at which not all choices of what to accumulate are tried."""
    for place in inner_places(graph):
        sides = (state.into[place], state.out[place])
        matrix_free = min(sum(not link.accumulated for link in side.values()) for side in sides)
        if matrix_free > MAX_CHOICES:
            name = list(graph.vertices)[place]
            raise SolverError(
                f"{name!r} has {matrix_free} matrix-free edges on each side; exact elimination tries "
                f"all choices for at most {MAX_CHOICES}"
            )


@dataclass(frozen=True, eq=False)
class _DenseTable:
    """Sizes and neighbours of a graph of dense matrices; sets of vertices are bits, inner ones first.

    Attributes
    ----------
    inner
        Places of the inner vertices; bit b of a set of eliminated vertices is inner[b].
    sizes
        Of the inner vertices, then of inputs (outputs).
    into, out
        The neighbours of every inner vertex, as bits; their sizes are `above` and `below`.
    """

    inner: list[int]
    into: list[int]
    out: list[int]
    above: list[int]
    below: list[int]

    @classmethod
    def of(cls, graph: Graph) -> _DenseTable | None:
        """None if there are too many inputs or outputs of different neighbours for a word."""
        inner = list(graph.inner)
        into, above = _neighbours(graph, inner, graph.inputs, forward=True)
        out, below = _neighbours(graph, inner, graph.outputs, forward=False)
        if max(len(above), len(below)) > WORD:
            return None
        return cls(inner_places(graph), into, out, above, below)

    def order(self) -> list[int]:
        """The cheapest order, as places of vertices."""
        costs = self.costs()
        count = len(self.inner)
        best = np.zeros(1 << count, costs[0].dtype if costs else np.int64)
        sizes = np.bitwise_count(np.arange(1 << count, dtype=np.int64))
        by_size = np.argsort(sizes, kind="stable")
        ends = np.cumsum(np.bincount(sizes))
        for size in range(1, count + 1):
            sets = by_size[ends[size - 1] : ends[size]]
            least: Any = None
            for bit in range(count):
                inside = sets >> bit & 1 == 1
                before = sets[inside] ^ (1 << bit)
                total = best[before] + costs[bit][before]
                if least is None:
                    least = np.empty(len(sets), best.dtype)
                    least[:] = _more_than_all(costs)
                least[inside] = np.minimum(least[inside], total)
            best[sets] = least
        return self._backwards(best, costs)

    def costs(self) -> list[Any]:
        """For every inner vertex what eliminating it costs after every set (that it is not in)."""
        total = sum(self.above) + sum(self.below)
        exact: Any = np.int64 if len(self.inner) * total**3 < 2**62 else object
        if exact is object and len(self.inner) > MAX_ANY:
            raise SolverError("the costs exceed int64; exact vertex elimination then takes 16 inner vertices")
        above = self._weights(self.into, self.above, exact)
        below = self._weights(self.out, self.below, exact)
        return [self.above[bit] * a * b for bit, (a, b) in enumerate(zip(above, below, strict=True))]

    def _weights(self, neighbours: list[int], sizes: list[int], exact: Any) -> list[Any]:
        """The sizes of all neighbours of every inner vertex after every set, together."""
        count = len(self.inner)
        sets: list[Sets] = [np.array([mask], np.int64) for mask in neighbours]
        for bit in range(count):
            passed = sets[bit]
            for vertex, there in enumerate(sets):
                # Where the vertex `bit` is a neighbour, its own neighbours take its place.
                through = np.where(there >> bit & 1 == 1, (there & ~(1 << bit)) | passed, there)
                sets[vertex] = np.concatenate([there, through])
        return [_total(each, sizes, exact) for each in sets]

    def _backwards(self, best: Any, costs: list[Any]) -> list[int]:
        left = (1 << len(self.inner)) - 1
        order = []
        while left:
            for bit in range(len(self.inner)):
                before = left ^ (1 << bit)
                if left >> bit & 1 and best[before] + costs[bit][before] == best[left]:
                    order.append(self.inner[bit])
                    left = before
                    break
        return order[::-1]


def _neighbours(
    graph: Graph, inner: list[str], ends: tuple[str, ...], *, forward: bool
) -> tuple[list[int], list[int]]:
    """Neighbours of inner vertices as bits, and the sizes of all bits.

    Ends with the same neighbours are one: only their sizes together matter.
    """
    bits = {name: bit for bit, name in enumerate(inner)}
    pairs = [(e.source, e.target) if forward else (e.target, e.source) for e in graph.edges]
    reached: dict[str, set[str]] = {}
    for source, target in pairs:
        reached.setdefault(source, set()).add(target)
    sizes = [graph.vertices[name] for name in inner]
    groups: dict[frozenset[str], int] = {}
    for name in ends:
        group = frozenset(reached[name])
        bit = groups.setdefault(group, len(sizes))
        if bit == len(sizes):
            sizes.append(0)
        sizes[bit] += graph.vertices[name]
        bits[name] = bit
    masks = [0] * len(inner)
    for source, target in pairs:
        if target in inner:
            masks[bits[target]] |= 1 << bits[source]
    return masks, sizes


def _total(sets: Sets, sizes: list[int], exact: Any) -> Any:
    """The sizes of the members of every set, added up: looked up 16 bits at a time."""
    total = np.zeros(len(sets), exact)
    for first in range(0, len(sizes), 16):
        table = np.zeros(1, exact)
        for size in sizes[first : first + 16]:
            table = np.concatenate([table, table + size])
        total += table[sets >> first & len(table) - 1]
    return total


def _more_than_all(costs: list[Any]) -> int:
    return 2**62 if costs[0].dtype != object else sum(int(each.max()) for each in costs) + 1
