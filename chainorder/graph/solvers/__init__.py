"""Which order for a graph: one registry of solvers, one signature (a graph and a `Search` in, a plan out).

A new solver is a file here and a line below.
"""

from __future__ import annotations

from chainorder.graph.solvers import auto, face, integer, local, orders, vertex
from chainorder.graph.solvers.registry import GraphSolver, Search, all_solvers, find_solver, register

__all__ = ["GraphSolver", "Search", "all_solvers", "find_solver", "register"]

register("auto", auto.solve, "vertices, then faces, until the bound is met")
register("forward", orders.forward, "vertices from the inputs on, by tangents; no claim")
register("reverse", orders.reverse, "vertices from the outputs back, by adjoints; no claim")
register("markowitz", orders.markowitz, "the cheapest vertex next; no claim")
register("relative-markowitz", orders.relative_markowitz, "the cheapest beyond its cost at the end; no claim")
register("minimum-fill", orders.minimum_fill, "the vertex with the fewest new positions next; no claim")
register(
    "lookahead", local.solve, "the best of these rules, improved by local search; heuristic with a bound"
)
register("vertex", vertex.solve, "the best order of up to 20 vertices; optimal where it meets the bound")
register("integer", integer.solve, "the order of an integer program; heuristic with a bound")
register("face", face.solve, "faces, best first; optimal")
