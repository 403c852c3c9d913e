"""Orders of vertex elimination by simple rules; no claim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from chainorder.elimination import order_rules
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.order_graph import OrderGraph
from chainorder.elimination.vertex_orders import Sweep, VertexGraph, order_cost
from chainorder.errors import SolverError
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.vertex_plans import plan_of_order
from chainorder.problems.graph import Graph
from chainorder.solvers.graphs.registry import Search

MAX_FILL = 400
"""Inner vertices up to which minimum fill is tried: its scores change two edges away."""

Score = Callable[[VertexGraph, int], float]


def inner_places(graph: Graph) -> list[int]:
    """The inner vertices by their places, in topological order."""
    places = {name: place for place, name in enumerate(graph.vertices)}
    return [places[name] for name in graph.inner]


def forward(graph: Graph, search: Search) -> GraphPlan:
    """Eliminate from the inputs on, by tangents where they are."""
    return _plan(graph, inner_places(graph), "forward", Sweep.FORWARD)


def reverse(graph: Graph, search: Search) -> GraphPlan:
    """Eliminate from the outputs back, by adjoints where they are."""
    return _plan(graph, inner_places(graph)[::-1], "reverse", Sweep.REVERSE)


def markowitz(graph: Graph, search: Search) -> GraphPlan:
    """The cheapest vertex next (A. Griewank & S. Reese 1991)."""
    orders = weighted(graph)
    order = (
        greedy(graph, _cost, search) if orders is None else places_of(orders, order_rules.greedy(orders)[1])
    )
    return _plan(graph, order, "markowitz")


def relative_markowitz(graph: Graph, search: Search) -> GraphPlan:
    """Next the vertex whose cost is least beyond what it costs at the very end (Naumann 1999)."""
    orders = weighted(graph)
    if orders is None:
        order = greedy(graph, _relative(graph), search)
    else:
        order = places_of(orders, order_rules.greedy(orders, order_rules.last_costs(orders))[1])
    return _plan(graph, order, "relative-markowitz")


def minimum_fill(graph: Graph, search: Search) -> GraphPlan:
    """Next the vertex whose elimination makes the fewest new positions."""
    return _plan(graph, greedy(graph, _fill, search), "minimum-fill")


def greedy(graph: Graph, score: Score, search: Search | None = None) -> list[int]:
    """An order by the least score; of equals, the first in topological order. In that order, once time is up.

    Eliminating a vertex changes the scores of its neighbours, and of vertices between two of them.
    """
    state = VertexGraph.of(Arcs(graph))
    left = dict.fromkeys(inner_places(graph))
    scores = {vertex: score(state, vertex) for vertex in left}
    order: list[int] = []
    while left:
        if search is not None and search.over:
            return [*order, *left]
        best = min(left, key=scores.__getitem__)
        into, out = list(state.into[best]), list(state.out[best])
        state.eliminate(best)
        del left[best]
        order.append(best)
        between = (set(state.out[i]) & set(state.into[k]) for i in into for k in out)
        for vertex in {*into, *out}.union(*between) & left.keys():
            scores[vertex] = score(state, vertex)
    return order


def weighted(graph: Graph) -> OrderGraph | None:
    """The graph as weights, if all its Jacobians are full matrices at hand: orders of it are priced fast."""
    if graph.matrix_free or graph.modelled:
        return None
    orders = OrderGraph.of(graph)
    whole = orders is not None and orders.exact and len(orders.weights) == len(graph.vertices)
    return orders if whole else None


def places_of(orders: OrderGraph, units: Iterable[int]) -> list[int]:
    """Units as places of vertices."""
    return [orders.places[unit] for unit in units]


def candidates(graph: Graph, search: Search) -> Iterator[tuple[list[int], Sweep]]:
    """All orders of this module with their sweeps, as far as there is time."""
    order = inner_places(graph)
    if search.start:
        yield list(search.start), Sweep.BEST
    yield order, Sweep.BEST
    yield order, Sweep.FORWARD
    yield order[::-1], Sweep.REVERSE
    yield order[::-1], Sweep.BEST
    for score in (_cost, _relative(graph), _fill):
        if not search.over:
            yield greedy(graph, score, search), Sweep.BEST


def best_of_rules(graph: Graph, arcs: Arcs, search: Search) -> tuple[int, list[int], Sweep]:
    """The cheapest of these orders: its cost, the order, its sweep. Of a large graph without minimum fill."""
    orders = weighted(graph)
    if orders is not None:
        priced = [(cost, places_of(orders, order), Sweep.BEST) for cost, order in order_rules.rules(orders)]
        if len(orders.units) <= MAX_FILL and not search.over:
            number = {place: unit for unit, place in enumerate(orders.places)}
            order = greedy(graph, _fill, search)
            cost, _ = order_rules.priced(orders, [number[place] for place in order])
            priced.append((cost, order, Sweep.BEST))
        if search.start:
            number = {place: unit for unit, place in enumerate(orders.places)}
            cost, _ = order_rules.priced(orders, [number[place] for place in search.start])
            priced.append((cost, list(search.start), Sweep.BEST))
        return min(priced, key=lambda each: each[0])
    found: list[tuple[int, list[int], Sweep]] = []
    for order, sweep in candidates(graph, search):
        try:
            cost = order_cost(VertexGraph.of(arcs, sweep), order)
        except SolverError:
            continue  # a sweep that lacks a model
        found.append((cost, order, sweep))
    if not found:
        raise SolverError("no vertex can be eliminated as a whole with the models that there are; use face")
    return min(found, key=lambda each: each[0])


def _plan(graph: Graph, order: list[int], solver: str, sweep: Sweep = Sweep.BEST) -> GraphPlan:
    return plan_of_order(graph, order, sweep, solver=solver)


def _cost(state: VertexGraph, vertex: int) -> float:
    return state.elimination(vertex).cost


def _fill(state: VertexGraph, vertex: int) -> float:
    patterns = state.costs.arcs.patterns
    new = 0
    for i, a in state.into[vertex].items():
        for k, b in state.out[vertex].items():
            result, _ = patterns.product(b.pattern, a.pattern)
            there = state.out[i].get(k)
            adds = 0 if there is None else patterns.sum(result, there.pattern)[1]
            new += patterns[result].nnz - adds
    return new


def _relative(graph: Graph) -> Score:
    """Cost less size · (inputs that reach the vertex) · (outputs that it reaches)."""
    import networkx as nx

    names = list(graph.vertices)
    digraph = nx.DiGraph([(edge.source, edge.target) for edge in graph.edges])
    last: dict[int, int] = {}
    for place in inner_places(graph):
        above, below = nx.ancestors(digraph, names[place]), nx.descendants(digraph, names[place])
        inputs = sum(graph.vertices[name] for name in graph.inputs if name in above)
        outputs = sum(graph.vertices[name] for name in graph.outputs if name in below)
        last[place] = graph.vertices[names[place]] * inputs * outputs
    return lambda state, vertex: state.elimination(vertex).cost - last[vertex]
