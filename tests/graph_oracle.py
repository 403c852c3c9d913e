"""The cheapest eliminations, by searches that share nothing with the package but the graph.

Faces of any structure, on Boolean matrices; vertices of dense graphs only.
"""

from __future__ import annotations

import heapq
from functools import cache
from itertools import combinations, count
from typing import Any

import numpy as np

from chainorder import Graph, Identity, Selection
from chainorder.costs.model import CostModel
from chainorder.costs.steps import Step
from tests.oracle import colours

STEPS = Step.TANGENT, Step.ADJOINT
ACCUMULATIONS = Step.ACCUMULATE_TANGENT, Step.ACCUMULATE_ADJOINT

State = tuple[dict[Any, frozenset[Any]], dict[Any, frozenset[Any]], frozenset[Any]]


def cheapest_faces(graph: Graph, model: CostModel | None = None) -> int:
    """Dijkstra over the states of the line graph; an arc is its ends and the set of paths that it sums.

    Costs are fma of Boolean matrices, or those of a model.
    """
    edges = list(zip(graph.edges, graph.elementals, strict=True))
    jacobians = Jacobians(graph) if model is None else Priced(graph, model)
    arcs = [(e.source, e.target, frozenset([(n,)])) for n, (e, _) in enumerate(edges)]
    before = {a: frozenset(b for b in arcs if b[1] == a[0]) or frozenset(["input " + a[0]]) for a in arcs}
    after = {a: frozenset(b for b in arcs if b[0] == a[1]) or frozenset(["output " + a[1]]) for a in arcs}
    models = {a: each for a, (_, each) in zip(arcs, edges, strict=True) if each.modelled}
    at_hand = frozenset(a for a, (_, each) in zip(arcs, edges, strict=True) if each.explicit)
    start, _ = _tidied(jacobians, before, after, at_hand)
    queue = [(0, 0, start)]
    numbers = count(1)
    least = {_key(start): 0}
    while queue:
        cost, _, state = heapq.heappop(queue)
        if least[_key(state)] < cost:
            continue
        before, after, at_hand = state
        faces = [(a, b) for a in after for b in after[a] if not isinstance(b, str)]
        if not faces and at_hand == frozenset(before):
            return cost
        following = [
            (jacobians.accumulation(a[2], models[a]), _tidied(jacobians, before, after, at_hand | {a}))
            for a in before
            if a not in at_hand
        ]
        for a, b in faces:
            ways = _ways(jacobians, a, b, at_hand, models)
            if ways:
                following.append((min(ways), _eliminated(jacobians, state, a, b)))
        for step, (reached, sums) in following:
            more = step + sums
            if cost + more < least.get(_key(reached), cost + more + 1):
                least[_key(reached)] = cost + more
                heapq.heappush(queue, (cost + more, next(numbers), reached))
    raise AssertionError("no way to the Jacobian")


class Jacobians:
    """The Boolean matrices of arcs, unions over their paths of the products along them, and fma."""

    def __init__(self, graph: Graph) -> None:
        self.own = [e.structure.pattern(e.outputs, e.inputs).csr().toarray() for e in graph.elementals]
        self.free_edges = [isinstance(e.structure, Identity | Selection) for e in graph.elementals]
        self.pattern = cache(self._pattern)

    def _pattern(self, paths: frozenset[tuple[int, ...]]) -> np.ndarray:
        total: Any = 0
        for first, *others in paths:
            product = self.own[first].astype(int)
            for edge in others:
                product = (self.own[edge].astype(int) @ product > 0).astype(int)
            total = total + product
        return np.asarray(total > 0)

    def free(self, paths: frozenset[tuple[int, ...]]) -> bool:
        """Whether an arc is a product of nothing but identities and selections."""
        return len(paths) == 1 and all(self.free_edges[edge] for path in paths for edge in path)

    def evaluations(self, paths: Any, model: Any, steps: Any = STEPS) -> list[int | None]:
        """What an arc costs by tangents and by adjoints."""
        pattern = self.pattern(paths)
        tangent = None if model.tangent is None else colours(pattern) * model.tangent + model.overhead
        adjoint = None if model.adjoint is None else colours(pattern.T) * model.adjoint + model.overhead
        return [tangent, adjoint]

    def accumulation(self, paths: Any, model: Any) -> int:
        """The cheaper of both."""
        return min(cost for cost in self.evaluations(paths, model, ACCUMULATIONS) if cost is not None)

    def product(self, b: Any, a: Any) -> int:
        """What a product costs."""
        left, right = self.pattern(b), self.pattern(a)
        return 0 if self.free(a) or self.free(b) else int(left.sum(axis=0) @ right.sum(axis=1))

    def sum(self, a: Any, b: Any) -> int:
        """What a sum costs."""
        return 0


