"""Formats of intermediate results, and the solver that plans by the time that they take."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from chainorder import (
    Chain,
    ChainError,
    Diagonal,
    Elemental,
    Identity,
    Plan,
    Selection,
    Solve,
    Sparse,
    StructureError,
    execute,
    plan,
)
from chainorder.costs.known_costs import Outline
from chainorder.costs.profiles import current
from chainorder.costs.sampled_times import SampledTimes
from chainorder.costs.seconds import Seconds
from chainorder.costs.storage_formats import WELL_FILLED, quicker_by_columns, quicker_dense
from chainorder.execution.kernels import multiply, settled
from chainorder.execution.operand import (
    BandOperand,
    DenseOperand,
    IdentityOperand,
    Operand,
    SelectionOperand,
    SparseOperand,
    fma_between,
    stored_entries,
)
from chainorder.execution.sums import add
from chainorder.solvers.chains.in_proportion import FEW, SAMPLES
from chainorder.structures.dense import DensePattern
from chainorder.structures.pattern import counted_fma
from chainorder.structures.selection import SelectionPattern
from tests.chains import random_chains
from tests.matrices import heat, picked_rows, sparse

SIZE = 12


def operands() -> dict[str, Operand]:
    """Square operands of every format."""
    generator = np.random.default_rng(0)
    csr = sparse(SIZE, SIZE, 3, 1)
    rows, columns = np.array([1, 4, 5]), np.array([0, 2, 3, 9])
    diagonals = generator.standard_normal((3, SIZE))
    diagonals[0, -1] = diagonals[2, 0] = 0
    order = generator.permutation(SIZE)
    return {
        "csr": SparseOperand(csr),
        "csr again": SparseOperand(sparse(SIZE, SIZE, 0.5, 2), again=True),
        "csc": SparseOperand(sparse(SIZE, SIZE, 2, 3).tocsc()),
        "padded": settled(SparseOperand(sparse(SIZE, SIZE, 5, 4))),
        "rectangle": DenseOperand(generator.random((3, 4)), DensePattern(SIZE, SIZE, rows, columns)),
        "dense": DenseOperand.full(generator.random((SIZE, SIZE))),
        "band": BandOperand(1, 1, diagonals),
        "diagonal": BandOperand(0, 0, generator.random((1, SIZE))),
        "identity": IdentityOperand(SIZE),
        "selection": SelectionOperand(SelectionPattern(SIZE, SIZE, np.arange(SIZE)[:7], order[:7])),
    }


def values(operand: Operand) -> Any:
    matrix = operand.matrix()
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def positions(operand: Operand) -> Any:
    return operand.pattern.csr().toarray()


@pytest.mark.parametrize(("left", "right"), list(product(operands(), repeat=2)))
def test_products_in_all_formats(left: str, right: str) -> None:
    a, b = operands()[left], operands()[right]
    made = multiply(a, b)
    np.testing.assert_allclose(values(made), values(a) @ values(b), rtol=1e-13, atol=1e-15)
    symbolic = positions(a).astype(int) @ positions(b).astype(int) > 0
    np.testing.assert_array_equal(positions(made), symbolic)
    assert made.pattern.nnz == symbolic.sum()
    assert fma_between(a, b) == counted_fma(a.pattern, b.pattern)
    assert stored_entries(made) == made.pattern.entries
    quick = multiply(a, b, symbolic=False)
    np.testing.assert_allclose(values(quick), values(made), rtol=1e-13, atol=1e-15)
    assert quick.format == made.format


@pytest.mark.parametrize("name", operands())
def test_transposes_and_sums_keep_patterns(name: str) -> None:
    operand = operands()[name]
    turned = operand.transposed()
    np.testing.assert_array_equal(values(turned), values(operand).T)
    np.testing.assert_array_equal(positions(turned), positions(operand).T)
    for other in operands().values():
        if isinstance(operand, SelectionOperand) or isinstance(other, SelectionOperand):
            continue  # graphs have none
        added = add(operand, other)
        np.testing.assert_allclose(values(added), values(operand) + values(other))
        np.testing.assert_array_equal(positions(added), positions(operand) | positions(other))


def test_products_by_columns_keep_what_cancels() -> None:
    ones = sp.csc_array(np.array([[1.0, -1.0, 0], [0, 0, 2.0], [0, 0, 0]]))
    made = multiply(SparseOperand(ones), SparseOperand(sp.csc_array(np.array([[1.0], [1.0], [0]]))))
    assert (made.pattern.nnz, values(made).tolist()) == (1, [[0], [0], [0]])


def formats(done: Any) -> list[str]:
    return [record.format for record in done.records]


def test_what_fills_in_is_multiplied_as_a_dense_array() -> None:
    matrices = [sparse(60, 60, 4, seed) for seed in range(4)]
    answer = plan(Chain.from_matrices(matrices), solver="forward")
    done, quick = execute(answer), execute(answer, symbolic=False)
    assert (
        formats(done) == formats(quick) == ["csr" if n < WELL_FILLED else "dense" for n in (0.06, 0.2, 0.6)]
    )
    assert done.passed
    assert [record.fma for record in done.records] == answer.operations.fma.tolist()
    np.testing.assert_allclose(done.jacobian, quick.jacobian)
    pair = execute(plan(Chain.from_matrices([sparse(60, 60, 10, seed) for seed in range(2)])))
    assert sp.issparse(pair.jacobian)  # nothing is multiplied by it
    assert pair.jacobian.nnz > WELL_FILLED * 60 * 60


def test_tall_results_that_are_nearly_empty_are_kept_by_columns() -> None:
    step, size = heat(40), 1600
    places = sp.csr_array((np.ones(3), ([5, 800, 1111], range(3))), shape=(size, 3))
    answer = plan(Chain.from_matrices([places, *[step] * 20]), solver="forward")
    done = execute(answer)
    assert set(formats(done)[:10]) == {"csc"}
    assert formats(done)[-1] == "dense"  # 1,394 of 4,800 positions in the end
    assert done.passed
    assert done.fma == answer.fma
    expected = places.toarray()
    for _ in range(20):
        expected = step @ expected
    np.testing.assert_allclose(done.jacobian, expected, atol=1e-12)


def test_the_sizes_of_formats() -> None:
    assert quicker_dense((10, 10), 25)
    assert not quicker_dense((10, 10), 24)
    assert not quicker_dense((10**5, 10**5), 10**10)  # 80 GB
    assert quicker_by_columns((100, 5), 99)
    assert not quicker_by_columns((100, 5), 100)
    assert not quicker_by_columns((5, 100), 1)


def least(times: SampledTimes, i: int, j: int) -> int:
    """The least time of all bracketings, one by one."""
    if i == j:
        return 0
    return min(least(times, i, k) + least(times, k + 1, j) + times.product(i, k, j) for k in range(i, j))


def test_the_quickest_order_has_the_least_estimated_time_of_all() -> None:
    for chain in random_chains("sparse", 60, seed=71, longest=8):
        times = SampledTimes(Outline(chain, samples=SAMPLES).sampled, Seconds(current()))
        best, steps = times.best()
        assert best == least(times, 0, len(chain) - 1)
        products = (times.product(i - 1, k - 1, j - 1) for _, j, k, i in steps)
        assert best == sum(products)


@pytest.mark.parametrize("mix", ["sparse", "all", "dense"])
def test_quickest_plans_run_and_are_recounted(mix: str) -> None:
    for chain in random_chains(mix, 25, seed=72):
        answer = plan(chain, solver="quickest")
        assert answer == plan(chain, objective="seconds")
        assert plan(chain).fma <= answer.fma
        answer.validate()
        assert Plan.from_json(answer.to_json()).operations == answer.operations
        assert execute(answer).passed


def test_quickest_meets_where_it_is_narrow() -> None:
    chosen = picked_rows(4_000, range(0, 4_000, 200))
    wide = [sparse(4_000, 4_000, 6, seed) for seed in range(6)]
    ends = [sparse(4_000, 400, 300, 7), sparse(400, 4_000, 300, 8)]
    chain = Chain.from_matrices([ends[0], *wide[:3], chosen, chosen.T, *wide[3:], ends[1]])
    answer = plan(chain, solver="quickest")
    last = answer.operations[-1]
    assert (last.i, last.j) == (1, len(chain))
    assert last.k in (4, 5, 6)
    assert "outwards from the waist, size 20 between F" in answer.why  # without a look at any pattern
    assert answer.fma * 3 < min(plan(chain, solver=name).fma for name in ("forward", "reverse"))


def test_dense_directions_take_the_sweep_that_begins_with_them() -> None:
    chain = Chain.from_matrices([np.ones((400, 4)), *[heat(20)] * 10, sparse(30, 400, 1, 1)])
    answer = plan(chain, solver="quickest")
    assert answer.bracketing == plan(chain, solver="forward").bracketing
    assert answer.estimate is None  # priced to the unit: nothing fills in
    assert "as far as it pays to look" in answer.why


def test_results_are_not_the_matrices_that_were_given() -> None:
    """A result that is changed in place leaves the user's matrices and the plan as they were."""
    matrix = sparse(8, 8, 3, 1)
    scaling = np.ones(8)
    scaling[[2, 5]] = 0
    diagonal = Chain(
        [Elemental(8, 8, Sparse(matrix)), Elemental(8, 8, Diagonal())], matrices={0: matrix, 1: scaling}
    )
    identity = Chain([Elemental(8, 8, Identity()), Elemental(8, 8, Sparse(matrix))], matrices={1: matrix})
    dense = np.ones((4, 4))
    for chain in (Chain.from_matrices([matrix]), diagonal, identity, Chain.from_matrices([dense])):
        before, answer = matrix.toarray(), plan(chain)
        expected = execute(answer).jacobian
        changed = execute(answer).jacobian
        if sp.issparse(changed):
            changed.eliminate_zeros()
            changed.data[:] = 7
        else:
            changed[:] = 7
        np.testing.assert_array_equal(matrix.toarray(), before)
        np.testing.assert_array_equal(dense, 1)
        again = execute(answer).jacobian
        assert np.array_equal(*(each.toarray() if sp.issparse(each) else each for each in (again, expected)))


