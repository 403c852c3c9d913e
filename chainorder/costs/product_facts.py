"""What the time of a product depends on beside its factors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from chainorder.structures.pattern import Pattern, fma


class Look(Protocol):
    """What is known of a factor: its pattern, or how much there is of it."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    def nnz(self) -> int:
        """Positions."""

    @property
    def entries(self) -> int:
        """Those that are stored."""

    @property
    def free(self) -> bool:
        """Whether multiplying by it costs nothing."""


class Facts(Protocol):
    """Of one product."""

    @property
    def multiplied(self) -> int:
        """Multiply–adds of positions."""

    @property
    def nnz(self) -> int:
        """Positions of the result."""

    @property
    def entries(self) -> int:
        """Those that are stored."""


@dataclass(frozen=True)
class Counted:
    """Facts from patterns, each counted when it is asked for; the product is made if nobody has it."""

    left: Pattern
    right: Pattern
    known: Pattern | None = None

    @cached_property
    def multiplied(self) -> int:
        return fma(self.left, self.right)

    @cached_property
    def _made(self) -> Pattern:
        return self.left @ self.right if self.known is None else self.known

    @property
    def nnz(self) -> int:
        return self._made.nnz

    @property
    def entries(self) -> int:
        return self._made.entries