class Priced(Jacobians):
    """The patterns of arcs, by the package's own products and unions, and the costs of a model."""

    def __init__(self, graph: Graph, model: CostModel) -> None:
        super().__init__(graph)
        self.graph, self.model = graph, model
        self.made = cache(self._made)

    def _made(self, paths: frozenset[tuple[int, ...]]) -> Any:
        total: Any = None
        for first, *others in sorted(paths):
            made: Any = self.graph.pattern(first)
            for edge in others:
                made = self.graph.pattern(edge) @ made
            total = made if total is None else total | made
        return total

    def evaluations(self, paths: Any, model: Any, steps: Any = STEPS) -> list[int | None]:
        pattern, memory = self.made(paths), self.graph.memory
        return [self.model.evaluation(model, step, pattern, memory) for step in steps]

    def product(self, b: Any, a: Any) -> int:
        return self.model.product(self.made(b), self.made(a))

    def sum(self, a: Any, b: Any) -> int:
        return self.model.sum(self.made(a), self.made(b), self.made(a | b))


def _ways(jacobians: Jacobians, a: Any, b: Any, at_hand: Any, models: Any) -> list[int]:
    result, ways = frozenset(x + y for x in a[2] for y in b[2]), []
    if a in at_hand and b in at_hand:
        ways.append(jacobians.product(b[2], a[2]))
    by_tangents = jacobians.evaluations(result, models[b])[0] if b in models else None
    by_adjoints = jacobians.evaluations(result, models[a])[1] if a in models else None
    ways += [by_tangents] if a in at_hand and by_tangents is not None else []
    ways += [by_adjoints] if b in at_hand and by_adjoints is not None else []
    return ways


def _eliminated(jacobians: Jacobians, state: State, a: Any, b: Any) -> tuple[State, int]:
    before, after, at_hand = dict(state[0]), dict(state[1]), state[2]
    result = a[0], b[1], frozenset(x + y for x in a[2] for y in b[2])
    before[result], after[result] = before[a], after[b]
    for arc in before[a]:
        if not isinstance(arc, str):
            after[arc] |= {result}
    for arc in after[b]:
        if not isinstance(arc, str):
            before[arc] |= {result}
    after[a] -= {b}
    before[b] -= {a}
    return _tidied(jacobians, before, after, at_hand | {result})


def _tidied(jacobians: Jacobians, before: Any, after: Any, at_hand: Any) -> tuple[State, int]:
    """Without arcs that lead nowhere, and with equal ones added, over and over; what the sums cost."""
    cost = 0
    before, after, at_hand = dict(before), dict(after), set(at_hand)
    while True:
        dead = [a for a in before if not before[a] or not after[a]]
        for a in dead:
            del before[a], after[a]
            at_hand.discard(a)
        if dead:
            before = {
                a: frozenset(x for x in v if isinstance(x, str) or x in before) for a, v in before.items()
            }
            after = {
                a: frozenset(x for x in v if isinstance(x, str) or x in before) for a, v in after.items()
            }
            continue
        pair = next(
            (
                (a, b)
                for a, b in combinations(before, 2)
                if a in at_hand
                and b in at_hand
                and (a[:2], before[a], after[a]) == (b[:2], before[b], after[b])
            ),
            None,
        )
        if pair is None:
            return (before, after, frozenset(at_hand)), cost
        one = (*pair[0][:2], pair[0][2] | pair[1][2])
        cost += jacobians.sum(pair[0][2], pair[1][2])
        before = {_put(a, pair, one): _all_put(v, pair, one) for a, v in before.items() if a != pair[1]}
        after = {_put(a, pair, one): _all_put(v, pair, one) for a, v in after.items() if a != pair[1]}
        at_hand = at_hand - set(pair) | {one}


def _put(arc: Any, pair: Any, one: Any) -> Any:
    return one if arc in pair else arc


def _all_put(arcs: Any, pair: Any, one: Any) -> frozenset[Any]:
    return frozenset(_put(arc, pair, one) for arc in arcs)


def _key(state: State) -> Any:
    return frozenset(state[0].items()), state[2]


def cheapest_vertices(graph: Graph) -> int:
    """All orders of the inner vertices, one product for every pair of neighbours; explicit edges only."""
    size = graph.vertices

    def least(edges: frozenset[tuple[str, str]], left: frozenset[str]) -> int:
        costs = [0] if not left else []
        for j in left:
            into = [a for a, b in edges if b == j]
            out = [b for a, b in edges if a == j]
            made = {(i, k) for i in into for k in out}
            rest = frozenset(e for e in edges | made if j not in e)
            costs.append(sum(size[i] * size[j] * size[k] for i, k in made) + least(rest, left - {j}))
        return min(costs)

    return least(frozenset((e.source, e.target) for e in graph.edges), frozenset(graph.inner))
