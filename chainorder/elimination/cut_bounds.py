"""What every order of vertices costs at least: cuts of disjoint groups, chosen by local search.

Larger groups know more, in exponential time; which vertices should be together is tried out. Any partition
is a valid bound, whatever led to it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import exp

from chainorder.elimination.cuts import MAX_GROUP, Cuts
from chainorder.elimination.order_graph import OrderGraph

SMALLEST = 6
"""Members that a group may have at first."""

PATIENCE = 12
"""Proposals without gain, for each vertex, after which groups may have one member more."""

HEAT = 0.06
"""The temperature, in units of what a vertex costs on the average."""

MAX_WORK = 20_000_000
"""Vertices times edges of a graph whose cuts are looked at: a few seconds."""

GROWTH = 10
"""How much longer a group with one member more might take, at the most."""

Group = frozenset[int]


def too_large(graph: OrderGraph) -> bool:
    """Whether looking at the cuts of a graph would take long."""
    return len(graph.weights) * len(graph.edges) > MAX_WORK


@dataclass(eq=False)
class CutBound:
    """Disjoint groups, in the course of the search for better ones.

    Attributes
    ----------
    cuts
        Of the graph.
    near
        The inner vertices beside each inner vertex that costs something.
    group_of
        The group of each of these.
    total
        What the present groups cost at least.
    best, groups
        The most so far, and the groups that show it.
    limit
        Members that a group may have.
    idle
        Proposals since the last gain.
    rounds
        How often all sizes of groups were tried.
    """

    cuts: Cuts
    near: dict[int, list[int]]
    group_of: dict[int, Group]
    total: int
    best: int
    groups: list[Group]
    generator: random.Random
    limit: int = SMALLEST
    idle: int = 0
    rounds: int = 0

    @classmethod
    def of(cls, graph: OrderGraph, seed: int = 0, *, fast: bool | None = None) -> CutBound:
        """Every vertex by itself; of a very large graph, none."""
        cuts = Cuts(graph, fast=fast)
        inner = () if too_large(graph) else (vertex for members in graph.units for vertex in members)
        counted = [vertex for vertex in inner if graph.prices[vertex]]
        near: dict[int, list[int]] = {vertex: [] for vertex in counted}
        for a, b in graph.edges:
            if a in near and b in near:
                near[a].append(b)
                near[b].append(a)
        groups = [frozenset((vertex,)) for vertex in counted]
        total = cuts.total(groups)
        alone = dict(zip(counted, groups, strict=True))
        return cls(cuts, near, alone, total, total, groups, random.Random(seed))

    def restart(self) -> None:
        """Begin again with every vertex by itself; the best groups so far are kept."""
        groups = [frozenset((vertex,)) for vertex in self.near]
        self.group_of = dict(zip(self.near, groups, strict=True))
        self.total = self.cuts.total(groups)
        self.limit, self.idle = SMALLEST, 0
        self.rounds += 1

    def improve(self, proposals: int, seconds: float | None = None) -> None:
        """Try some changes of groups: a vertex to its neighbours' group, two groups into one, an exchange.

        Groups do not grow if that might take longer than the seconds that are left.
        """
        if len(self.near) < 2:
            self.rounds += 1
            return
        vertices = list(self.near)
        heat = HEAT * self.total / len(vertices)
        for _ in range(proposals):
            self.idle += 1
            if self.idle > PATIENCE * len(vertices):
                self._grow(seconds)
            vertex = self.generator.choice(vertices)
            other = self._walk(vertex)
            mine, yours = self.group_of[vertex], self.group_of[other]
            if mine == yours:
                continue
            changed = self._changed(vertex, other, mine, yours)
            gain = self.cuts.total(changed) - self.cuts.group(mine) - self.cuts.group(yours)
            if gain >= 0 or self.generator.random() < exp(gain / heat):
                self._take(changed, gain)

    def _grow(self, seconds: float | None) -> None:
        """Let groups have one member more; begin again where they may not."""
        self.limit, self.idle = self.limit + 1, 0
        long = seconds is not None and GROWTH * self.cuts.slowest > seconds
        if long or self.limit > min(MAX_GROUP, len(self.near)):
            self.restart()

    def _walk(self, vertex: int) -> int:
        """A vertex one to three edges away."""
        for _ in range(self.generator.choice((1, 1, 2, 3))):
            vertex = self.generator.choice(self.near[vertex] or [vertex])
        return vertex

    def _changed(self, vertex: int, other: int, mine: Group, yours: Group) -> tuple[Group, ...]:
        if len(mine) + len(yours) <= self.limit and self.generator.random() < 0.5:
            return (mine | yours,)
        if len(yours) < self.limit:
            return mine - {vertex}, yours | {vertex}
        return mine - {vertex} | {other}, yours - {other} | {vertex}

    def _take(self, changed: tuple[Group, ...], gain: int) -> None:
        self.total += gain
        for group in changed:
            for vertex in group:
                self.group_of[vertex] = group
        if self.total > self.best:
            self.best, self.idle = self.total, 0
            self.groups = list(set(self.group_of.values()))
