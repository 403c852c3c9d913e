"""What users' functions return and do: taken where it can only mean one thing, else refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from chainorder import (
    Banded,
    Chain,
    ChainError,
    Diagonal,
    Edge,
    Elemental,
    ExecutionError,
    Graph,
    Sparse,
    execute,
    plan,
)

Function = Callable[[np.ndarray], Any]
RNG = np.random.default_rng(0)
WHOLE = RNG.integers(1, 9, (4, 3))
A = WHOLE.astype(float)
LEFT = RNG.integers(1, 9, (2, 4)) / 4.0  # exact in every type


class Duck:
    """An object with the two products, and nothing of SciPy."""

    def __init__(self, shape: tuple[int, int], matmat: Function, rmatmat: Function) -> None:
        self.shape, self.matmat, self.rmatmat = shape, matmat, rmatmat


class Subclass(LinearOperator):
    """A SciPy operator of vectors."""

    def __init__(self, shape: tuple[int, int], tangent: Function, adjoint: Function) -> None:
        super().__init__(np.float64, shape)
        self._matvec, self._rmatvec = tangent, adjoint  # type: ignore[method-assign]

    def _matvec(self, x: np.ndarray) -> Any: ...


def pair(shape: tuple[int, int], tangent: Function, adjoint: Function) -> Any:
    return tangent, adjoint


def of_vectors(shape: tuple[int, int], tangent: Function, adjoint: Function) -> Any:
    return LinearOperator(shape, matvec=tangent, rmatvec=adjoint, dtype=np.float64)


def of_matrices(shape: tuple[int, int], tangent: Function, adjoint: Function) -> Any:
    return LinearOperator(
        shape, matvec=tangent, rmatvec=adjoint, matmat=tangent, rmatmat=adjoint, dtype=np.float64
    )


def sum_of(shape: tuple[int, int], tangent: Function, adjoint: Function) -> Any:
    return of_vectors(shape, tangent, adjoint) + aslinearoperator(np.zeros(shape))


def adjoint_of(shape: tuple[int, int], tangent: Function, adjoint: Function) -> Any:
    return Subclass(shape[::-1], adjoint, tangent).H


FORMS = [pair, of_vectors, of_matrices, Duck, Subclass, sum_of, adjoint_of]
MODES = ("tangent", "adjoint")


def run_model(form: Any, mode: str, returned: Callable[[np.ndarray, np.ndarray], Any], **options: Any) -> Any:
    """Run a chain whose first elemental returns `returned(matrix, argument)`."""
    given = form(A.shape, lambda v: returned(A, v), lambda u: returned(A.T, u))
    chain = Chain([Elemental(3, 4, name="law", **{mode: 5}), Elemental(4, 2)])
    return execute(plan(chain), [given, LEFT], **options)


def reused() -> Callable[[np.ndarray, np.ndarray], Any]:
    """A function that returns the same array at every call."""
    buffers: dict[tuple[int, ...], np.ndarray] = {}

    def returned(matrix: np.ndarray, v: np.ndarray) -> np.ndarray:
        product = matrix @ v
        buffer = buffers.setdefault(product.shape, np.empty_like(product))
        buffer[...] = product
        return buffer

    return returned


def spoiling(matrix: np.ndarray, v: np.ndarray) -> np.ndarray:
    product = matrix @ v
    v[...] = np.nan
    return product


def read_only(matrix: np.ndarray, v: np.ndarray) -> np.ndarray:
    product = matrix @ v
    product.flags.writeable = False
    return product


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("form", "returned"),
    [
        *((form, returned) for form in FORMS for returned in (reused(), read_only)),
        *((form, spoiling) for form in FORMS if form is not sum_of),  # SciPy gives both terms one argument
    ],
)
def test_buffers_and_arguments_are_the_users_own(form: Any, mode: str, returned: Any) -> None:
    run = run_model(form, mode, returned)
    np.testing.assert_allclose(run.jacobian, LEFT @ A)
    assert run.passed


def test_a_given_matrix_survives_a_model_that_spoils_its_argument() -> None:
    matrix = A.copy()
    chain = Chain([Elemental(3, 4), Elemental(4, 4, tangent=1)])
    given = [matrix, (lambda v: spoiling(np.eye(4), v), None)]
    np.testing.assert_array_equal(execute(plan(chain), given).jacobian, A)
    np.testing.assert_array_equal(matrix, A)


RETURNS: dict[str, tuple[Callable[[Any], Any], type]] = {
    "integers": (lambda y: y.astype(np.int64), np.float64),
    "small integers": (lambda y: y.astype(np.int16), np.float64),
    "unsigned": (lambda y: y.astype(np.uint8), np.float64),
    "float32": (lambda y: y.astype(np.float32), np.float32),
    "float16": (lambda y: y.astype(np.float16), np.float64),
    "big-endian": (lambda y: y.astype(">f8"), np.float64),
    "complex64": (lambda y: y.astype(np.complex64), np.complex64),
    "complex": (lambda y: y * 1j, np.complex128),
    "list": (lambda y: y.tolist(), np.float64),
    "tuple": (lambda y: tuple(y.tolist()), np.float64),
    "list of integers": (lambda y: y.astype(int).tolist(), np.float64),
    "Fortran": (np.asfortranarray, np.float64),
    "strided": (lambda y: np.repeat(y, 2, axis=0)[::2], np.float64),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", [pair, of_matrices, Duck])
@pytest.mark.parametrize("name", RETURNS)
def test_every_kind_of_number_is_taken(name: str, form: Any, mode: str) -> None:
    change, kind = RETURNS[name]
    run = run_model(form, mode, lambda matrix, v: change(matrix @ v))
    factor = 1j if name == "complex" else 1
    factor = factor.conjugate() if form is not pair and mode == "adjoint" else factor  # SciPy's adjoint
    linear = "int" not in name and "unsigned" not in name  # of whole directions only
    if linear or mode == "tangent":
        np.testing.assert_array_equal(run.jacobian, factor * (LEFT @ A))
    assert run.passed or not linear
    assert run.jacobian.dtype == np.result_type(kind, LEFT)
    single = execute(plan(Chain([Elemental(3, 4, **{mode: 5})])), [model_of(change, form)])
    np.testing.assert_array_equal(single.jacobian, factor * A)
    assert single.jacobian.dtype == kind
    assert single.passed or not linear


def model_of(change: Callable[[Any], Any], form: Any) -> Any:
    return form(A.shape, lambda v: change(A @ v), lambda u: change(A.T @ u))


@pytest.mark.parametrize("solver", ["forward", "reverse", "preaccumulation", "auto"])
def test_the_type_of_the_result_is_that_of_all_whatever_the_order(solver: str) -> None:
    single = (lambda v: (A @ v).astype(np.float32), lambda u: (u @ A).astype(np.float32))
    chain = Chain([Elemental(5, 3), Elemental(3, 4, tangent=9, adjoint=9), Elemental(4, 2)])
    run = execute(plan(chain, solver=solver), [RNG.random((3, 5)), single, LEFT])
    assert run.jacobian.dtype == np.float64
    assert run.passed  # held to the precision of float32


@pytest.mark.parametrize("structure", [Diagonal(), Banded(1, 1), Sparse(np.triu(np.ones((4, 4))))], ids=str)
@pytest.mark.parametrize("kind", [np.int8, bool, np.float16, np.float32, ">f4", np.complex64, np.longdouble])
def test_every_structure_takes_every_type(structure: Any, kind: Any) -> None:
    matrix = structure.pattern(4, 4).csr().toarray().astype(np.int64)
    model = (lambda v: (matrix @ v).astype(kind), lambda u: (u @ matrix).astype(kind))
    held = [model, matrix.astype(kind), (model[0], None), (None, model[1])]
    elementals = [
        Elemental(4, 4, structure, tangent=9, adjoint=9),
        Elemental(4, 4, structure),
        Elemental(4, 4, structure, tangent=9),
        Elemental(4, 4, structure, adjoint=9),
    ]
    expected = np.linalg.matrix_power(matrix, 4)
    for solver in ("preaccumulation", "auto"):
        run = execute(plan(Chain(elementals), solver=solver), held)
        jacobian = run.jacobian.toarray() if sp.issparse(run.jacobian) else run.jacobian
        if kind is not bool:  # sums of ones are more than true
            np.testing.assert_array_equal(jacobian, expected)
        assert run.passed or kind in (bool, np.int8)  # those are not linear


SHAPES: dict[str, Callable[[np.ndarray], Any]] = {
    "column": lambda y: y[:, None],
    "row": lambda y: y[None, :],
    "sparse": lambda y: sp.csr_array(y[:, None]),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SHAPES)
def test_a_vector_may_stand_or_lie(name: str, mode: str) -> None:
    run = run_model(pair, mode, lambda matrix, v: SHAPES[name](matrix @ v))
    np.testing.assert_allclose(run.jacobian, LEFT @ A)


def test_a_number_is_a_vector_of_one() -> None:
    chain = Chain([Elemental(3, 1, tangent=5, adjoint=5)])
    run = execute(plan(chain), [(lambda v: float(v[0]), lambda u: u * np.array([1.0, 0, 0]))])
    np.testing.assert_array_equal(run.jacobian, [[1, 0, 0]])
    assert run.passed


def raising(error: Exception) -> Callable[[np.ndarray], Any]:
    def raises(y: np.ndarray) -> Any:
        raise error

    return raises


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


WRONG: dict[str, tuple[Callable[[np.ndarray], Any], str]] = {
    "None": (lambda y: None, "returned None"),
    "too long": (lambda y: np.concatenate([y, y]), "returned shape"),
    "too short": (lambda y: y[1:], "returned shape"),
    "empty": (lambda y: y[:0], "returned shape"),
    "a number": (lambda y: 3.0, "returned shape"),
    "too deep": (lambda y: np.stack([y, y]), "returned shape"),
    "text": (lambda y: "vector", "returned a str"),
    "objects": (lambda y: y.astype(object), "returned a ndarray of object"),
    "ragged": (lambda y: [[1.0], [1.0, 2.0]], "returned a list"),
    "a dict": (lambda y: {"y": y}, "returned a dict"),
    "masked": (lambda y: np.ma.masked_less(y, 0.5), "returned a MaskedArray"),
    "dates": (lambda y: y.astype("M8[s]"), "returned a ndarray of datetime64"),
    "Nones": (lambda y: [None] * len(y), "returned a list"),
    "an exception": (raising(ValueError("negative\n  pressure")), "raised ValueError: negative pressure"),
    "a bare exception": (raising(ZeroDivisionError()), r"raised ZeroDivisionError$"),
    "an exception without a text": (raising(SpeechlessError()), r"raised SpeechlessError$"),
    "a missing key": (raising(KeyError("rho")), "raised KeyError: 'rho'"),
}


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", [pair, of_matrices, Duck])
@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_a_product_is_named(name: str, form: Any, mode: str, verify: bool) -> None:
    change, words = WRONG[name]
    with pytest.raises(ExecutionError, match=rf"elemental 1 \(law\): its {mode} {words}") as caught:
        run_model(form, mode, lambda matrix, v: change(matrix @ v), verify=verify)
    assert "\n" not in str(caught.value)
    if "exception" in name:
        assert type(caught.value.__cause__).__name__ in str(caught.value)


@pytest.mark.parametrize("form", [of_vectors, Subclass, sum_of])
def test_what_scipy_itself_refuses_is_named(form: Any) -> None:
    with pytest.raises(ExecutionError, match=r"its tangent raised ValueError: .*reshape"):
        run_model(form, "tangent", lambda matrix, v: np.ones(7))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_models_that_return_no_finite_numbers_are_named(mode: str, value: float) -> None:
    with pytest.raises(ExecutionError, match=f"the {mode} of elemental 1 returned an infinity or NaN"):
        run_model(pair, mode, lambda matrix, v: matrix @ v * value)


def test_models_of_graphs_are_held_to_the_same() -> None:
    graph = Graph({"x": 3, "y": 4}, [Edge("x", "y", tangent=5, adjoint=9)])
    with pytest.raises(ExecutionError, match="the Jacobian of x → y: its tangent returned None"):
        execute(plan(graph), {("x", "y"): (lambda v: None, A.T.dot)})
    with pytest.raises(ExecutionError, match="the tangent of x → y returned an infinity or NaN"):
        execute(plan(graph), {("x", "y"): (lambda v: A @ v * np.nan, A.T.dot)})
    run = execute(plan(graph), {("x", "y"): (lambda v: (A @ v).astype(np.float32), A.T.dot)})
    np.testing.assert_array_equal(run.jacobian, A)
    assert run.jacobian.dtype == np.float32
    assert run.passed


def test_an_operator_is_no_matrix_of_a_chain() -> None:
    with pytest.raises(ChainError, match=r"matrix 2 is a MatrixLinearOperator of shape .* give a two-dim"):
        Chain.from_matrices([A, aslinearoperator(LEFT)])


def test_an_operator_without_a_shape_is_refused() -> None:
    with pytest.raises(ExecutionError, match="has shape None"):
        execute(plan(Chain([Elemental(3, 4, tangent=5)])), [Duck(None, A.dot, A.T.dot)])  # type: ignore[arg-type]


POINT = np.array([2.0, 3.0, 5.0])
BUFFER = np.empty(4)


def into_buffer(x: np.ndarray) -> np.ndarray:
    BUFFER[:] = A @ x.real
    return BUFFER


def doubling(x: np.ndarray) -> np.ndarray:
    x *= 2
    return A @ x / 2


FUNCTIONS: dict[str, Function] = {
    "reused": into_buffer,
    "spoiling": doubling,
    "a list": lambda x: (A @ x).tolist(),
    "a column": lambda x: (A @ x)[:, None],
    "single": lambda x: (A @ x).astype(np.float64),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_program_may_do_the_same(name: str) -> None:
    run = execute(plan(Chain.from_dims([3, 4])), [A], function=FUNCTIONS[name], point=POINT)
    assert run.passed, run.checks
    graph = Graph({"x": 3, "y": 4}, [Edge("x", "y")])
    assert execute(plan(graph), {("x", "y"): A}, function=FUNCTIONS[name], point=POINT).passed


@pytest.mark.parametrize("name", WRONG)
def test_a_program_that_returns_nothing_of_use_is_named(name: str) -> None:
    change, words = WRONG[name]
    with pytest.raises(ExecutionError, match=f"the function {words}"):
        execute(plan(Chain.from_dims([3, 4])), [A], function=lambda x: change(A @ x.real), point=POINT)


@pytest.mark.parametrize("point", [np.ones(2), np.ones((3, 1)), ["a"] * 3, None, np.ones(3) * 1j, 2.0])
def test_a_point_that_is_none(point: Any) -> None:
    with pytest.raises(ExecutionError, match="point"):
        execute(plan(Chain.from_dims([3, 4])), [A], function=lambda x: A @ x, point=point)


def test_a_list_may_be_the_point() -> None:
    assert execute(plan(Chain.from_dims([3, 4])), [A], function=lambda x: A @ x, point=[2, 3, 5]).passed
