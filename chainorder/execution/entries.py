"""The entries of operands apart from where they are: the same places with other numbers.

What prepared runs pass on from step to step are entries alone; an operand that stands for all of the same
places, its template, says what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from chainorder.errors import ExecutionError
from chainorder.execution.operand import (
    Array,
    AxesOperand,
    BandOperand,
    DenseOperand,
    IdentityOperand,
    Operand,
    SelectionOperand,
    SparseOperand,
)
from chainorder.structures.sparse_arrays import with_data

Kind = TypeVar("Kind", bound=Operand)

NOTHING = np.empty(0)
"""The entries of identities and selections."""


def entries_of(operand: Operand) -> Array:
    """What an operand stores, as it stores it; nothing of an identity or a selection."""
    match operand:
        case DenseOperand() | AxesOperand():
            return operand.values
        case BandOperand():
            return operand.diagonals
        case SparseOperand():
            data: Array = operand.stored.data
            return data
        case IdentityOperand() | SelectionOperand():
            return NOTHING


def with_entries(template: Kind, entries: Array) -> Kind:
    """The same operand with other entries, laid out likewise; places are shared."""
    match template:
        case DenseOperand() | AxesOperand():
            return replace(template, values=entries)
        case BandOperand():
            return replace(template, diagonals=entries)
        case SparseOperand():
            return replace(template, stored=with_data(template.stored, entries))
        case _:
            return template


def ones(template: Kind) -> Kind:
    """The same operand with a one at every place of its pattern, whatever was stored there.

    A dense one that has zeros beside its pattern must be one whose other entries are not zero.
    """
    entries = entries_of(template)
    match template:
        case BandOperand(lower, _, diagonals):
            columns = np.arange(template.size)
            rows = columns + lower - np.arange(len(diagonals))[:, None]
            inside = (rows >= 0) & (rows < template.size)
        case DenseOperand(symbolic=symbolic) if symbolic is not None:
            inside = entries != 0
        case _:
            inside = np.ones(entries.shape, bool)
    return with_entries(template, inside.astype(entries.dtype))


def aligned(operand: Operand, template: Operand, here: str) -> Array:
    """The entries of an operand as its template lays them out, where some may not be stored.

    Raises
    ------
    ExecutionError
        If they are of another type or kind; `here` says what they are of.
    """
    entries, expected = entries_of(operand), entries_of(template)
    if entries.dtype != expected.dtype:
        raise ExecutionError(f"{here} is {entries.dtype}; it was {expected.dtype}: prepare again")
    if isinstance(operand, SparseOperand) and isinstance(template, SparseOperand):
        stored = getattr(operand, template.format)
        if same_places(stored, template.stored):
            return np.asarray(stored.data)
        return spread(stored.indptr, stored.indices.copy(), stored.data.copy(), template.stored)
    if type(operand) is not type(template) or entries.shape != expected.shape:
        raise ExecutionError(f"{here} is {operand.format}; it was {template.format}: prepare again")
    return entries


def spread(indptr: Array, indices: Array, data: Array, places: Any) -> Array:
    """Entries of some of the places of a compressed matrix, zeros at the others, in its order; sorts its own.

    O(entries · log of those in a row), compiled.
    """
    from scipy.sparse._sparsetools import csr_sample_values, csr_sort_indices

    shape = places.shape if places.format == "csr" else places.shape[::-1]
    csr_sort_indices(shape[0], indptr, indices, data)
    majors = np.repeat(np.arange(shape[0], dtype=places.indices.dtype), np.diff(places.indptr))
    full = np.empty(len(majors), data.dtype)
    csr_sample_values(*shape, indptr, indices, data, len(majors), majors, places.indices, full)
    return full


def same_places(one: Any, other: Any) -> bool:
    """Whether two compressed matrices store the same places in the same order. O(entries)."""
    return (
        one.format == other.format and equal(one.indptr, other.indptr) and equal(one.indices, other.indices)
    )


def equal(one: Array, other: Array) -> bool:
    """Whether two arrays are the same; quicker than `numpy.array_equal` where they are small."""
    return one.shape == other.shape and bool((one == other).all())


@dataclass(frozen=True, eq=False)
class Placing:
    """Where the entries of one layout are in another: gathered if all are there, else scattered on zeros.

    Attributes
    ----------
    shape
        Of the other layout.
    sources
        Flat places in the one.
    targets
        Flat places in the other; None for all of them in turn.
    """

    shape: tuple[int, ...]
    sources: Array
    targets: Array | None

    @classmethod
    def of(cls, numbers: Array) -> Placing:
        """From the numbers (from 1 on) of the entries that go to each place, 0 where none does."""
        flat = numbers.ravel()
        targets = np.flatnonzero(flat)
        sources = flat[targets].astype(np.intp) - 1
        return cls(numbers.shape, sources, None if len(targets) == len(flat) else targets)

    @cached_property
    def _in_turn(self) -> bool:
        return self.targets is None and equal(self.sources, np.arange(len(self.sources)))

    def keeps(self, count: int) -> bool:
        """Whether so many entries all stay in their order, apart from the shape."""
        return self._in_turn and len(self.sources) == count

    def place(self, entries: Array, out: Array) -> None:
        """Write all; `out` is contiguous, and zero where nothing is placed."""
        if self.targets is None:
            np.take(entries.reshape(-1), self.sources, out=out.reshape(-1), mode="clip")
        else:
            out.reshape(-1)[self.targets] = entries.reshape(-1)[self.sources]


def numbered(template: Kind) -> Kind:
    """The same operand, its entries numbered from 1 on: where they go is where these are found."""
    inside = entries_of(ones(template)) != 0
    numbers = np.arange(1.0, inside.size + 1).reshape(inside.shape)
    return with_entries(template, np.where(inside, numbers, 0.0))
