"""Solve and selection links: plans against an independent search, results against explicit inverses."""

from __future__ import annotations

import pickle
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from chainorder import (
    Chain,
    ChainError,
    Elemental,
    ExecutionError,
    Plan,
    Selection,
    Solve,
    Sparse,
    StructureError,
    execute,
    load,
    plan,
)
from chainorder.comparison.chains import baselines
from chainorder.execution.kernels import multiply
from chainorder.execution.model import transpose
from chainorder.execution.sources import gather
from chainorder.execution.storing import random_operand
from chainorder.problems.random_chains import Ranges, random_chain
from chainorder.structures.banded import BandPattern, IdentityPattern
from chainorder.structures.colouring import colour_columns, column_colours
from chainorder.structures.dense import DensePattern
from chainorder.structures.positions import SparsePattern
from chainorder.structures.selection import SelectionPattern
from chainorder.structures.solve import Factorisation
from tests.oracle import all_totals
from tests.slow import slow_but


def as_array(matrix: Any) -> np.ndarray:
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def regular(generator: np.random.Generator, size: int) -> Any:
    """A well-conditioned matrix, sparse or dense."""
    matrix = sp.random_array((size, size), density=0.3, rng=generator) + 5 * sp.eye_array(size)
    return matrix.tocsr() if generator.random() < 0.6 else matrix.toarray()


def chain_with_solves(generator: np.random.Generator) -> Chain:
    """A random chain of all structures in which about every second square place is a solve."""
    structures = ("dense", "diagonal", "banded", "identity", "selection", "sparse")
    length = int(generator.integers(1, 6))
    chain = random_chain(generator, length, Ranges(sizes=(1, 8), structures=structures))
    elementals: list[Elemental] = []
    for elemental in chain.elementals:
        if generator.random() < 0.4:
            solve = Solve(regular(generator, elemental.inputs))
            elementals.append(Elemental(elemental.inputs, elemental.inputs, solve))
        elementals.append(elemental)
    return Chain(elementals)


def explicit(chain: Chain, seed: int) -> np.ndarray:
    """The product with explicit inverses."""
    operands = gather(chain, None, seed).operands
    factors = []
    for number in range(1, len(chain) + 1):
        structure = chain.kind_of(number).structure
        if isinstance(structure, Solve):
            assert structure.factorisation is not None
            factors.append(np.linalg.inv(as_array(structure.factorisation.matrix)))
        else:
            factors.append(as_array(operands[number].matrix()))
    return reduce(lambda right, left: left @ right, factors)


@pytest.mark.parametrize("seed", slow_but(range(6), range(25)))
def test_plans_are_the_best_of_all_operation_trees_and_execute_to_the_explicit_product(seed: int) -> None:
    chain = chain_with_solves(np.random.default_rng((31, seed)))
    best = min(all_totals(chain))
    for solver in ("auto", "dynamic", "exhaustive", "estimated", "forward", "reverse"):
        answer = plan(chain, solver=solver)
        assert answer.fma == best if solver not in ("forward", "reverse") else answer.fma >= best
        answer.validate()
        assert Plan.from_json(answer.to_json()) == answer
        done = execute(answer, seed=seed)
        assert done.passed
        assert done.fma == answer.fma
        assert done.peak_memory == answer.peak_memory or answer.estimate is not None
        np.testing.assert_allclose(as_array(done.jacobian), explicit(chain, seed), atol=1e-9)


def test_few_wanted_rows_cost_a_handful_of_solves_not_n() -> None:
    size, lines = 500, 700
    generator = np.random.default_rng(0)
    matrix = sp.diags_array([-1.0, 2.5, -1.0], offsets=[-1, 0, 1], shape=(size, size)).tocsr()
    ends = np.array([generator.choice(size, 2, replace=False) for _ in range(lines)])
    places = np.repeat(np.arange(lines), 2), ends.ravel()
    branches = sp.csr_array((np.tile([1.0, -1.0], lines), places), shape=(lines, size))
    chain = Chain(
        [
            Elemental(size, size, Solve(matrix)),
            Elemental(size, lines, Sparse(branches)),
            Elemental(lines, 3, Selection([7, 99, 450])),
        ],
        matrices={1: branches},
    )
    answer = plan(chain)
    solves = [operation for operation in answer.operations if operation.action == "adjoint"]
    assert [operation.fma for operation in solves] == [3 * chain.kind_of(1).held]
    assert answer.optimal
    assert plan(chain, solver="forward").fma > 100 * answer.fma
    done = execute(answer)
    assert done.passed
    expected = branches.toarray()[[7, 99, 450]] @ np.linalg.inv(matrix.toarray())
    np.testing.assert_allclose(done.jacobian, expected, atol=1e-12)
    assert any(check.name.startswith("residual") for check in done.checks)


