"""Plans of graphs as JSON: stable keys, exact integers, round trip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chainorder.errors import PlanError
from chainorder.plans.graph_operations import GraphOperation
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.saved import (
    SCHEMA_VERSION,
    STATED,
    attributes,
    parse,
    read_claims,
    read_problem,
    read_step,
)
from chainorder.plans.saved import get_value as get
from chainorder.problems.elementals import MAX_MACHINES
from chainorder.problems.graph import Graph


def plan_data(plan: GraphPlan) -> dict[str, Any]:
    """The plan as plain data."""
    return {
        "schema": SCHEMA_VERSION,
        "graph": graph_data(plan.graph),
        **attributes(plan, "model", *STATED, "adds", "makespan", "machines", "peak_memory", "order"),
        **attributes(plan, "vertex_bound", "claim"),
        "operations": [
            {
                "action": str(operation.action),
                "mode": operation.mode,
                "vertices": list(operation.vertices),
                "arcs": list(operation.arcs),
                "fma": operation.fma,
                "adds": operation.adds,
                "machine": operation.machine,
                "start": operation.start,
            }
            for operation in plan.operations
        ],
    }


def graph_data(graph: Graph) -> dict[str, Any]:
    """The graph as plain data; its spec is what it can be made from again."""
    return {
        "name": graph.name,
        "vertices": len(graph.vertices),
        "edges": len(graph.edges),
        "inputs": graph.columns,
        "outputs": graph.rows,
        "spec": graph.to_spec(),
    }


def dumps(plan: GraphPlan, *, indent: int | None = None) -> str:
    """The plan as JSON text."""
    return json.dumps(plan_data(plan), indent=indent, ensure_ascii=False)


def loads(text: str) -> GraphPlan:
    """The plan of a JSON text; see `from_plan_data`."""
    return from_plan_data(parse(text, GraphPlan), Path())


def from_plan_data(data: Any, folder: Path) -> GraphPlan:
    """The plan of plain data; relative matrix paths are resolved against `folder`.

    The structure of the data is checked here, its claims by `GraphPlan.validate`.

    Raises
    ------
    PlanError
        If it is not a plan, and says which key.
    SpecError
        If its graph is not a graph.
    """
    graph = read_problem(data, "graph", Graph, folder)
    operations = tuple(_operation(item, place) for place, item in enumerate(get(data, "operations", list)))
    model = get(data, "model", str)
    if model not in ("face", "vertex"):
        raise PlanError(f"not a plan: model is {model[:40]!r}; it is face or vertex")
    bound = None if data.get("vertex_bound") is None else get(data, "vertex_bound", int)
    machines = get(data, "machines", int)
    if not 1 <= machines <= MAX_MACHINES:
        raise PlanError(f"machines is {machines}; it is a number from 1 to {MAX_MACHINES:,}")
    plan = GraphPlan(
        graph,
        model=model,
        operations=operations,
        vertex_bound=bound,
        machines=machines,
        **read_claims(data),
    )
    wanted = "fma" if machines == 1 else "makespan"
    if plan.objective != wanted:
        raise PlanError(f"objective is {plan.objective[:40]!r}; that of this plan is {wanted}")
    for key in ("fma", "flops", "adds", "makespan", "order"):
        if data.get(key) != getattr(plan, key):
            raise PlanError(f"{key} is {str(data.get(key))[:40]!r}; the operations say {getattr(plan, key)}")
    return plan


def _operation(item: Any, place: int) -> GraphOperation:
    here = f"operations[{place}]"
    step = read_step(item, here)
    lists = {key: get(item, key, list, f"{here}.") for key in ("vertices", "arcs")}
    if not all(isinstance(name, str) for name in lists["vertices"]):
        raise PlanError(f"{here}.vertices are names")
    if not all(type(number) is int for number in lists["arcs"]):
        raise PlanError(f"{here}.arcs are numbers")
    numbers = {key: get(item, key, int, f"{here}.") for key in ("fma", "adds", "machine", "start")}
    if min(numbers.values()) < 0:
        raise PlanError(f"{here} has a negative number")
    return GraphOperation(step.action, step.mode, tuple(lists["vertices"]), tuple(lists["arcs"]), **numbers)
