"""Costs of matrices of any size: exact, and within the memory."""

from __future__ import annotations

import tracemalloc
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from chainorder import (
    Banded,
    Chain,
    ChainorderError,
    ChainTable,
    Diagonal,
    Edge,
    Elemental,
    Graph,
    Identity,
    Plan,
    Selection,
    SolverError,
    Sparse,
    plan,
)
from chainorder.costs.tables import PatternCosts
from chainorder.solvers.registry import all_solvers
from chainorder.structures import compressed_rows as rows_module
from chainorder.structures.banded import BandPattern
from chainorder.structures.colouring import column_colours, row_colours
from chainorder.structures.dense import DensePattern
from chainorder.structures.pattern import Pattern, counted_fma, fma
from chainorder.structures.positions import HypersparsePattern, SparsePattern
from chainorder.structures.selection import SelectionPattern
from tests.chains import random_chains
from tests.huge_chains import huge_chains, least_fma
from tests.oracle import colours

EXACT = ("dynamic", "exhaustive", "auto")
TALL = sp.csr_array([[1, 1], [0, 0], [1, 1], [1, 1]])
WIDE = sp.csr_array([[1, 1, 0, 0], [0, 0, 1, 1]])


def saved_and_checked(made: Plan) -> None:
    made.validate()
    assert Plan.from_json(made.to_json()) == made


@pytest.mark.parametrize("seed", range(8))
def test_every_solver_is_exact_at_any_size(seed: int) -> None:
    for chain, builds in huge_chains(8, seed):
        least = least_fma(chain, builds)
        for solver in all_solvers():
            try:
                made = plan(chain, solver=solver.name)
            except ChainorderError:
                assert solver.name not in EXACT or least is None
                continue
            saved_and_checked(made)
            if made.objective == "seconds":
                continue
            assert least is not None
            assert made.fma == least if solver.name in EXACT else made.fma >= least
            assert (made.lower_bound or 0) <= least
            assert not made.optimal or made.fma == least


@pytest.mark.parametrize("seed", range(3))
def test_schedules_are_exact_at_any_size(seed: int) -> None:
    for chain, _ in huge_chains(8, 30 + seed, longest=4):
        spans = []
        for solver in ("exact", "list-scheduling", "auto"):
            try:
                made = plan(chain, solver=solver, machines=2)
            except ChainorderError:
                continue
            saved_and_checked(made)
            assert made.optimal or solver != "exact"
            spans.append((made.lower_bound or 0, made.makespan))
        assert all(bound <= spans[0][1] <= makespan for bound, makespan in spans)


def placed(inputs: int, rows: list[int], size: int) -> Elemental:
    """Inputs that are placed in some rows."""
    return Elemental(inputs, size, Selection(rows, "columns"))


@pytest.mark.parametrize(
    ("elementals", "optimum", "order"),
    [
        (
            [Elemental(2**61, 2), Elemental(2, 4, Sparse(TALL)), Elemental(4, 2, Sparse(WIDE))],
            4 * 2**61 + 6,
            "(F3 F2) F1",
        ),
        (
            [Elemental(10**20, 3), Elemental(3, 3, Sparse([[1, 0, 0], [0, 0, 0], [1, 1, 0]]))],
            3 * 10**20,
            "F2 F1",
        ),
        (
            [Elemental(3, 3, Sparse([[0, 1, 0], [0, 1, 1], [0, 0, 0]])), Elemental(3, 10**20)],
            3 * 10**20,
            "F2 F1",
        ),
        (
            [
                placed(2, [0, 10**18 - 1], 10**18),
                Elemental(10**18, 10**18, Banded(1, 1)),
                Elemental(10**18, 10**18, Banded(2, 0)),
                Elemental(10**18, 3),
            ],
            9 + 18,
            "F4 (F3 (F2 F1))",
        ),
        (
            [
                placed(1, [7], 10**20),
                Elemental(10**20, 10**20, Diagonal()),
                Elemental(10**20, 1, Selection([7])),
            ],
            0,
            "F3 (F2 F1)",
        ),
        ([placed(1, [2**63 - 1], 10**20), Elemental(10**20, 10**20)], 0, "F2 F1"),
        ([Elemental(10**100, 10**100), Elemental(10**100, 10**100, Identity())], 0, "F2 F1"),
    ],
)
def test_costs_that_overflow_elsewhere(elementals: list[Elemental], optimum: int, order: str) -> None:
    for solver in EXACT:
        made = plan(Chain(elementals), solver=solver)
        saved_and_checked(made)
        assert (made.fma, made.lower_bound, made.optimal) == (optimum, optimum, True)
        assert made.bracketing == order or optimum == 0


