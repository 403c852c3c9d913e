"""Plans that were saved by version 0.1: they are read, hold, and are written as they were, with more keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chainorder import GraphPlan, Plan
from chainorder.plans.base import BasePlan
from chainorder.plans.files import read_saved

SAVED = Path(__file__).parent / "saved"


@pytest.mark.parametrize(("name", "kind"), [("chain", Plan), ("graph", GraphPlan)])
def test_a_plan_of_version_0_1_is_read_valid_and_written_as_it_was(name: str, kind: type[BasePlan]) -> None:
    text = (SAVED / f"{name}.json").read_text()
    plan = kind.from_json(text)
    plan.validate()
    before, now = json.loads(text), json.loads(plan.to_json())
    assert now | before == now
    assert set(now) - set(before) == {"unit", "seconds", "profile"}
    assert plan.kind == plan.problem.kind == name
    assert read_saved(SAVED / f"{name}.json") == [plan]
