"""Which solver for which graph."""

from __future__ import annotations

from chainorder.costs.steps import Step
from chainorder.elimination.moves import Move, feasible_arcs
from chainorder.elimination.path_bounds import MAX_EDGES
from chainorder.plans.chain_plan import Plan
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.chain import Chain
from chainorder.problems.graph import Graph
from chainorder.solvers.chains import auto
from chainorder.solvers.chains.seconds import plan_by_seconds
from chainorder.solvers.graphs.annealing import plan_by_annealing
from chainorder.solvers.graphs.face import solve_faces
from chainorder.solvers.options import Options
from chainorder.solvers.registry import find_solver

WORK = 400_000
"""States of face elimination, times paths and edges, that `auto` looks at by itself: a few seconds."""

FEW_EDGES, MUCH_WORK = 12, 20_000_000
"""Edges up to which a proof is within reach, and the same for such graphs: up to a minute."""


def solve(graph: Graph, options: Options) -> GraphPlan:
    """A chain as a chain; else rules, local search and vertices until the bound is met, then faces."""
    if graph.is_chain:
        return _chain(graph, options)
    if len(graph.edges) > MAX_EDGES:
        return plan_by_annealing(graph, options, "auto")
    work = MUCH_WORK if len(graph.edges) <= FEW_EDGES else WORK
    return solve_faces(graph, options, "auto", None if options.time_limit is not None else work)


def _plan_chain(chain: Chain, options: Options) -> Plan:
    """The best order of a chain by the same objective."""
    if options.objective != "seconds":
        return auto.solve(chain, options)
    return plan_by_seconds(chain, find_solver("auto"), options)


def _chain(graph: Graph, options: Options) -> GraphPlan:
    """The chain's optimum, as faces."""
    arcs = feasible_arcs(graph, options.model)
    order = {arcs[edge].source: edge for edge in range(len(graph.edges))}
    at = next(iter(set(order) - {arcs[edge].target for edge in range(len(graph.edges))}))
    edges = []
    while at in order:
        edges.append(order[at])
        at = arcs[order[at]].target
    best = _plan_chain(graph.chain(), options)
    made = {(number, number): edge for number, edge in enumerate(edges, 1)}
    moves = []
    for operation in best.operations:
        j, k, i = operation.j, operation.k, operation.i
        step = Step.of(str(operation.action), operation.mode)
        if k is None:
            moves.append(Move(step, made[i, i]))
            continue
        if step is Step.TANGENT:
            a, b = made[j - 1, i], made[j, j]
        elif step is Step.ADJOINT:
            a, b = made[i, i], made[j, i + 1]
        else:
            a, b = made[k, i], made[j, k + 1]
        moves.append(Move(step, a, b))
        made[j, i] = arcs.product(a, b)
    options.report(best.cost, 0 if best.lower_bound is None else best.lower_bound)
    why = f"the graph is a chain: {best.why}"
    return GraphPlan.of(graph, moves, solver="auto", lower_bound=best.lower_bound, why=why, arcs=arcs)
