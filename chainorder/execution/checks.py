"""Whether a computed Jacobian is right: against another order, and against derivatives without chain rule."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import SupportsFloat

import numpy as np

from chainorder.errors import ExecutionError
from chainorder.execution.evaluation import Evaluate
from chainorder.execution.kernels import multiply
from chainorder.execution.model import Model
from chainorder.execution.operand import Array, DenseOperand, Operand
from chainorder.execution.sources import Function

PROBES = 8
"""Random vectors of a check by samples; an error that all of them miss has probability zero."""

CENTRAL_TOLERANCE = 1e-5
"""What central differences can tell in float64, roughly ε^(2/3) and some curvature."""


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison.

    Attributes
    ----------
    name
        What the Jacobian was compared with.
    error
        The largest difference, relative to the largest entry.
    tolerance
        The largest error that passes.
    """

    name: str
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether it is within the tolerance (NaN is not)."""
        return self.error <= self.tolerance


@dataclass(frozen=True)
class Tolerances:
    """The largest relative errors that pass.

    Attributes
    ----------
    exact
        Of what is exact to rounding.
    central
        Of what is compared with central differences.
    """

    exact: float
    central: float

    @classmethod
    def of(cls, stated: float | None, default: float) -> Tolerances:
        """What is stated, for everything; without, the default, and more for central differences.

        Raises
        ------
        ExecutionError
            If what is stated is no finite number of at least 0: all would pass, or nothing.
        """
        if stated is not None:
            if not (isinstance(stated, SupportsFloat) and 0 <= float(stated) < np.inf):
                raise ExecutionError(f"tolerance is {stated!r}; give a finite number of at least 0")
            return cls(float(stated), float(stated))
        return cls(default, max(default, CENTRAL_TOLERANCE))


def against_operand(result: Operand, other: Operand, name: str, tolerance: float) -> Check:
    """Compare all entries with those of another computation."""
    return Check(name, relative_error(result.matrix(), other.matrix()), tolerance)


def against_probes(result: Operand, models: Iterable[Model], seed: int, tolerance: float) -> Iterator[Check]:
    """Compare products with random vectors with those by the elementals one at a time.

    From the right by tangents and from the left by adjoints, so far as all elementals have them.
    """
    elementals = list(models)
    generator = np.random.default_rng(seed)
    rows, columns = result.pattern.shape
    right, left = generator.standard_normal((columns, PROBES)), generator.standard_normal((rows, PROBES))
    whole = Model.of_operand(result)
    assert whole.tangents is not None
    assert whole.adjoints is not None
    tangents = [model.tangents for model in elementals]
    by_elementals = _through(tangents, right)
    if by_elementals is not None:
        error = relative_error(whole.tangents(right), by_elementals)
        yield Check(f"{PROBES} tangents", error, tolerance)
    by_elementals = _through([model.adjoints for model in reversed(elementals)], left)
    if by_elementals is not None:
        error = relative_error(whole.adjoints(left), by_elementals)
        yield Check(f"{PROBES} adjoints", error, tolerance)


def _through(evaluations: Sequence[Evaluate | None], directions: Array) -> Array | None:
    for evaluate in evaluations:
        if evaluate is None:
            return None
        directions = evaluate(directions)
    return directions


def dot_products(
    models: Mapping[int, Model], seed: int, tolerance: float, name: Callable[[int], str]
) -> Iterator[Check]:
    """Whether tangents and adjoints belong together: ⟨u, F'v⟩ = ⟨uF', v⟩; the worst elemental that has both.

    Relative to the sizes of the vectors, so that a chance cancellation does not look like an error.
    """
    generator = np.random.default_rng(seed)
    worst = Check("dot products", -1.0, tolerance)
    for number, model in models.items():
        if model.given and model.tangents is not None and model.adjoints is not None:
            rows, columns = model.shape
            u, v = generator.standard_normal((rows, 1)), generator.standard_normal((columns, 1))
            tangent, adjoint = np.asarray(model.tangents(v)), np.asarray(model.adjoints(u))
            norms = float(np.linalg.norm(u) * np.linalg.norm(tangent))
            scale = 1.0 if norms == 0 else norms
            error = abs((u.T @ tangent - adjoint.T @ v).item()) / scale
            if not error <= worst.error:  # a NaN is the worst
                worst = Check(f"dot products (worst: {name(number)})", error, tolerance)
    if worst.error != -1.0:
        yield worst


def residuals(
    models: Mapping[int, Model], seed: int, tolerance: float, name: Callable[[int], str]
) -> Iterator[Check]:
    """Whether solves solve: the worst residual with random vectors, of each distinct matrix once."""
    distinct = {id(m.factorisation): (n, m.factorisation) for n, m in models.items() if m.factorisation}
    if distinct:
        worst, number = max((made.residual(seed, PROBES), number) for number, made in distinct.values())
        yield Check(f"residual of solves (worst: {name(number)})", worst, tolerance)


def against_function(
    result: Operand, function: Function, point: Array, seed: int, tolerances: Tolerances
) -> Check:
    """Compare directional derivatives with those of the function itself: the chain rule takes no part.

    By the complex step (exact to rounding) where the function takes complex arguments, else by central
    differences.
    """
    generator = np.random.default_rng(seed)
    directions = generator.standard_normal((len(point), min(PROBES, len(point))))
    by_result = multiply(result, DenseOperand.full(directions)).matrix()
    name, tolerance, columns = directional_derivatives(function, point, directions, tolerances)
    return Check(name, relative_error(by_result, columns), tolerance)


def directional_derivatives(
    function: Function, point: Array, directions: Array, tolerances: Tolerances, *, real: bool = True
) -> tuple[str, float, Array]:
    """The derivatives of a function along columns, how they were found, and what error that admits.

    The complex step is for functions that are `real` where their argument is.
    """
    columns = _complex_step(function, point, directions) if real else None
    if columns is not None:
        return "complex step", tolerances.exact, columns
    return "central differences", tolerances.central, _central(function, point, directions)


def _complex_step(function: Function, point: Array, directions: Array) -> Array | None:
    step = 1e-30
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)  # a part of the argument was dropped
            values = [np.atleast_1d(function(point + 1j * step * v)) for v in directions.T]
    except (TypeError, ValueError, ExecutionError, np.exceptions.ComplexWarning):
        return None
    if not all(np.iscomplexobj(value) for value in values):
        return None
    return np.stack([value.imag / step for value in values], axis=1)


def _central(function: Function, point: Array, directions: Array) -> Array:
    step = np.cbrt(np.finfo(float).eps) * max(1.0, float(np.abs(point).max()))
    differences = [
        np.atleast_1d(np.asarray(function(point + step * v)) - function(point - step * v)) / (2 * step)
        for v in directions.T
    ]
    return np.stack(differences, axis=1)


def relative_error(computed: Array, reference: Array) -> float:
    """The largest difference of two matrices, relative to the largest entry of the second."""
    if computed.shape != reference.shape:
        return float("inf")
    if isinstance(computed, np.ndarray) or isinstance(reference, np.ndarray):
        a, b = (m if isinstance(m, np.ndarray) else m.toarray() for m in (computed, reference))
        scale, difference = _largest(b), _largest(a - b)
    else:
        scale, difference = _largest(reference.tocsr().data), _largest((computed - reference).tocsr().data)
    return difference / scale if scale else difference


def _largest(values: Array) -> float:
    return float(np.abs(values).max(initial=0))
