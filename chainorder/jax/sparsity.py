"""Sparsity of pieces and of the whole program, found by footprints within a budget.

A sparse piece is evaluated in one direction for each colour of the columns (or rows) of its pattern.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from chainorder.autodiff.colours import Positions
from chainorder.autodiff.footprints import BudgetError, Footprints, Labels
from chainorder.jax.patterns import footprint
from chainorder.jax.program import JaxProgram
from chainorder.jax.rules import ELEMENTWISE, MOVES
from chainorder.structures.banded import Banded
from chainorder.structures.colouring import colour_columns
from chainorder.structures.dense import Dense
from chainorder.structures.pattern import Pattern
from chainorder.structures.sparse import Sparse
from chainorder.structures.structure import Structure

LOCAL = ELEMENTWISE | MOVES
"""Pieces of only these are asked about: the products of others are soon full."""

SMALLEST = 64
"""Entries of a value from which sparsity is looked for."""

DENSEST = 0.25
"""The share of all entries up to which a pattern counts as sparse."""

FULLEST = 0.75
"""The share up to which the positions of the whole are listed."""

LEAST, EACH = 3_000_000, 30_000
"""The budget in members of sets, some 20 ns each: in all, and for an equation, which takes XLA longer."""


def positions_of(program: JaxProgram) -> Positions | None:
    """Where the whole Jacobian may be nonzero; None if nearly everywhere, or if it would take too long."""
    try:
        sets, labels = _footprint(program, program.source, program.target)
    except BudgetError:
        return None
    rows, columns = program.sizes
    return Positions.of(sets, labels) if sets.counts(labels).sum() <= FULLEST * rows * columns else None


def structure_of(program: JaxProgram, source: int, target: int) -> Structure:
    """The structure of what lies between two cuts, of which nothing else is known."""
    inputs, outputs = program.size(source), program.size(target)
    if min(inputs, outputs) < SMALLEST or any(
        each.name not in LOCAL for each in program.between(source, target)
    ):
        return Dense()
    try:
        sets, labels = _footprint(program, source, target)
    except BudgetError:
        return Dense()
    if sets.counts(labels).sum() > DENSEST * inputs * outputs:
        return Dense()
    return structure_at(*sets.listed(labels), (outputs, inputs))


def _footprint(program: JaxProgram, source: int, target: int) -> tuple[Footprints, Labels]:
    return footprint(program, source, target, LEAST + EACH * len(program.between(source, target)))


def structure_at(rows: Any, columns: Any, shape: tuple[int, int]) -> Structure:
    """The narrowest structure with some positions: a band, or a list; dense without any."""
    from scipy.sparse import csr_array

    if not len(rows):
        return Dense()
    lower, upper = max(0, int((rows - columns).max())), max(0, int((columns - rows).max()))
    if shape[0] == shape[1] and (lower + upper + 1) * shape[0] <= 2 * len(rows):
        return Banded(lower, upper)
    return Sparse(csr_array((np.ones(len(rows), bool), (rows, columns)), shape=shape))


def compressed(matrix: Any, colours: Any) -> Any:
    """The sums of the columns of each colour; shape (rows, colours)."""
    filled = np.flatnonzero(colours >= 0)
    groups = jnp.zeros((matrix.shape[0], int(colours.max(initial=-1)) + 1), matrix.dtype)
    return groups.at[:, colours[filled]].add(matrix[:, filled])


def decompressed(values: Any, colours: Any, pattern: Pattern) -> Any:
    """The matrix of a pattern from its evaluations, one column a colour."""
    positions = pattern.csr().tocoo()
    rows, columns = positions.coords
    return jnp.zeros(pattern.shape, values.dtype).at[rows, columns].set(values[rows, colours[columns]])


def worthwhile_colours(pattern: Pattern) -> Any:
    """The colours of the columns of a pattern; None if there are as many as columns."""
    colours = colour_columns(pattern)
    return colours if int(colours.max(initial=-1)) + 1 < pattern.shape[1] else None
