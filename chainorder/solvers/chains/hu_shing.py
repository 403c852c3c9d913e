"""Hu & Shing's algorithm: the best bracketing of a dense explicit chain in O(n log n).

T. C. Hu & M. T. Shing, *Computation of matrix chain products*, SIAM J. Comput. 11 (1982) and 13 (1984);
revisited, with a simpler proof, by T. Le & D. Gusfield, arXiv 2104.01777.

The sizes n_1, m_1, …, m_q are the weights of the vertices of a convex polygon with q + 1 corners. A
triangulation is a bracketing: the triangle a < b < c is the product of the subchains between a, b and c, and
costs the product of its weights. Three facts make it fast:

1. From a corner of least weight, every arc that an optimal triangulation can need apart from the fans of
   the polygons between them (a *potential h-arc*) is found by one sweep with a stack; they do not cross, so
   they form a forest, and there are fewer than n of them.
2. A polygon between an arc and the arcs below it is a fan from its lightest corner; its cost is
   H = w_low · (sum of its sides' products − the side next to the corner).
3. An arc is in the optimal triangulation just if its *support weight* S = H / (what it saves per unit of
   weight above it) is less than the lightest weight above it. Going up the tree, a heap of support weights
   yields the arcs that no longer pay; an arc whose support does not exceed that of one below it stands or
   falls with it, so the two are condensed into one.

Here: sweep and tree in one pass, pairing heaps (melded in O(1)), supports compared by cross-multiplied Python
integers, no recursion, no float.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise

import numpy as np

from chainorder.costs.steps import Step, Steps
from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain

NONE = -1


def solve(chain: Chain) -> Plan:
    """The best bracketing of a dense explicit chain, in O(n log n) time and O(n) memory. Optimal.

    Raises
    ------
    SolverError
        If an elemental is not dense.
    """
    if not chain.dense or chain.modelled:
        raise SolverError("hu-shing takes dense explicit elementals only; use dynamic, or auto")
    products = best_products(chain.sizes.tolist())
    return Plan.of(chain, products, solver="hu-shing", optimal=True, why="dense explicit elementals only")


def best_products(sizes: list[int]) -> Steps:
    """The products of a best bracketing of dense factors between the given sizes, input first."""
    corners = len(sizes)
    first = min(range(corners), key=sizes.__getitem__)
    weights = sizes[first:] + sizes[: first + 1]  # from a lightest corner round to itself
    triangles = np.array(_Polygon(weights).triangles(), np.int64)
    i, k, j = np.sort((triangles + first) % corners, axis=0)
    return Steps.ordered(Step.MULTIPLY, j, k, i + 1)


class _Polygon:
    """A polygon with corners 0 … n, of which 0 and n are the same, lightest one.

    Arcs are numbered in the order in which the sweep finds them, so what lies below an arc comes before it.
    All state is columns of Python ints, one entry for each arc or corner: objects would cost a million
    allocations where they matter.

    Attributes
    ----------
    u, v
        The ends of an arc, u < v.
    numerator, denominator
        The support weight of an arc and of those condensed into it.
    child, sibling
        Links of the pairing heaps: the first of the arcs melded below an arc, the next one beside it.
    absorbed, next_absorbed
        Links of the lists of arcs condensed into an arc.
    starting, ending
        For a corner, the outermost arc present that starts or ends there: the side of a polygon next to it.
    under_start, under_end
        The arc that `starting` or `ending` falls back to when an arc goes.
    """

    def __init__(self, weights: list[int]) -> None:
        self.w = weights
        self.u: list[int] = []
        self.v: list[int] = []
        self.numerator: list[int] = []
        self.denominator: list[int] = []
        self.child: list[int] = []
        self.sibling: list[int] = []
        self.absorbed: list[int] = []
        self.next_absorbed: list[int] = []
        self.starting = [NONE] * len(weights)
        self.ending = [NONE] * len(weights)
        self.under_start: list[int] = []
        self.under_end: list[int] = []

    def triangles(self) -> tuple[list[int], list[int], list[int]]:
        """An optimal triangulation: the corners of its triangles, in columns."""
        return self._fans(self._present(self._settle()))

    def _arcs(self) -> Iterator[tuple[int, int]]:
        """The potential h-arcs, each after those below it; last the root, round the whole polygon."""
        w = self.w
        corners = [0]
        for corner in range(1, len(w) - 1):
            weight = w[corner]
            while w[corners[-1]] > weight:
                corners.pop()
                if len(corners) > 1:
                    yield corners[-1], corner
            corners.append(corner)
        yield 0, len(w) - 1

    def _settle(self) -> int:
        """Decide for every arc which of those below it stay; the heap of those that stay under the root."""
        w, numerators, denominators = self.w, self.numerator, self.denominator
        starting, ending = self.starting, self.ending
        prefix = list(accumulate((a * b for a, b in pairwise(w)), initial=0))
        open_arcs: list[int] = []  # those that have none above them yet
        bases: list[int] = []
        heaps: list[int] = []
        for arc, (u, v) in enumerate(self._arcs()):
            product = w[u] * w[v]
            base = denominator = prefix[v] - prefix[u] - product
            heap = NONE
            while open_arcs and self.u[open_arcs[-1]] >= u:
                below = open_arcs.pop()
                denominator -= bases[below]
                heap = heaps[below] if heap == NONE else self._meld(heap, heaps[below])

            weight = w[u] if w[u] <= w[v] else w[v]
            while heap != NONE and numerators[heap] >= weight * denominators[heap]:
                denominator += denominators[heap]
                heap = self._pop(heap)
            if w[u] <= w[v]:
                neighbour = u + 1 if starting[u] == NONE else self.v[starting[u]]
            else:
                neighbour = v - 1 if ending[v] == NONE else self.u[ending[v]]
            numerator = weight * (denominator + product - weight * w[neighbour])
            absorbed = NONE
            while heap != NONE and numerator * denominators[heap] <= numerators[heap] * denominator:
                numerator += numerators[heap]
                denominator += denominators[heap]
                self.next_absorbed[heap] = absorbed
                absorbed, heap = heap, self._pop(heap)

            self._append(u, v, numerator, denominator, absorbed)
            open_arcs.append(arc)
            bases.append(base)
            heaps.append(arc if heap == NONE else self._meld(heap, arc))
        return heaps[-1]

    def _append(self, u: int, v: int, numerator: int, denominator: int, absorbed: int) -> None:
        """Make an arc present."""
        arc = len(self.u)
        self.u.append(u)
        self.v.append(v)
        self.numerator.append(numerator)
        self.denominator.append(denominator)
        self.child.append(NONE)
        self.sibling.append(NONE)
        self.absorbed.append(absorbed)
        self.next_absorbed.append(NONE)
        self.under_start.append(self.starting[u])
        self.under_end.append(self.ending[v])
        self.starting[u] = self.ending[v] = arc

    def _meld(self, a: int, b: int) -> int:
        """One heap of two: the arc of greatest support weight on top."""
        if self.numerator[a] * self.denominator[b] < self.numerator[b] * self.denominator[a]:
            a, b = b, a
        self.sibling[b] = self.child[a]
        self.child[a] = b
        return a

    def _pop(self, heap: int) -> int:
        """Take the top arc off its heap and off its corners; the heap that is left."""
        self.starting[self.u[heap]] = self.under_start[heap]
        self.ending[self.v[heap]] = self.under_end[heap]
        pairs: list[int] = []
        rest = self.child[heap]
        while rest != NONE:
            a, b = rest, self.sibling[rest]
            if b == NONE:
                pairs.append(a)
                break
            rest = self.sibling[b]
            pairs.append(self._meld(a, b))
        merged = pairs.pop() if pairs else NONE
        while pairs:
            merged = self._meld(merged, pairs.pop())
        return merged

    def _present(self, heap: int) -> list[int]:
        """The arcs of a heap and those condensed into them, each after those below it."""
        present, nodes = [heap], [self.child[heap]]
        while nodes:
            arc = nodes.pop()
            if arc != NONE:
                present.append(arc)
                nodes += (self.child[arc], self.sibling[arc])
        for arc in present:  # grows as it is read: condensed arcs may have condensed others before
            condensed = self.absorbed[arc]
            while condensed != NONE:
                present.append(condensed)
                condensed = self.next_absorbed[condensed]
        return sorted(present)

    def _fans(self, arcs: list[int]) -> tuple[list[int], list[int], list[int]]:
        """Cut every polygon below an arc into the fan from its lighter end."""
        reach = list(range(1, len(self.w) + 1))  # the far end of the outermost arc so far, or of the side
        first: list[int] = []
        middle: list[int] = []
        last: list[int] = []
        for arc in arcs:
            u, v = self.u[arc], self.v[arc]
            corners = [u]
            while corners[-1] != v:
                corners.append(reach[corners[-1]])
            if self.w[u] <= self.w[v]:
                first += [u] * (len(corners) - 2)
                middle += corners[1:-1]
                last += corners[2:]
            else:
                first += corners[:-2]
                middle += corners[1:-1]
                last += [v] * (len(corners) - 2)
            reach[u] = v
        # The root's last triangle, (0, n − 1, n), is flat: its ends are the same corner.
        return first[:-1], middle[:-1], last[:-1]