@pytest.mark.parametrize("count", [0, 1, 16, 17, 50])
def test_many_right_hand_sides_are_solved_in_parts(count: int) -> None:
    generator = np.random.default_rng(count)
    matrix = regular(generator, 20)
    made, sides = Factorisation.of(sp.csr_array(matrix)), generator.standard_normal((20, count))
    np.testing.assert_allclose(as_array(matrix) @ made.solve(sides), sides, atol=1e-12)
    np.testing.assert_allclose(as_array(matrix).T @ made.solve_transposed(sides), sides, atol=1e-12)


def test_a_wrong_solve_is_found() -> None:
    matrix = 3 * np.eye(4) + np.tri(4)
    chain = Chain([Elemental(4, 4, Solve(matrix)), Elemental(4, 2)])
    structure = chain.kind_of(1).structure
    assert isinstance(structure, Solve)
    assert structure.factorisation is not None
    factors, _ = structure.factorisation._factors
    factors[2, 1] += 1e-3
    assert not execute(plan(chain)).passed


def test_only_solves_have_no_inverting_baseline() -> None:
    solve = Elemental(3, 3, Solve(np.eye(3)))
    assert baselines(Chain([solve, Elemental(3, 2)])) == ("forward", "reverse")
    assert "preaccumulation" in baselines(Chain([solve, Elemental(3, 2, tangent=1)]))


def test_selections_multiply_like_their_matrices() -> None:
    generator = np.random.default_rng(5)
    size = 12
    permutation = Selection(generator.permutation(size)).pattern(size, size)
    rows = Selection([9, 2, 11, 0, 5]).pattern(5, size)
    columns = Selection([3, 11, 0, 7, 8], "columns").pattern(size, 5)
    assert isinstance(rows, SelectionPattern)
    assert isinstance(columns, SelectionPattern)
    partial = columns @ rows  # empty rows and columns
    others = [
        permutation,
        partial,
        IdentityPattern(size),
        BandPattern(size, 0, 0),
        BandPattern(size, 2, 1),
        DensePattern(size, size),
        DensePattern(size, size, np.array([1, 9]), np.array([0, 3, 7])),
        SparsePattern.of(generator.random((size, size)) < 0.2),
    ]
    pairs = [
        *product((rows, permutation, partial), others),
        *product(others, (columns, permutation, partial)),
    ]
    for left, right in pairs:
        a, b = random_operand(left, generator), random_operand(right, generator)
        result = multiply(a, b)
        expected = as_array(a.matrix()) @ as_array(b.matrix())
        np.testing.assert_array_equal(as_array(result.matrix()), expected)
        pattern = (left @ right).csr().toarray()
        assert np.array_equal(result.pattern.csr().toarray(), pattern)
        assert np.array_equal(pattern, left.csr().toarray() @ right.csr().toarray())
        assert np.array_equal(as_array(transpose(result).matrix()), expected.T)
        assert result.pattern.free == (left.free and right.free)


def test_selections_have_one_colour_and_no_entries() -> None:
    selection = Selection([4, 1]).pattern(2, 6)
    assert (column_colours(selection), selection.entries, selection.nnz) == (1, 0, 2)
    assert colour_columns(selection).tolist() == [-1, 0, -1, -1, 0, -1]
    assert np.array_equal(selection.transposed().csr().toarray(), selection.csr().toarray().T)


def test_a_selection_of_an_enormous_identity_is_planned() -> None:
    chain = Chain([Elemental(7, 10**18), Elemental(10**18, 2, Selection([10**17, 3]))])
    answer = plan(chain)
    assert answer.fma == 0
    answer.validate()


def test_matrices_of_other_types() -> None:
    integers = np.array([[2, 1], [1, 3]])
    half = sp.csr_array(np.array([[2.0, 0], [1, 3]], np.float32))
    turned = np.array([[2, 1j], [1, 3]])
    for matrix in (integers, half, turned):
        chain = Chain.from_matrices([np.array([[1.0, 2], [3, 4]]), Solve(matrix)])
        done = execute(plan(chain))
        assert done.passed
        expected = np.linalg.inv(as_array(matrix)) @ [[1, 2], [3, 4]]
        np.testing.assert_allclose(done.jacobian, expected, atol=1e-12)
        assert done.jacobian.dtype == (np.complex128 if matrix is turned else np.float64)
    complex_first = Chain.from_matrices([np.array([[1j, 2], [3, 4]]), Solve(integers)])
    expected = np.linalg.inv(integers) @ [[1j, 2], [3, 4]]
    np.testing.assert_allclose(execute(plan(complex_first)).jacobian, expected, rtol=1e-12)


