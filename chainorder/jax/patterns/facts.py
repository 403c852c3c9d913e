"""What rules of primitives are given and make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from chainorder.autodiff.facts import Fact, within
from chainorder.autodiff.footprints import Footprints, Labels

__all__ = ["Fact", "Rule", "everything", "shape_of", "within"]

Rule: TypeAlias = Callable[[Footprints, Any, Sequence[Fact]], Sequence[Labels | None]]
"""The footprints of the results of an equation, by its operands, of which some depend on the input."""


def shape_of(var: Any) -> tuple[int, ...]:
    """Of a variable of a jaxpr."""
    return tuple(int(size) for size in var.aval.shape)


def everything(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """Every entry of every result depends on everything: right for any equation."""
    label = sets.all_of([each.labels for each in operands if each.labels is not None])
    return [np.broadcast_to(np.intp(label), shape_of(var)) for var in eqn.outvars]
