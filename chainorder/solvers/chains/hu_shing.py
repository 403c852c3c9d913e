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

Here (the loops are in `chainorder.solvers.chains.hu_shing_kernel`): sweep and tree in one pass, pairing heaps
(melded in O(1)), no recursion, no float. Long chains are planned by loops that Numba has compiled, if it is
installed and no sum can overflow int64. There supports are compared by Euclid's algorithm, elsewhere as
cross-multiplied Python integers, so the plans are the same.
"""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np

from chainorder.costs.pricing import IntColumn
from chainorder.costs.steps import Step, Steps
from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains.hu_shing_kernel import Polygon, fast, triangulate
from chainorder.structures.index_sets import IntArray
from chainorder.system.compiling import SAFE, Columns

LONG = 200_000
"""Corners from which compiled loops pay: it takes half a second to import Numba and load them."""


def solve(chain: Chain) -> Plan:
    """The best bracketing of a dense explicit chain, in O(n log n) time and O(n) memory. Optimal.

    Raises
    ------
    SolverError
        If an elemental is not dense.
    """
    if not chain.dense or chain.modelled:
        raise SolverError("hu-shing takes dense explicit elementals only; use dynamic, or auto")
    products = best_products(chain.sizes)
    return Plan.of(chain, products, solver="hu-shing", optimal=True, why="dense explicit elementals only")


def best_products(sizes: IntColumn) -> Steps:
    """The products of a best bracketing of dense factors between the given sizes, input first."""
    corners = len(sizes)
    first = int(np.argmin(sizes))
    weights = np.concatenate([sizes[first:], sizes[: first + 1]])  # from a lightest corner round to itself
    # Sorted, because the cut at `first` has turned some triangles round.
    i, k, j = np.sort((triangles(weights) + first) % corners, axis=0)
    return Steps.ordered(Step.MULTIPLY, j, k, i + 1)


def triangles(weights: IntColumn) -> IntArray:
    """An optimal triangulation of a polygon whose first and last corners are the same, lightest one.

    Returns
    -------
    array
        Shape (3, triangles): their corners in order, counted from 0.
    """
    safe = len(weights) > LONG and int(weights.max()) ** 3 * len(weights) < SAFE
    loop = fast() if safe else None
    columns = Columns(loop is not None)
    if loop is not None:
        prefix = np.concatenate([np.zeros(1, np.int64), np.cumsum(weights[:-1] * weights[1:])])
        polygon = Polygon.of(weights, prefix, columns)
    else:
        exact = weights.tolist()
        sums = list(accumulate((a * b for a, b in pairwise(exact)), initial=0))
        polygon = Polygon.of(exact, sums, columns)
    stays, *corners = (columns.zeros(len(weights)) for _ in range(4))
    (triangulate if loop is None else loop)(polygon, stays, *corners)
    return np.array([corner[: len(weights) - 3] for corner in corners], np.int64)