def test_matrices_may_be_changed_after_planning() -> None:
    matrix = sparse(60, 60, 3, 1)
    matrix.data[::3] = 0
    other = matrix.T.tocsr()
    answer = plan(Chain.from_matrices([matrix, other]))
    expected = (other @ matrix).toarray()
    matrix.eliminate_zeros()
    done = execute(answer)
    np.testing.assert_allclose(done.jacobian.toarray(), expected)
    assert done.passed
    answer.validate()
    assert Plan.from_json(answer.to_json()).operations == answer.operations


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.bool_])
def test_duplicates_of_small_integers_do_not_overflow(dtype: Any) -> None:
    entries = np.array([100, 100, 1], dtype)
    matrix = sp.coo_array((entries, ([0, 0, 1], [0, 0, 1])), shape=(2, 2))
    expected = [[float(entries[0]) * 2, 0], [0, 1]]
    assert execute(plan(Chain.from_matrices([matrix]))).jacobian.toarray().tolist() == expected
    solved = execute(plan(Chain.from_matrices([Solve(matrix), np.eye(2)]))).jacobian
    np.testing.assert_allclose(solved, np.linalg.inv(expected))


def test_files_and_objects_that_come_again_are_multiplied_by_columns() -> None:
    step = heat(40)
    places = sp.csr_array((np.ones(3), ([5, 800, 1111], range(3))), shape=(1600, 3))
    kinds = [Elemental(3, 1600, Sparse(places)), *[Elemental(1600, 1600, Sparse(step))] * 4]
    chain = Chain(kinds, matrices=dict(enumerate([places, *[step] * 4])))
    assert formats(execute(plan(chain, solver="forward"))) == ["csc"] * 4


