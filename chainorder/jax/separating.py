"""Separations of derivatives in JAX: found, and evaluated."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainorder.autodiff.separation import Separation, Sums, summed
from chainorder.jax.compression import entries_of
from chainorder.jax.ends import Ends
from chainorder.jax.pieces import whole_piece
from chainorder.jax.program import JaxProgram
from chainorder.jax.sparsity import positions_of

LEAST = 16
"""Inputs or outputs from which it is looked for: fewer evaluations take less."""

FEW = 8
"""Lengths of sums up to which those of a length are worked out together, and terms added in a row."""


def separation_of(program: JaxProgram) -> Separation | None:
    """How the middle of a program makes its Jacobian; None if that gains nothing, or takes too long."""
    if min(program.sizes) < LEAST:
        return None
    ends = Ends.of(program)
    positions = None if ends is None else positions_of(ends.middle)
    if ends is None or positions is None:
        return None
    found = summed(positions, ends.left, ends.right, ends.constant)
    return found and Separation(positions, *found, whole_piece(ends.middle), ends.middle)


def separated(separation: Separation, chunk: int) -> Any:
    """The entries of the Jacobian at the positions of the whole; all constants have been evaluated."""
    assert separation.colouring is not None
    own = entries_of(separation.program, separation.middle, separation.colouring, chunk)
    return added_up(separation.sums, own)


def added_up(sums: Sums, others: Any) -> Any:
    """The sums of some entries; shape (targets,)."""
    counts = np.bincount(sums.targets, minlength=len(sums.constants))
    lengths = np.unique(counts)
    coefficients = sums.coefficients.astype(others.dtype)
    if len(lengths) > FEW:
        terms = others[sums.others] * coefficients
        made = jax.ops.segment_sum(terms, sums.targets, len(counts), indices_are_sorted=True)
    else:
        made = _by_length(sums, counts, lengths, others, coefficients)
    return made + sums.constants.astype(others.dtype) if sums.constants.any() else made


def _by_length(sums: Sums, counts: Any, lengths: Any, others: Any, coefficients: Any) -> Any:
    """Sums of a length stand below each other, their terms in columns."""
    starts = np.cumsum(counts) - counts
    made, places = [], []
    for length in lengths.tolist():
        chosen = np.flatnonzero(counts == length)
        terms = starts[chosen][:, None] + np.arange(length)
        columns = [
            _scaled(others[sums.others[column]], coefficients[column])
            for column in (terms.T if length <= FEW else (terms,))
        ]
        zeros = jnp.zeros(len(chosen), others.dtype)
        made.append(reduce(add, columns, zeros) if length <= FEW else columns[0].sum(axis=1))
        places.append(chosen)
    return jnp.concatenate(made)[np.argsort(np.concatenate(places))]


def _scaled(values: Any, coefficients: Any) -> Any:
    return values if (coefficients == 1).all() else values * coefficients
