"""Comparisons: baselines that cannot be are listed, ratios have a unit, what was measured is said."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click import ClickException

import chainorder
from chainorder import (
    Chain,
    ChainorderError,
    Elemental,
    Graph,
    InfeasibleError,
    Plan,
    StructureError,
    compare,
    execute,
    plan,
)
from chainorder.cli import cli
from chainorder.comparison.chains import Comparison
from chainorder.execution.checks import CENTRAL_TOLERANCE
from chainorder.report import chains as builders
from chainorder.report import graphs, markdown, table
from chainorder.report.model import Report
from chainorder.solvers.registry import all_solvers
from tests.test_cli import DATA

PACKAGE = Path(chainorder.__file__).parent


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints, in this process; raises what the command line shows as an error."""
    with suppress(SystemExit):  # `run` says so whether it passed
        cli.main(list(arguments), prog_name="chainorder", standalone_mode=False)
    return capsys.readouterr().out


TANGENT = Elemental(4, 8, tangent=24)


@pytest.mark.parametrize("solver", ["auto", "estimated", "dynamic"])
@pytest.mark.parametrize(
    ("elementals", "memory", "missing"),
    [
        ([TANGENT, Elemental(8, 3)], None, {"reverse": "elemental 1 has no adjoint within the memory"}),
        ([Elemental(4, 8, adjoint=5), Elemental(8, 3)], None, {"forward": "elemental 1 has no tangent"}),
        (
            [TANGENT, Elemental(8, 3, adjoint=5)],
            None,
            {
                "forward": "elemental 2 has no tangent",
                "reverse": "elemental 1 has no adjoint within the memory",
            },
        ),
        (
            [Elemental(4, 8, tangent=24, adjoint=2, tape=9), Elemental(8, 3)],
            0,
            {"reverse": "elemental 1 has no adjoint within the memory"},
        ),
    ],
)
def test_baselines_that_cannot_be_are_listed_with_the_reason(
    solver: str, elementals: list[Elemental], memory: int | None, missing: dict[str, str]
) -> None:
    for machines in (1, 2):
        comparison = compare(Chain(elementals, memory=memory), solver=solver, machines=machines)
        assert {each.solver: each.why for each in comparison.infeasible} == missing
        assert {"forward", "reverse", "preaccumulation"} == {
            *missing,
            *(label for label in comparison.labels if label != "best"),
        }
        assert comparison.best.estimate is None or solver == "estimated"
        for each in comparison.plans:
            each.validate()


def test_all_baselines_beside_an_estimate_are_estimated_and_scheduled() -> None:
    chain = Chain([Elemental(4, 8, tangent=24, adjoint=3), Elemental(8, 3, tangent=5, adjoint=9)])
    exact = compare(chain, machines=2)
    guessed = compare(chain, machines=2, solver="estimated")
    assert [each.estimate is not None for each in guessed.plans] == [True] * 4
    for right, made in zip(exact.plans, guessed.plans, strict=True):
        assert (made.objective, made.machines) == ("makespan", 2)
        assert made.makespan >= right.lower_bound if right.lower_bound is not None else True
    assert [each.fma for each in guessed.plans[:3]] == [each.fma for each in exact.plans[:3]]


def test_baselines_of_chains_that_are_too_long_are_listed() -> None:
    """Preaccumulation takes 4,000 elementals."""
    long = Chain([Elemental(2, 2, tangent=1)] * 4001)
    assert {each.solver for each in compare(long).infeasible} == {"reverse", "preaccumulation"}


