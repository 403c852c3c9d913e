"""Orders of graphs by time: what solvers find whose costs are picoseconds."""

from __future__ import annotations

from chainorder.elimination.moves import feasible_arcs
from chainorder.plans import graph_times
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.graph import Graph
from chainorder.solvers.options import Options
from chainorder.solvers.registry import Solver


def plan_by_seconds(graph: Graph, solver: Solver, options: Options) -> GraphPlan:
    """The plan of a solver on one machine, priced by the profile: its search and its bounds are of seconds.

    The order of a solver that takes no options, and so no costs, gets its time and claims nothing.

    Raises
    ------
    SolverError
        If an edge has neither a matrix nor known times, or the solver cannot take this graph.
    ProfileError
        If the profile that is asked for is none.
    """
    feasible_arcs(graph, options.model)  # refuses what has no time, whoever solves
    found: GraphPlan = solver(graph.on(1), options)
    return found if found.times is not None else timed(found, options)


def timed(order: GraphPlan, options: Options) -> GraphPlan:
    """The same order, with its time; no claim."""
    return graph_times.timed(order, options.the_profile)
