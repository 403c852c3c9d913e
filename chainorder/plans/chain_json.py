"""Plans as JSON: stable keys, exact integers, round trip."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainorder.costs.estimate import Estimate
from chainorder.costs.pricing import int_column, time_column
from chainorder.errors import PlanError
from chainorder.plans.chain_operations import Operations
from chainorder.plans.chain_plan import Plan
from chainorder.plans.saved import (
    SCHEMA_VERSION,
    STATED,
    attributes,
    get_value,
    parse,
    read_claims,
    read_problem,
    read_step,
)
from chainorder.problems.chain import Chain

if TYPE_CHECKING:
    pass


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan as plain data, keys as documented in the README."""
    return {
        "schema": SCHEMA_VERSION,
        "chain": chain_data(plan.chain),
        **attributes(plan, *STATED, "makespan", "machines", "transfer", "peak_memory"),
        "estimate": None if plan.estimate is None else asdict(plan.estimate),
        "bracketing": plan.bracketing,
        "operations": [
            {
                "action": str(operation.action),
                "mode": operation.mode,
                "j": operation.j,
                "k": operation.k,
                "i": operation.i,
                "fma": operation.fma,
                "machine": operation.machine,
                "start": operation.start,
            }
            for operation in plan.operations
        ],
    }


def chain_data(chain: Chain) -> dict[str, Any]:
    """The chain as plain data; its spec is what it can be made from again."""
    return {
        "name": chain.name,
        "length": len(chain),
        "inputs": chain.inputs,
        "outputs": chain.outputs,
        "spec": chain.to_spec(),
    }


def dumps(plan: Plan, *, indent: int | None = None) -> str:
    """The plan as JSON text."""
    return json.dumps(plan_data(plan), indent=indent, ensure_ascii=False)


def loads(text: str) -> Plan:
    """The plan of a JSON text; see `from_plan_data`."""
    return from_plan_data(parse(text, Plan), Path())


def from_plan_data(data: Any, folder: Path) -> Plan:
    """The plan of plain data; relative matrix paths are resolved against `folder`.

    The structure of the data is checked here, its claims by `Plan.validate`.

    Raises
    ------
    PlanError
        If it is not a plan, and says which key.
    SpecError
        If its chain is not a chain.
    """
    chain = read_problem(data, "chain", Chain, folder)
    plan = Plan(
        chain,
        **read_claims(data),
        operations=_operations(get_value(data, "operations", list), len(chain)),
        transfer=get_value({"transfer": 0} | data, "transfer", int),
        estimate=_estimate(data.get("estimate")),
    )
    for key in ("fma", "flops", "makespan", "machines", "bracketing"):
        if data.get(key) != getattr(plan, key):
            raise PlanError(
                f"{key} is {str(data.get(key))[:40]!r}; the operations say {str(getattr(plan, key))[:40]!r}"
            )
    return plan


def _estimate(data: Any) -> Estimate | None:
    if data is None:
        return None
    if not isinstance(data, dict):
        raise PlanError(f"not a plan: estimate is {str(data)[:40]!r}; it is an object, or null")
    kinds = {"samples": int, "seed": int, "error": float}
    return Estimate(**{key: get_value(data, key, kind, "estimate.") for key, kind in kinds.items()})


def _operations(items: list[Any], length: int) -> Operations:
    columns: dict[str, list[int]] = {key: [] for key in ("step", "j", "k", "i", "fma", "machine", "start")}
    for number, item in enumerate(items):
        here = f"operations[{number}]"
        columns["step"].append(read_step(item, here))
        for key in ("j", "i", "fma", "machine", "start"):
            columns[key].append(get_value(item, key, int, f"{here}."))
        columns["k"].append(0 if item.get("k") is None else get_value(item, "k", int, f"{here}."))
        _check_range(columns, length, here)
    small = {key: np.array(columns[key], np.int64) for key in ("j", "k", "i")}
    return Operations(
        **small,
        step=np.array(columns["step"], np.uint8),
        machine=np.array(columns["machine"], np.int32),
        fma=int_column(columns["fma"]),
        start=time_column(columns["start"]),
    )


def _check_range(columns: dict[str, list[int]], length: int, here: str) -> None:
    j, k, i, machine = (columns[key][-1] for key in ("j", "k", "i", "machine"))
    within = 1 <= i <= j <= length and 0 <= k <= length and 0 <= machine < 2**31
    if not within or min(columns["fma"][-1], columns["start"][-1]) < 0:
        raise PlanError(f"{here} is out of range for a chain of {length} elementals")
