"""Many chains at once: the same costs as one by one, plans made when looked at."""

from __future__ import annotations

import numpy as np
import pytest

from chainorder import Chain, ChainError, ChainTable, Diagonal, Elemental, InfeasibleError, plan, plan_many
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
