"""Solvers against exhaustive search, and what each of them claims."""

from __future__ import annotations

import numpy as np
import pytest

from chainorder import Banded, Chain, Diagonal, Elemental, Graph, SolverError, plan, register
from chainorder.solvers.chains import hu_shing
from chainorder.solvers.chains.exhaustive import bracketings
from chainorder.solvers.chains.hu_shing_kernel import precedes, precedes_by_division
from chainorder.solvers.registry import _SOLVERS, all_solvers, find_solver
from tests.chains import MIXES, random_chains


@pytest.mark.parametrize("mix", MIXES)
def test_exact_solvers_equal_exhaustive_search(mix: str) -> None:
    for chain in random_chains(mix, 150, seed=3):
        oracle = plan(chain, solver="exhaustive")
        solvers = ("dynamic", "auto", "hu-shing") if chain.dense else ("dynamic", "auto")
        for solver in solvers:
            answer = plan(chain, solver=solver)
            assert (answer.fma, answer.lower_bound, answer.optimal) == (oracle.fma, oracle.fma, True)


@pytest.mark.parametrize("mix", MIXES)
def test_every_plan_stands_up_to_validation(mix: str) -> None:
    for chain in random_chains(mix, 20, seed=4):
        for solver in all_solvers():
            if solver.name != "hu-shing" or chain.dense:
                solver.solve(chain).validate()


@pytest.mark.parametrize("mix", MIXES)
def test_contraction_lies_between_its_bound_and_the_sweeps_it_beats(mix: str) -> None:
    for chain in random_chains(mix, 100, seed=5):
        optimum = plan(chain, solver="exhaustive").fma
        answer = plan(chain, solver="contraction")
        assert answer.lower_bound is not None
        assert answer.lower_bound <= optimum <= answer.fma
        assert answer.optimal == (answer.fma == answer.lower_bound)
        assert answer.fma <= min(plan(chain, solver=sweep).fma for sweep in ("forward", "reverse"))


def test_number_of_bracketings_is_catalan() -> None:
    assert [sum(1 for _ in bracketings(n, 1)) for n in range(1, 9)] == [1, 1, 2, 5, 14, 42, 132, 429]


@pytest.mark.parametrize("top", [2, 3, 10, 10**6, 10**18])
def test_hu_shing_equals_dynamic_on_longer_chains(top: int) -> None:
    generator = np.random.default_rng(top % 97)
    for _ in range(30):
        dims = [int(size) for size in generator.integers(1, top, size=41, endpoint=True)]
        assert plan(Chain.from_dims(dims)).fma == plan(Chain.from_dims(dims), solver="dynamic").fma


@pytest.mark.parametrize("dims", [[5], [5, 5, 5, 5], [1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1], [1] * 30])
def test_hu_shing_on_ties_and_slopes(dims: list[int]) -> None:
    dims = [*dims, 4]
    assert plan(Chain.from_dims(dims)).fma == plan(Chain.from_dims(dims), solver="dynamic").fma


@pytest.mark.parametrize("top", [2, 5, 30, 1_000, 10**5])
def test_compiled_hu_shing_makes_the_same_plans(top: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    generator = np.random.default_rng(top)
    for _ in range(200):
        sizes = generator.integers(1, top, size=int(generator.integers(2, 60)), endpoint=True)
        plain = list(hu_shing.best_products(sizes))
        with monkeypatch.context() as patch:
            patch.setattr(hu_shing, "LONG", 0)
            assert list(hu_shing.best_products(sizes)) == plain


def test_hu_shing_compiles_nothing_that_could_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hu_shing, "LONG", 0)
    monkeypatch.setattr(hu_shing, "fast", lambda: pytest.fail("compiled"))
    for size in (2**21, 10**18, 10**30):
        dims = [size, size - 1, size - 2, 7, size]
        assert plan(Chain.from_dims(dims)).fma == plan(Chain.from_dims(dims), solver="exhaustive").fma


def test_fractions_are_compared_without_large_products() -> None:
    generator = np.random.default_rng(4)
    for top in (2, 5, 1_000, 2**62):
        for a, c, b, d in generator.integers(0, top, (500, 4)).tolist():
            for fractions in ((a, b + 1, c, d + 1), (a, b + 1, a, b + 1), (2 * a, 2 * b + 2, a, b + 1)):
                assert precedes_by_division(*fractions) == precedes(*fractions)


@pytest.mark.parametrize(
    ("dims", "forward", "reverse", "best"),
    [
        ([1000, 100, 10, 1], 1_010_000, 101_000, 101_000),
        ([1000, 1, 1000, 1, 1000], 3_000_000, 3_000_000, 1_002_000),
        ([30, 35, 15, 5, 10, 20, 25], 40_500, 47_500, 15_125),  # Cormen et al., Introduction to Algorithms
        ([10**18, 1, 10**18], 10**36, 10**36, 10**36),
    ],
)
def test_published_and_closed_form_costs(dims, forward, reverse, best) -> None:
    chain = Chain.from_dims(dims)
    costs = [plan(chain, solver=solver).fma for solver in ("forward", "reverse", "auto")]
    assert costs == [forward, reverse, best]