BAD_MATRICES = [
    (np.ones((2, 3)), "2 × 3; it must be square"),
    (np.ones(3), "give a square"),
    (np.array([["a"]]), "must be numeric"),
    (np.array([[1, np.inf], [0, 1]]), "inf in row 1, column 2"),
    (sp.csr_array(np.array([[1, 0], [np.nan, 1]])), "nan in row 2, column 1"),
    (np.zeros((3, 3)), "row 1 is empty"),
    (sp.csr_array(np.diag([1.0, 0, 2])), "singular: row 2 is empty"),
    (sp.csr_array(np.array([[1.0, 0, 1], [1, 0, 2], [3, 0, 1]])), "column 2 is empty"),
    (sp.csr_array(np.array([[1.0, 1, 1], [0, 0, 2], [0, 0, 3]])), "pattern has rank 2 of 3"),
    (np.array([[1.0, 2], [2, 4]]), "depend on each other"),
    (sp.csr_array(np.array([[1.0, -1, 0], [-1, 2, -1], [0, -1, 1]])), "depend on each other"),
]


@pytest.mark.parametrize(("matrix", "message"), BAD_MATRICES)
def test_matrices_that_cannot_be_solved_with(matrix: Any, message: str) -> None:
    with pytest.raises(StructureError, match=message):
        Solve(matrix)


def test_matrices_that_are_singular_by_their_pattern_never_reach_the_factorisation() -> None:
    """SuperLU may crash on these."""
    for seed in range(300):
        matrix = sp.random_array((4, 4), density=0.35, rng=np.random.default_rng(seed), format="csc")
        rank = np.linalg.matrix_rank(matrix.toarray())
        if rank == 4:
            assert Factorisation.of(matrix).entries >= 4
        else:
            with pytest.raises(StructureError, match="singular"):
                Solve(matrix)


def test_solves_can_be_sent_to_workers() -> None:
    made = Factorisation.of(sp.csc_array([[2.0, 1], [0, 4]]))
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(again.solve(np.eye(2)), made.solve(np.eye(2)))


def test_solves_are_told_apart_by_their_matrices() -> None:
    a, b = Solve(np.eye(2)), Solve(2 * np.eye(2))
    assert a != b
    assert a == Solve(np.eye(2))
    assert a.factors == b.factors == 4
    with pytest.raises(ChainError, match="of its own"):
        Elemental(2, 2, a, tangent=3)
    with pytest.raises(StructureError, match="2 × 2 where 3 × 3"):
        Elemental(3, 3, a)
    with pytest.raises(StructureError, match="give the matrix"):
        Solve()


def test_a_solve_without_its_matrix_is_planned_but_not_run() -> None:
    chain = Chain([Elemental(3, 3, Solve(factors=7)), Elemental(3, 1)])
    answer = plan(chain)
    assert answer.fma == 7
    with pytest.raises(ExecutionError, match="only the cost is known"):
        execute(answer)
    done = execute(answer, [np.diag([1.0, 2, 4]), np.ones((1, 3))])
    np.testing.assert_allclose(done.jacobian, [[1, 0.5, 0.25]])
    assert not done.passed  # its factors have nine entries, not seven


@pytest.mark.parametrize(
    ("select", "axis", "message"),
    [
        ([], "rows", "empty"),
        ([1, 1], "rows", "has 1 twice"),
        ([-1], "rows", "at least 0"),
        ([0.5], "rows", "whole number"),
        ([0], "diagonals", "rows or columns"),
    ],
)
def test_selections_that_are_none(select: list[Any], axis: str, message: str) -> None:
    with pytest.raises(StructureError, match=message):
        Selection(select, axis)


def test_a_given_matrix_must_be_the_declared_selection() -> None:
    chain = Chain([Elemental(3, 2, Selection([2, 0]))])
    assert execute(plan(chain), [np.array([[0.0, 0, 1], [1, 0, 0]])]).passed
    with pytest.raises(ExecutionError, match="not the selection"):
        execute(plan(chain), [np.array([[0.0, 0, 2], [1, 0, 0]])])


