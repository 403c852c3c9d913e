"""Execution: right results, counted = planned, and checks that can fail."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import reduce
from itertools import product

import numpy as np
import pytest
from scipy import sparse

from chainorder import (
    Banded,
    Chain,
    Diagonal,
    Edge,
    Elemental,
    ExecutionError,
    Graph,
    Identity,
    Selection,
    Sparse,
    execute,
    plan,
)
from chainorder.execution import kernels, memory
from chainorder.execution.checks import Check
from chainorder.execution.kernels import multiply
from chainorder.execution.operand import BandOperand, DenseOperand
from chainorder.execution.sources import gather
from chainorder.execution.storing import random_operand
from chainorder.report.common import checks_data, run_row
from chainorder.structures.banded import BandPattern, IdentityPattern
from chainorder.structures.dense import DensePattern
from chainorder.structures.positions import SparsePattern
from tests.chains import MIXES, random_chains


def as_array(matrix) -> np.ndarray:
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


@pytest.mark.parametrize("mix", MIXES)
def test_every_order_gives_the_product_and_counts_what_was_planned(mix: str) -> None:
    for seed, chain in enumerate(random_chains(mix, 60, seed=21)):
        factors = [as_array(operand.matrix()) for operand in gather(chain, None, seed).operands.values()]
        expected = reduce(lambda right, left: left @ right, factors)
        for solver in ("forward", "reverse", "auto", "contraction"):
            done = execute(plan(chain, solver=solver), seed=seed)
            assert done.fma == done.plan.fma
            assert done.peak_memory == done.plan.peak_memory
            assert [record.fma for record in done.records] == done.plan.operations.fma.tolist()
            assert done.passed
            np.testing.assert_allclose(as_array(done.jacobian), expected, rtol=1e-9, atol=1e-12)


WRONG_OPTIONS = [
    *({"tolerance": value} for value in (float("nan"), -1e-9, "1e-9", [1e-9])),
    *({"seed": value} for value in (-1, 1.5, "0", None)),
]


@pytest.mark.parametrize("options", WRONG_OPTIONS, ids=str)
def test_options_with_which_nothing_could_be_checked_are_refused(options) -> None:
    ((name, value),) = options.items()
    graph = Graph({"x": 2, "y": 3}, [Edge("x", "y")])
    for best in (plan(Chain.from_dims([2, 3, 4])), plan(graph)):
        with pytest.raises(ExecutionError, match=re.escape(f"{name} is {value!r}; give a ")):
            execute(best, **options)
        assert execute(best, seed=np.int64(3), tolerance=np.float32(1e-6)).passed


def test_every_pair_of_representations() -> None:
    generator = np.random.default_rng(22)
    size = 40
    patterns = [
        IdentityPattern(size),
        BandPattern(size, 0, 0),
        BandPattern(size, 1, 2),
        BandPattern(size, 30, 20),
        DensePattern(size, size),
        DensePattern(size, size, np.array([1, 5, 7]), None),
        DensePattern(size, size, None, np.array([0, 5, 39])),
        DensePattern(size, size, np.array([4]), np.array([4, 6])),
        SparsePattern.of(generator.random((size, size)) < 0.03),
        SparsePattern.of(generator.random((size, size)) < 0.5),
        DensePattern(size, size, np.empty(0, np.int64), None),
    ]
    for left, right in product(patterns, repeat=2):
        a, b = random_operand(left, generator), random_operand(right, generator)
        result = multiply(a, b)
        np.testing.assert_allclose(
            as_array(result.matrix()), as_array(a.matrix()) @ as_array(b.matrix()), atol=1e-12
        )
        assert np.array_equal(result.pattern.csr().toarray(), (left @ right).csr().toarray())


def test_cancellation_does_not_shrink_the_pattern() -> None:
    incidence = sparse.csr_array(np.array([[1.0, -1, 0], [0, 1, -1], [-1, 0, 1]]))
    chain = Chain.from_matrices([incidence, incidence.T.tocsr(), np.ones((3, 3)), incidence])
    for solver in ("forward", "reverse", "auto"):
        done = execute(plan(chain, solver=solver))
        assert done.fma == done.plan.fma
        assert done.passed


def test_a_wrong_kernel_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = kernels._dense_dense
    chain = Chain.from_layers([6, 5, 4, 3], "tanh")

    def wrong(a: DenseOperand, b: DenseOperand) -> DenseOperand:
        result = right(a, b)
        # Wrong only where the plan's order differs from a sweep of a few columns.
        return DenseOperand(result.values * (1 + 1e-6 * (b.values.shape[1] == 6)), result.filled)

    assert execute(plan(chain)).passed
    monkeypatch.setattr(kernels, "_dense_dense", wrong)
    done = execute(plan(chain, solver="forward"))
    assert not done.passed
    assert any(not check.passed for check in done.checks)


@pytest.mark.parametrize(
    "activation", ["tanh", "sigmoid", "relu", "leaky_relu", "softplus", "silu", "gelu", "sin"]
)
@pytest.mark.parametrize("output_activation", [None, "softmax"])
@pytest.mark.parametrize("loss", [None, "cross_entropy", "squared_error"])
def test_networks_against_complex_step_and_central_differences(activation, output_activation, loss) -> None:
    chain = Chain.from_layers([4, 6, 3], activation, output_activation=output_activation, loss=loss)
    done = execute(plan(chain), seed=23)
    assert done.passed
    assert done.checks[-1].name == "complex step"
    network = chain.network.sample(23)
    step = 1e-6 * np.eye(4)
    columns = [(network(network.point + v) - network(network.point - v)) / 2e-6 for v in step]
    np.testing.assert_allclose(as_array(done.jacobian), np.stack(columns, axis=1), atol=1e-7)


def test_a_function_that_takes_no_complex_numbers_is_checked_by_central_differences() -> None:
    def function(x: np.ndarray) -> np.ndarray:
        return np.array([float(x[0] * x[1]), float(x[1] ** 2)])

    point = np.array([2.0, 3.0])
    jacobian = np.array([[3.0, 2.0], [0.0, 6.0]])
    chain = Chain.from_dims([2, 2, 2])
    done = execute(plan(chain), [jacobian, np.eye(2)], function=function, point=point)
    assert done.checks[-1].name == "central differences"
    assert done.passed
    wrong = execute(plan(chain), [jacobian + 0.01, np.eye(2)], function=function, point=point)
    assert not wrong.passed


def test_given_jacobians_in_every_form() -> None:
    generator = np.random.default_rng(24)
    band = np.triu(np.tril(generator.random((5, 5)), 1), -1)
    picked = sparse.random_array((2, 5), density=0.5, rng=1)
    chain = Chain(
        [
            Elemental(3, 5),
            Elemental(5, 5, Diagonal()),
            Elemental(5, 5, Diagonal()),
            Elemental(5, 5, Banded(1, 1)),
            Elemental(5, 5, Identity()),
            Elemental(5, 2, Sparse(picked)),
        ]
    )
    dense, vector = generator.integers(0, 9, (5, 3)), generator.random(5)
    given = [dense, vector, np.diag(vector), sparse.csr_array(band), np.eye(5), picked]
    done = execute(plan(chain), given)
    assert done.passed
    expected = picked.toarray() @ band @ np.diag(vector**2) @ dense
    np.testing.assert_allclose(as_array(done.jacobian), expected)


@pytest.mark.parametrize(
    ("place", "matrix", "words"),
    [
        (0, np.ones((3, 5)), r"elemental 1 has shape \(3, 5\)"),
        (1, np.ones((5, 5)), "outside the declared structure"),
        (1, np.ones(4), r"shape \(4,\)"),
        (0, np.full((5, 3), np.nan), "NaN"),
        (0, np.array([["a"] * 3] * 5), "numeric"),
        (0, "matrix", "is a str"),
        (2, 2 * np.eye(5), "not the identity"),
    ],
)
def test_given_jacobians_that_do_not_fit(place, matrix, words) -> None:
    chain = Chain([Elemental(3, 5), Elemental(5, 5, Banded(0, 1)), Elemental(5, 5, Identity())])
    given = [np.ones((5, 3)), np.eye(5), np.eye(5)]
    given[place] = matrix
    with pytest.raises(ExecutionError, match=words):
        execute(plan(chain), given)


def test_float32_is_held_to_its_own_precision_and_masks_are_refused() -> None:
    generator = np.random.default_rng(25)
    a, b = (generator.random(shape).astype(np.float32) for shape in ((40, 60), (30, 40)))
    chain = Chain.from_matrices([a, b])
    assert execute(plan(chain), [a, b]).passed
    with pytest.raises(ExecutionError, match="masked"):
        execute(plan(chain), [np.ma.masked_greater(a, 0.5), b])
    with pytest.raises(ExecutionError, match="go together"):
        execute(plan(chain), [a, b], function=lambda x: x)


def test_a_sparse_stepper_with_a_scalar_loss_is_never_worse_than_reverse() -> None:
    ring = sparse.diags_array([1.0, 1, 1, 1], offsets=[0, 1, -1, 29], shape=(30, 30)).tocsr()
    chain = Chain([*[Elemental(30, 30, Sparse(ring))] * 700, Elemental(30, 1)])
    assert plan(chain).fma <= plan(chain, solver="reverse").fma


def test_a_jacobian_that_vanished_says_so() -> None:
    chain = Chain.from_dims([2, 2, 2])
    done = execute(plan(chain), [np.full((2, 2), 1e-200)] * 2)
    assert not done.jacobian.any()
    assert all("all zero" in check.name for check in done.checks)
    assert not any("all zero" in check.name for check in execute(plan(chain)).checks)


def test_too_few_jacobians() -> None:
    with pytest.raises(ExecutionError, match="1 Jacobians are given for 2"):
        execute(plan(Chain.from_dims([1, 2, 3])), [np.ones((2, 1))])


def test_a_plan_that_does_not_fit_the_memory_is_refused_before_it_starts() -> None:
    with pytest.raises(ExecutionError, match="GiB"):
        execute(plan(Chain.from_dims([10**7, 10**7, 1])))


def test_a_diagonal_of_a_million_stays_one() -> None:
    done = execute(plan(Chain([Elemental(10**6, 10**6, Diagonal())] * 3)))
    assert done.peak_memory == 4 * 10**6
    assert done.jacobian.nnz == 10**6
    assert done.passed


def test_band_operands_clip_their_corners() -> None:
    operand = random_operand(BandPattern(6, 2, 1), np.random.default_rng(0))
    assert isinstance(operand, BandOperand)
    assert np.count_nonzero(operand.diagonals) == operand.pattern.nnz


def test_complex_jacobians_stay_complex() -> None:
    a, b = np.array([[1j]]), np.array([[2.0]])
    assert execute(plan(Chain.from_dims([1, 1, 1])), [a, b]).jacobian[0, 0] == 2j


@pytest.mark.parametrize(
    ("elementals", "verify", "message"),
    [
        (
            [Elemental(10**6, 1, Selection([5]))],
            True,
            "checking the result needs 0.1 GiB for 8 random",
        ),
        ([Elemental(10**6, 2, Selection([5, 7])), Elemental(2, 99)], False, "99 × 1,000,000 with its zeros"),
        ([Elemental(9, 2), Elemental(2, 10**7, Selection([5, 7], "columns"))], False, "10,000,000 × 9 with"),
        ([Elemental(10**8, 1, Selection([5]))], False, "the plan needs 0.7 GiB for 100,000,000 live entries"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_shape(
    monkeypatch: pytest.MonkeyPatch, elementals: list[Elemental], verify: bool, message: str
) -> None:
    monkeypatch.setattr(memory, "physical_memory", lambda: 10**8)
    chain = Chain(elementals)
    with pytest.raises(ExecutionError, match=message):
        execute(plan(chain), verify=verify)
    if len(elementals) == 1 and verify:
        assert execute(plan(chain), verify=False).jacobian.nnz == 1


def test_graphs_that_do_not_fit_are_refused_by_their_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "physical_memory", lambda: 10**8)
    graph = Graph({"x": 10**6, "y": 1}, [Edge("x", "y", Selection([5]))])
    with pytest.raises(ExecutionError, match="checking the result needs"):
        execute(plan(graph))
    assert execute(plan(graph), verify=False).blocks["x", "y"].nnz == 1


@pytest.mark.parametrize("tolerance", [-1e-9, float("nan"), float("inf"), "1e-9", 1j])
def test_a_tolerance_that_is_none_is_refused(tolerance: object) -> None:
    graph = Graph({"x": 2, "y": 1}, [Edge("x", "y")])
    for problem in (Chain.from_dims([3, 4, 5]), graph):
        with pytest.raises(ExecutionError, match="give a finite number of at least 0"):
            execute(plan(problem), tolerance=tolerance)


def test_an_error_that_is_no_number_is_none_in_json_and_the_worst_in_a_table() -> None:
    checks = [Check("a", 1.0, 2.0), Check("b", float("nan"), 2.0)]
    assert [each["error"] for each in checks_data(checks)] == [1.0, None]
    done = replace(execute(plan(Chain.from_dims([3, 4, 5]))), checks=tuple(checks))
    assert any(cell != cell for cell in run_row("a", done, done))
