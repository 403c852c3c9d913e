"""Plans of orders of whole vertices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import accumulate, product
from typing import Any, NamedTuple

from chainorder.costs.steps import Action
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.vertex_orders import Sweep, moves_of
from chainorder.plans.graph_operations import GraphOperations
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.graph import Graph

PRODUCTS_WRITTEN, MODELS_WRITTEN = 800_000, 6_000
"""Operations that a plan is written with in a second: products alone, and where Jacobians have models."""


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


def seconds_to_write(graph: Graph) -> float:
    """About how long the plan of an order takes to be made: so that a search may end in time for it.

    It has as many operations, more or less, as forward or as reverse elimination, whichever has fewer.
    """
    edges = [(edge.source, edge.target) for edge in graph.edges]
    back = [(target, source) for source, target in edges]
    few = min(_products_from(edges, graph.inner), _products_from(back, graph.inner[::-1]))
    return few / (MODELS_WRITTEN if graph.matrix_free or graph.modelled else PRODUCTS_WRITTEN)


def _products_from(edges: list[tuple[str, str]], inner: Iterable[str]) -> int:
    """Pairs of neighbours that are multiplied, from the sources of the edges on."""
    into: dict[str, list[str]] = {}
    for source, target in edges:
        into.setdefault(target, []).append(source)
    leaving = Counter(source for source, _ in edges)
    ends: dict[str, set[str]] = {}
    found = 0
    for name in inner:
        ends[name] = set().union(*(ends.get(each, {each}) for each in into[name]))
        found += len(ends[name]) * leaving[name]
    return found


class _Effect(NamedTuple):
    """What a product and its sum do: its pattern, what both cost, and how the entries that are stored change.

    Attributes
    ----------
    pattern
        The number of what stands between the two vertices then.
    cost
        Of the product with its sum.
    fma, adds
        Of the operation.
    made, more
        Entries of the product, and by how many more are stored when it is added.
    """

    pattern: int
    cost: int
    fma: int
    adds: int
    made: int
    more: int


class _Products:
    """Products that eliminate vertices one after the other, as on the line graph, but in O(1) each.

    While whole vertices are eliminated there is one Jacobian between two vertices: a product is added to
    one that is there at once, and operands are gone with the last of their faces.

    Attributes
    ----------
    costs
        What each product so far costs with its sum.
    peak
        The most stored entries so far.
    """

    def __init__(self, graph: Graph, arcs: Arcs) -> None:
        self.costs: list[int] = []
        self.profile = arcs.model.profile
        self._faces: list[tuple[str, str, str]] = []
        self._operands: list[tuple[int, int]] = []
        self._fma: list[int] = []
        self._adds: list[int] = []
        self._effects: dict[tuple[int, int, int | None], _Effect] = {}
        self._names = list(graph.vertices)
        self._patterns = arcs.patterns
        self._into: list[dict[int, tuple[int, int]]] = [{} for _ in self._names]
        self._out: list[dict[int, tuple[int, int]]] = [{} for _ in self._names]
        self._edges = len(graph.edges)
        self._stored = 0
        for number in range(self._edges):
            arc = arcs[number]
            self._out[arc.source][arc.target] = self._into[arc.target][arc.source] = number, arc.pattern
            self._stored += self._patterns.entries(arc.pattern)
        self.peak = self._stored

    @property
    def operations(self) -> GraphOperations:
        """The products so far."""
        count = len(self.costs)
        return GraphOperations(
            (Action.MULTIPLY,) * count,
            (None,) * count,
            tuple(self._faces),
            tuple(self._operands),
            tuple(self._fma),
            tuple(self._adds),
            (0,) * count,
            tuple(accumulate(self.costs, initial=0))[:count],
        )

    def eliminate(self, j: int, *, by_predecessors: bool) -> None:
        """Multiply all Jacobians into a vertex with all out of it, predecessor after predecessor or not."""
        into, out = self._into[j], self._out[j]
        for i in into:
            del self._out[i][j]
        for k in out:
            del self._into[k][j]
        entries = self._patterns.entries
        last_above, last_below = next(reversed(into)), next(reversed(out))
        pairs = product(into, out) if by_predecessors else ((i, k) for k in out for i in into)
        for i, k in pairs:
            self._multiply((i, j, k), into[i], out[k])
            if k == last_below:
                self._stored -= entries(into[i][1])
            if i == last_above:
                self._stored -= entries(out[k][1])
            self.peak = max(self.peak, self._stored)
        into.clear()
        out.clear()

    def _multiply(self, face: tuple[int, int, int], a: tuple[int, int], b: tuple[int, int]) -> None:
        i, j, k = face
        there = self._out[i].get(k)
        key = b[1], a[1], None if there is None else there[1]
        effect = self._effects.get(key)
        if effect is None:
            effect = self._effects[key] = self._effect(*key)
        self.peak = max(self.peak, self._stored + effect.made)
        self._stored += effect.more
        number = self._edges + len(self.costs) if there is None else there[0]
        self._out[i][k] = self._into[k][i] = number, effect.pattern
        names = self._names
        self._faces.append((names[i], names[j], names[k]))
        self._operands.append((a[0], b[0]))
        self._fma.append(effect.fma)
        self._adds.append(effect.adds)
        self.costs.append(effect.cost)

    def _effect(self, left: int, right: int, there: int | None) -> _Effect:
        patterns = self._patterns
        pattern, cost = patterns.product(left, right)
        fma, made = patterns.fma(left, right), patterns.entries(pattern)
        if there is None:
            return _Effect(pattern, cost, fma, 0, made, made)
        both, adds, added = patterns.sum(pattern, there)
        more = patterns.entries(both) - patterns.entries(there)
        return _Effect(both, cost + added, fma, adds, made, more)