def test_dims_beyond_int64_are_exact() -> None:
    dims = [10**18, 10**18 - 1, 10**18 - 3, 7]
    chain = Chain.from_dims(dims)
    expected = 7 * dims[2] * dims[1] + 7 * dims[1] * dims[0]
    for solver in ("hu-shing", "dynamic", "exhaustive", "reverse"):
        answer = plan(chain, solver=solver)
        assert answer.fma == expected
        answer.validate()
    structured = Chain([Elemental(10**18, 10**18, Diagonal()), Elemental(10**18, 10**18)])
    assert plan(structured).fma == 10**36


def test_a_long_dense_chain_needs_no_recursion_and_no_objects() -> None:
    dims = np.random.default_rng(6).integers(1, 1000, 20_001)
    answer = plan(Chain.from_dims(dims))
    assert answer.optimal
    assert len(answer.operations) == 19_999
    assert "more operations" in str(answer)
    assert len(str(answer)) < 2000


def test_auto_says_what_it_picked_and_why() -> None:
    layers = np.random.default_rng(7).integers(1, 50, 400).tolist()
    long = Chain.from_layers(layers, "tanh")
    cases = [
        (Chain.from_dims([2, 3, 4]), "hu-shing"),
        (Chain(long.elementals[:20]), "dynamic"),
        (long, "contraction"),
    ]
    for chain, solver in cases:
        answer = plan(chain)
        assert answer.solver == solver
        assert answer.why
    assert plan(long).lower_bound is not None
    bands = Chain([Elemental(30, 30, Banded(1, 1))] * 700)
    assert plan(bands).claim.startswith("heuristic, at most")


def test_a_time_stepper_pushes_its_few_columns_through_the_bands() -> None:
    steps = [Elemental(500, 500, Banded(1, 1))] * 700
    chain = Chain([Elemental(5, 500), *steps, Elemental(500, 3)])
    answer = plan(chain)
    assert answer.solver == "contraction"
    assert answer.fma <= plan(chain, solver="reverse").fma
    assert answer.gap is not None
    assert answer.gap < 0.01


def test_pieces_of_a_long_chain_are_planned_and_bounded() -> None:
    chain = Chain([Elemental(40, 40, Banded(1, 2)), Elemental(40, 40, Banded(2, 0))] * 350)
    answer = plan(chain)
    assert answer.lower_bound is not None
    assert 0 < answer.lower_bound <= answer.fma <= plan(chain, solver="forward").fma


def test_limits_of_solvers_are_errors_with_a_remedy() -> None:
    network = Chain.from_layers([3, 4, 5], "tanh")
    with pytest.raises(SolverError, match="use dynamic"):
        plan(network, solver="hu-shing")
    with pytest.raises(SolverError, match="at most 12"):
        plan(Chain.from_dims(range(1, 15)), solver="exhaustive")
    with pytest.raises(SolverError, match="at most 4,000"):
        plan(Chain.from_dims([1] * 4002), solver="dynamic")


def test_third_parties_register_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainorder.solvers.registry._SOLVERS", dict(_SOLVERS))
    register("mine", hu_shing.solve)
    assert plan(Chain.from_dims([2, 3, 4]), solver="mine").fma == 24
    with pytest.raises(SolverError, match="registered already"):
        register("mine", hu_shing.solve)
    with pytest.raises(SolverError, match=r"unknown solver 'x{59}…' for chains; "):
        plan(Chain.from_dims([1, 2]), solver="x" * 5_000)
    with pytest.raises(SolverError, match=r"unknown solver 'min'.*hu-shing"):
        plan(Chain.from_dims([2, 3, 4]), solver="min")


def test_each_kind_of_problem_has_names_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainorder.solvers.registry._SOLVERS", dict(_SOLVERS))
    chain = Chain.from_dims([2, 3, 4])
    register("mine", lambda graph: plan(graph, solver="forward"), "of a test", kind="graph")
    assert plan(Graph.from_chain(chain), solver="mine") == plan(Graph.from_chain(chain), solver="forward")
    assert find_solver("mine", "graph").summary == "of a test"
    with pytest.raises(SolverError, match="unknown solver 'mine' for chains"):
        plan(chain, solver="mine")
    with pytest.raises(SolverError, match="registered already"):
        register("mine", lambda graph: plan(graph), kind="graph")
    with pytest.raises(SolverError, match="no problems of kind 'tree'; the known ones are chain, graph"):
        register("mine", lambda tree: tree, kind="tree")
    with pytest.raises(SolverError, match="a set is no chain and no graph"):
        plan({2, 3, 4})  # type: ignore[call-overload]
    with pytest.raises(SolverError, match="unknown solver '5' for chains"):
        plan(chain, solver=5)  # type: ignore[call-overload]
