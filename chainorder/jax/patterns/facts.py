"""What is known of a value while a program is read: what it depends on, and itself if it is constant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from chainorder.autodiff.footprints import Footprints, Labels


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """What is known of a value.

    Attributes
    ----------
    shape
        Its own.
    labels
        Its footprint, of its shape; None if it does not depend on the input.
    known
        The value, if it is the same wherever the function is differentiated.
    """

    shape: tuple[int, ...]
    labels: Labels | None = None
    known: Any = None

    @property
    def footprint(self) -> Labels:
        """Its footprint, whether it depends on the input or not."""
        return np.zeros(self.shape, np.intp) if self.labels is None else self.labels

    def __getitem__(self, step: int) -> Fact:
        """Its row of a step."""
        known = None if self.known is None else self.known[step]
        return Fact(self.shape[1:], None if self.labels is None else self.labels[step], known)


Rule: TypeAlias = Callable[[Footprints, Any, Sequence[Fact]], Sequence[Labels | None]]
"""The footprints of the results of an equation, by its operands, of which some depend on the input."""


def shape_of(var: Any) -> tuple[int, ...]:
    """Of a variable of a jaxpr."""
    return tuple(int(size) for size in var.aval.shape)


def everything(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """Every entry of every result depends on everything: right for any equation."""
    label = sets.all_of([each.labels for each in operands if each.labels is not None])
    return [np.broadcast_to(np.intp(label), shape_of(var)) for var in eqn.outvars]


def within(sets: Footprints, labels: Labels, axes: Sequence[int]) -> Labels:
    """Every entry depends on all of its row along some axes."""
    return np.broadcast_to(sets.over(labels, axes, keep=True), labels.shape)
