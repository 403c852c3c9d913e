"""Prepared runs: the same answers as `execute` on new numbers, and nothing but those numbers may be new."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from chainorder import (
    Banded,
    Chain,
    Dense,
    Diagonal,
    Edge,
    Elemental,
    ExecutionError,
    Graph,
    Identity,
    InfeasibleError,
    Prepared,
    Selection,
    Solve,
    Sparse,
    Triangular,
    execute,
    plan,
    prepare,
)
from chainorder.execution.entries import entries_of, numbered, ones, with_entries
from chainorder.execution.kernels import multiply
from chainorder.execution.prepared_kernels import product_of
from chainorder.execution.prepared_program import Layout
from chainorder.execution.storing import random_operand
from chainorder.problems.random_chains import Ranges, random_chain
from chainorder.structures.banded import BandPattern, IdentityPattern
from chainorder.structures.catalogue import STRUCTURES as CATALOGUE
from chainorder.structures.dense import DensePattern
from chainorder.structures.pattern import Pattern
from chainorder.structures.positions import SparsePattern
from chainorder.structures.selection import SelectionPattern
from chainorder.structures.solve import Factorisation
from tests.chains import MIXES, random_chains
from tests.slow import slow_but


def as_array(matrix: Any) -> np.ndarray:
    return np.asarray(matrix if isinstance(matrix, np.ndarray) else matrix.toarray())


def new_jacobians(chain: Chain, seed: int, dtype: Any = float) -> list[Any]:
    """Random Jacobians of a chain, as matrices that users have; solves with well-conditioned matrices."""
    generator = np.random.default_rng(seed)
    made: list[Any] = []
    labelled: dict[str, Any] = {}
    for number in range(1, len(chain) + 1):
        kind, pattern = chain.kind_of(number), chain.pattern(number)
        if kind.same is not None and kind.same in labelled:
            made.append(labelled[kind.same])
            continue
        if isinstance(kind.structure, Solve):
            size = pattern.shape[0]
            matrix: Any = generator.random((size, size)) + size * np.eye(size)
        else:
            matrix = random_operand(pattern, generator).matrix().astype(dtype)
        if kind.same is not None:
            labelled[kind.same] = matrix
        made.append(matrix)
    return made


def check_prepared(chain: Chain, solver: str, seed: int, dtype: Any = float) -> None:
    """On several examples' successors the prepared run gives what `execute` does, also into `out`."""
    best = plan(chain, solver=solver)
    run = prepare(best, new_jacobians(chain, seed, dtype))
    close = {"rtol": 1e-12, "atol": 1e-13} if np.finfo(dtype).eps < 1e-10 else {"rtol": 1e-4, "atol": 1e-5}
    kept: list[tuple[Any, np.ndarray]] = []
    for more in (1, 2):
        given = new_jacobians(chain, seed + more, dtype)
        copies = [each.copy() for each in given]
        expected = execute(best, given, verify=False).jacobian
        got = run(given)
        assert type(got) is type(expected) and got.dtype == expected.dtype
        np.testing.assert_allclose(as_array(got), as_array(expected), **close)
        kept.append((got, as_array(got).copy()))
        if isinstance(got, np.ndarray):
            for order in "CF":
                out = np.full(got.shape, np.nan, got.dtype, order)
                assert run(given, out=out) is out and np.array_equal(out, got)
        assert all(np.array_equal(as_array(a), as_array(b)) for a, b in zip(given, copies, strict=True))
    assert all(np.array_equal(as_array(result), values) for result, values in kept)


@pytest.mark.parametrize("mix", MIXES)
def test_random_chains_give_what_execute_gives(mix: str) -> None:
    for seed, chain in enumerate(random_chains(mix, 8, seed=61)):
        for solver in ("forward", "reverse", "auto"):
            check_prepared(chain, solver, 10 * seed)


@pytest.mark.parametrize("mix", MIXES)
def test_random_chains_with_models_give_what_execute_gives(mix: str) -> None:
    for seed, chain in enumerate(random_chains(mix, 6, seed=62, matrix_free=0.6)):
        for solver in ("forward", "reverse", "dynamic"):
            try:
                check_prepared(chain, solver, 10 * seed)
            except InfeasibleError:
                continue


