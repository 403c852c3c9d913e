"""Which order for a graph: one registry of solvers, one signature (a graph and a `Search` in, a plan out).

A new solver is a file here and a line below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chainorder.errors import SolverError
from chainorder.problems.elementals import MAX_MACHINES
from chainorder.problems.graph import Graph
from chainorder.solvers.graphs.registry import GraphSolver, Search, all_solvers, find_solver, register
from chainorder.system.later import later

if TYPE_CHECKING:
    from chainorder.plans.graph_plan import GraphPlan
    from chainorder.solvers.options import Progress

__all__ = ["GraphSolver", "Search", "all_solvers", "find_solver", "plan_graph", "register"]

register("auto", later("solvers.graphs.auto"), "vertices, then faces, until the bound is met")
register(
    "forward",
    later("solvers.graphs.orders", "forward"),
    "vertices from the inputs on, by tangents; no claim",
)
register(
    "reverse",
    later("solvers.graphs.orders", "reverse"),
    "vertices from the outputs back, by adjoints; no claim",
)
register("markowitz", later("solvers.graphs.orders", "markowitz"), "the cheapest vertex next; no claim")
register(
    "relative-markowitz",
    later("solvers.graphs.orders", "relative_markowitz"),
    "the cheapest beyond its cost at the end; no claim",
)
register(
    "minimum-fill",
    later("solvers.graphs.orders", "minimum_fill"),
    "the vertex with the fewest new positions next; no claim",
)
register(
    "lookahead",
    later("solvers.graphs.local"),
    "the best of these rules, improved by local search; heuristic with a bound",
)
register(
    "annealing",
    later("solvers.graphs.annealing"),
    "orders by annealing, bounds by cuts, until they meet; optimal among vertex orders where they do",
)
register(
    "vertex",
    later("solvers.graphs.vertex"),
    "the best order of up to about 30 vertices; optimal where it meets the bound",
)
register(
    "integer",
    later("solvers.graphs.integer"),
    "the order of an integer program; heuristic with a bound",
)
register("face", later("solvers.graphs.face"), "faces, best first; optimal")


def plan_graph(
    graph: Graph,
    *,
    solver: str = "auto",
    memory: int | None = None,
    time_limit: float | None = None,
    seed: int = 0,
    progress: Callable[[Progress], None] | None = None,
    start: GraphPlan | None = None,
    machines: int = 1,
) -> GraphPlan:
    """Find the order in which to eliminate a graph.

    Parameters
    ----------
    graph
        What to differentiate.
    solver
        A registered name; ``auto`` says by `GraphPlan.why` what it did.
    memory
        Entries that the tape of one edge may take, instead of the graph's own limit.
    time_limit
        Seconds after which a solver that searches returns its best plan; without, it runs to its proof.
    seed
        Of random choices.
    progress
        Called with every improvement of a solver that searches.
    start
        A plan of the same graph that a search begins with; what is returned does not cost more.
    machines
        Identical machines, each for one operation at a time: the operations of the order with the least fma
        are scheduled on them.

    Raises
    ------
    SolverError
        If the solver is unknown, or cannot take this graph, or the start is for another graph;
        `InfeasibleError` if the memory admits no plan.
    """
    if not isinstance(graph, Graph):
        raise SolverError(
            f"a {type(graph).__name__} is no graph; make one with Graph, or Graph.from_networkx"
        )
    from chainorder.elimination.moves import check_feasible

    chosen, search = find_solver(solver), Search(time_limit, seed, progress)
    graph = graph if memory is None else graph.within(memory)
    check_feasible(graph)
    check_machines(machines)
    if start is None:
        best = chosen.solve(graph, search)
    else:
        from chainorder.solvers.graphs.given import begin_with, better_of

        best = better_of(chosen.solve(graph, begin_with(start, graph, search)), start)
    return on_machines(best, machines)


def check_machines(machines: int) -> None:
    """Raise `SolverError` if that is no number of machines."""
    if type(machines) is not int or not 1 <= machines <= MAX_MACHINES:
        raise SolverError(f"machines is {machines!r}; it is a whole number from 1 to {MAX_MACHINES:,}")


def on_machines(best: GraphPlan, machines: int) -> GraphPlan:
    """A plan for one machine, scheduled on so many."""
    if machines == 1:
        return best
    from chainorder.plans.graph_schedules import scheduled

    return scheduled(best, machines)
