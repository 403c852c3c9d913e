"""What the JSON of all plans shares, of chains and graphs: its schema, and readers that say what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from chainorder.costs.prediction import Prediction
from chainorder.costs.steps import Step
from chainorder.errors import PlanError, ProfileError, SpecError
from chainorder.problems.problem import Problem
from chainorder.reading.words import show

SCHEMA_VERSION = 1

STATED = ("solver", "why", "objective", "unit", "optimal", "lower_bound", "fma", "flops")
"""Attributes with which the JSON of every plan begins."""


def attributes(source: object, *names: str) -> dict[str, Any]:
    """The attributes of something, under their names."""
    return {name: getattr(source, name) for name in names}


def parse(text: str, made_by: str) -> Any:
    """The data of a JSON text; raises `PlanError`, and says what writes such texts."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanError(f"not a plan: {error}; save one with {made_by}") from None


SomeProblem = TypeVar("SomeProblem", bound=Problem)


def read_problem(data: Any, kind: type[SomeProblem], folder: Path) -> SomeProblem:
    """What a plan is for, made from its spec again; first of all, whether the data are a plan's."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA_VERSION:
        raise PlanError(f'not a plan: expected an object with "schema": {SCHEMA_VERSION}')
    key = kind.kind
    spec = get_value(get_value(data, key, dict), "spec", dict)
    try:
        return kind.from_spec(spec, folder)
    except SpecError as error:
        for each in (error, *error.others):
            each.key = f"{key}.spec.{each.key}".removesuffix(".")
        raise


def read_claims(data: dict[str, Any]) -> dict[str, Any]:
    """What every plan states of itself beside its operations."""
    bound = None if data.get("lower_bound") is None else get_value(data, "lower_bound", int)
    kinds = {"solver": str, "optimal": bool, "peak_memory": int, "objective": str, "why": str}
    return {"lower_bound": bound} | {key: get_value(data, key, kind) for key, kind in kinds.items()}


def read_prediction(data: dict[str, Any], count: int) -> Prediction | None:
    """What a plan of so many operations states of the time that it takes, and by which profile."""
    stated = data.get("predicted")
    if stated is None:
        return None
    from chainorder.costs.profile import profiles_of  # few plans carry one

    if not isinstance(stated, dict):
        raise PlanError(f"not a plan: predicted is {str(stated)[:40]!r}; it is an object, or null")
    try:
        profile, *_ = profiles_of(stated.get("profile"), "predicted.profile").values()
    except ProfileError as error:
        raise PlanError(f"not a plan: {error}") from None
    times = get_value(stated, "times", list, "predicted.")
    if len(times) != count or not all(type(each) is int and each >= 0 for each in times):
        raise PlanError(f"not a plan: predicted.times are no {count:,} times of at least 0")
    found = Prediction(tuple(times), profile)
    if stated.get("picoseconds") != found.picoseconds:
        right = f"its times say {found.picoseconds}"
        raise PlanError(f"predicted.picoseconds is {show(stated.get('picoseconds'))}; {right}")
    return found


def read_step(item: Any, here: str) -> Step:
    """Action and mode of an operation; first of all, whether it is one."""
    if not isinstance(item, dict):
        raise PlanError(f"not a plan: {here} is {str(item)[:40]!r}; an operation is an object")
    try:
        return Step.of(str(item.get("action")), item.get("mode"))
    except (KeyError, TypeError):
        raise PlanError(f"{here} has no known action and mode") from None


def get_value(data: dict[str, Any], key: str, kind: type, where: str = "") -> Any:
    """The value of a key of a plan; raises `PlanError` if it is of another type."""
    value = data.get(key)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        shown = str(value)[:40]
        raise PlanError(f"not a plan: {where}{key} is {shown!r}; it should be of type {kind.__name__}")
    return value
