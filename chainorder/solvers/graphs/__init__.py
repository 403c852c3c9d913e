"""Orders for graphs: a new solver is a file here and a line below."""

from __future__ import annotations

from functools import partial

from chainorder.solvers.registry import register as register_solver
from chainorder.system.later import later

register = partial(register_solver, kind="graph")

register("auto", later("solvers.graphs.auto"), "vertices, then faces, until the bound is met", options=True)
register(
    "forward",
    later("solvers.graphs.orders", "forward"),
    "vertices from the inputs on, by tangents; no claim",
    options=True,
)
register(
    "reverse",
    later("solvers.graphs.orders", "reverse"),
    "vertices from the outputs back, by adjoints; no claim",
    options=True,
)
register(
    "markowitz",
    later("solvers.graphs.orders", "markowitz"),
    "the cheapest vertex next; no claim",
    options=True,
)
register(
    "relative-markowitz",
    later("solvers.graphs.orders", "relative_markowitz"),
    "the cheapest beyond its cost at the end; no claim",
    options=True,
)
register(
    "minimum-fill",
    later("solvers.graphs.orders", "minimum_fill"),
    "the vertex with the fewest new positions next; no claim",
    options=True,
)
register(
    "lookahead",
    later("solvers.graphs.local"),
    "the best of these rules, improved by local search; heuristic with a bound",
    options=True,
)
register(
    "annealing",
    later("solvers.graphs.annealing"),
    "orders by annealing, bounds by cuts, until they meet; optimal among vertex orders where they do",
    options=True,
)
register(
    "vertex",
    later("solvers.graphs.vertex"),
    "the best order of up to about 30 vertices; optimal where it meets the bound",
    options=True,
)
register(
    "integer",
    later("solvers.graphs.integer"),
    "the order of an integer program; heuristic with a bound",
    options=True,
)
register("face", later("solvers.graphs.face"), "faces, best first; optimal", options=True)
