"""Plans of orders of whole vertices."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from chainorder.costs.steps import Action
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.vertex_orders import Sweep, moves_of
from chainorder.plans.graph_operations import GraphOperation
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.graph import Graph


def plan_of_order(
    graph: Graph,
    order: Iterable[int],
    sweep: Sweep = Sweep.BEST,
    *,
    arcs: Arcs | None = None,
    **stated: Any,
) -> GraphPlan:
    """The plan that eliminates inner vertices, by their places, in an order; `stated` as `GraphPlan.of`."""
    if graph.matrix_free or graph.modelled:
        moves = moves_of(graph, order, sweep, arcs)
        return GraphPlan.of(graph, moves, model="vertex", arcs=arcs, **stated)
    products = _Products(graph, Arcs(graph) if arcs is None else arcs)
    for vertex in order:
        products.eliminate(vertex, by_predecessors=sweep is Sweep.REVERSE)
    priced = products.operations, products.costs, products.peak, products.profile
    return GraphPlan.priced(graph, *priced, model="vertex", **stated)


class _Products:
    """Products that eliminate vertices one after the other, as on the line graph, but in O(1) each.

    While whole vertices are eliminated there is one Jacobian between two vertices: a product is added to
    one that is there at once, and operands are gone with the last of their faces.

    Attributes
    ----------
    operations, costs
        The products so far, and what each costs with its sum.
    peak
        The most stored entries so far.
    """

    def __init__(self, graph: Graph, arcs: Arcs) -> None:
        self.operations: list[GraphOperation] = []
        self.costs: list[int] = []
        self.profile = arcs.model.profile
        self._names = list(graph.vertices)
        self._patterns = arcs.patterns
        self._into: list[dict[int, tuple[int, int]]] = [{} for _ in self._names]
        self._out: list[dict[int, tuple[int, int]]] = [{} for _ in self._names]
        self._edges = len(graph.edges)
        self._clock = self._stored = 0
        for number in range(self._edges):
            arc = arcs[number]
            self._put(arc.source, arc.target, (number, arc.pattern))
            self._stored += self._patterns.entries(arc.pattern)
        self.peak = self._stored

    def _put(self, source: int, target: int, arc: tuple[int, int]) -> None:
        self._out[source][target] = self._into[target][source] = arc

    def eliminate(self, j: int, *, by_predecessors: bool) -> None:
        """Multiply all Jacobians into a vertex with all out of it, predecessor after predecessor or not."""
        into, out = self._into[j], self._out[j]
        for i in into:
            del self._out[i][j]
        for k in out:
            del self._into[k][j]
        last_above, last_below = next(reversed(into)), next(reversed(out))
        pairs = product(into, out) if by_predecessors else ((i, k) for k in out for i in into)
        for i, k in pairs:
            self._multiply((i, j, k), into[i], out[k])
            self._stored -= self._patterns.entries(into[i][1]) if k == last_below else 0
            self._stored -= self._patterns.entries(out[k][1]) if i == last_above else 0
            self.peak = max(self.peak, self._stored)
        into.clear()
        out.clear()

    def _multiply(self, face: tuple[int, int, int], a: tuple[int, int], b: tuple[int, int]) -> None:
        i, j, k = face
        number, adds = self._edges + len(self.operations), 0
        pattern, cost = self._patterns.product(b[1], a[1])
        fma = self._patterns.fma(b[1], a[1])
        self.peak = max(self.peak, self._stored + self._patterns.entries(pattern))
        there = self._out[i].get(k)
        if there is None:
            self._stored += self._patterns.entries(pattern)
        else:
            pattern, adds, added = self._patterns.sum(pattern, there[1])
            cost += added
            self._stored += self._patterns.entries(pattern) - self._patterns.entries(there[1])
            number = there[0]
        self._put(i, k, (number, pattern))
        names = self._names[i], self._names[j], self._names[k]
        self.operations.append(
            GraphOperation(Action.MULTIPLY, None, names, (a[0], b[0]), fma, adds, start=self._clock)
        )
        self.costs.append(cost)
        self._clock += cost
