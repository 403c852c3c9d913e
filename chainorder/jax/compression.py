"""The entries of a sparse Jacobian by colours: one direction for all columns (or rows) of a colour."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from chainorder.autodiff.colours import Colouring, Positions
from chainorder.jax.execution import adjoints, tangents
from chainorder.jax.program import JaxProgram


def entries_of(program: JaxProgram, positions: Positions, colouring: Colouring, chunk: int) -> Any:
    """The entries at some positions, in their order; shape (positions,).

    Parameters
    ----------
    program
        The derivative, its constants evaluated.
    positions
        Where the Jacobian may be nonzero.
    colouring
        What is evaluated.
    chunk
        Entries of the directions that are in flight at once.
    """
    ends = program.source, program.target
    rows, columns = positions.shape
    made, places = [jnp.zeros(0)], np.zeros(positions.count, np.int64)
    if colouring.tangents:
        seeds = _seeds(colouring.columns, colouring.tangents, program.avals[program.source].dtype)
        made = [tangents(program, *ends, seeds, chunk=chunk).reshape(-1)]
        places = colouring.columns[positions.columns] * rows + positions.rows
    if colouring.adjoints:
        seeds = _seeds(colouring.rows, colouring.adjoints, program.avals[program.target].dtype)
        behind = colouring.tangents * rows + colouring.rows[positions.rows] * columns + positions.columns
        places = np.where(colouring.adjoint, behind, places)
        made = [*made, adjoints(program, *ends, seeds, chunk=chunk).reshape(-1)]
    return jnp.concatenate(made)[places]


def _seeds(colours: Any, count: int, dtype: Any) -> Any:
    """A row for each colour: the sum of its directions."""
    return (jnp.arange(count)[:, None] == jnp.asarray(colours)).astype(dtype)
