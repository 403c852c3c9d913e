"""Sparse Jacobians of parts that only move and scale entries, such as stencils: found by asdex, if installed.

A sparse part is evaluated in one direction for each colour of the columns (or rows) of its pattern.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainorder.autodiff.pieces import Piece
from chainorder.jax.program import Equation, LinearProgram
from chainorder.jax.rules import ELEMENTWISE, MOVES
from chainorder.structures.banded import Banded
from chainorder.structures.colouring import colour_columns
from chainorder.structures.dense import Dense
from chainorder.structures.pattern import Pattern
from chainorder.structures.sparse import Sparse
from chainorder.structures.structure import Structure

LOCAL = ELEMENTWISE | MOVES
"""Parts of only these are asked about: others are dense, or take asdex longer than they are worth."""

SMALLEST = 64
"""Entries of a value from which sparsity is looked for."""

DENSEST = 0.25
"""The part of all entries up to which a pattern counts as sparse."""


def structure_of(program: LinearProgram, piece: Piece[int, Equation]) -> Structure:
    """The structure of a piece of which nothing else is known."""
    small = min(program.size(piece.source), program.size(piece.target)) < SMALLEST
    if small or not _installed() or any(equation.name not in LOCAL for equation in piece.equations):
        return Dense()
    return _structure(_positions(program, piece), (program.size(piece.target), program.size(piece.source)))


@cache
def _installed() -> bool:
    return find_spec("asdex") is not None


def _positions(program: LinearProgram, piece: Piece[int, Equation]) -> Any:
    """What may be nonzero, by asdex; residuals that are not known yet are arguments for it, of any value."""
    import asdex

    used = {operand for equation in piece.equations for operand in equation.operands}
    unknown = sorted(o for o in used if isinstance(program.constants.get(o), jax.core.Tracer))

    def function(value: Any, *residuals: Any) -> Any:
        return program.run(piece, value, dict(zip(unknown, residuals, strict=True)))

    examples = [np.zeros(program.shape(o), program.avals[o].dtype) for o in (piece.source, *unknown)]
    return asdex.jacobian_sparsity(function, *examples, argnums=0).to_bcoo()


def _structure(positions: Any, shape: tuple[int, int]) -> Structure:
    from scipy.sparse import csr_array

    rows, columns = np.asarray(positions.indices).T
    if not len(rows) or len(rows) > DENSEST * shape[0] * shape[1]:
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
