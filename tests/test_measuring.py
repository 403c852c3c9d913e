"""Times of tangents and adjoints: measured, kept, and planned by exactly, whatever they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import chainorder as co
from chainorder.cli import cli
from chainorder.errors import ChainError, ExecutionError, SolverError, SpecError
from chainorder.execution import measuring
from tests.chains import random_chains

DIMS = [6, 9, 4, 7]


def matrices() -> list[Any]:
    generator = np.random.default_rng(3)
    pairs = pairwise(DIMS)
    return [generator.standard_normal((outputs, inputs)) for inputs, outputs in pairs]


def operators() -> list[Any]:
    """One of every kind: an operator, a pair of functions, one without adjoints."""
    first, second, third = matrices()
    one_way = LinearOperator(third.shape, matvec=lambda v: third @ v)
    return [aslinearoperator(first), (lambda v: second @ v, lambda u: u @ second), one_way]


def drawn_times(chain: co.Chain, generator: np.random.Generator) -> co.Chain:
    """A chain whose models have times that mean nothing."""

    def timed(own: co.Elemental) -> co.Elemental:
        stated = [mode for mode in ("tangent", "adjoint") if getattr(own, mode) is not None]
        drawn: dict[str, Any] = {
            f"{mode}_time": co.EvaluationTime(*(10 ** generator.integers(0, 9, 2)).tolist())
            for mode in stated
        }
        return replace(own, **drawn)

    return chain.made_of(map(timed, chain.elementals))


@pytest.mark.parametrize("mix", ["dense", "symbolic", "all"])
def test_plans_by_drawn_times_are_exact(mix: str) -> None:
    generator = np.random.default_rng(14)
    for stated in random_chains(mix, 12, seed=2, longest=6, matrix_free=0.6):
        chain = drawn_times(stated, generator)
        try:
            best = co.plan(chain, solver="exhaustive", objective="seconds")
        except co.InfeasibleError:
            continue
        found = co.plan(chain, objective="seconds")
        assert found.cost == best.cost and found.optimal
        found.validate()
        assert co.Plan.from_json(found.to_json()) == found


def test_what_operators_take_is_measured_and_kept() -> None:
    given = operators()
    with pytest.raises(ExecutionError, match="2 Jacobians are given for 3 elementals"):
        co.measure(co.Chain.from_dims(DIMS), given[:2])
    chain = co.measure(co.Chain.from_dims(DIMS), given)
    for own, matrix in zip(chain.elementals, matrices(), strict=True):
        assert not own.explicit and own.tangent == matrix.size
        assert own.tangent_time is not None and own.tangent_time.of(10) > 0
    assert chain.elementals[0].adjoint_time is not None
    assert chain.elementals[2].adjoint is None  # SciPy has no function for it
    assert co.Chain.from_spec(chain.to_spec()) == chain
    graph = co.Graph.from_chain(chain)
    assert co.Graph.from_spec(graph.to_spec()) == graph
    done = co.execute(co.plan(chain, objective="seconds"), given)
    first, second, third = matrices()
    np.testing.assert_allclose(done.jacobian, third @ second @ first)


def test_matrices_without_models_stay_matrices() -> None:
    plain = co.Chain.from_dims(DIMS)
    assert co.measure(plain, matrices()) == plain
    solve = co.Chain([co.Elemental(6, 6, co.Solve(np.eye(6)))])
    assert co.measure(solve, [np.eye(6)]) == solve


def waiting(matrix: Any, seconds: float) -> Any:
    """A model that takes so long for each direction."""

    def after(product: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def evaluate(vector: Any) -> Any:
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                pass
            return product(vector)

        return evaluate

    return after(lambda v: matrix @ v), after(lambda u: u @ matrix)


def test_slow_models_are_avoided() -> None:
    """By fma as of dense matrices, the sweep through the slow model would be the best."""
    narrow = [np.ones((8, 2)), np.ones((8, 8)), np.ones((1, 8))]
    given = [narrow[0], waiting(narrow[1], 3e-4), narrow[2]]
    chain = co.measure(co.Chain.from_dims([2, 8, 8, 1]), given, time_limit=0.5)
    slow = chain.elementals[1].tangent_time
    assert slow is not None and slow.direction > 2.9e8
    order = co.plan(chain, objective="seconds")
    assert order.bracketing == "(F3 F2) F1"  # one adjoint, not two tangents
    assert order.predicted is not None and order.predicted.seconds > 2.9e-4


def test_equal_operators_are_measured_once_and_progress_is_shown() -> None:
    shared = aslinearoperator(np.eye(5))
    seen: list[list[str]] = []

    def watch(names: list[str]) -> list[str]:
        seen.append(names)
        return names

    chain = co.measure(co.Chain.from_dims([5] * 4), [shared] * 3, watch=watch)
    assert seen == [["tangent of elemental 1", "adjoint of elemental 1"]]
    assert len({own.tangent_time for own in chain.elementals}) == 1
    seen.clear()
    stepper = co.Chain([co.Elemental(5, 5, tangent=3, name="step")] * 3)
    co.measure(stepper, watch=watch)
    assert seen == [["tangent of elemental 1 (step)"]]


def test_an_operator_that_fails_is_named() -> None:
    def fail(vector: Any) -> Any:
        raise ZeroDivisionError("no pressure")

    chain = co.Chain([co.Elemental(3, 3), co.Elemental(3, 3, tangent=1, name="pump")])
    message = r"elemental 2 \(pump\): its tangent raised ZeroDivisionError: no pressure"
    with pytest.raises(ExecutionError, match=message):
        co.measure(chain, [np.eye(3), (fail, None)])
    with pytest.raises(ExecutionError, match="time_limit is 0; give seconds above 0"):
        co.measure(chain, time_limit=0)
    with pytest.raises(ExecutionError, match="a graph is not measured"):
        co.measure(co.Graph.from_chain(chain))  # type: ignore[arg-type]


def test_what_takes_long_is_evaluated_once() -> None:
    calls: list[int] = []

    def count(vector: Any) -> Any:
        calls.append(1)
        time.sleep(0.02)
        return vector

    co.measure(co.Chain.from_dims([3, 3]), [(count, None)], time_limit=0.01)
    assert len(calls) == 1


def test_what_is_missing_is_said_with_the_remedy() -> None:
    time_of = co.EvaluationTime(5, 7)
    free = co.Chain([co.Elemental(3, 4), co.Elemental(4, 2, tangent=7, adjoint=9, name="pump")])
    with pytest.raises(SolverError, match=r"elemental 2 \(pump\): .*time of its tangent.*run --measure"):
        co.plan(free, objective="seconds")
    half = free.made_of([free.elementals[0], replace(free.elementals[1], adjoint_time=time_of)])
    assert co.plan(half, objective="seconds").predicted is not None
    with pytest.raises(SolverError, match="time of its tangent"):
        co.plan(half, objective="seconds", solver="forward")
    with pytest.raises(ChainError, match="tangent_time is stated but there is no tangent"):
        co.Elemental(3, 3, adjoint=1, tangent_time=time_of)
    with pytest.raises(ChainError, match=r"direction is -7; picoseconds is a whole number"):
        co.EvaluationTime(5, -7)


@pytest.mark.parametrize(
    ("stated", "fault"),
    [
        ("tangent_time: {call: 3}", "direction is missing"),
        ("tangent_time: {call: -3, direction: 3}", "call is -3; picoseconds is a whole number of at least 0"),
        ("adjoint_time: {call: 3, direction: 3}", "only an elemental with adjoint has it"),
        ("tangent_time: 3", "a time is a mapping"),
    ],
)
def test_bad_times_in_a_spec(stated: str, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(f"elementals:\n  - {{inputs: 3, outputs: 3, tangent: 1, {stated}}}\n", encoding="utf-8")
    with pytest.raises(SpecError, match=rf"spec\.yaml:2:\d+: elementals\[0\]\..*{fault}"):
        co.load(file)


def test_run_measures_and_the_saved_report_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "RUNS", 1)
    file = tmp_path / "spec.yaml"
    file.write_text(
        "elementals:\n  - {inputs: 3, outputs: 4, tangent: 9}\n  - {outputs: 2}\n", encoding="utf-8"
    )
    done = CliRunner().invoke(cli, ["run", str(file), "--measure"], catch_exceptions=False)
    assert done.exit_code == 0 and ", predicted " in done.output
    saved = tmp_path / "plan.json"
    saved.write_text(co.plan(co.Chain.from_dims([3, 4, 5])).to_json(), encoding="utf-8")
    refused = CliRunner().invoke(cli, ["run", str(saved), "--measure"])
    assert "is a saved plan, but --measure and --objective would ask for another one" in str(
        refused.exception
    )