@pytest.mark.parametrize("dtype", [np.float32, np.complex64, np.complex128], ids=lambda kind: kind.__name__)
def test_other_types_of_numbers_and_all_structures_together(dtype: Any) -> None:
    generator = np.random.default_rng(73)
    ranges = Ranges((1, 9), tuple(CATALOGUE), matrix_free=0.2, tangent=(0, 9))
    for seed in range(12):
        check_prepared(random_chain(generator, int(generator.integers(2, 6)), ranges), "dynamic", seed, dtype)


@pytest.mark.slow
@pytest.mark.parametrize("mix", MIXES)
def test_many_random_chains(mix: str) -> None:
    for seed, chain in enumerate(random_chains(mix, 40, seed=71, matrix_free=0.3)):
        try:
            check_prepared(chain, "dynamic", 10 * seed)
        except InfeasibleError:
            continue


@pytest.mark.parametrize("structure", CATALOGUE)
def test_every_structure_of_the_catalogue(structure: str) -> None:
    generator = np.random.default_rng(63)
    for seed in range(5):
        kinds = (structure, "dense", "sparse", "diagonal")
        ranges = Ranges((1, int(generator.choice([3, 6, 9]))), kinds, matrix_free=0.2, tangent=(0, 9))
        chain = random_chain(generator, int(generator.integers(1, 6)), ranges)
        check_prepared(chain, "dynamic", 10 * seed)