@pytest.mark.parametrize("error", [StructureError("too many positions"), MemoryError()])
def test_whatever_keeps_a_baseline_from_being_does_not_end_the_comparison(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline = Comparison.baseline

    def failing(name: str, best: Plan, **options: Any) -> Plan:
        if name == "forward":
            raise error
        return baseline(name, best, **options)

    monkeypatch.setattr(Comparison, "baseline", failing)
    comparison = compare(Chain.from_dims([2, 3, 4]))
    assert comparison.labels == ("reverse", "best")
    assert [each.solver for each in comparison.infeasible] == ["forward"]
    assert comparison.infeasible[0].why


def test_a_plan_by_estimates_that_uses_a_missing_model_is_refused() -> None:
    good = plan(Chain([TANGENT, Elemental(8, 3)]), solver="estimated")
    lacking = Chain([Elemental(4, 8, adjoint=24, tape=1), Elemental(8, 3)])
    with pytest.raises(ChainorderError, match="elemental 1 has no such model"):
        replace(good, chain=lacking).validate()


ODD = {
    "one": "[{inputs: 4, outputs: 3}]",
    "one tangent": "[{inputs: 4, outputs: 3, tangent: 5}]",
    "one adjoint": "[{inputs: 4, outputs: 3, adjoint: 5, tape: 9}]",
    "identities": "[{inputs: 4, structure: identity, repeat: 3}]",
    "permutation": "[{inputs: 4, select: [3, 2, 1, 0]}, {select: [1]}]",
    "mixed": "[{inputs: 4, outputs: 8, adjoint: 2, tape: 5}, {outputs: 3}, {outputs: 5, tangent: 3}]",
    "no memory": "[{inputs: 4, outputs: 8, adjoint: 2}, {outputs: 3, tangent: 4}]\nmemory: 0",
    "infeasible": "[{inputs: 4, outputs: 8, adjoint: 2, tape: 1}, {outputs: 3}]\nmemory: 0",
    "machines": "[{inputs: 4, outputs: 8, adjoint: 2, tape: 1}, {outputs: 3}]\nmachines: 9",
    "sparse": "[{inputs: 3, outputs: 2, structure: sparse, tangent: 3, "
    "pattern: {indptr: [0, 1, 1], indices: [2]}}, {outputs: 3}, {select: [0]}]",
    "free models": "[{inputs: 3, outputs: 3, tangent: 0, adjoint: 0}, {outputs: 2, tangent: 0}]",
    "solve": "[{inputs: 3, structure: solve, factors: 7}, {outputs: 2}]",
    "huge": f"[{{inputs: {10**20}, outputs: 2, tangent: 3}}, {{outputs: {10**18}}}]",
}
FLAGS = [
    ["--estimate"],
    ["--exact-fill"],
    ["--memory", "0"],
    ["--memory-sweep"],
    ["--machines", "1,2"],
    ["--machines", "50"],
    ["--hessian"],
    ["--objective", "makespan"],
]


@pytest.mark.parametrize("name", ODD)
def test_odd_chains_are_compared_or_refused_in_a_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "odd.yaml"
    spec.write_text(f"elementals: {ODD[name]}\n")
    pairs = [[*a, *b] for a, b in combinations(FLAGS, 2)]
    for flags in [[], *FLAGS, *pairs, *(["--solver", solver.name] for solver in all_solvers())]:
        try:
            text = called(capsys, "compare", str(spec), *flags, "--format", "json", "--time-limit", "1")
        except (ChainorderError, ClickException) as error:
            assert "\n" not in str(error)
            continue
        for each in json.loads(text).get("infeasible", ()):
            assert each["why"]


def test_ratios_name_their_unit(capsys: pytest.CaptureFixture[str]) -> None:
    dims = "1000,1,1000,1,1000"
    assert "fma ÷ best" in called(capsys, "compare", dims)
    assert "| fma ÷ best |" in called(capsys, "compare", dims, "--format", "markdown")
    assert "fma ÷ best" in called(capsys, "compare", dims, "--format", "csv").split("\n")[0].split(",")
    assert "makespan ÷ best" in called(capsys, "compare", dims, "--machines", "2")
    assert "fma ÷ best" in called(capsys, "compare", str(DATA / "residual-block.yaml"))
    assert "fma ÷ forward pass" in called(capsys, "compare", str(DATA / "mnist-training.yaml"))
    assert "fma ÷ best found" in called(capsys, "compare", "--hessian", str(DATA / "hessian.yaml"))
    for chain in ("40,30,20", str(DATA / "residual-block.yaml")):
        assert "seconds ÷ best" in called(capsys, "run", "--compare", chain)


def timed(report: Callable[..., Report], problem: Any, seconds: Sequence[float]) -> Report:
    """A report of runs that are said to have taken so long: forward, reverse, best."""
    plans = [*(plan(problem, solver=name) for name in ("forward", "reverse")), plan(problem)]
    runs = [replace(execute(each), seconds=time) for each, time in zip(plans, seconds, strict=True)]
    return report(list(zip(("forward", "reverse", "best"), runs, strict=True)))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are written in colour."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")


