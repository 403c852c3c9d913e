"""Pieces of a traced function between its cuts, and what is known of their Jacobians."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from chainorder.autodiff.segments import Segment
from chainorder.structures.banded import Diagonal, Identity
from chainorder.structures.dense import Dense
from chainorder.structures.structure import Structure

SHOWN = 3
"""Operations that are named."""


def telling(names: Iterable[str]) -> str:
    """The most frequent operations, with how often they occur."""
    counts = Counter(names)
    shown = [f"{count} {name}" if count > 1 else name for name, count in counts.most_common(SHOWN)]
    return ", ".join(shown) + (", …" if len(counts) > SHOWN else "")


Value = TypeVar("Value")

Equation = TypeVar("Equation")


class Kind(Enum):
    """What is known of a piece."""

    VIEW = "reshape"
    ELEMENTWISE = "element-wise"
    PRODUCT = "matrix"
    MAP = "map"

    @property
    def structure(self) -> Structure:
        """Of its Jacobian."""
        return {Kind.VIEW: Identity(), Kind.ELEMENTWISE: Diagonal()}.get(self, Dense())

    @property
    def explicit(self) -> bool:
        """Whether its Jacobian is at hand."""
        return self in (Kind.VIEW, Kind.PRODUCT)


@dataclass(frozen=True, eq=False)
class Piece(Generic[Value, Equation]):
    """The equations between two cuts, which make the value `target` from the value `source`.

    Of a PRODUCT one equation is the product with its matrix; the others are views.
    """

    source: Value
    target: Value
    equations: tuple[Equation, ...]
    kind: Kind = Kind.MAP

    def then(self, after: Piece[Value, Equation], kind: Kind) -> Piece[Value, Equation]:
        """This piece and the next as one."""
        return Piece(self.source, after.target, self.equations + after.equations, kind)


@dataclass(frozen=True, eq=False)
class Part(Generic[Value, Equation]):
    """A piece, and the segment that is planned for it."""

    piece: Piece[Value, Equation]
    segment: Segment


def classify(
    equations: Iterable[Equation],
    is_view: Callable[[Equation], bool],
    is_elementwise: Callable[[Equation], bool],
    is_product: Callable[[Equation], bool],
) -> Kind:
    """The kind of a piece from what is known of its equations."""
    others = [equation for equation in equations if not is_view(equation)]
    if not others:
        return Kind.VIEW
    if all(map(is_elementwise, others)):
        return Kind.ELEMENTWISE
    return Kind.PRODUCT if len(others) == 1 and is_product(others[0]) else Kind.MAP


def joined(pieces: Iterable[Piece[Value, Equation]]) -> list[Piece[Value, Equation]]:
    """The pieces, with those neighbours made one that are planned no worse as one.

    A view is no work of its own, and what stays in place stays so twice.
    """
    result: list[Piece[Value, Equation]] = []
    for piece in pieces:
        kind = _together(result[-1].kind, piece.kind) if result else None
        result.append(piece if kind is None else result.pop().then(piece, kind))
    return result


def _together(first: Kind, second: Kind) -> Kind | None:
    if Kind.VIEW in (first, second):
        return second if first is Kind.VIEW else first
    return Kind.ELEMENTWISE if first is second is Kind.ELEMENTWISE else None