def test_specs_with_solves_and_selections(tmp_path: Path) -> None:
    from scipy.io import mmwrite

    matrix = sp.diags_array([-1.0, 2.5, -1.0], offsets=[-1, 0, 1], shape=(6, 6))
    mmwrite(tmp_path / "A.mtx", matrix)
    (tmp_path / "chain.yaml").write_text(
        "elementals:\n"
        "- {inputs: 2, outputs: 6, axis: columns, select: [0, 5]}\n"
        "- {solve: A.mtx, repeat: 3}\n"
        "- {select: [3, 1]}\n"
    )
    (chain,) = load(tmp_path / "chain.yaml")
    answer = plan(chain)
    assert Plan.from_json(answer.to_json()) == answer
    done = execute(Plan.from_json(answer.to_json()))
    assert done.passed
    inverse = np.linalg.matrix_power(np.linalg.inv(matrix.toarray()), 3)
    np.testing.assert_allclose(as_array(done.jacobian), inverse[np.ix_([3, 1], [0, 5])], rtol=1e-10)
    factors = Factorisation.of(matrix).entries
    assert answer.fma == 6 * factors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from scipy.io import mmwrite

    line = sp.diags_array([-1.0, 2.5, -1.0], offsets=[-1, 0, 1], shape=(6, 6)).tolil()
    mmwrite(tmp_path / "A.mtx", line.tocoo())
    line[2, :] = 0
    mmwrite(tmp_path / "singular.mtx", line.tocoo())
    np.save(tmp_path / "nan.npy", np.array([[1, np.nan], [0, 1]]))
    np.save(tmp_path / "wide.npy", np.ones((3, 5)))
    return tmp_path


@pytest.mark.parametrize(
    ("elementals", "place", "message"),
    [
        ("[{solve: singular.mtx}]", "1:22: elementals[0].solve", "singular: row 3 is empty"),
        ("[{solve: nan.npy}]", "1:22: elementals[0].solve", "nan in row 1, column 2"),
        ("[{solve: wide.npy}]", "1:22: elementals[0].solve", "3 × 5; it must be square"),
        ("[{solve: gone.mtx}]", "1:22: elementals[0].solve", "there is no file"),
        ("[{inputs: 1, outputs: 5}, {solve: A.mtx}]", "1:47: elementals[1].solve", "has 5 outputs"),
        ("[{solve: A.mtx, tangent: 4}]", "elementals[0].tangent", "the elemental is a solve; remove it"),
        ("[{solve: A.mtx, matrix: A.mtx}]", "elementals[0].matrix", "is a solve; remove it"),
        ("[{structure: solve, inputs: 3}]", "elementals[0]", "factors is missing"),
        ("[{inputs: 7, select: [3, 7]}]", "elementals[0].select", "select[1] is 7 but inputs is 7"),
        ("[{inputs: 7, select: [3, 3]}]", "elementals[0].select", "has 3 twice"),
        ("[{inputs: 7, select: [-1]}]", "elementals[0].select[0]", "at least 0"),
        ("[{inputs: 7, outputs: 3, select: [1]}]", "elementals[0].select", "1 rows but outputs is 3"),
        ("[{inputs: 1, axis: columns, select: [1]}]", "elementals[0]", "outputs is missing"),
        ("[{inputs: 1, outputs: 1, axis: columns}]", "elementals[0].axis", "only a selection has it"),
        ("[{structure: selection, inputs: 3}]", "elementals[0]", "select is missing"),
    ],
)
def test_bad_specs(folder: Path, elementals: str, place: str, message: str) -> None:
    from chainorder import SpecError

    (folder / "bad.yaml").write_text(f"elementals: {elementals}")
    with pytest.raises(SpecError) as caught:
        load(folder / "bad.yaml")
    assert place in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_exact_and_estimated_fill_on_the_command_line(folder: Path) -> None:
    from click.testing import CliRunner

    from chainorder.cli import cli

    spec = folder / "chain.yaml"
    spec.write_text("elementals: [{solve: A.mtx}, {select: [3]}]")
    exact = CliRunner().invoke(cli, ["plan", str(spec), "--exact-fill"])
    assert "solver: dynamic (optimal)" in exact.output
    estimate = CliRunner().invoke(cli, ["compare", str(spec), "--estimate"])
    assert "heuristic: estimated fill" in estimate.output
    both = CliRunner().invoke(cli, ["run", str(spec), "--estimate", "--exact-fill"])
    assert both.exit_code == 2
    assert "exclude each other" in both.output
