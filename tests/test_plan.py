"""Plans: round trips, the validator, bracketings, printing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from chainorder import Chain, ChainorderError, Plan, PlanError, plan
from chainorder.costs.bracketing import format_bracketing, parse_bracketing
from chainorder.costs.pricing import int_column
from chainorder.plans.chain_operations import Operations
from chainorder.solvers.chains.exhaustive import bracketings
from tests.chains import MIXES, random_chains


@pytest.mark.parametrize("mix", MIXES)
def test_json_round_trip(mix: str) -> None:
    for chain in random_chains(mix, 20, seed=11):
        for solver in ("auto", "forward", "contraction"):
            saved = plan(chain, solver=solver)
            loaded = Plan.from_json(saved.to_json())
            assert loaded == saved
            loaded.validate()


def test_json_contract() -> None:
    data = json.loads(plan(Chain.from_dims([1000, 100, 10, 1], "stackexchange")).to_json())
    assert data["chain"] | {"spec": None} == {
        "name": "stackexchange",
        "length": 3,
        "inputs": 1000,
        "outputs": 1,
        "spec": None,
    }
    expected = {
        "schema": 1,
        "solver": "hu-shing",
        "objective": "fma",
        "optimal": True,
        "lower_bound": 101000,
        "fma": 101000,
        "flops": 202000,
        "makespan": 101000,
        "machines": 1,
        "peak_memory": 101110,
        "bracketing": "(F3 F2) F1",
    }
    assert {key: data[key] for key in expected} == expected
    assert data["operations"] == [
        {"action": "multiply", "mode": None, "j": 3, "k": 2, "i": 2, "fma": 1000, "machine": 0, "start": 0},
        {
            "action": "multiply",
            "mode": None,
            "j": 3,
            "k": 1,
            "i": 1,
            "fma": 100000,
            "machine": 0,
            "start": 1000,
        },
    ]


def test_json_keeps_integers_beyond_int64() -> None:
    saved = plan(Chain.from_dims([10**18, 10**17, 10**18, 3]))
    assert Plan.from_json(saved.to_json()) == saved
    assert json.loads(saved.to_json())["fma"] == saved.fma > 2**63


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"operations": [{"action": "multiply"}]},
        {"operations": [{"action": "divide"}]},
        {"operations": "none"},
        {"optimal": "yes"},
        {"peak_memory": 1.5},
        {"chain": {"spec": {"dims": [3]}}},
        {"chain": {}},
        {"lower_bound": "1"},
    ],
)
def test_text_that_is_no_plan(change) -> None:
    data = json.loads(plan(Chain.from_dims([2, 3, 4, 5])).to_json()) | change
    with pytest.raises(ChainorderError) as caught:
        Plan.from_json(json.dumps(data))
    assert "\n" not in str(caught.value)


def test_text_that_is_no_json() -> None:
    with pytest.raises(PlanError, match="not a plan"):
        Plan.from_json("{")


def tampered(answer: Plan, **columns: list[int]) -> Plan:
    names = ("step", "j", "k", "i", "fma", "machine", "start")
    kept = {name: getattr(answer.operations, name).copy() for name in names}
    changed = {name: int_column(values) for name, values in columns.items()}
    return replace(answer, operations=Operations(**kept | changed))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"fma": [24, 39]}, "recounted it is 40"),
        ({"j": [2, 2]}, "i ≤ k < j|not there"),
        ({"k": [1, 1]}, "not there"),
        ({"start": [0, 5]}, "ready at 24"),
        ({"i": [1, 2]}, "not there"),
    ],
)
def test_validator_finds_tampered_operations(columns, words) -> None:
    answer = plan(Chain.from_dims([2, 3, 4, 5]))
    assert answer.operations.fma.tolist() == [24, 40]
    with pytest.raises(PlanError, match=words):
        tampered(answer, **columns).validate()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"peak_memory": 1}, "peak_memory"),
        ({"lower_bound": 65, "optimal": False}, "lower bound 65"),
        ({"lower_bound": 63}, "lower_bound"),
    ],
)
def test_validator_finds_false_claims(fields, words) -> None:
    with pytest.raises(PlanError, match=words):
        replace(plan(Chain.from_dims([2, 3, 4, 5])), **fields).validate()


def test_validator_finds_missing_operations() -> None:
    answer = plan(Chain.from_dims([2, 3, 4, 5]))
    names = ("step", "j", "k", "i", "fma", "machine", "start")
    short = Operations(**{name: getattr(answer.operations, name)[:1].copy() for name in names})
    with pytest.raises(PlanError, match="ends with 2 Jacobians"):
        replace(answer, operations=short).validate()


def test_every_bracketing_reads_as_it_prints() -> None:
    for length in range(1, 8):
        for products in bracketings(length, 1):
            columns = np.array(products, np.int64).reshape(-1, 3).T
            text = format_bracketing(length, columns[0], columns[2])
            parsed = parse_bracketing(text, length)
            assert set(zip(parsed.j, parsed.k, parsed.i, strict=True)) == set(products)


@pytest.mark.parametrize("text", ["(F3 F2) F1", "((F3)(F2))*F1", " ( F3·F2 )F1 ", "(f3 @ f2) f1"])
def test_ways_to_write_a_bracketing(text: str) -> None:
    assert parse_bracketing(text, 3).k.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("F3 F2 F1", "groups 3 factors"),
        ("(F3 F1) F2", "side by side"),
        ("((F3 F2) F1", "never closed"),
        ("F3 F2) F1", "not opened"),
        ("F2 F1", "covers F2 … F1"),
        ("(F3 F3) F1", "side by side"),
        ("(F3 x) F1", "is no factor"),
        ("", "groups 0 factors"),
        ("()", "groups 0 factors"),
    ],
)
def test_texts_that_are_no_bracketing(text: str, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        parse_bracketing(text, 3)


def test_a_deep_bracketing_needs_no_recursion() -> None:
    answer = plan(Chain.from_dims([1] * 20_001), solver="forward")
    parsed = parse_bracketing(answer.bracketing, 20_000)
    assert np.array_equal(parsed.j, answer.operations.j)


def test_networkx_tree() -> None:
    graph = plan(Chain.from_dims([1000, 100, 10, 1])).to_networkx()
    assert set(graph.predecessors("F'3,1")) == {"F'3,2", "F'1"}
    assert graph.nodes["F'3,1"]["fma"] == 100_000
    assert graph.edges["F'3,2", "F'3,1"]["side"] == "left"


def test_a_single_elemental_has_nothing_to_do() -> None:
    answer = plan(Chain.from_dims([3, 4]))
    assert (answer.fma, answer.makespan, answer.peak_memory, answer.bracketing) == (0, 0, 12, "F1")
    answer.validate()


def test_plans_are_immutable() -> None:
    answer = plan(Chain.from_dims([2, 3, 4]))
    with pytest.raises(AttributeError):
        answer.fma = 0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        answer.operations.fma[0] = 0
