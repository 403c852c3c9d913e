"""Looking ahead from the rules: local search over orders of vertex elimination; no claim but the bound."""

from __future__ import annotations

import random
from dataclasses import dataclass

from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.moves import feasible_arcs
from chainorder.elimination.path_bounds import PathBound
from chainorder.elimination.vertex_orders import Sweep, VertexGraph
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.vertex_plans import plan_of_order
from chainorder.problems.graph import Graph
from chainorder.solvers.graphs.orders import best_of_rules, time_to_write
from chainorder.solvers.options import Options

PATIENCE = 40
"""Moves without gain, times the number of inner vertices, after which the search ends."""

MAX_INNER = 400
"""Inner vertices up to which an order is improved: the graph after each prefix of it is kept."""

REACH = 4
"""How far a vertex is moved, on the average; now and then much further."""

SHARE = 0.8
"""Of a time limit what the search takes, the rest is for the bound."""

MAX_ELIMINATIONS = 20_000
"""Vertices that are eliminated on trial, at the most: a few seconds."""


def solve(graph: Graph, options: Options) -> GraphPlan:
    """The best rule's order, improved by moving single vertices to other places."""
    arcs = feasible_arcs(graph, options.model)
    options = time_to_write(graph, options)
    cost, order, sweep = improve(arcs, options.share(SHARE))
    bound = PathBound.of(arcs, options.left).cost
    options.report(cost, bound)
    return plan_of_order(graph, order, sweep, solver="lookahead", lower_bound=bound, arcs=arcs)


def improve(arcs: Arcs, options: Options, lower_bound: int = 0) -> tuple[int, list[int], Sweep]:
    """The cost, order and sweep that the search ends with; the same for a seed, unless time runs out."""
    cost, order, sweep = best_of_rules(arcs, options)
    options.report(cost, lower_bound)
    if len(order) > MAX_INNER or options.over:
        return cost, order, sweep
    trail = Trail.of(VertexGraph.of(arcs), order)
    if trail.total <= cost:
        cost, sweep = trail.total, Sweep.BEST
    if len(order) < 2:
        return cost, order, sweep
    generator = random.Random(options.seed)
    idle = eliminated = 0
    while idle < PATIENCE * len(order) and eliminated < MAX_ELIMINATIONS and not options.over:
        first, part = moved(trail.order, generator)
        eliminated += len(part)
        idle += 1
        before = trail.total
        if trail.replace(first, part) and trail.total < before:
            idle = 0
            if trail.total < cost:
                options.report(trail.total, lower_bound)
    return (trail.total, trail.order, Sweep.BEST) if trail.total < cost else (cost, order, sweep)


@dataclass(eq=False)
class Trail:
    """An order with the graph after every prefix of it.

    The graph depends on the set that is eliminated only: where two orders have eliminated the same set, all
    that follows is the same. So a change within a part of the order is priced by that part alone.

    Attributes
    ----------
    order
        The order.
    states, costs
        After every prefix: the graph, and what it took.
    last
        What remains to be accumulated at the end.
    """

    order: list[int]
    states: list[VertexGraph]
    costs: list[int]
    last: int

    @classmethod
    def of(cls, start: VertexGraph, order: list[int]) -> Trail:
        """An order from the beginning."""
        states, costs = [start], [0]
        _extend(states, costs, order)
        return cls(order, states, costs, states[-1].finish().cost)

    @property
    def total(self) -> int:
        """What the whole order costs."""
        return self.costs[-1] + self.last

    def replace(self, first: int, part: list[int]) -> bool:
        """Put a part of the order, rearranged, in its place unless that costs more; whether it was done."""
        end = first + len(part)
        states, costs = [self.states[first]], [self.costs[first]]
        if not _extend(states, costs, part, self.costs[end]):
            return False
        gain = self.costs[end] - costs[-1]
        self.order = [*self.order[:first], *part, *self.order[end:]]
        self.states[first : end + 1] = states
        self.costs[first:] = [*costs, *(cost - gain for cost in self.costs[end + 1 :])]
        return True


def _extend(states: list[VertexGraph], costs: list[int], order: list[int], limit: int | None = None) -> bool:
    """Eliminate further vertices; False as soon as that costs more than the limit."""
    for vertex in order:
        state = states[-1].copy()
        costs.append(costs[-1] + state.eliminate(vertex).cost)
        states.append(state)
        if limit is not None and costs[-1] > limit:
            return False
    return True


def moved(order: list[int], generator: random.Random) -> tuple[int, list[int]]:
    """One vertex, or two neighbours together, at another place: where the change begins, and what changes."""
    width = generator.choice((1, 1, 2)) if len(order) > 2 else 1
    source = generator.randrange(len(order) - width + 1)
    part, rest = order[source : source + width], order[:source] + order[source + width :]
    steps = 1 + min(int(generator.expovariate(1 / REACH)), len(order))
    target = source + generator.choice((-steps, steps))
    target = min(max(target, 0), len(rest))
    moved = rest[:target] + part + rest[target:]
    first = min(source, target)
    return first, moved[first : max(source, target) + width]
