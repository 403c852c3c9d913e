"""Operands of patterns: how entries are stored, by the name of the pattern's storage.

A structure that brings no operand of its own is stored as compressed rows, beside its pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainorder.errors import ExecutionError
from chainorder.execution.conversions import compressed
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
from chainorder.structures.pattern import Pattern

STORAGES: dict[str, Callable[[Any, Array], Operand]] = {
    "identity": lambda pattern, _: IdentityOperand(pattern.size),
    "selection": lambda pattern, _: SelectionOperand(pattern),
    "band": lambda pattern, diagonals: BandOperand(pattern.lower, pattern.upper, diagonals),
    "dense": lambda pattern, values: DenseOperand(values, pattern),
    "axes": lambda pattern, values: AxesOperand(values, pattern),
}
"""What makes an operand of a pattern and its entries; of other storages, compressed rows."""


def operand_of(pattern: Pattern, entries: Array) -> Operand:
    """The operand of entries that are laid out as the pattern's storage has them."""
    if pattern.storage in STORAGES:
        return STORAGES[pattern.storage](pattern, entries)
    return _by_rows(pattern, entries)


def random_operand(pattern: Pattern, generator: np.random.Generator) -> Operand:
    """A random Jacobian of a pattern, scaled so that long products neither vanish nor overflow soon."""
    return operand_of(pattern, pattern.random_entries(generator))


def fitted(pattern: Pattern, csr: Any, here: str) -> Operand:
    """Canonical compressed rows as an operand of a pattern that they fit; `here` names them in errors.

    Raises
    ------
    ExecutionError
        If an entry is outside of the pattern, or is not what the pattern says.
    """
    if not pattern.agrees(csr):
        raise ExecutionError(f"{here} is not the {pattern.claim[0]} that is declared")
    coo = csr.tocoo()
    inside = pattern.holds(coo.row, coo.col)
    _refuse_outside(coo, inside, here)
    if not inside.all():
        csr = type(csr)((coo.data[inside], (coo.row[inside], coo.col[inside])), shape=csr.shape)
    entries = pattern.laid_out(csr)
    return compressed(csr) if entries is None else operand_of(pattern, entries)


def _by_rows(pattern: Pattern, entries: Array) -> Operand:
    """Stored at every position; by what is stored the pattern is known, if it is nothing but positions."""
    from scipy.sparse import csr_array

    symbolic = pattern.csr()
    csr = csr_array((entries, symbolic.indices, symbolic.indptr), shape=pattern.shape)
    return compressed(csr) if pattern.listed is pattern else SparseOperand(csr, pattern)


def _refuse_outside(coo: Any, inside: Array, here: str) -> None:
    outside = np.flatnonzero(~inside & (coo.data != 0))
    if len(outside):
        row, column = int(coo.row[outside[0]]), int(coo.col[outside[0]])
        raise ExecutionError(
            f"{here} has an entry at row {row}, column {column}, outside the declared structure; "
            "declare it wider, or sparse"
        )
