"""An order that somebody else has thought of: of a chain its bracketing, of a graph its inner vertices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainorder.plans.scheduling import scheduled
from chainorder.problems.chain import Chain
from chainorder.problems.graph import Graph
from chainorder.problems.problem import Problem
from chainorder.system.later import later

if TYPE_CHECKING:
    from chainorder.plans.chain_plan import Plan
    from chainorder.plans.graph_plan import GraphPlan

_GIVEN = {
    Chain.kind: later("solvers.chains.given", "plan_in_order"),
    Graph.kind: later("solvers.graphs.given", "eliminate_in_order"),
}


def plan_given(
    problem: Problem, order: str, *, objective: str | None = None, transfer: int = 0
) -> Plan | GraphPlan:
    """The plan of an order that is written down, on the problem's machines.

    Parameters
    ----------
    problem
        What to multiply.
    order
        Of a chain ``(F3 F2) F1``, of a graph the names of its inner vertices.
    objective, transfer
        As of `plan`: how it is scheduled on several machines.

    Raises
    ------
    PlanError
        If the text is no order of the problem; `InfeasibleError` if the memory admits no plan.
    """
    made = _GIVEN[problem.kind](problem.on(1), order)
    if problem.machines == 1:
        return made  # type: ignore[no-any-return]
    return scheduled(made, problem.machines, "makespan" if objective is None else objective, transfer)
