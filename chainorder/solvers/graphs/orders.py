"""Orders of vertex elimination by simple rules; no claim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from chainorder.elimination import order_rules
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.moves import feasible_arcs
from chainorder.elimination.order_graph import OrderGraph
from chainorder.elimination.vertex_orders import Sweep, VertexGraph, order_cost
from chainorder.errors import SolverError
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.vertex_plans import plan_of_order, seconds_to_write
from chainorder.problems.graph import Graph
from chainorder.solvers.options import Options
from chainorder.structures.dense import DensePattern

MAX_FILL = 400
"""Inner vertices up to which minimum fill is tried: its scores change two edges away."""

Score = Callable[[VertexGraph, int], float]


def inner_places(graph: Graph) -> list[int]:
    """The inner vertices by their places, in topological order."""
    places = {name: place for place, name in enumerate(graph.vertices)}
    return [places[name] for name in graph.inner]


def time_to_write(graph: Graph, options: Options, plans: int = 1) -> Options:
    """The options of a search that leaves the time that plans take to be written, about."""
    if options.left is None:
        return options
    return options.within(max(0.0, options.left - plans * seconds_to_write(graph)))


def forward(graph: Graph, options: Options) -> GraphPlan:
    """Eliminate from the inputs on, by tangents where they are."""
    return _plan(feasible_arcs(graph, options.model), inner_places(graph), "forward", Sweep.FORWARD)


def reverse(graph: Graph, options: Options) -> GraphPlan:
    """Eliminate from the outputs back, by adjoints where they are."""
    return _plan(feasible_arcs(graph, options.model), inner_places(graph)[::-1], "reverse", Sweep.REVERSE)


def markowitz(graph: Graph, options: Options) -> GraphPlan:
    """The cheapest vertex next (A. Griewank & S. Reese 1991)."""
    arcs = feasible_arcs(graph, options.model)
    orders = weighted(arcs)
    order = (
        greedy(arcs, _cost, options) if orders is None else places_of(orders, order_rules.greedy(orders)[1])
    )
    return _plan(arcs, order, "markowitz")


def relative_markowitz(graph: Graph, options: Options) -> GraphPlan:
    """Next the vertex whose cost is least beyond what it costs at the very end (Naumann 1999)."""
    arcs = feasible_arcs(graph, options.model)
    orders = weighted(arcs)
    if orders is None:
        order = greedy(arcs, _relative(arcs), options)
    else:
        order = places_of(orders, order_rules.greedy(orders, order_rules.last_costs(orders))[1])
    return _plan(arcs, order, "relative-markowitz")


def minimum_fill(graph: Graph, options: Options) -> GraphPlan:
    """Next the vertex whose elimination makes the fewest new positions."""
    arcs = feasible_arcs(graph, options.model)
    return _plan(arcs, greedy(arcs, _fill, options), "minimum-fill")


def greedy(arcs: Arcs, score: Score, options: Options) -> list[int]:
    """An order by the least score; of equals, the first in topological order. In that order, once time is up.

    Eliminating a vertex changes the scores of its neighbours, and of vertices between two of them.
    """
    state = VertexGraph.of(arcs)
    left = dict.fromkeys(inner_places(arcs.graph))
    scores = {vertex: score(state, vertex) for vertex in left}
    order: list[int] = []
    while left:
        if options.over:
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


def weighted(arcs: Arcs, orders: OrderGraph | None = None) -> OrderGraph | None:
    """The graph as weights, if all its Jacobians are full matrices at hand: orders of it are priced fast.

    Who has made it for any Jacobians already gives it.
    """
    graph = arcs.graph
    if graph.matrix_free or graph.modelled:
        return None
    orders = OrderGraph.of_arcs(arcs) if orders is None else orders
    whole = orders is not None and orders.exact and len(orders.weights) == len(graph.vertices)
    return orders if whole else None


def places_of(orders: OrderGraph, units: Iterable[int]) -> list[int]:
    """Units as places of vertices."""
    return [orders.places[unit] for unit in units]


def candidates(arcs: Arcs, options: Options) -> Iterator[tuple[list[int], Sweep]]:
    """All orders of this module with their sweeps."""
    order = inner_places(arcs.graph)
    if options.start:
        yield list(options.start), Sweep.BEST
    yield order, Sweep.BEST
    yield order, Sweep.FORWARD
    yield order[::-1], Sweep.REVERSE
    yield order[::-1], Sweep.BEST
    yield greedy(arcs, _cost, options), Sweep.BEST
    yield greedy(arcs, _relative(arcs), options), Sweep.BEST
    yield greedy(arcs, _fill, options), Sweep.BEST


def best_of_rules(
    arcs: Arcs, options: Options, orders: OrderGraph | None = None
) -> tuple[int, list[int], Sweep]:
    """The cheapest of these orders: its cost, the order, its sweep. Of a large graph without minimum fill.

    Where the time is up, of those that were priced till then, one at least.
    """
    orders = weighted(arcs, orders)
    found: list[tuple[int, list[int], Sweep]] = []
    for each in _priced_sweeps(arcs, options) if orders is None else _priced_rules(orders, arcs, options):
        found.append(each)
        if options.over:
            break
    if not found:
        raise SolverError("no vertex can be eliminated as a whole with the models that there are; use face")
    return min(found, key=lambda each: each[0])


def _priced_sweeps(arcs: Arcs, options: Options) -> Iterator[tuple[int, list[int], Sweep]]:
    """The orders that there are, with what they cost."""
    for order, sweep in candidates(arcs, options):
        with suppress(SolverError):  # a sweep that lacks a model
            yield order_cost(VertexGraph.of(arcs, sweep), order), order, sweep


def _priced_rules(orders: OrderGraph, arcs: Arcs, options: Options) -> Iterator[tuple[int, list[int], Sweep]]:
    """The same orders of a graph as weights, with what they cost."""
    number = {place: unit for unit, place in enumerate(orders.places)}

    def priced(order: list[int]) -> tuple[int, list[int], Sweep]:
        cost, _ = order_rules.priced(orders, [number[place] for place in order])
        return cost, order, Sweep.BEST

    if options.start:
        yield priced(list(options.start))
    for cost, units in order_rules.rules(orders):
        yield cost, places_of(orders, units), Sweep.BEST
    if len(orders.units) <= MAX_FILL:
        yield priced(greedy(arcs, _fill, options))


def _plan(arcs: Arcs, order: list[int], solver: str, sweep: Sweep = Sweep.BEST) -> GraphPlan:
    return plan_of_order(arcs.graph, order, sweep, solver=solver, arcs=arcs)


def _cost(state: VertexGraph, vertex: int) -> float:
    return state.elimination(vertex).cost


def _fill(state: VertexGraph, vertex: int) -> float:
    patterns = state.costs.arcs.patterns
    new = 0
    for i, a in state.into[vertex].items():
        for k, b in state.out[vertex].items():
            result, _ = patterns.product(b.pattern, a.pattern)
            there = state.out[i].get(k)
            adds = 0 if there is None else patterns.sum(result, there.pattern).adds
            new += patterns[result].nnz - adds
    return new


def _relative(arcs: Arcs) -> Score:
    """Cost less that of one product of (outputs that it reaches) × size and size × (inputs that reach it)."""
    import networkx as nx

    graph, model = arcs.graph, arcs.model
    names = list(graph.vertices)
    digraph = nx.DiGraph([(edge.source, edge.target) for edge in graph.edges])
    last: dict[int, int] = {}
    for place in inner_places(graph):
        above, below = nx.ancestors(digraph, names[place]), nx.descendants(digraph, names[place])
        inputs = sum(graph.vertices[name] for name in graph.inputs if name in above)
        outputs = sum(graph.vertices[name] for name in graph.outputs if name in below)
        size = graph.vertices[names[place]]
        last[place] = model.product(DensePattern(outputs, size), DensePattern(size, inputs))
    return lambda state, vertex: state.elimination(vertex).cost - last[vertex]
