"""What must hold of the orders of any graph, checked against all of them."""

from __future__ import annotations

import random

from chainorder import Graph
from chainorder.elimination.best_order import Contest
from chainorder.elimination.cuts import Cuts
from chainorder.elimination.order_graph import OrderGraph
from chainorder.elimination.order_search import order_cost
from chainorder.elimination.reductions import reduced
from tests.graphs import random_graph
from tests.order_oracle import cheapest_order, cheapest_weighted


def some_graph(generator: random.Random) -> Graph:
    """Up to seven inner vertices; dense of sizes up to 9, or with structures."""
    structured = generator.random() < 0.4
    return random_graph(
        generator,
        generator.randint(1, 5 if structured else 7),
        ends=3,
        density=generator.choice((0.15, 0.3, 0.5, 0.8)),
        largest=4 if structured else generator.choice((1, 3, 9)),
        structured=structured,
        selections=structured and generator.random() < 0.5,
    )


def groups_of(generator: random.Random, orders: OrderGraph) -> list[frozenset[int]]:
    """Random disjoint groups of up to six inner vertices each."""
    parts: dict[int, list[int]] = {}
    for members in orders.units:
        for vertex in members:
            parts.setdefault(generator.randrange(3), []).append(vertex)
    return [frozenset(part[at : at + 6]) for part in parts.values() for at in range(0, len(part), 6)]


def check_graph(generator: random.Random) -> list[str]:
    """Check one random graph; what it was and what was proved of it, in words."""
    graph = some_graph(generator)
    wanted = cheapest_order(graph)
    orders = OrderGraph.of(graph)
    assert orders is not None
    assert Cuts(orders).total(groups_of(generator, orders)) <= wanted, graph.to_spec()
    contest = Contest(orders, range(len(orders.units)), generator.randrange(1000))
    for _ in range(20):
        contest.take_turns()
    assert contest.least <= wanted, graph.to_spec()
    seen = ["graphs with full Jacobians" if len(orders.weights) == len(graph.vertices) else "sparse graphs"]
    seen += ["bounds that are the optimum"] if contest.least == wanted else []
    if not orders.exact:
        return [*seen, "graphs with copies"]
    assert contest.cost is not None
    assert contest.cost == order_cost(orders, contest.order) >= wanted, graph.to_spec()
    seen += ["orders found that are the best"] if contest.cost == wanted else []
    left = reduced(orders)
    if left.order and len(left.graph.units) <= 7 and all(len(each) == 1 for each in left.graph.units):
        rest = cheapest_weighted(left.graph)
        whole = len(orders.weights) == len(graph.vertices)
        assert (left.cost + rest == wanted) if whole else (left.cost + rest <= wanted), graph.to_spec()
        seen.append("reductions that keep the optimum")
    return seen
