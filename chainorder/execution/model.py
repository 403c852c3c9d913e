"""Matrix-free elementals at run time: tangents and adjoints of many directions, on colour groups.

Directions are the columns of arrays: tangents take (inputs, p) to (outputs, p), adjoints (outputs, p) to
(inputs, p), the transpose of u ↦ u F'.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainorder.errors import ExecutionError
from chainorder.execution.backends import Evaluated
from chainorder.execution.conversions import compressed, type_of
from chainorder.execution.evaluation import Checked, Evaluate, product
from chainorder.execution.kernels import multiply
from chainorder.execution.operand import (
    Array,
    BandOperand,
    DenseOperand,
    Operand,
    SparseOperand,
)
from chainorder.execution.storing import operand_of
from chainorder.structures.colouring import colour_columns
from chainorder.structures.dense import DensePattern
from chainorder.structures.number_types import as_floats
from chainorder.structures.pattern import Pattern
from chainorder.structures.solve import Factorisation


@dataclass(frozen=True, eq=False)
class Model:
    """The tangents and adjoints of an elemental; None where it has none.

    Attributes
    ----------
    shape
        Outputs and inputs.
    tangents, adjoints
        Evaluations of many directions at once.
    given
        Whether they are independent of each other, not both products with one matrix.
    fma
        What one evaluation costs, if that can be counted; None if it is what the chain says.
    factorisation
        Of a solve.
    """

    shape: tuple[int, int]
    tangents: Evaluate | None
    adjoints: Evaluate | None
    given: bool = True
    fma: int | None = None
    factorisation: Factorisation | None = None

    @property
    def modes(self) -> dict[str, Evaluate]:
        """The evaluations that there are, by their name."""
        both = {"tangent": self.tangents, "adjoint": self.adjoints}
        return {mode: evaluate for mode, evaluate in both.items() if evaluate is not None}

    def tried(self) -> Iterator[tuple[str, Array]]:
        """Every mode, and what it returns of a vector of ones."""
        for mode, evaluate in self.modes.items():
            yield mode, evaluate(np.ones((self.shape[mode == "tangent"], 1)))

    @classmethod
    def of_solve(cls, made: Factorisation) -> Model:
        """The inverse of a factorised matrix."""
        return cls(made.shape, made.solve, made.solve_transposed, fma=made.entries, factorisation=made)

    @classmethod
    def of(cls, source: Any, shape: tuple[int, int], here: str) -> Model | None:
        """A model from what a user gives; None if that is a matrix.

        Raises
        ------
        ExecutionError
            If the shape of an operator is another.
        """
        if isinstance(source, tuple) and len(source) == 2 and all(map(_callable_or_none, source)):
            tangent, adjoint = source
            return cls(
                shape,
                tangent and Checked(tangent, shape[0], f"{here}: its tangent").by_columns,
                adjoint and Checked(adjoint, shape[1], f"{here}: its adjoint").by_columns,
            )
        if not (hasattr(source, "matmat") and hasattr(source, "rmatmat")):
            return None
        if getattr(source, "shape", None) != shape:
            raise ExecutionError(
                f"{here} has shape {getattr(source, 'shape', None)}; its elemental is {shape}"
            )
        tangents = product(source, "matmat", shape[0], f"{here}: its tangent")
        adjoints = product(source, "rmatmat", shape[1], f"{here}: its adjoint")
        return cls(shape, tangents, lambda u: adjoints(u.conj()).conj())

    @classmethod
    def of_operand(cls, operand: Operand) -> Model:
        """The model that a matrix makes."""
        return cls(
            operand.pattern.shape,
            lambda v: multiply(operand, DenseOperand.full(v)).matrix(),
            lambda u: multiply(DenseOperand.full(u.T), operand).matrix().T,
            given=False,
        )


def _callable_or_none(value: Any) -> bool:
    return value is None or callable(value)


@dataclass(frozen=True, eq=False)
class Directions:
    """How a result is evaluated by one direction for every colour of its columns, and read off; kept once.

    Attributes
    ----------
    result
        The pattern of the result.
    """

    result: Pattern

    @cached_property
    def colours(self) -> Array:
        """Of the columns."""
        return colour_columns(self.result)

    @cached_property
    def count(self) -> int:
        """How many directions there are."""
        return int(self.colours.max(initial=-1)) + 1

    @cached_property
    def _filled(self) -> Array:
        """The columns that have a colour."""
        return np.flatnonzero(self.colours >= 0)

    @cached_property
    def _groups(self) -> Any:
        """Which column has which colour, as a matrix."""
        from scipy.sparse import csr_array

        filled, shape = self._filled, (len(self.colours), self.count)
        return csr_array((np.ones(len(filled)), (filled, self.colours[filled])), shape=shape)

    @cached_property
    def _places(self) -> tuple[Any, Array, Array]:
        """The result as compressed rows; of each entry, the row and the colour."""
        csr = self.result.csr()
        csr.sort_indices()  # before their places are noted: SciPy sorts them later, anyway
        rows = np.repeat(np.arange(self.result.shape[0]), np.diff(csr.indptr))
        return csr, rows, self.colours[csr.indices]

    def seeds(self, operand: Operand | None) -> Array:
        """The operand's columns (those of the identity if None), added up by colour; no fma."""
        match operand:
            case None:
                seeds = np.zeros((len(self.colours), self.count))
                seeds[self._filled, self.colours[self._filled]] = 1
                return seeds
            case DenseOperand() if self.result.full:
                return operand.matrix()
            case SparseOperand() if self.result.full:
                return np.asarray(operand.stored.toarray())
            case BandOperand(lower, _, diagonals):
                seeds = np.zeros((operand.size, self.count), diagonals.dtype)
                for offset, diagonal in enumerate(diagonals, -lower):
                    columns = np.arange(max(offset, 0), operand.size + min(offset, 0))
                    columns = columns[self.colours[columns] >= 0]
                    seeds[columns - offset, self.colours[columns]] += diagonal[columns]
                return seeds
            case _:
                added = operand.matrix() @ self._groups
                return added if isinstance(added, np.ndarray) else np.asarray(added.toarray())

    def read_off(self, values: Array) -> Operand:
        """The entries of the result from its colour groups."""
        if isinstance(self.result, DensePattern):
            return DenseOperand(values if self.result.rows is None else values[self.result.rows], self.result)
        symbolic, rows, colours = self._places
        csr = symbolic.astype(values.dtype)
        csr.data = values[rows, colours]
        entries = self.result.laid_out(csr)
        return compressed(csr) if entries is None else operand_of(self.result, entries)


