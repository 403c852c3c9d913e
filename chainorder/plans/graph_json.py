"""Plans of graphs as JSON: what is read of it, checked one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chainorder.errors import PlanError
from chainorder.plans.graph_operations import GraphOperation, GraphOperations
from chainorder.plans.saved import get_value, read_claims, read_prediction, read_problem, read_step
from chainorder.problems.elementals import MAX_MACHINES
from chainorder.problems.graph import Graph


def read(data: Any, folder: Path) -> dict[str, Any]:
    """The attributes of a plan that plain data state; see `BasePlan.from_data`."""
    graph = read_problem(data, Graph, folder)
    items = get_value(data, "operations", list)
    operations = GraphOperations.of(_operation(item, place) for place, item in enumerate(items))
    model = get_value(data, "model", str)
    if model not in ("face", "vertex"):
        raise PlanError(f"not a plan: model is {model[:40]!r}; it is face or vertex")
    claims = read_claims(data)
    machines = get_value(data, "machines", int)
    if not 1 <= machines <= MAX_MACHINES:
        raise PlanError(f"machines is {machines}; it is a number from 1 to {MAX_MACHINES:,}")
    wanted = "fma" if machines == 1 else "makespan"
    if claims["objective"] not in (wanted, "seconds"):
        raise PlanError(
            f"objective is {claims['objective'][:40]!r}; that of this plan is {wanted}, or seconds"
        )
    bound = None if data.get("vertex_bound") is None else get_value(data, "vertex_bound", int)
    predicted = read_prediction(data, len(operations))
    stated = {"model": model, "operations": operations, "vertex_bound": bound, **claims}
    return {"graph": graph.on(machines), **stated, "predicted": predicted}


def _operation(item: Any, place: int) -> GraphOperation:
    here = f"operations[{place}]"
    step = read_step(item, here)
    lists = {key: get_value(item, key, list, f"{here}.") for key in ("vertices", "arcs")}
    if not all(isinstance(name, str) for name in lists["vertices"]):
        raise PlanError(f"{here}.vertices are names")
    if not all(type(number) is int for number in lists["arcs"]):
        raise PlanError(f"{here}.arcs are numbers")
    numbers = {key: get_value(item, key, int, f"{here}.") for key in ("fma", "adds", "machine", "start")}
    if min(numbers.values()) < 0:
        raise PlanError(f"{here} has a negative number")
    return GraphOperation(step.action, step.mode, tuple(lists["vertices"]), tuple(lists["arcs"]), **numbers)
