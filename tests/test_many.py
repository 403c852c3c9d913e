"""Many chains at once: the same costs as one by one, plans made when looked at."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from chainorder import (
    Chain,
    ChainError,
    ChainTable,
    Diagonal,
    Elemental,
    InfeasibleError,
    Plan,
    plan,
    plan_many,
)
from chainorder.batch.solved import Solved, solve_table
from chainorder.cli import cli
from chainorder.costs.evaluations import accumulation
from chainorder.solvers.chains.dynamic import backtrack
from tests.chains import random_chains


def table(chains: int, length: int, seed: int, largest: int = 9) -> ChainTable:
    generator = np.random.default_rng(seed)
    shape = (chains, length)
    return ChainTable.of(
        generator.integers(1, largest, (chains, length + 1), endpoint=True),
        generator.integers(-1, 20, shape),
        generator.integers(-1, 20, shape),
        tape=generator.integers(0, 5, shape),
        overhead=generator.integers(0, 3, shape),
        memory=4,
    )


@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_a_table_costs_what_its_chains_cost(length: int) -> None:
    chains = table(300, length, seed=length)
    plans = plan_many(chains)
    assert plans.totals == [plan(chain).fma for chain in chains]
    for place in range(0, 300, 25):
        answer = plans[place]
        answer.validate()
        assert (answer.fma, answer.optimal) == (plans.totals[place], True)


def test_chains_of_every_kind_in_one_list() -> None:
    chains = [
        *table(50, 3, seed=1),
        *table(50, 4, seed=2),
        *random_chains("all", 50, seed=3, matrix_free=0.5),
    ]
    chains = [chain.within(None) for chain in chains]
    chains += [Chain.from_dims([3, 4, 5, 6]), Chain([Elemental(5, 5, Diagonal())])]
    chains += [Chain.from_dims([10**12] * 4), Chain.from_dims([10**30] * 4)]
    chains += [Chain([Elemental(50, 3), Elemental(3, 50), Elemental(50, 50, tangent=1, explicit=True)])] * 2
    plans = plan_many(chains)
    assert len(plans) == len(chains)
    assert plans.totals == [plan(chain).fma for chain in chains] == [answer.fma for answer in plans]


def test_an_infeasible_chain_is_named_by_its_error() -> None:
    good, bad = Elemental(3, 4, tangent=1), Elemental(3, 4, adjoint=1, tape=9)
    with pytest.raises(InfeasibleError, match="least memory that would do is 9"):
        plan_many([Chain([good]), Chain([bad], memory=8), Chain([good])])
    with pytest.raises(InfeasibleError, match="least memory"):
        plan_many(ChainTable.of([[3, 4]], -1, 1, tape=9, memory=8))


def test_sizes_beyond_int64_products_are_planned_one_by_one() -> None:
    chains = ChainTable.of(np.full((3, 4), 10**9), 5, 5)
    assert not chains.exact
    assert plan_many(chains).totals == [plan(chain).fma for chain in chains]


def test_other_solvers_plan_one_by_one() -> None:
    chains = table(5, 3, seed=6)
    feasible = [Chain(chain.elementals) for chain in chains]
    totals = plan_many(feasible, solver="preaccumulation").totals
    assert totals == [plan(chain, solver="preaccumulation").fma for chain in feasible]


def test_tables_that_are_none() -> None:
    with pytest.raises(ChainError, match="shape"):
        ChainTable.of([1, 2, 3])
    with pytest.raises(ChainError, match="a size is 0"):
        ChainTable.of([[1, 0]])


def slowly(chain: Chain, choices: np.ndarray) -> Plan:
    """The plan that choices for subchains mean, made and priced step by step."""
    kinds = [(chain.kind_of(number), chain.pattern(number)) for number in range(1, len(chain) + 1)]
    ways = [None if kind.explicit else accumulation(kind, p, chain.memory) for kind, p in kinds]
    why = "planned together with others of its length by the dynamic program"
    return Plan.of(chain, backtrack(choices, ways), solver="dynamic", optimal=True, why=why)


@pytest.mark.parametrize("length", [1, 2, 3, 8, 17])
@pytest.mark.parametrize("largest", [3, 30_000 // 17])
def test_plans_made_together_are_those_made_one_by_one(length: int, largest: int) -> None:
    chains = table(60, length, seed=length, largest=largest)
    solved = solve_table(chains)
    assert solved.feasible.any()
    for row in np.flatnonzero(solved.feasible).tolist():
        made, right = solved.plan(chains, row), slowly(chains[row], solved.choices[row])
        assert made.fma == right.fma
        assert made.to_json() == right.to_json()
        assert str(made) == str(right)
        assert made == right


def test_a_plan_that_was_put_off_is_a_plan() -> None:
    chains = [Chain.from_dims(sizes) for sizes in ([3, 4, 5, 6], [6, 5, 4, 3])]
    for changed in (copy.copy, copy.deepcopy, replace, lambda p: pickle.loads(pickle.dumps(p))):
        made = plan_many(chains)[1]
        assert "operations" not in vars(made)
        assert changed(made) == plan_many(chains)[1]
    assert hash(plan_many(chains)[0]) == hash(plan_many(chains)[0])
    assert Plan.from_json(plan_many(chains)[-1].to_json()) == plan_many(chains)[-1]
    with pytest.raises(AttributeError, match="no attribute 'cots'"):
        _ = plan_many(chains)[0].cots
    with pytest.raises(IndexError):
        _ = plan_many(chains)[2]
    assert [each.fma for each in plan_many(chains)] == plan_many(chains).totals


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_a_batch_is_what_planning_one_by_one_writes(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chains = [
        chain.within(None).named(f"c{n}") for n, chain in enumerate([*table(40, 8, 9), *table(40, 3, 9)])
    ]
    lines = [json.dumps(chain.to_spec()) for chain in chains]
    lines.insert(7, '{"dims": [3, 0]}')
    (tmp_path / "many.jsonl").write_text("".join(line + "\n" for line in lines))
    monkeypatch.chdir(tmp_path)
    texts = []
    for patches in ({}, {"plan": slow_plan}):
        for name, value in patches.items():
            monkeypatch.setattr(Solved, name, value)
        result = CliRunner().invoke(cli, ["batch", "many.jsonl", "-o", f"out.{ending}", "--force"])
        assert result.exit_code == 1
        texts.append((tmp_path / f"out.{ending}").read_bytes())
    assert texts[0] == texts[1]
    assert texts[0].count(b"dynamic") >= len(chains)


def slow_plan(solved: Solved, chains: Sequence[Chain], row: int) -> Plan:
    return slowly(chains[row], solved.choices[row])


def test_long_chains_of_a_table() -> None:
    sizes = np.random.default_rng(8).integers(1, 50, (2, 181), endpoint=True)
    plans = plan_many(ChainTable.of(sizes))
    assert plans.totals == [plan(Chain.from_dims(row)).fma for row in sizes.tolist()]
    assert plans.totals == [total_of(made) for made in plans]


@pytest.mark.parametrize("scale", [1, 10**20])
def test_neighbours_that_repeat_are_one_item_of_a_spec(scale: int) -> None:
    square, wide = Elemental(3 * scale, 3 * scale), Elemental(3 * scale, 4 * scale, tangent=2)
    chain = Chain(
        [square, square, wide, Elemental(4 * scale, 4 * scale), Elemental(4 * scale, 3 * scale), square]
    )
    assert [item.get("repeat", 1) for item in chain.to_spec()["elementals"]] == [2, 1, 1, 1, 1]
    assert Chain.from_spec(chain.to_spec()) == chain
    assert [count for *_, count in Chain.from_dims([scale] * 6).elementals.runs()] == [5]
    assert [count for *_, count in Chain.from_dims([scale, 2]).elementals.runs()] == [1]


def total_of(made: Plan) -> int:
    return sum(operation.fma for operation in made.operations)
