"""A lower bound for face elimination: every path is a chain, and chains share costs only where they meet.

Whatever sequence of face eliminations is used, what it does along one path from an input to an output is a
bracketing of that path's chain of elementals. Its products and evaluations of models belong to triples of
vertices i → j → k; one operation may serve several paths that all contain the triple. Split the cost of
every triple among the paths: the optima of all chains at their shares, by dynamic programming, then add up
to a lower bound. The best split is an *optimal cost partitioning*
(`chainorder.elimination.cost_partitioning`). Only its shares are used, rounded down: the dynamic programs run
on integers, so the bound is exact however the shares were found.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import chain, islice

from chainorder.elimination.cost_partitioning import share_by_program, share_in_turn
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.moves import Costs
from chainorder.elimination.path_chains import UNIT, PathChain, all_paths, covering_paths

MAX_PATHS = 2_000
MAX_DERIVATIONS = 20_000
"""Paths that a bound looks at, and derivations of all their intervals; more would only make it better."""

MAX_EDGES = 5_000
"""Edges of a graph whose paths are looked at."""

STAGES = (1_000, 3_000, 9_000, MAX_DERIVATIONS)
"""Derivations of the bounds that are made one after the other where the time is limited."""

LONGER = 1.5
"""How much longer than the one before the next one takes to be set up, its solution apart."""


@dataclass(frozen=True, eq=False)
class PathBound:
    """Paths with their shares of the costs; not all, if there are very many."""

    paths: tuple[PathChain, ...]

    @classmethod
    def of(cls, arcs: Arcs, seconds: float | None = None) -> PathBound:
        """Paths of a graph, with the best shares that a linear program finds in time, or else good ones.

        Every edge is on one of the paths, unless the shortest through it is very long.
        """
        now = time.monotonic()
        until = None if seconds is None else now + seconds
        best = cls(())
        for most in STAGES if until is not None else STAGES[-1:]:
            begun, paths = now, some_paths(arcs, most)
            if len(paths) == len(best.paths):
                break
            if not share_by_program(paths, until):
                if best.paths:
                    break
                share_in_turn(paths)
            best = max(cls(paths), best, key=lambda bound: bound.cost)
            now = time.monotonic()
            if until is not None and now + LONGER * (now - begun) > until:
                break
        return best

    @property
    def cost(self) -> int:
        """What every sequence of face eliminations costs at least."""
        total = sum(path.least(tuple(range(len(path.edges) + 1)), _explicit(path)) for path in self.paths)
        return -(-total // UNIT)


def some_paths(arcs: Arcs, most: int = MAX_DERIVATIONS) -> tuple[PathChain, ...]:
    """Paths of a graph that cover its edges, and others, with so many derivations; all, if they have less.

    Of a graph of more than `MAX_EDGES` none: some paths say little of many.
    """
    if len(arcs.graph.edges) > MAX_EDGES:
        return ()
    costs = Costs(arcs)
    chosen: dict[tuple[int, ...], None] = {}
    left = most
    for edges in islice(chain(covering_paths(arcs), all_paths(arcs)), 2 * MAX_PATHS):
        count = len(edges) ** 3 // 6
        if edges not in chosen and count <= left and len(chosen) < MAX_PATHS:
            chosen[edges] = None
            left -= count
    return tuple(PathChain(costs, edges) for edges in chosen)


def longest_path(arcs: Arcs) -> int:
    """What every sequence of face eliminations takes at least on any number of machines.

    Along every path it brackets that path's chain. An operation starts when all its operands are there, those
    that others were added to last of all, so no path is done before its shallowest bracketing.
    """
    return max((path.shallowest() for path in some_paths(arcs)), default=0)


def _explicit(path: PathChain) -> int:
    elementals = path.costs.arcs.graph.elementals
    return sum(1 << a for a, edge in enumerate(path.edges) if elementals[edge].explicit)
