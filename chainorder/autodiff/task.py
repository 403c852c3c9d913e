"""What is differentiated, whatever the framework: a function, or a composition, that may hold a chain."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from chainorder.autodiff.choice import Choice

Function: TypeAlias = Callable[..., Any] | Sequence[Callable[[Any], Any]]


FILLED = 0.1
"""The share of its entries up to which a block is sparse where that is left open."""

SMALLEST = 2**12
"""Entries from which it is."""


class Output(StrEnum):
    """How the blocks of a Jacobian are returned."""

    DENSE = "dense"
    BCOO = "bcoo"
    CSR = "csr"
    AUTO = "auto"

    def stores(self, entries: int, positions: int) -> bool:
        """Whether a block of so many entries, of which some may be nonzero, is returned as a sparse one."""
        if self is Output.AUTO:
            return entries >= SMALLEST and positions <= FILLED * entries
        return self is not Output.DENSE


UNCONNECTED = "the output does not depend on the input"


class NotPlannedError(Exception):
    """The function is not one that is planned: the framework's own mode does it, or says what is wrong."""


class Task(ABC):
    """A function to differentiate, and how."""

    @abstractmethod
    def jacobian(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the framework's reverse mode returns; may raise `NotPlannedError`."""

    @abstractmethod
    def choice(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Choice:
        """The choice that `jacobian` makes for these arguments; may raise `NotPlannedError`."""


def composed(function: Function) -> Callable[..., Any]:
    """A function, or the composition of a sequence of them, input first."""
    if callable(function):
        return function
    stages = tuple(function) if isinstance(function, Sequence) else ()
    if not stages or not all(map(callable, stages)):
        raise TypeError(f"expected a function, or a sequence of functions, input first; got {function!r}")

    def composition(value: Any) -> Any:
        for stage in stages:
            value = stage(value)
        return value

    return composition
