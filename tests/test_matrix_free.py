"""Matrix-free chains: published optima, exhaustive search, memory, and execution by models."""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse.linalg import aslinearoperator

from chainorder import (
    Banded,
    Chain,
    ChainError,
    Diagonal,
    Elemental,
    ExecutionError,
    InfeasibleError,
    Plan,
    Sparse,
    compare,
    execute,
    plan,
)
from chainorder.execution import backends
from chainorder.structures.colouring import colour_columns, column_colours, row_colours
from tests.chains import MIXES, random_chains
from tests.oracle import all_totals

REFERENCE = Path(os.environ.get("CHAINORDER_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))
needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason=f"no published instances in {REFERENCE}; set CHAINORDER_REFERENCE"
)
SWEEPS = ("forward", "reverse", "preaccumulation")


def published_chains():
    """The 6,000 chains of the scheduled benchmark, with their optimum on one machine."""
    with gzip.open(REFERENCE / "scheduled_chains.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            dims, edges = ([int(n) for n in row[key].split()] for key in ("dims", "edges"))
            elementals = [
                Elemental(n, m, tangent=cost, adjoint=cost, tape=cost)
                for n, m, cost in zip(dims, dims[1:], edges, strict=False)
            ]
            yield Chain(elementals), int(row["exact"].split()[0])


@needs_reference
def test_published_optima_of_short_chains() -> None:
    cases = list(published_chains())
    assert len(cases) == 6000
    assert [plan(chain).fma for chain, _ in cases] == [optimum for _, optimum in cases]


@needs_reference
def test_published_optima_of_long_chains() -> None:
    text = (REFERENCE / "admission_chains.json").read_text()
    keys = {
        "dynamic": "optimum",
        "forward": "tangent",
        "reverse": "adjoint",
        "preaccumulation": "preaccumulation",
    }
    for case in json.loads(text).values():
        chain = Chain([Elemental(n, m, tangent=cost, adjoint=cost) for m, n, cost in case["elementals"]])
        for solver, key in keys.items():
            answer = plan(chain, solver=solver)
            assert answer.fma == case[key]
            answer.validate()


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_dynamic_equals_a_search_over_all_operation_trees(mix: str, share: float) -> None:
    feasible = 0
    for chain in random_chains(mix, 60, seed=31, longest=6, matrix_free=share):
        totals = all_totals(chain)
        if not totals:
            with pytest.raises(InfeasibleError, match="least memory"):
                plan(chain, solver="dynamic")
            continue
        feasible += 1
        answer = plan(chain, solver="dynamic")
        assert answer.fma == min(totals)
        assert plan(chain, solver="preaccumulation").fma == min(all_totals(chain, stepping=False))
        answer.validate()
        assert Plan.from_json(answer.to_json()) == answer
    assert feasible > 20


@pytest.mark.parametrize("mix", MIXES)
def test_every_plan_counts_what_was_planned(mix: str) -> None:
    for seed, chain in enumerate(random_chains(mix, 40, seed=32, matrix_free=0.7)):
        for solver in ("dynamic", *SWEEPS):
            try:
                answer = plan(chain, solver=solver)
            except InfeasibleError:
                continue
            answer.validate()
            done = execute(answer, seed=seed, chunk_entries=30)
            assert done.passed, done.checks
            assert [record.fma for record in done.records] == answer.operations.fma.tolist()


def test_pure_sweeps_name_what_is_missing() -> None:
    first, second = Elemental(3, 4, tangent=5), Elemental(4, 2, adjoint=5, tape=10)
    with pytest.raises(InfeasibleError, match="elemental 2 has no tangent"):
        plan(Chain([first, second]), solver="forward")
    with pytest.raises(InfeasibleError, match="elemental 1 has no adjoint"):
        plan(Chain([first, second]), solver="reverse")
    comparison = compare(Chain([first, second]))
    assert [each.solver for each in comparison.infeasible] == ["forward", "reverse"]
    assert comparison.labels == ("preaccumulation", "best")


def test_a_memory_that_admits_no_plan_names_the_least_that_does() -> None:
    chain = Chain([Elemental(3, 4, tangent=5), Elemental(4, 2, adjoint=5, tape=10)], memory=9)
    with pytest.raises(
        InfeasibleError, match=r"elemental 2 .* tape of 10 .* least memory that would do is 10"
    ):
        plan(chain)
    assert plan(chain, memory=10).optimal


def test_less_memory_never_costs_less() -> None:
    for chain in random_chains("dense", 30, seed=33, matrix_free=1.0):
        costs = []
        for memory in range(11):
            try:
                costs.append(plan(chain, memory=memory).fma)
            except InfeasibleError:
                costs.append(float("inf"))
        assert costs == sorted(costs, reverse=True)


def test_a_step_through_an_explicit_elemental_uses_its_model_where_that_is_cheaper() -> None:
    cheap = Elemental(50, 50, tangent=10, explicit=True)
    chain = Chain([Elemental(50, 3), cheap.__class__(3, 50), cheap])
    actions = [str(operation.action) for operation in plan(chain).operations]
    assert "tangent" in actions
    dear = Chain([Elemental(50, 3), Elemental(3, 50), Elemental(50, 50, tangent=10**6, explicit=True)])
    assert {str(operation.action) for operation in plan(dear).operations} == {"multiply"}


def test_compression_costs_a_bandwidth_of_evaluations() -> None:
    banded = Chain([Elemental(500, 500, Banded(1, 1), tangent=1500, adjoint=1500)])
    assert plan(banded).fma == 3 * 1500
    assert plan(Chain([Elemental(500, 500, tangent=1500, adjoint=1500)])).fma == 500 * 1500
    assert plan(Chain([Elemental(10**6, 10**6, Diagonal(), tangent=7)])).fma == 7


def test_colourings_are_valid_and_those_of_the_oracle() -> None:
    from tests.oracle import colours

    generator = np.random.default_rng(34)
    for density in (0.05, 0.2, 0.5):
        for _ in range(30):
            rows, columns = generator.integers(1, 15, size=2).tolist()
            filled = generator.random((rows, columns)) < density
            pattern = Sparse(filled).pattern(rows, columns)
            assert column_colours(pattern) == colours(filled)
            assert row_colours(pattern) == colours(filled.T)
            by_column = colour_columns(pattern)
            for colour in range(column_colours(pattern)):
                assert filled[:, by_column == colour].sum(axis=1).max() == 1
    for size, lower, upper in ((7, 1, 2), (4, 3, 0), (5, 4, 3)):
        band = Banded(lower, upper).pattern(size, size)
        assert column_colours(band) == colours(band.csr().toarray())


@pytest.mark.parametrize("form", ["operator", "pair"])
def test_operators_and_pairs_of_functions(form: str) -> None:
    generator = np.random.default_rng(35)
    a, b = generator.random((4, 6)), generator.random((3, 4))
    chain = Chain([Elemental(6, 4, tangent=9, adjoint=9), Elemental(4, 3, tangent=8, adjoint=8)])
    given = [aslinearoperator(a), aslinearoperator(b)]
    if form == "pair":
        given = [(lambda v: a @ v, lambda u: u @ a), (lambda v: b @ v, lambda u: u @ b)]
    done = execute(plan(chain), given)
    assert done.passed
    assert any(check.name.startswith("dot products") for check in done.checks)
    np.testing.assert_allclose(done.jacobian, b @ a)


def test_an_adjoint_that_does_not_belong_to_its_tangent_is_found() -> None:
    a = np.random.default_rng(36).random((4, 6))
    chain = Chain([Elemental(6, 4, tangent=9, adjoint=9)])
    done = execute(plan(chain), [(lambda v: a @ v, lambda u: u @ (a + 1e-6))])
    assert not done.passed


def test_a_declared_pattern_that_is_too_narrow_is_found() -> None:
    tridiagonal = np.triu(np.tril(np.random.default_rng(37).random((9, 9)), 1), -1)
    operator = aslinearoperator(tridiagonal)
    right = Chain([Elemental(9, 9, Banded(1, 1), tangent=5, adjoint=5)])
    wrong = Chain([Elemental(9, 9, Diagonal(), tangent=5, adjoint=5)])
    assert execute(plan(right), [operator]).passed
    assert not execute(plan(wrong), [operator]).passed


def test_directions_come_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    widths: list[int] = []
    a = np.random.default_rng(38).random((4, 100))

    class Watched:
        shape = a.shape

        def matmat(self, v):
            widths.append(v.shape[1])
            return a @ v

        def rmatmat(self, u):
            return a.T @ u

    chain = Chain([Elemental(100, 4, tangent=1)])
    execute(plan(chain), [Watched()], chunk_entries=1000, verify=False)
    assert widths == [10] * 10
    assert backends.CHUNK_ENTRIES >= 2**20


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (aslinearoperator(np.ones((2, 2))), "shape"),
        ((lambda v: np.ones(7), None), "returned shape"),
    ],
)
def test_models_that_do_not_fit(given, words) -> None:
    chain = Chain([Elemental(3, 4, tangent=5)])
    with pytest.raises(ExecutionError, match=words):
        execute(plan(chain), [given])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tangent": -1}, "tangent is -1"),
        ({"tangent": 1.5}, "tangent is 1.5"),
        ({"tangent": True}, "tangent is True"),
        ({"adjoint": 3, "tape": -2}, "tape is -2"),
        ({"explicit": False}, "neither tangent nor adjoint"),
    ],
)
def test_bad_models(options, words) -> None:
    with pytest.raises(ChainError, match=words):
        Elemental(2, 2, **options)
