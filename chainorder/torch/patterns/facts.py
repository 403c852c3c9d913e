"""What rules of operations are given and make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from torch.fx import Node

from chainorder.autodiff.facts import Fact
from chainorder.autodiff.footprints import Footprints, Labels


@dataclass(frozen=True, slots=True, eq=False)
class TensorFact(Fact):
    """What is known of a tensor.

    Attributes
    ----------
    real
        Whether it holds floating numbers: others have no derivative, and may be indices.
    """

    real: bool = True


Arguments: TypeAlias = Mapping[str, Any]
"""The arguments of an operation by their names, those left out too; a `TensorFact` for each tensor."""

Rule: TypeAlias = Callable[[Footprints, Node, Arguments], Any]
"""The footprints of what an operation makes, or a list of them; None if no more is known than everything."""


def facts_in(arguments: Arguments) -> Iterator[TensorFact]:
    """What is known of the tensors among arguments."""
    for value in arguments.values():
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, TensorFact):
                yield each


def shape_of(node: Node) -> tuple[int, ...]:
    """The shape of what an operation makes."""
    shape: tuple[int, ...] = node.meta["val"].shape
    return shape


def tensor(labels: Labels) -> Any:
    """Labels as a tensor."""
    return torch.from_numpy(np.array(labels))


def labels_of(made: Any) -> Labels:
    """A tensor of labels as labels."""
    return np.asarray(made.long().numpy(), np.intp)
