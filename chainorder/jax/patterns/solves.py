"""Equations that mix all entries along some axes, and keep those of a batch apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainorder.autodiff.footprints import Footprints, Labels
from chainorder.jax.patterns.facts import Fact, everything, shape_of, within


def triangular_solve(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """A solve by a constant matrix mixes the entries of a right-hand side."""
    if operands[0].labels is not None:
        return everything(sets, eqn, operands)
    return [within(sets, operands[1].footprint, [-2 if eqn.params["left_side"] else -1])]


def fft(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """The last axes."""
    axes = range(-len(eqn.params["fft_lengths"]), 0)
    mixed = sets.over(operands[0].footprint, axes, keep=True)
    return [np.broadcast_to(mixed, shape_of(eqn.outvars[0]))]


RULES = {"triangular_solve": triangular_solve, "fft": fft}
