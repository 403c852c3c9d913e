"""What the operations of a graph's plan take, by a profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from chainorder.costs.prediction import Prediction
from chainorder.costs.profile import Profile
from chainorder.costs.seconds import Seconds
from chainorder.elimination.moves import feasible_arcs
from chainorder.elimination.replay import Replay
from chainorder.errors import SolverError
from chainorder.plans.graph_operations import GraphOperation
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.graph_validation import find_move
from chainorder.problems.graph import Graph


def predict(graph: Graph, operations: Sequence[GraphOperation], profile: Profile) -> Prediction:
    """The prediction of operations in an executable order, each with the sums that follow from it.

    Raises
    ------
    SolverError
        If one evaluates a model whose time nobody states; names the edge.
    """
    replay = Replay(graph, feasible_arcs(graph, Seconds(profile)))
    times: list[int] = []
    for number, operation in enumerate(operations, 1):
        move = find_move(replay, operation, f"operation {number}")
        cost = replay.costs.of(move)
        if cost is None:
            raise SolverError(f"seconds need the time of the models of {' → '.join(operation.vertices)}")
        _, sums = replay.run(move)
        times.append(cost + sum(each.cost for each in sums))
    return Prediction(tuple(times), profile)


def predicted(plan: GraphPlan, profile: Profile) -> Prediction:
    """What the operations of a plan take; raises `SolverError` as `predict`."""
    return predict(plan.graph, plan.operations, profile)


def timed(order: GraphPlan, profile: Profile) -> GraphPlan:
    """The same order for one machine, with its time; no claim."""
    predicted = predict(order.graph, order.operations, profile)
    *starts, _ = accumulate(predicted.times, initial=0)
    return replace(
        order,
        objective="seconds",
        operations=replace(order.operations, start=tuple(starts)),
        predicted=predicted,
        optimal=False,
        lower_bound=None,
        vertex_bound=None,
    )
