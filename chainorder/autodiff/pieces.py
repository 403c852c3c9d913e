"""Pieces of a traced function between its cuts, and what is known of their Jacobians."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Any, Generic, TypeAlias, TypeVar

from chainorder.autodiff.work import Work, entries
from chainorder.problems.elementals import Elemental
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
    """The equations between two cuts: an elemental of the chain that is planned.

    Attributes
    ----------
    source, target
        The value that it takes and the one that it makes.
    equations
        Those that make the one from the other; of a PRODUCT the product with its matrix, and views.
    kind
        What is known of it.
    name
        What it does, for reports.
    source_shape, target_shape
        Of the values.
    structure
        Of its Jacobian.
    tangent, adjoint
        Work of one evaluation; None where the framework has no such rule.
    tape
        Entries of the residuals that its evaluations read.
    joined
        The values that its target consists of, where branches were joined.
    """

    source: Value
    target: Value
    equations: tuple[Equation, ...]
    kind: Kind
    name: str
    source_shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    structure: Structure
    tangent: Work | None = None
    adjoint: Work | None = None
    tape: int = 0
    joined: int = 1

    @property
    def inputs(self) -> int:
        """Entries of the value that it takes."""
        return entries(self.source_shape)

    @property
    def outputs(self) -> int:
        """Entries of the value that it makes."""
        return entries(self.target_shape)

    @property
    def explicit(self) -> bool:
        """Whether the Jacobian is at hand: the weights of a dense layer."""
        return self.kind.explicit

    @property
    def elemental(self) -> Elemental:
        """It as an elemental of a chain, in fma."""
        return Elemental(
            self.inputs,
            self.outputs,
            self.structure,
            name=self.name,
            tangent=None if self.explicit or self.tangent is None else self.tangent.fma,
            adjoint=None if self.explicit or self.adjoint is None else self.adjoint.fma,
            tape=0 if self.explicit else self.tape,
            explicit=self.explicit,
        )


AnyPiece: TypeAlias = Piece[Any, Any]


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


def merged(
    cuts: Sequence[Value], kind_between: Callable[[Value, Value], Kind]
) -> list[tuple[Value, Value, Kind]]:
    """The source, target and kind of each piece, without the cuts by which planning gains nothing.

    A view is no work of its own, and what stays in place stays so twice.
    """
    result: list[tuple[Value, Value, Kind]] = []
    for source, target in pairwise(cuts):
        kind = kind_between(source, target)
        together = _together(result[-1][2], kind) if result else None
        if together is None:
            result.append((source, target, kind))
        else:
            result.append((result.pop()[0], target, together))
    return result


def _together(first: Kind, second: Kind) -> Kind | None:
    if Kind.VIEW in (first, second):
        return second if first is Kind.VIEW else first
    return Kind.ELEMENTWISE if first is second is Kind.ELEMENTWISE else None