def test_tables_of_costs_hold_no_floats() -> None:
    """Counts are multiplied as floats while they are small, beside costs that are not."""
    uneven = Sparse(np.tri(6)[::-1])
    chain = Chain([Elemental(6, 6, uneven), Elemental(6, 6, uneven), Elemental(6, 6, tangent=10**18)])
    costs = PatternCosts.of_chain(chain)
    for d in range(1, 3):
        table = np.zeros((3 - d, d), costs.dtype)
        costs.products(d, table)
        assert {type(cost) for cost in table.ravel().tolist()} == {int}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Selection([10**20]), "below 2^63"),
        (lambda: Elemental(10**101, 1), "at most 10^100"),
        (lambda: Elemental(1, 1, tangent=10**101), "at most 10^100"),
        (lambda: Chain.from_dims([3, 10**101]), "at most 10^100"),
        (lambda: plan(Chain([Elemental(3, 4)], memory=10**101)), "at most 10^100"),
        (lambda: BandPattern(10**18, 10**17, 10**17) @ HypersparsePattern.of(10**18, 2, NEAR, NEAR), "kept"),
        (lambda: BandPattern(10**20, 1, 1).rows_into(np.array([2**63 - 1])), "below 2^63"),
        (lambda: ChainTable.of([[1, 10**20]]), "below 2^63"),
        (lambda: plan(Chain.from_dims([1, 2]), transfer=10**101), "at most 10^100"),
        (lambda: BandPattern(10**18, 1, 1).row_counts(), "listed one by one"),
        (lambda: plan(sparse_of_nothing(10**9), solver="estimated"), "exact fill"),
    ],
)
def test_what_is_too_large_is_an_error_that_says_so(make: Any, words: str) -> None:
    with pytest.raises(ChainorderError, match=words.replace("^", r"\^")):
        make()


NEAR = np.arange(2)


def sparse_of_nothing(size: int) -> Chain:
    return Chain.from_matrices([sp.coo_array((size, size))] * 3)


def test_huge_matrices_take_little_memory() -> None:
    size = 10**18
    at = np.array([3, size - 1, 3, size - 5])
    few = Sparse(sp.coo_array((np.ones(4), (at, at[::-1])), (size, size)))
    band = Elemental(size, size, Banded(2, 1))
    chain = Chain([Elemental(5, size), band, Elemental(size, size, few), band, Elemental(size, size, few)])
    tracemalloc.start()
    for solver in all_solvers():
        try:
            saved_and_checked(plan(chain, solver=solver.name))
        except SolverError:
            assert solver.name in ("hu-shing", "estimated")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000


def test_a_graph_of_huge_sizes_is_eliminated_exactly() -> None:
    size = 10**20
    edges = [
        Edge("x", "a"),
        Edge("x", "b"),
        Edge("a", "b", Diagonal()),
        Edge("b", "y", Banded(1, 1)),
        Edge("a", "y", Identity()),
        Edge("y", "z", Selection([0, 5])),
    ]
    graph = Graph({"x": 3, "a": size, "b": size, "y": size, "z": 2}, edges)
    made = plan(graph, solver="face")
    made.validate()
    small = plan(Graph({"x": 3, "a": 90, "b": 90, "y": 90, "z": 2}, edges), solver="face")
    assert (made.fma, made.optimal) == (small.fma, True)


