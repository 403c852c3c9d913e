"""The register of kinds: each a name, and what makes a function and the arguments of it, of some size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

Case: TypeAlias = tuple[Any, ...]
"""A function, and its arguments; the first one is differentiated."""


@dataclass(frozen=True)
class Kind:
    """Functions of a kind.

    Attributes
    ----------
    name
        What they are.
    make
        The function and its arguments for some sizes.
    large, small
        Sizes to measure, and to test.
    """

    name: str
    make: Callable[..., Case]
    large: tuple[int, ...]
    small: tuple[int, ...]

    def case(self, *, small: bool = False) -> Case:
        """A function and its arguments, the same ones every time."""
        torch.manual_seed(0)
        return self.make(*(self.small if small else self.large))


KINDS: list[Kind] = []


def kind(
    name: str, large: tuple[int, ...], small: tuple[int, ...]
) -> Callable[[Callable[..., Case]], Callable[..., Case]]:
    """Registers what makes functions of a kind."""

    def register(make: Callable[..., Case]) -> Callable[..., Case]:
        KINDS.append(Kind(name, make, large, small))
        return make

    return register


def normal(*shape: int) -> Any:
    """Random numbers around zero."""
    return torch.randn(shape, dtype=torch.float64)


def uniform(*shape: int, low: float = 0.5, high: float = 1.5) -> Any:
    """Random numbers in a range."""
    return low + (high - low) * torch.rand(shape, dtype=torch.float64)


def matrix(rows: int, columns: int) -> Any:
    """A random matrix that keeps the size of what it is applied to."""
    return normal(rows, columns) / columns**0.5
