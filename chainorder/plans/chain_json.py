"""Plans of chains as JSON: what is read of it, checked one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from chainorder.costs.estimate import Estimate
from chainorder.costs.pricing import int_column, time_column
from chainorder.errors import PlanError
from chainorder.plans.chain_operations import Operations
from chainorder.plans.saved import get_value, read_claims, read_prediction, read_problem, read_step
from chainorder.problems.chain import Chain


def read(data: Any, folder: Path) -> dict[str, Any]:
    """The attributes of a plan that plain data state; see `BasePlan.from_data`."""
    chain = read_problem(data, Chain, folder)
    return {
        "chain": chain,
        **read_claims(data),
        "operations": _operations(get_value(data, "operations", list), len(chain)),
        "transfer": get_value({"transfer": 0} | data, "transfer", int),
        "estimate": _estimate(data.get("estimate")),
        "predicted": read_prediction(data, len(data["operations"])),
    }


def _estimate(data: Any) -> Estimate | None:
    if data is None:
        return None
    if not isinstance(data, dict):
        raise PlanError(f"not a plan: estimate is {str(data)[:40]!r}; it is an object, or null")
    kinds = {"samples": int, "seed": int, "error": float}
    return Estimate(**{key: get_value(data, key, kind, "estimate.") for key, kind in kinds.items()})


def _operations(items: list[Any], length: int) -> Operations:
    columns: dict[str, list[int]] = {key: [] for key in ("step", "j", "k", "i", "fma", "machine", "start")}
    for place, item in enumerate(items):
        here = f"operations[{place}]"
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
