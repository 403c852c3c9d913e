"""Equations that make every entry from the entries in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainorder.autodiff.footprints import EMPTY, Footprints, Labels
from chainorder.jax.patterns.facts import Fact, shape_of


def pointwise(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """The union of the footprints in place; numbers are in every place."""
    shape = shape_of(eqn.outvars[0])
    spread = [np.broadcast_to(each.labels, shape) for each in operands if each.labels is not None]
    return [sets.joined(*spread)]


def product(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """Where a factor is known to be zero nothing is left."""
    (labels,) = pointwise(sets, eqn, operands)
    for each in operands:
        if each.known is not None:
            zero = np.broadcast_to(each.known == 0, labels.shape)
            if zero.any():
                labels = np.where(zero, EMPTY, labels)
    return [labels]


def select(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """The chosen case where the choice is known, else all of them: it is another one elsewhere."""
    which, *cases = operands
    shape = shape_of(eqn.outvars[0])
    labels = [np.broadcast_to(each.footprint, shape) for each in cases]
    if which.known is None:
        return [sets.joined(*labels)]
    chosen = np.broadcast_to(which.known, shape).astype(np.intp)
    return [np.take_along_axis(np.stack(labels), chosen[None], axis=0)[0]]


NAMES = """
    add add_any complex conj convert_element_type div imag neg real reduce_precision sub
"""

RULES = {**dict.fromkeys(NAMES.split(), pointwise), "mul": product, "select_n": select}
