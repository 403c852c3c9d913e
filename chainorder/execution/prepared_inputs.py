"""What a prepared run takes in: new entries in the form of the example, and nothing else.

Of the example is kept which places it stores, of which type, and where its entries are in the operand that
the plan runs on. Another shape, type or pattern is refused. Index arrays are always compared, a small part of
what a product takes: one and the same array may have got other contents.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainorder.errors import ExecutionError, StructureError
from chainorder.execution.entries import NOTHING, Placing, aligned, entries_of, equal, same_places
from chainorder.execution.model import Model
from chainorder.execution.operand import Array, Operand, SparseOperand
from chainorder.execution.sources import fit
from chainorder.execution.storing import operand_of
from chainorder.structures.axes import AxesPattern
from chainorder.structures.number_types import as_floats
from chainorder.structures.pattern import Pattern
from chainorder.structures.solve import Factorisation, Solve
from chainorder.structures.sparse_arrays import PARTS, with_data

AGAIN = "give one like the example, or prepare again"
"""What mends a Jacobian of another form."""


class Intake(ABC):
    """Takes new Jacobians of one elemental in."""

    @abstractmethod
    def take(self, given: Any) -> Any:
        """The entries of the operand, or what evaluates tangents and adjoints.

        Raises
        ------
        ExecutionError
            If it is of another form than the example.
        """


@dataclass(frozen=True, eq=False)
class Evaluations(Intake):
    """Operators, and pairs of functions; they are asked for nothing until they are evaluated."""

    shape: tuple[int, int]
    here: str

    def take(self, given: Any) -> Model:
        model = Model.of(given, self.shape, self.here)
        if model is None:
            raise ExecutionError(f"{self.here} is a {type(given).__name__}, not an operator; {AGAIN}")
        return model


@dataclass(frozen=True, eq=False)
class Solves(Intake):
    """Matrices to solve with: each is factorised, unless it is a `Solve`, which is already.

    Attributes
    ----------
    shape, here
        Of the matrices; what they are called in errors.
    known
        The form of the example, where the entries of its compressed columns are in it, and its factors: one
        with the same places is eliminated in the same order. None if it is dense or has duplicates.
    """

    shape: tuple[int, int]
    here: str
    known: tuple[_Form, Array, Factorisation] | None = None

    @classmethod
    def like(cls, example: Any, made: Factorisation, here: str) -> Solves:
        """For matrices like an example."""
        if getattr(example, "format", None) not in ("csr", "csc", "coo"):
            return cls(made.shape, here)
        places = with_data(example, np.arange(example.nnz)).tocsc()
        known = _Form.of(example, here), places.data, made
        return cls(made.shape, here, known if places.nnz == example.nnz == made.matrix.nnz else None)

    def take(self, given: Any) -> Model:
        try:
            made = self._factorised(given)
        except StructureError as error:
            raise ExecutionError(f"{self.here}: {error}") from None
        if made.shape != self.shape:
            raise ExecutionError(f"{self.here} has shape {made.shape}, not {self.shape}; {AGAIN}")
        return Model(self.shape, made.solve, made.solve_transposed, factorisation=made)

    def _factorised(self, given: Any) -> Factorisation:
        if isinstance(given, Solve) and given.factorisation is not None:
            return given.factorisation
        if self.known is not None and self.known[0].fits(given):
            return self.known[2].again(
                given.data[self.known[1]].astype(self.known[2].matrix.dtype, copy=False)
            )
        return Factorisation.of(given)


@dataclass(frozen=True, eq=False)
class Direct(Intake):
    """What has the entries of the operand in their order: dense arrays, vectors, compressed rows."""

    example: _Form
    stored: tuple[int, ...]
    here: str

    def take(self, given: Any) -> Array:
        return _floats(self.example.data_of(given, self.here), self.here).reshape(self.stored)


@dataclass(frozen=True, eq=False)
class Laid(Intake):
    """Matrices whose entries are stored elsewhere, or in another order, than the operand has them.

    Attributes
    ----------
    example
        A matrix of the same form.
    summed
        Of the entries in the order of their places: where they are, and where each place begins; None where
        each entry has a place of its own.
    placing
        Where they, or else their sums, are in the operand.
    outside
        Entries that must be zero, as the pattern has no place for them.
    fixed
        What the entries must be, for identities and selections; else None.
    dtype, here
        Of the operand's entries; what it is called in errors.
    """

    example: _Form
    summed: tuple[Array, Array] | None
    placing: Placing
    outside: Array
    fixed: Array | None
    dtype: np.dtype[Any]
    here: str

    def take(self, given: Any) -> Array:
        data = _floats(self.example.data_of(given, self.here), self.here).ravel()
        if self.fixed is not None:
            if not equal(data, self.fixed):
                raise ExecutionError(
                    f"{self.here} holds other numbers, but its structure says which; {AGAIN}"
                )
            return NOTHING
        if len(self.outside) and data[self.outside].any():
            raise ExecutionError(f"{self.here} has an entry outside the declared structure; declare it wider")
        if self.summed is not None:
            data = np.add.reduceat(data[self.summed[0]], self.summed[1])
        if self.placing.keeps(data.size):
            return data.reshape(self.placing.shape)
        laid = np.zeros(self.placing.shape, self.dtype)
        self.placing.place(data, laid)
        return laid


@dataclass(frozen=True, eq=False)
class Fitted(Intake):
    """Matrices whose entries have to agree with each other: each is fitted anew."""

    pattern: Pattern
    template: Operand
    example: _Form
    here: str

    def take(self, given: Any) -> Array:
        self.example.data_of(given, self.here)
        operand = fit(self.pattern, given, self.here)
        assert not isinstance(operand, Model)
        return aligned(operand, self.template, self.here)


@dataclass(frozen=True, eq=False)
class _Form:
    """What a matrix is like apart from its numbers: type, shape, and where entries are."""

    form: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    places: tuple[Array, ...]

    @classmethod
    def of(cls, matrix: Any, here: str) -> _Form:
        """That of an example; its index arrays are copied, as they may change later."""
        form = _form_of(matrix)
        if form != "array" and form not in PARTS:
            raise ExecutionError(f"{here} is {form}, whose entries have no fixed order; give compressed rows")
        names = () if form == "array" else PARTS[form][1:]
        places = tuple(np.array(getattr(matrix, name)) for name in names)
        return cls(form, matrix.shape, matrix.dtype, places)

    def data_of(self, given: Any, here: str) -> Array:
        """The entries of another matrix of the same form; raises `ExecutionError` if it is of another."""
        form = _form_of(given)
        if form != self.form:
            raise ExecutionError(f"{here} is {form}, not {self.form}; {AGAIN}")
        if given.shape != self.shape or given.dtype != self.dtype:
            raise ExecutionError(_differs(here, given, self.shape, self.dtype))
        if form == "array":
            return np.asarray(given)
        if not self._stored_by(given):
            raise ExecutionError(f"{here} stores other places than the example; {AGAIN}")
        data: Array = given.data
        return data

    def fits(self, given: Any) -> bool:
        """Whether another matrix is of the same form."""
        return (
            _form_of(given) == self.form
            and (given.shape, given.dtype) == (self.shape, self.dtype)
            and self._stored_by(given)
        )

    def _stored_by(self, matrix: Any) -> bool:
        names = PARTS[self.form][1:]
        return all(
            equal(getattr(matrix, name), place) for name, place in zip(names, self.places, strict=True)
        )


def _form_of(matrix: Any) -> str:
    """``array``, the name of a sparse format, or of the type of anything else."""
    if isinstance(matrix, np.ndarray):
        return "masked array" if isinstance(matrix, np.ma.MaskedArray) else "array"
    return str(getattr(matrix, "format", f"a {type(matrix).__name__}"))


def _differs(here: str, given: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    found = f"{getattr(given, 'dtype', type(given).__name__)} of shape {getattr(given, 'shape', None)}"
    return f"{here} is {found}; the example is {dtype} of shape {shape}: {AGAIN}"


def _floats(values: Array, here: str) -> Array:
    if values.dtype.kind in "fc" and values.dtype.isnative and values.dtype.itemsize > 2:
        return values
    try:
        return as_floats(values)
    except StructureError as error:
        raise ExecutionError(f"{here}: {error}") from None


def intake_of(pattern: Pattern, example: Any, template: Operand, here: str) -> Intake:
    """What takes further matrices in like one that an operand was made of.

    Parameters
    ----------
    pattern
        Of the elemental.
    example
        What was given.
    template
        The operand.
    here
        What it is called in errors.
    """
    known = _Form.of(example, here)
    if _in_order(pattern, example, known, template):
        return Direct(known, entries_of(template).shape, here)
    if isinstance(pattern, AxesPattern) or (pattern.claim[0] and not pattern.free):
        return Fitted(pattern, template, known, here)
    return _laid(pattern, example, known, template, here)


def _in_order(pattern: Pattern, example: Any, known: _Form, template: Operand) -> bool:
    """Whether an operand has the entries of a matrix as they are, and any others would do."""
    if known.form == "array":
        alike = pattern.full or len(known.shape) == 1 or isinstance(pattern, AxesPattern)
        return alike and example.size == entries_of(template).size
    if not isinstance(template, SparseOperand) or pattern.claim[0]:
        return False
    return known.form == "csr" and same_places(example, template.stored)


def _laid(pattern: Pattern, example: Any, known: _Form, template: Operand, here: str) -> Laid:
    """From the numbers of the entries, by where each is stored."""
    from scipy.sparse import csr_array

    rows, columns, slots = _slots(example, known)
    inside = pattern.holds(rows, columns)
    keep = np.flatnonzero(inside)[np.lexsort((columns[inside], rows[inside]))]
    new = np.diff(rows[keep], prepend=-1).astype(bool) | np.diff(columns[keep], prepend=-1).astype(bool)
    starts = np.flatnonzero(new)
    single = len(starts) == len(keep)
    numbers = slots[keep] + 1 if single else np.arange(1, len(starts) + 1)
    places = keep[starts]
    csr = csr_array((numbers.astype(float), (rows[places], columns[places])), shape=pattern.shape)
    data = _floats(known.data_of(example, here), here).ravel()
    if pattern.free:
        placing, fixed = Placing.of(np.empty(0)), data.copy()
    else:
        placing, fixed = Placing.of(_entries(pattern, csr, template)), None
    summed = None if single else (slots[keep], starts)
    return Laid(known, summed, placing, slots[~inside], fixed, entries_of(template).dtype, here)


def _entries(pattern: Pattern, csr: Any, template: Operand) -> Array:
    """The entries that an operand of a pattern has for compressed rows within it."""
    entries = pattern.laid_out(csr)
    assert entries is not None
    laid = entries_of(operand_of(pattern, entries))
    assert laid.shape == entries_of(template).shape
    return laid


def _slots(example: Any, known: _Form) -> tuple[Array, Array, Array]:
    """The row, the column and the place in the flat data of every entry."""
    if known.form == "array":
        rows, columns = (each.ravel() for each in np.indices(example.shape))
        return rows, columns, np.arange(example.size)
    size = example.data.size
    coo = with_data(example, np.arange(1.0, size + 1).reshape(example.data.shape)).tocoo()
    return coo.row, coo.col, coo.data.astype(np.intp) - 1
