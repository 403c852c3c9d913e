"""What the command line shows of schedules: tables, charts, pictures, scaling, errors."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chainorder import Chain, Plan, scale
from chainorder.cli import cli
from chainorder.plans.files import read_saved

SIMULATOR = str(Path(__file__).parent.parent / "data" / "simulator.yaml")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_a_plan_for_several_machines_shows_its_schedule() -> None:
    text = run("plan", SIMULATOR, "--machines", "2").output
    assert "makespan 1,370,800 on 2 machines, 98% busy" in text
    assert "(optimal)" in text
    lanes = [line for line in text.splitlines() if line.startswith("machine ")]
    assert len(lanes) == 2
    assert len({len(line) for line in lanes}) == 1
    assert all("reduction" in lane or "mesh·geometry" in lane for lane in lanes)


def test_one_machine_shows_no_schedule() -> None:
    assert "machine" not in run("plan", SIMULATOR).output
    assert "machine" not in run("plan", SIMULATOR, "--format", "svg").output


def test_a_picture_has_a_bar_for_every_operation(tmp_path: Path) -> None:
    picture, saved = tmp_path / "plan.svg", tmp_path / "plan.json"
    assert run("plan", SIMULATOR, "--machines", "3", "-o", str(picture)).exit_code == 0
    assert run("plan", SIMULATOR, "--machines", "3", "-o", str(saved)).exit_code == 0
    plans = read_saved(saved)
    assert plans is not None
    tips = [each.text or "" for each in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}title")]
    for operation in plans[0].operations:  # in the tree, and in the chart
        assert sum(tip.startswith(f"{plans[0].called(operation)}: {operation.action}") for tip in tips) == 1
        assert (
            sum(f"= {plans[0].names.formula(operation)}: {operation.fma:,} fma" in tip for tip in tips) == 1
        )
    plans[0].validate()


def test_comparisons_on_several_machines_go_by_the_makespan() -> None:
    data = json.loads(run("compare", SIMULATOR, "--machines", "2", "--format", "json").output)
    best = data["plans"][-1]
    assert best["objective"] == "makespan"
    for each in data["plans"]:
        Plan.from_json(json.dumps(each)).validate()
        assert each["machines"] == 2
        assert each["ratio"] == each["makespan"] / best["makespan"]


def test_scaling_shows_speed_up_and_efficiency() -> None:
    data = json.loads(run("compare", SIMULATOR, "--machines", "1,2,4", "--format", "json").output)["scaling"]
    assert [each["machines"] for each in data] == [1, 2, 4]
    for each in data:
        assert each["speedup"] == data[0]["makespan"] / each["makespan"]
        assert each["efficiency"] == each["speedup"] / each["machines"]
        assert each["gap"] == 0
    assert "speed-up" in run("compare", SIMULATOR, "--machines", "1,2").output


def test_a_chain_that_costs_nothing_has_speed_up_one() -> None:
    scaling = scale(Chain.from_dims([3, 4]), [1, 2])
    assert [scaling.speedup(plan) for plan in scaling.plans] == [1.0, 1.0]


def test_the_own_order_is_scheduled() -> None:
    order = "F6 (F5 (F4 (F3 (F2 F1))))"
    data = json.loads(run("plan", SIMULATOR, "--machines", "2", "--order", order, "--format", "json").output)
    assert (data["machines"], data["objective"], data["bracketing"]) == (2, "makespan", order)
    Plan.from_json(json.dumps(data)).validate()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--machines", "0"), "0"),
        (("--machines", "2000000"), "2000000"),
        (("--machines", "2", "--time-limit", "0"), "time_limit is 0.0"),
        (("--machines", "2", "--transfer", "-1"), "-1"),
        (("--machines", "2", "--solver", "hu-shing"), "hu-shing"),
        (("--machines", "2", "--memory", "0", "--objective", "speed"), "speed"),
    ],
)
def test_wrong_calls(arguments: tuple[str, ...], words: str) -> None:
    result = run("plan", SIMULATOR, *arguments)
    assert result.exit_code != 0
    assert words in result.output + str(result.exception)
