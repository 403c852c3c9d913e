"""Run a plan, be it for a chain or for a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from chainorder.errors import ExecutionError
from chainorder.plans.chain_plan import Plan

if TYPE_CHECKING:
    from chainorder.execution.graph import GraphExecution
    from chainorder.plans.graph_plan import GraphPlan
from chainorder.execution.chain import execute_chain
from chainorder.execution.result import Execution


@overload
def execute(
    plan: GraphPlan, jacobians: Mapping[tuple[str, str], Any] | None = ..., **options: Any
) -> GraphExecution: ...


@overload
def execute(plan: Plan, jacobians: Sequence[Any] | None = ..., **options: Any) -> Execution: ...


def execute(plan: Plan | GraphPlan, jacobians: Any = None, **options: Any) -> Execution | GraphExecution:
    """Compute a Jacobian in the order of a plan: see `execute_chain` and `execute_graph`."""
    if isinstance(plan, Plan):
        return execute_chain(plan, jacobians, **options)
    from chainorder.execution.graph import execute_graph
    from chainorder.plans.graph_plan import GraphPlan

    if not isinstance(plan, GraphPlan):
        raise ExecutionError(f"a {type(plan).__name__} is no plan; make one with chainorder.plan")
    return execute_graph(plan, jacobians, **options)
