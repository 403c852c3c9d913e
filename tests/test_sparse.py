"""Sparse chains: exact planning that makes few patterns, estimates against exact counts, cancellation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from chainorder import Chain, Elemental, Plan, PlanError, Selection, SolverError, Sparse, execute, plan
from chainorder.costs.exact_fill import ExactFill, OverBudgetError, Words, letters_of, shared_patterns
from chainorder.costs.known_costs import Outline
from chainorder.costs.product_bounds import Boundaries, most
from chainorder.costs.sampled_fill import SampledFill, Stratified
from chainorder.execution import kernels
from chainorder.solvers.chains import choice
from chainorder.solvers.chains.dynamic import solve_within
from chainorder.structures.pattern import fma
from chainorder.structures.positions import SparsePattern, quicker_by_arrays
from tests.chains import random_chains
from tests.matrices import grid, picked_rows, sparse


def pareto(size: int, degree: int, seed: int) -> Any:
    """A graph of which a few vertices have most edges."""
    generator = np.random.default_rng(seed)
    weights = generator.pareto(1.5, size) + 1
    rows, columns = (generator.choice(size, size * degree, p=weights / weights.sum()) for _ in range(2))
    return sp.csr_array((np.ones(size * degree), (rows, columns)), shape=(size, size))


def all_joins(length: int) -> list[tuple[int, int, int]]:
    """Every subchain i..j and split k, from 0."""
    return [(i, k, j) for i in range(length) for j in range(i + 1, length) for k in range(i, j)]


@pytest.mark.parametrize("mix", ["sparse", "all"])
def test_bounds_hold_for_every_join(mix: str) -> None:
    for chain in random_chains(mix, 60, seed=41):
        patterns = shared_patterns(chain)
        fill = ExactFill(patterns, Words(letters_of(chain)))
        products = Boundaries.of(patterns).products
        last = len(chain) - 1
        for i, k, j in all_joins(len(chain)):
            assert products[j == last, i == 0][k] <= fill.product(i, k, j)
            assert products[True, True][k] <= fill.product(i, k, j)
        assert plan(chain, solver="exhaustive").fma <= most(patterns, None)


def test_patterns_are_made_only_where_bounds_leave_a_cost_open() -> None:
    side, steps = 40, 60
    stencil = grid(side)
    chain = Chain(
        [Elemental(4, side * side), *[Elemental(side * side, side * side, Sparse(stencil))] * steps]
    )
    outline = Outline(chain)
    answer = solve_within(outline, 200_000)  # squares alone take 20,000 · steps²
    assert answer.optimal
    assert answer.fma == steps * 4 * stencil.nnz


def test_equal_elementals_share_patterns() -> None:
    chain = Chain([Elemental(900, 900, Sparse(grid(30)))] * 8)
    words = Words(letters_of(chain))
    assert words[0, 3] == words[4, 7] != words[0, 2]
    fill = ExactFill(shared_patterns(chain), words)
    assert fill.pattern(0, 3) is fill.pattern(4, 7)


def test_what_exceeds_the_budget_is_estimated_by_auto_and_proved_on_demand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choice, "WORK", 10_000)
    chain = Chain.from_matrices([sparse(400, 400, 3, seed) for seed in range(6)])
    with pytest.raises(OverBudgetError):
        solve_within(Outline(chain), 10_000)
    answer = plan(chain)
    assert (answer.solver, answer.optimal, answer.lower_bound) == ("estimated", False, None)
    assert answer.estimate is not None
    assert answer.claim.startswith("heuristic: estimated fill, fma ±")
    assert "about" in str(answer)
    answer.validate()
    assert Plan.from_json(answer.to_json()) == answer
    exact = plan(chain, solver="dynamic")
    assert exact.optimal
    assert exact.fma == plan(chain, solver="exhaustive").fma
    done = execute(answer)
    assert done.passed
    assert exact.fma <= done.fma <= 1.05 * exact.fma  # the chosen order really is nearly as cheap
    assert abs(done.fma - answer.fma) <= 2 * answer.estimate.error * done.fma


def test_estimates_beyond_double_precision_are_the_same_again() -> None:
    answer = plan(Chain.from_dims([1048577, 1048577, 1048576, 1048575]), solver="estimated")
    for _ in range(5):
        answer.validate()


def test_an_estimate_that_was_tampered_with_is_found() -> None:
    chain = Chain.from_matrices([sparse(300, 300, 3, seed) for seed in range(4)])
    answer = plan(chain, solver="estimated")
    operations = replace(answer.operations, fma=answer.operations.fma + 1)
    with pytest.raises(PlanError, match="recounted"):
        replace(answer, operations=operations).validate()
    with pytest.raises(PlanError, match="samples"):
        assert answer.estimate is not None
        replace(answer, estimate=replace(answer.estimate, samples=257)).validate()


@pytest.mark.parametrize(
    ("name", "matrices", "typical", "worst"),
    [
        ("grid", [grid(40)] * 6, 0.01, 0.02),
        ("random", [sparse(1500, 1500, 3, seed) for seed in range(6)], 0.08, 0.2),
        ("shapes", [sparse(900, 300, 2, 1), sparse(40, 900, 9, 2), sparse(700, 40, 2, 3)], 0.1, 0.3),
        ("pareto", [pareto(1500, 3, seed) for seed in range(4)], 0.2, 0.5),
    ],
)
def test_estimates_against_exact_counts(name: str, matrices: list[Any], typical: float, worst: float) -> None:
    chain = Chain.from_matrices(matrices)
    patterns, letters = shared_patterns(chain), letters_of(chain)
    fill = ExactFill(patterns, Words(letters))
    errors, normal = [], []
    for seed in range(3):
        sampled = SampledFill(patterns, letters, seed)
        for i, k, j in all_joins(len(chain)):
            estimate, deviation = sampled.estimate(i, k, j), sampled.error(i, k, j)
            error = estimate - fill.product(i, k, j)
            errors.append(abs(error) / fill.product(i, k, j))
            normal.append(error / deviation if deviation else 0.0)
    assert np.sqrt(np.mean(np.square(errors))) < typical
    assert max(errors) < worst
    assert np.sqrt(np.mean(np.square(normal))) < 2.5  # the stated error is of the right size


def test_few_indices_are_not_sampled_but_counted() -> None:
    for chain in random_chains("sparse", 40, seed=43):
        patterns, letters = shared_patterns(chain), letters_of(chain)
        fill, sampled = ExactFill(patterns, Words(letters)), SampledFill(patterns, letters)
        for place in all_joins(len(chain)):
            assert (sampled.estimate(*place), sampled.error(*place)) == (fill.product(*place), 0.0)


def test_estimates_are_the_same_every_time() -> None:
    """Also where transposes are made and thrown away: no two are ever taken for each other."""
    picked = [Selection(range(0, 300, step)) for step in (2, 3)]
    places = [Selection(range(0, 300, step), axis="columns") for step in (2, 3)]
    kinds = [Sparse(sparse(300, 300, 4, seed)) for seed in range(2)]
    elementals = [
        Elemental(*sizes, kind)
        for pick, place in zip(picked, places, strict=True)
        for sizes, kind in (
            ((300, 300), kinds[0]),
            ((300, len(pick.select)), pick),
            ((len(pick.select), 300), place),
            ((300, 300), kinds[1]),
        )
    ]
    answers = [plan(Chain(elementals), solver="estimated") for _ in range(10)]
    assert {(answer.fma, answer.peak_memory) for answer in answers} == {
        (answers[0].fma, answers[0].peak_memory)
    }


def test_few_indices_that_matter_are_met() -> None:
    """Behind a selection hardly any inner index reaches the input; a sample of all would see none of them."""
    size = 10_000
    chosen = picked_rows(size, range(0, size, 500))
    wide = [sparse(size, size, 8, seed) for seed in range(6)]
    ends = sparse(size, 250, 3, 7), sparse(250, size, 120, 8)
    chain = Chain.from_matrices([ends[0], *wide[:3], chosen, chosen.T.tocsr(), *wide[3:], ends[1]])
    sampled = SampledFill(shared_patterns(chain), letters_of(chain))
    fill = ExactFill(shared_patterns(chain), Words(letters_of(chain)))
    for i, k, j in all_joins(len(chain)):
        if i <= 4 <= k < j - 1 or k + 1 < 4 <= j:  # a selection in one of the parts
            assert sampled.estimate(i, k, j) == pytest.approx(fill.product(i, k, j), rel=0.5)


def test_strata_stand_for_all_indices() -> None:
    contributions = np.random.default_rng(0).zipf(1.6, 5_000)
    sample = Stratified.of(contributions, np.random.default_rng(1), 64)
    assert sample.weights.sum() == 5_000
    same = np.full(len(sample.indices), 7)
    assert (sample.total(same), sample.error(same)) == (35_000, 0)  # equal counts are exact
    assert sample.total(contributions[sample.indices]) == pytest.approx(
        contributions.sum(), rel=0.1
    )  # the greatest have strata of their own


def test_colours_are_not_estimated() -> None:
    chain = Chain([Elemental(4, 4, Sparse(np.eye(4)), tangent=3), Elemental(4, 2)])
    with pytest.raises(SolverError, match="elemental 1 has tangents"):
        plan(chain, solver="estimated")
    assert plan(chain).optimal


def test_counts_are_of_symbolic_patterns_where_products_cancel_again_and_again() -> None:
    signs = np.random.default_rng(3)
    matrices = [sparse(400, 400, 3, seed) for seed in range(5)]  # never well filled: zeros would count
    for matrix in matrices:
        matrix.data = signs.choice([-1.0, 1.0], matrix.nnz)
    chain = Chain.from_matrices(matrices)
    for solver in ("forward", "reverse", "auto"):
        answer = plan(chain, solver=solver)
        done = execute(answer)
        assert [record.fma for record in done.records] == answer.operations.fma.tolist()
        assert done.peak_memory == answer.peak_memory
        assert done.passed
        stored = execute(answer, symbolic=False)
        assert stored.fma <= done.fma
        assert stored.passed
    answer = plan(chain, solver="reverse")
    assert execute(answer, symbolic=False).fma < answer.fma


@pytest.mark.parametrize("empty", [0, 1, 40])
def test_patterns_of_well_filled_factors_are_made_by_arrays_and_are_the_same(empty: int) -> None:
    generator = np.random.default_rng(45)
    left, right = (SparsePattern.of(generator.random((120, 120)) < 0.5) for _ in "ab")
    cut = left.csr().toarray()
    cut[:empty], cut[empty : 2 * empty, empty:] = False, False
    left = SparsePattern.of(cut)
    assert quicker_by_arrays(120, 120, 120, fma(left, right))
    assert not quicker_by_arrays(120, 120, 120, 10_000)
    made, expected = left @ right, cut.astype(int) @ right.csr().toarray() > 0
    assert made.nnz == expected.sum() and np.array_equal(made.csr().toarray(), expected)


def test_products_that_do_not_cancel_are_multiplied_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []
    right = SparsePattern.__matmul__
    monkeypatch.setattr(SparsePattern, "__matmul__", lambda *pair: made.append(True) or right(*pair))
    generator = np.random.default_rng(0)
    a, b = (kernels.SparseOperand(sparse(50, 50, 4, seed)) for seed in (1, 2))
    product = kernels.multiply(a, b)
    assert not made, "SciPy no longer leaves the room that it made for dropped positions"
    a.csr.data[:] = b.csr.data[:] = generator.choice([-1.0, 1.0], 200)
    cancelled = kernels.multiply(a, b)
    assert made
    assert cancelled.pattern.nnz == product.pattern.nnz > cancelled.matrix().nnz


def test_one_matrix_many_times_is_taken_in_once() -> None:
    stencil = grid(20)
    chain = Chain.from_matrices([stencil] * 30)
    assert len(chain.elementals.kinds) == 1
    from chainorder.execution.sources import gather

    assert len({id(operand) for operand in gather(chain, None, 0).operands.values()}) == 1


def powers(seed: int) -> list[Any]:
    """Matrices of which some are the same, input first."""
    generator = np.random.default_rng(seed)
    size = int(generator.integers(1, 9))
    pool = [sparse(size, size, 0.5 * size, seed), generator.random((size, size))]
    steps = [pool[int(generator.random() < 0.3)] for _ in range(int(generator.integers(2, 14)))]
    return [generator.random((size, 3)), *steps] if generator.random() < 0.5 else steps


def test_reused_products_are_counted_validated_saved_and_right() -> None:
    reusing = 0
    for seed in range(40):
        matrices = powers(seed)
        chain = Chain.from_matrices(matrices)
        answer = plan(chain, solver="reuse")
        reusing += any(operation.action == "reuse" for operation in answer.operations)
        answer.validate()
        assert Plan.from_json(answer.to_json()) == answer
        done = execute(answer)
        assert done.passed
        assert (done.fma, done.peak_memory) == (answer.fma, answer.peak_memory)
        expected = matrices[0] if isinstance(matrices[0], np.ndarray) else matrices[0].toarray()
        for matrix in matrices[1:]:
            expected = matrix @ expected
        jacobian = done.jacobian if isinstance(done.jacobian, np.ndarray) else done.jacobian.toarray()
        np.testing.assert_allclose(jacobian, expected, rtol=1e-9)
        assert plan(chain).fma <= plan(chain, solver="dynamic").fma
    assert reusing > 10


def test_powers_are_squared() -> None:
    matrix = np.random.default_rng(0).random((30, 30)) / 30
    answer = plan(Chain.from_matrices([matrix] * 16))
    assert answer.solver == "reuse"
    assert answer.fma == 4 * 30**3
    assert answer.claim == "heuristic: equal products reused"
    assert "again" in str(answer)
    few = Chain.from_matrices([np.ones((30, 2)), *[matrix] * 16])
    assert plan(few).optimal  # no power is worth its price


def test_only_what_is_known_to_be_the_same_is_reused() -> None:
    chain = Chain([Elemental(30, 30)] * 16)
    assert plan(chain).optimal
    labelled = Chain([Elemental(30, 30, same="step")] * 16)
    answer = plan(labelled)
    assert answer.solver == "reuse"
    assert execute(answer).passed
    generator = np.random.default_rng(0)
    with pytest.raises(Exception, match="their Jacobians differ"):
        execute(answer, [generator.random((30, 30)) for _ in range(16)])
    with pytest.raises(PlanError, match="not known to be the same"):
        replace(answer, chain=chain).validate()


def test_reuse_is_for_one_machine_and_explicit_chains() -> None:
    labelled = Chain([Elemental(9, 9, same="step")] * 8)
    assert plan(labelled, machines=2, objective="fma").fma == 7 * 9**3
    with pytest.raises(SolverError, match="explicit"):
        plan(Chain([Elemental(3, 3, tangent=1)]), solver="reuse")