def by_tangents(
    model: Model, operand: Operand | None, result: Pattern | Directions, chunk: int
) -> Evaluated[Operand]:
    """F'_j · `operand` (F'_j itself if None) by one tangent for every colour of the result's columns."""
    directions = result if isinstance(result, Directions) else Directions(result)
    return _evaluate(model.tangents, "tangent", operand, directions, chunk)


def by_adjoints(
    model: Model, operand: Operand | None, result: Pattern | Directions, chunk: int
) -> Evaluated[Operand]:
    """`operand` · F'_i (F'_i itself if None) by one adjoint for every colour of the result's rows.

    `result` is its pattern, or the directions of its transpose.
    """
    right = None if operand is None else operand.transposed()
    directions = result if isinstance(result, Directions) else Directions(result.transposed())
    done = _evaluate(model.adjoints, "adjoint", right, directions, chunk)
    return Evaluated(done.result.transposed(), done.evaluations)


def _evaluate(
    evaluate: Evaluate | None, name: str, operand: Operand | None, directions: Directions, chunk: int
) -> Evaluated[Operand]:
    if evaluate is None:
        raise ExecutionError(f"the plan needs a {name} that is not given; give it, or plan without it")
    seeds, outputs = directions.seeds(operand), directions.result.shape[0]
    count = seeds.shape[1]
    width = max(1, chunk // max(1, seeds.shape[0], outputs))
    parts = [evaluate(seeds[:, at : at + width]) for at in range(0, count, width)]
    values = np.concatenate(parts, axis=1) if parts else np.zeros((outputs, 0))
    # The type must not depend on whether a step or a product comes first.
    kind = values.dtype if operand is None else np.result_type(values, type_of(operand))
    return Evaluated(directions.read_off(as_floats(values.astype(kind, copy=False))), count)
