"""What solvers say that every plan costs at least, against searches over everything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from chainorder import Banded, Chain, ChainorderError, Diagonal, Elemental, Plan, Selection, Sparse, plan
from chainorder.solvers.registry import all_solvers
from tests.graph_oracle import cheapest_faces
from tests.graphs import random_graph
from tests.huge_chains import random_chain
from tests.oracle import all_totals
from tests.schedules import least_makespan


def random_chains(count: int, seed: int, longest: int) -> Iterator[Chain]:
    """Chains of all structures between narrow and wide sizes: few rows selected, placed, gathered."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        chain, _ = random_chain(generator, (1, 2, 3, 25), int(generator.integers(1, longest + 1)))
        explicit = generator.random() < 0.5
        elementals = [_replaced(generator, each, explicit) for each in chain.elementals]
        yield Chain(elementals, memory=None if explicit else chain.memory)


def _replaced(generator: np.random.Generator, elemental: Elemental, explicit: bool) -> Elemental:
    """The same, or without models, or a gather of rows again and again."""
    rows, columns, structure = elemental.outputs, elemental.inputs, elemental.structure
    if generator.random() < 0.1:
        return Elemental(columns, rows, Sparse(np.eye(columns)[generator.integers(columns, size=rows)]))
    return Elemental(columns, rows, structure) if explicit and structure.evaluation is None else elemental


def answers(chain: Chain, **options: Any) -> Iterator[Plan]:
    """The plans by fma or makespan of all solvers that take a chain, checked."""
    for solver in all_solvers():
        try:
            made = plan(chain, solver=solver.name, **options)
        except ChainorderError:
            continue
        made.validate()
        if made.objective != "seconds":
            yield made


@pytest.mark.parametrize("seed", range(8))
def test_no_plan_costs_less_than_the_bound_of_any_solver(seed: int) -> None:
    for chain in random_chains(20, seed, 5):
        optimum = min(all_totals(chain), default=None)
        for made in answers(chain):
            assert optimum is not None
            assert made.lower_bound is None or made.lower_bound <= optimum, (made.solver, chain.to_spec())
            assert made.fma >= optimum or made.estimate is not None or made.solver == "reuse"
            assert not made.optimal or made.fma == optimum


@pytest.mark.parametrize("seed", range(3))
def test_no_schedule_ends_before_the_bound_of_any_solver(seed: int) -> None:
    for chain in random_chains(8, 50 + seed, 4):
        if all_totals(chain):
            least = least_makespan(chain, 2)
            for made in answers(chain, machines=2):
                assert made.lower_bound is None or made.lower_bound <= least, (made.solver, chain.to_spec())
                assert not made.optimal or made.makespan == least


@pytest.mark.parametrize("seed", range(4))
def test_no_elimination_costs_less_than_the_bound_of_any_solver(seed: int) -> None:
    generator = random.Random(seed)
    for _ in range(4):
        graph = random_graph(
            generator, 2, matrix_free=0.4, structured=True, largest=4, one_sided=0.4, selections=True
        )
        least = cheapest_faces(graph)
        for solver in all_solvers("graph"):
            try:
                made = plan(graph, solver=solver.name)
            except ChainorderError:
                continue
            made.validate()
            assert (made.lower_bound or 0) <= least <= made.fma, (made.solver, graph.to_spec())
            assert not made.optimal or made.fma == least


@pytest.mark.parametrize(
    ("elementals", "optimum"),
    [
        ([Elemental(1, 100), Elemental(100, 1, Selection([0])), Elemental(1, 1)], 1),
        ([Elemental(2, 5), Elemental(5, 5, Selection([4, 3, 2, 1, 0])), Elemental(5, 3)], 30),
        ([Elemental(3, 1), Elemental(1, 9, Selection([4], "columns")), Elemental(9, 3)], 9),
        # Two bands that are smaller behind a selection than in front of it.
        ([Elemental(9, 9, Diagonal()), Elemental(9, 2, Selection([0, 8])), Elemental(2, 2, Diagonal())], 2),
        ([Elemental(9, 9, Banded(1, 1)), Elemental(9, 2, Selection([0, 8])), Elemental(2, 2, Diagonal())], 4),
        # Nothing of it reaches the output.
        ([Elemental(2, 9), Elemental(9, 1, Sparse(np.zeros((1, 9)))), Elemental(1, 4)], 0),
    ],
)
def test_what_is_free_may_change_sizes(elementals: list[Elemental], optimum: int) -> None:
    chain = Chain(elementals)
    assert min(all_totals(chain)) == optimum
    for made in answers(chain):
        assert made.lower_bound is None or made.lower_bound <= optimum, made.solver
        assert plan(chain, solver="contraction").lower_bound is not None


def test_long_chains_with_selections_keep_a_bound() -> None:
    part = [Elemental(30, 20, Selection(range(20))), Elemental(20, 30), Elemental(30, 30, Banded(1, 1))]
    answer = plan(Chain(part * 250))
    assert answer.solver == "contraction"
    assert answer.lower_bound is not None
    assert 0 < answer.lower_bound <= answer.fma