GREEN = re.compile(r"\x1b\[1;32m *best")


@pytest.mark.parametrize(
    ("report", "problem"),
    [
        (builders.execution_report, Chain.from_dims([9, 1, 8, 1, 5])),
        (graphs.graph_execution_report, Graph.from_chain(Chain.from_dims([9, 1, 8, 1, 5]))),
    ],
)
@pytest.mark.usefixtures("terminal")
def test_what_was_measured_otherwise_is_said(report: Callable[..., Report], problem: Any) -> None:
    """By fma, the best order is followed by reverse and then forward."""
    planned = timed(report, problem, [3.0, 2.0, 1.0])
    assert not [note for note in planned.notes if "differs" in note]
    assert GREEN.search(table.render([planned]))
    slower = timed(report, problem, [1.0, 4.0, 2.0])
    (said,) = [note for note in slower.notes if "differs" in note]
    assert said == (
        "the measured order differs from the planned one: by seconds forward < best < reverse, "
        "by fma best < reverse < forward"
    )
    assert not GREEN.search(table.render([slower]))
    assert f"- {said}" in markdown.render([slower])
    data = slower.data()
    assert data["measured_order"] == ["forward", "best", "reverse"]
    assert data["planned_order"] == ["best", "reverse", "forward"]
    swapped = timed(
        report, problem, [2.0, 3.0, 1.0]
    )  # the best is the best, but the others are not as planned
    assert [note for note in swapped.notes if "differs" in note]
    assert GREEN.search(table.render([swapped]))


@pytest.mark.usefixtures("terminal")
def test_an_order_that_is_asked_for_and_costs_more_is_not_green() -> None:
    chain = Chain.from_dims([1000, 100, 10, 1])
    for solver, green in (("forward", False), ("auto", True)):
        shown = table.render([builders.comparison_report(compare(chain, solver=solver))])
        assert bool(GREEN.search(shown)) == green


NETWORK = "layers: [3, 4, 2]\nactivation: tanh\nloss: squared_error\n"


@pytest.mark.parametrize("more", ["", "parameters: true\n", "parameters: true\n--hessian"])
def test_a_tolerance_of_zero_is_zero(more: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys, *flags = more.split("--")
    spec = tmp_path / "network.yaml"
    spec.write_text(NETWORK + keys)
    hessian = ["--hessian"] if flags else []
    with pytest.raises(SystemExit) as ended:
        cli.main(
            ["run", str(spec), "--tolerance", "0", "--format", "json", *hessian],
            prog_name="chainorder",
            standalone_mode=False,
        )
    data = json.loads(capsys.readouterr().out)
    checks = data["checks"] if hessian else data["runs"][0]["checks"]
    assert {check["tolerance"] for check in checks} == {0.0}
    assert ended.value.code == (0 if all(check["error"] == 0 for check in checks) else 1)


def test_tolerances_that_are_not_stated_suit_the_check() -> None:
    best = plan(Chain.from_dims([3, 3]))

    def real(x: np.ndarray) -> np.ndarray:
        return np.asarray(x, float) * [1.0, 2.0, 3.0]

    for stated, expected in ((None, CENTRAL_TOLERANCE), (0, 0), (1e-3, 1e-3)):
        checks = execute(
            best, [np.diag([1.0, 2, 3])], tolerance=stated, function=real, point=np.ones(3)
        ).checks
        assert [check.tolerance for check in checks if "central" in check.name] == [expected]


def test_no_number_falls_back_by_or() -> None:
    """``x or DEFAULT`` takes 0 for nothing."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
                last = node.values[-1]
                number = isinstance(last, ast.Constant) and isinstance(last.value, (int, float))
                constant = isinstance(last, ast.Name) and last.id.isupper()
                assert not number and not constant, f"{file}: {ast.unparse(node)}"


def test_many_chains_keep_a_memory_of_zero() -> None:
    chain = Chain([Elemental(9, 9, tangent=90, adjoint=10, tape=5)] * 3)
    alone = plan(chain, memory=0)
    assert alone.fma > plan(chain).fma
    assert [each.fma for each in chainorder.plan_many([chain, chain], memory=0)] == [alone.fma] * 2
    with pytest.raises(InfeasibleError):
        chainorder.plan_many([Chain([Elemental(9, 9, adjoint=1, tape=1)])] * 2, memory=0)