def patterns(size: int) -> list[Pattern]:
    generator = np.random.default_rng(64)
    return [
        IdentityPattern(size),
        SelectionPattern(size, size, np.array([3, 1]), np.array([5, 0])),
        BandPattern(size, 0, 0),
        BandPattern(size, 1, 2),
        BandPattern(size, size - 10, size // 2),
        DensePattern(size, size),
        DensePattern(size, size, np.array([1, 5, 7]), None),
        DensePattern(size, size, None, np.array([0, 5, 39])),
        DensePattern(size, size, np.array([4]), np.array([4, 6])),
        SparsePattern.of(generator.random((size, size)) < 0.03),
        SparsePattern.of(generator.random((size, size)) < 0.15),
        SparsePattern.of(generator.random((size, size)) < 0.5),
        DensePattern(size, size, np.empty(0, np.int64), None),
    ]


@pytest.mark.parametrize("size", slow_but([40], [40, 140]))
@pytest.mark.parametrize("dtypes", [(float, float), (np.float32, complex)], ids=str)
def test_every_pair_of_representations_is_multiplied_to_the_bit(size: int, dtypes: tuple[Any, Any]) -> None:
    generator = np.random.default_rng(65)
    for left, right in product(patterns(size), repeat=2):
        a, b = (
            with_entries(operand, entries_of(operand).astype(dtype))
            for operand, dtype in zip(
                (random_operand(left, generator), random_operand(right, generator)), dtypes, strict=True
            )
        )
        if left.neutral or right.neutral:
            continue
        expected = multiply(a, b)
        made = multiply(ones(a), ones(b))
        layout = Layout.of(entries_of(made))
        fill = product_of(ones(a), ones(b), ones(made))
        for _ in range(2):
            out = layout.new()
            fill(entries_of(a), entries_of(b), out)
            assert layout.dtype == entries_of(expected).dtype
            assert np.array_equal(out, entries_of(expected)), (left, right)


def test_sums_that_cancel_are_stored_as_zeros() -> None:
    incidence = sparse.csr_array(np.array([[1.0, -1, 0, 0], [0, 1, -1, 0], [-1, 0, 1, 0], [0, 0, 0, 2]]))
    given = [incidence, incidence.T.tocsr() * 1.0]
    best = plan(Chain.from_matrices(given))
    run = prepare(best, given)
    rows = sparse.csr_array(
        (np.array([1.0, 1, 1, 1, 1, 1, 1]), incidence.indices, incidence.indptr), shape=(4, 4)
    )
    for matrix in (incidence, rows, incidence):
        got = run([matrix, given[1]])
        np.testing.assert_array_equal(as_array(got), as_array(given[1] @ matrix))


FORMS: dict[str, Callable[[Any], Any]] = {
    "csr": lambda m: m.tocsr(),
    "csc": lambda m: m.tocsc(),
    "coo": lambda m: m.tocoo(),
    "dia": lambda m: m.todia(),
    "bsr": lambda m: m.tobsr(),
    "duplicates": lambda m: doubled(m),
    "dense": lambda m: m.toarray(),
}


def doubled(matrix: Any) -> Any:
    """The same as two halves of every entry, in falling order."""
    coo = matrix.tocoo()
    order = np.argsort(-coo.row - coo.col, kind="stable")
    rows, columns, data = (np.tile(part[order], 2) for part in (coo.row, coo.col, coo.data / 2))
    return sparse.coo_array((data, (rows, columns)), shape=coo.shape)


STRUCTURES = {
    "banded": (Banded(1, 1), lambda m: np.triu(np.tril(m, 1), -1)),
    "diagonal": (Diagonal(), lambda m: np.diag(np.diag(m))),
    "dense": (Dense(), lambda m: m),
    "triangular": (Triangular(), np.tril),
    "unit triangular": (Triangular(unit=True), lambda m: np.tril(m, -1) + np.eye(len(m))),
    "sparse": (Sparse(np.eye(6) + np.eye(6, k=2)), lambda m: m * (np.eye(6) + np.eye(6, k=2))),
}


@pytest.mark.parametrize(("form", "structure"), [*product(FORMS, STRUCTURES)])
def test_matrices_are_taken_in_whatever_form_they_have(form: str, structure: str) -> None:
    generator = np.random.default_rng(66)
    kind, cut = STRUCTURES[structure]
    chain = Chain([Elemental(6, 6, kind), Elemental(6, 6, Banded(1, 2)), Elemental(6, 6, kind)])
    best = plan(chain)

    def draw() -> list[Any]:
        first, last = (FORMS[form](sparse.csr_array(cut(generator.uniform(1, 2, (6, 6))))) for _ in "ab")
        return [first, np.triu(np.tril(generator.random((6, 6)), 2), -1), last]

    run = prepare(best, draw())
    for _ in range(3):
        given = draw()
        expected = execute(best, given, verify=False).jacobian
        np.testing.assert_allclose(as_array(run(given)), as_array(expected), rtol=1e-13)


@pytest.mark.parametrize("form", FORMS)
def test_a_unit_triangle_stays_one(form: str) -> None:
    triangle = FORMS[form](sparse.csr_array(np.tril(np.ones((6, 6)))))
    given = [triangle, np.ones((2, 6))]
    run = prepare(plan(Chain([Elemental(6, 6, Triangular(unit=True)), Elemental(6, 2)])), given)
    run(given)
    with pytest.raises(ExecutionError, match="elemental 1 is not the unit triangle"):
        run([triangle * 2, given[1]])


def test_operators_pairs_and_solves() -> None:
    generator = np.random.default_rng(67)
    chain = Chain(
        [
            Elemental(5, 6, tangent=30, adjoint=30),
            Elemental(6, 6, Banded(1, 1), tangent=9, adjoint=9),
            Elemental(6, 6, Solve(factors=20)),
            Elemental(6, 3),
        ]
    )

    def draw() -> list[Any]:
        a, b = generator.random((6, 5)), np.triu(np.tril(generator.random((6, 6)), 1), -1)
        matrix = sparse.csc_array(generator.random((6, 6)) + 6 * np.eye(6))
        pair = (lambda v: a @ v, lambda u: u @ a)
        return [pair, aslinearoperator(b), matrix, generator.random((3, 6))]

    for solver in ("forward", "reverse", "dynamic"):
        best = plan(chain, solver=solver)
        run = prepare(best, draw())
        for _ in range(3):
            given = draw()
            expected = execute(best, given, verify=False).jacobian
            np.testing.assert_array_equal(run(given), expected)
    given[2] = Solve(given[2])
    np.testing.assert_array_equal(run(given), expected)


def test_a_matrix_to_solve_with_again_and_again_is_factorised_once(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, right = sparse.csc_array(np.eye(9) * 3 + np.eye(9, k=1)), np.ones((9, 2))
    run = prepare(
        plan(Chain([Elemental(2, 9), *[Elemental(9, 9, Solve(factors=9))] * 5])), [right, *[matrix] * 5]
    )
    made: list[Any] = []
    check = Factorisation.checked
    monkeypatch.setattr(Factorisation, "checked", lambda self: made.append(self) or check(self))
    got = run([right, *[matrix * 2.0] * 5])
    assert len(made) == 1
    np.testing.assert_allclose(got, np.linalg.matrix_power(np.linalg.inv(matrix.toarray() * 2), 5) @ right)


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize("symmetric", [True, False])
def test_matrices_of_the_same_places_are_eliminated_in_the_order_of_the_first(
    form: str, symmetric: bool
) -> None:
    generator = np.random.default_rng(72)
    places = generator.random((30, 30)) < 0.1
    places = places | places.T | np.eye(30, dtype=bool) if symmetric else places | np.eye(30, dtype=bool)
    right, left = generator.random((30, 20)), generator.random((3, 30))

    def draw() -> Any:
        return FORMS[form](sparse.csr_array(np.where(places, generator.uniform(1, 2, (30, 30)), 0)))

    chain = Chain([Elemental(20, 30), Elemental(30, 30, Solve(factors=99)), Elemental(30, 3)])
    for solver in ("forward", "reverse"):
        run = prepare(plan(chain, solver=solver), [right, draw(), left])
        for kind in (float, np.float32, complex):
            matrix = draw().astype(kind)
            expected = left @ np.linalg.solve(
                matrix.toarray().astype(complex if kind is complex else float), right
            )
            if kind is complex:
                with pytest.raises(ExecutionError, match="complex128; it was float64"):
                    run([right, matrix, left])
            else:
                np.testing.assert_allclose(run([right, matrix, left]), expected, rtol=1e-8)
        with pytest.raises(ExecutionError, match="elemental 2: the matrix to solve with is singular"):
            run([right, FORMS[form](sparse.csr_array(places * (np.arange(30) != 4))), left])


def test_reused_products() -> None:
    generator = np.random.default_rng(68)
    steps = [sparse.csr_array(np.triu(np.tril(generator.random((30, 30)), 1), -1)) for _ in range(3)]
    best = plan(Chain.from_matrices([steps[0]] * 16))
    assert any(str(operation.action) == "reuse" for operation in best.operations)
    run = prepare(best, [steps[0]] * 16)
    for step in steps:
        expected = execute(best, [step] * 16, verify=False).jacobian
        np.testing.assert_allclose(as_array(run([step] * 16)), as_array(expected), rtol=1e-13)
    with pytest.raises(ExecutionError, match="reuses products of elemental"):
        run([steps[0]] * 8 + [steps[1]] * 8)


def wrong_calls() -> Iterator[tuple[str, Callable[[list[Any]], None], str]]:
    def put(place: int, change: Callable[[Any], Any]) -> Callable[[list[Any]], None]:
        def do(given: list[Any]) -> None:
            given[place] = change(given[place])

        return do

    yield "shape", put(0, lambda m: m[:, :4]), "elemental 1 .*shape (7, 4)"
    yield "type", put(0, lambda m: m.astype(np.float32)), "elemental 1 .*float32"
    yield "format", put(0, sparse.csr_array), "elemental 1 .*is csr, not array"
    yield "mask", put(0, lambda m: np.ma.masked_less(m, 0.5)), "elemental 1 "
    yield "nothing", put(0, lambda _: None), "elemental 1 .*NoneType"
    yield "sparse type", put(1, lambda m: m.astype(complex)), "elemental 2 (step) is complex128"
    yield "sparse format", put(1, lambda m: m.tocsc()), "elemental 2 (step) is csc, not csr"
    yield (
        "fewer places",
        put(1, lambda m: sparse.csr_array(np.eye(7))),
        "elemental 2 (step) stores other places",
    )
    yield "moved", put(1, lambda m: moved(m)), "elemental 2 (step) stores other places"
    yield "vector", put(2, lambda v: np.diag(v)), "elemental 3 .*shape (7, 7)"
    yield "model", put(3, lambda m: m @ np.eye(7)), "elemental 4 is a ndarray, not an operator"
    yield "model's shape", put(3, lambda _: aslinearoperator(np.ones((3, 3)))), "elemental 4 has shape (3, 3)"
    yield "identity", put(4, lambda m: 2 * m), "elemental 5 holds other numbers"
    yield "outside", put(5, lambda m: m + 1), "elemental 6 has an entry outside"
    yield "singular", put(6, lambda m: 0 * m), "elemental 7: the matrix to solve with is singular"
    yield "solve", put(6, lambda m: np.eye(3)), "elemental 7 has shape (3, 3), not (7, 7)"
    yield "few", list.pop, "7 Jacobians are given for 8"


def moved(matrix: Any) -> Any:
    """In place: the arrays are the same objects afterwards."""
    matrix.indices[:2] = [1, 0]
    return matrix


def example() -> tuple[Prepared, list[Any]]:
    generator = np.random.default_rng(69)
    ring = sparse.csr_array(np.eye(7) + np.eye(7, k=1) + np.eye(7, k=-1))
    chain = Chain(
        [
            Elemental(5, 7),
            Elemental(7, 7, Sparse(ring), name="step"),
            Elemental(7, 7, Diagonal()),
            Elemental(7, 7, tangent=9, adjoint=9),
            Elemental(7, 7, Identity()),
            Elemental(7, 7, Banded(0, 1)),
            Elemental(7, 7, Solve(factors=9)),
            Elemental(7, 2, Selection([3, 1])),
        ]
    )
    given = [
        *(generator.random((7, 5)), ring, generator.random(7), aslinearoperator(generator.random((7, 7)))),
        *(np.eye(7), np.eye(7) + np.eye(7, k=1), np.eye(7) * 2, Selection([3, 1]).pattern(2, 7).csr() * 1.0),
    ]
    return prepare(plan(chain), given), given


@pytest.mark.parametrize(
    ("change", "words"), [each[1:] for each in wrong_calls()], ids=[each[0] for each in wrong_calls()]
)
def test_another_form_is_refused_in_a_line(change: Callable[[list[Any]], None], words: str) -> None:
    run, given = example()
    expected = run(given).copy()
    wrong = [each.copy() if hasattr(each, "copy") else each for each in given]
    change(wrong)
    with pytest.raises(ExecutionError, match=re.escape(words).replace(r"\.\*", ".*")) as caught:
        run(wrong)
    assert "\n" not in str(caught.value)
    np.testing.assert_array_equal(run(given), expected)


def test_out_has_to_suit_and_to_be_apart() -> None:
    run, given = example()
    shape = run(given).shape
    large = np.zeros((7, 10))
    given[0], between = large[:, ::2], large[:2, 1::2]
    run, expected = prepare(run.plan, given), run(given)
    np.testing.assert_array_equal(run(given, out=between), expected)  # interleaved, but apart
    assert not large[:, ::2].any()
    for out, words in (
        (np.zeros(shape, np.float32), "out is float32"),
        (np.zeros((3, 5)), r"out is float64 of shape \(3, 5\)"),
        ([[0.0] * 5] * 2, "out is list"),
        (given[0][:2], "out overlaps the Jacobian of elemental 1"),
        (np.broadcast_to(np.zeros(5), shape), "read-only"),
    ):
        with pytest.raises(ExecutionError, match=words):
            run(given, out=out)
    shared = np.ones(30)
    step = sparse.csr_array(np.eye(6))
    step.data = shared[:6]
    run = prepare(plan(Chain.from_matrices([np.ones((6, 2)), step])), [np.ones((6, 2)), step])
    with pytest.raises(ExecutionError, match="out overlaps the Jacobian of elemental 2"):
        run([np.ones((6, 2)), step], out=shared[4:16].reshape(6, 2))
    run([np.ones((6, 2)), step], out=shared[6:18].reshape(6, 2))
    step = sparse.csr_array(np.eye(9) + np.eye(9, k=1))
    with pytest.raises(ExecutionError, match="out is for dense ones"):
        prepare(plan(Chain.from_matrices([step] * 2)), [step] * 2)([step] * 2, out=np.zeros((9, 9)))


def test_what_cannot_be_prepared() -> None:
    graph = plan(Graph({"x": 2, "y": 3}, [Edge("x", "y")]))
    with pytest.raises(ExecutionError, match="GraphPlan is no plan of a chain"):
        prepare(graph, {})  # type: ignore[arg-type]
    best = plan(Chain.from_dims([2, 3, 4]))
    with pytest.raises(ExecutionError, match="jacobians is a NoneType"):
        prepare(best, None)  # type: ignore[arg-type]
    with pytest.raises(ExecutionError, match="1 Jacobians are given for 2"):
        prepare(best, [np.ones((3, 2))])
    with pytest.raises(ExecutionError, match="lil, whose entries have no fixed order"):
        prepare(best, [sparse.lil_array((3, 2)), np.ones((4, 3))])


def test_models_that_change_their_type_are_refused() -> None:
    matrix = np.arange(12.0).reshape(4, 3)
    best = plan(Chain([Elemental(3, 4, tangent=1), Elemental(4, 2)]))
    run = prepare(best, [aslinearoperator(matrix), np.ones((2, 4))])
    with pytest.raises(ExecutionError, match="elemental 1 returned is complex128; it was float64"):
        run([aslinearoperator(matrix * 1j), np.ones((2, 4))])


def test_whole_numbers_become_floats_and_results_are_apart() -> None:
    best = plan(Chain.from_dims([3, 3]))
    whole = np.arange(9).reshape(3, 3)
    run = prepare(best, [whole])
    got = run([whole])
    assert got.dtype == float and np.array_equal(got, whole)
    floats = whole * 1.0
    got = prepare(best, [floats])([floats])
    got += 1
    assert np.array_equal(floats, whole)
    matrix = sparse.csr_array(np.eye(9) + np.eye(9, k=1))
    expected = as_array(matrix @ matrix)
    run = prepare(plan(Chain.from_matrices([matrix] * 2)), [matrix] * 2)
    first = run([matrix] * 2)
    first.indices[:] = 0
    first.data[:] = 0
    np.testing.assert_array_equal(as_array(run([matrix] * 2)), expected)


def test_threads_wait_for_one_another_and_a_run_within_itself_is_refused() -> None:
    generator = np.random.default_rng(70)
    sizes = [40, 60, 30, 50]
    best = plan(Chain.from_dims(sizes))
    cases = [[generator.random((m, n)) for n, m in pairwise(sizes)] for _ in range(4)]
    run = prepare(best, cases[0])
    expected = [run(case) for case in cases]
    wrong: list[int] = []

    def work(place: int) -> None:
        wrong.extend(place for _ in range(200) if not np.array_equal(run(cases[place]), expected[place]))

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong

    inner: list[Prepared] = []
    operator = LinearOperator((3, 3), matvec=lambda v: inner[0]([operator]) @ v if inner else v, dtype=float)
    inner_run = prepare(plan(Chain([Elemental(3, 3, tangent=1)])), [operator])
    inner.append(inner_run)
    with pytest.raises(ExecutionError, match="called the prepared run that it is part of"):
        inner_run([operator])


def test_numbered_entries_are_those_of_the_pattern() -> None:
    for pattern in patterns(40):
        operand = numbered(random_operand(pattern, np.random.default_rng(0)))
        numbers = entries_of(operand)
        assert np.count_nonzero(numbers) == len(np.unique(numbers[numbers > 0]))