@pytest.fixture(params=["all rows", "hypersparse"])
def representation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Sparse patterns with a number for each row, and without."""
    if request.param == "hypersparse":
        monkeypatch.setattr(rows_module, "WIDE", 0)
        monkeypatch.setattr(rows_module, "THIN", 0)
    return str(request.param)


def random_pattern(generator: np.random.Generator, rows: int, columns: int) -> Pattern:
    """Of any kind that these sizes allow."""
    few = min(rows, columns)
    filled = generator.random((rows, columns)) < generator.choice([0.1, 0.4])
    chosen = SelectionPattern(
        few, max(rows, columns), np.arange(few), generator.permutation(max(rows, columns))[:few]
    )
    options: list[Pattern] = [
        SparsePattern.of(filled).reduced,
        DensePattern(rows, columns),
        chosen if rows <= columns else chosen.transposed(),
    ]
    if rows == columns:
        lower, upper = (int(width) for width in generator.integers(rows, size=2))
        options += [BandPattern(rows, 0, 0), BandPattern(rows, lower, upper)]
    return options[int(generator.integers(len(options)))]


def test_hypersparse_patterns_equal_boolean_matrices(representation: str) -> None:
    generator = np.random.default_rng(9)
    seen = set()
    for _ in range(600):
        rows, inner, columns = generator.choice([1, 2, 4, 4, 6], size=3).tolist()
        left, right = random_pattern(generator, rows, inner), random_pattern(generator, inner, columns)
        result = left @ right
        seen.add(type(result))
        a, b, c = (each.csr().toarray() for each in (left, right, result))
        assert np.array_equal(c, a.astype(int) @ b.astype(int) > 0)
        if not left.free and not right.free:
            assert fma(left, right) == counted_fma(left, right) == int(a.sum(axis=0) @ b.sum(axis=1))
        at = np.flatnonzero(generator.random(rows) < 0.5)
        assert np.array_equal(result.row_counts(at), c.sum(axis=1)[at])
        assert np.array_equal(result.column_counts(), c.sum(axis=0))
        reached = result.columns_from(at)
        assert np.array_equal(
            np.arange(columns) if reached is None else reached, np.flatnonzero(c[at].any(axis=0))
        )
        assert np.array_equal(result.transposed().csr().toarray(), c.T)
        assert (column_colours(result), row_colours(result)) == (colours(c), colours(c.T))
    assert (HypersparsePattern in seen) == (representation == "hypersparse")


def test_exact_solvers_agree_with_hypersparse_patterns(representation: str) -> None:
    for chain in random_chains("all", 25, seed=77, longest=6):
        costs = {solver: plan(chain, solver=solver).fma for solver in EXACT}
        assert len(set(costs.values())) == 1
        saved_and_checked(plan(chain))


def test_a_matrix_without_rows_is_saved_by_those_it_has() -> None:
    size = 10**12
    matrix = sp.coo_array((np.ones(2), (np.array([5, size - 1]), np.array([0, 1]))), (size, 3))
    chain = Chain([Elemental(3, size, Sparse(matrix))])
    pattern = chain.to_spec()["elementals"][0]["pattern"]
    assert pattern == {"rows": [5, size - 1], "indptr": [0, 1, 2], "indices": [0, 1]}
    saved_and_checked(plan(chain))


def test_all_combinations_of_wide_and_narrow_are_counted_at_what_is_filled() -> None:
    """Rows and columns that are not all filled, of more columns than int64 has."""
    some = np.array([0, 2])
    patterns = [DensePattern(3, 3, some), DensePattern(3, 3, None, some), DensePattern(3, 3, some, some)]
    for left, right in product(patterns, repeat=2):
        wide = DensePattern(3, 10**20, right.rows, right.columns if right.columns is None else np.array([0]))
        count = wide.filled_columns * sum(left.column_counts(wide.rows).tolist())
        assert fma(left, wide) == counted_fma(left, wide) == count