def test_selections_among_matrices() -> None:
    a, b = sparse(9, 5, 2, 1), sparse(4, 9, 2, 2)
    chain = Chain.from_matrices(
        [Selection([4, 0], axis="columns"), a, Selection([8, 1, 3]), sparse(6, 3, 2, 3)]
    )
    assert chain.sizes.tolist() == [2, 5, 9, 3, 6]
    expected = sparse(6, 3, 2, 3).toarray() @ a.toarray()[[8, 1, 3]][:, [4, 0]]
    jacobian = execute(plan(chain)).jacobian
    np.testing.assert_allclose(jacobian.toarray() if sp.issparse(jacobian) else jacobian, expected)
    with pytest.raises(ChainError, match="neighbour"):
        Chain.from_matrices([Selection([1]), a])
    with pytest.raises(ChainError, match="neighbour"):
        Chain.from_matrices([a, b, Selection([1], axis="columns")])


def test_a_selection_of_an_identity_stays_one() -> None:
    chain = Chain([Elemental(5, 5, Identity()), Elemental(5, 2, Selection([4, 2])), Elemental(2, 2)])
    for solver in ("forward", "reverse", "auto"):
        answer = plan(chain, solver=solver)
        assert answer.fma == 0
        assert execute(answer).passed


def test_few_samples_do_not_claim_to_be_exact() -> None:
    chain = Chain.from_matrices([sparse(2_000, 2_000, 4, seed) for seed in range(6)])
    answer = plan(chain, solver="quickest")
    assert answer.estimate is not None
    assert answer.estimate.error >= FEW
    answer.validate()


@pytest.mark.parametrize("matrix", [np.ones(3), "A.mtx", None, np.array([["a"]]), [1, 2]])
def test_patterns_are_of_numeric_matrices(matrix: Any) -> None:
    with pytest.raises(StructureError, match="numeric matrix"):
        Sparse(matrix)
    assert Sparse([[1, 0], [0, 1]]).positions.nnz == 2
