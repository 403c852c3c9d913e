"""What is known of a value while a program is read: what it depends on, and itself if it is constant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


def within(sets: Footprints, labels: Labels, axes: Sequence[int]) -> Labels:
    """Every entry depends on all of its row along some axes."""
    return np.broadcast_to(sets.over(labels, axes, keep=True), labels.shape)
