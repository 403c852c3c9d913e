"""From the pieces of a linear program to segments that can be planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from chainorder.autodiff.segments import Segment, Work
from chainorder.jax.program import Equation, LinearProgram, Piece
from chainorder.jax.rules import ELEMENTWISE, contraction, is_view, keeps_place, work
from chainorder.structure import Dense, Diagonal, Identity, Structure


class Kind(Enum):
    """What is known of a piece."""

    VIEW = Identity()
    PLACED = Diagonal()
    PRODUCT = Dense()
    MAP = None


@dataclass(frozen=True, eq=False)
class Part:
    """A piece, what is known of it, and the segment that is planned for it.

    A PRODUCT has one equation of interest, the contraction with its matrix; the others are views.
    """

    piece: Piece
    kind: Kind
    segment: Segment


def parts_of(program: LinearProgram) -> list[Part]:
    """The parts of a program, input first; neighbours that are planned better as one are joined."""
    joined: list[tuple[Piece, Kind]] = []
    for piece in program.pieces():
        kind = _kind(program, piece)
        if joined and (together := _together(joined[-1][1], kind)) is not None:
            before, _ = joined.pop()
            piece, kind = Piece(before.source, piece.target, before.equations + piece.equations), together
        joined.append((piece, kind))
    return [Part(piece, kind, _segment(program, piece, kind)) for piece, kind in joined]


def _together(first: Kind, second: Kind) -> Kind | None:
    """The kind of two neighbours as one; None if they had better stay two.

    A view is no work of its own, and what stays in place stays so twice.
    """
    if Kind.VIEW in (first, second):
        return second if first is Kind.VIEW else first
    return Kind.PLACED if first is second is Kind.PLACED else None


def _kind(program: LinearProgram, piece: Piece) -> Kind:
    if all(is_view(program, equation) for equation in piece.equations):
        return Kind.VIEW
    if all(keeps_place(program, equation) for equation in piece.equations):
        return Kind.PLACED
    others = [equation for equation in piece.equations if not is_view(program, equation)]
    return Kind.PRODUCT if len(others) == 1 and contraction(program, others[0]) else Kind.MAP


def _segment(program: LinearProgram, piece: Piece, kind: Kind) -> Segment:
    constants = {o for eqn in piece.equations for o in eqn.operands if program.constant(o)}
    source, target = program.shape(piece.source), program.shape(piece.target)
    structure: Structure = Dense() if kind.value is None else kind.value
    return Segment(
        _name(piece.equations, kind),
        source,
        target,
        structure,
        tangent=_work(program, piece, adjoint=False),
        adjoint=_work(program, piece, adjoint=True),
        explicit=kind in (Kind.VIEW, Kind.PRODUCT),
        tape=sum(program.size(constant) for constant in constants if program.shape(constant)),
    )


def _work(program: LinearProgram, piece: Piece, *, adjoint: bool) -> Work | None:
    """The work of a piece; what only feeds element-wise operations is fused with them and not moved."""
    uses: dict[int, list[str]] = {}
    for equation in piece.equations:
        for operand in equation.operands:
            uses.setdefault(operand, []).append(equation.name)
    total = Work()
    for equation in piece.equations:
        one = work(program, equation, adjoint=adjoint)
        if one is None:
            return None
        consumers = [name for result in equation.results for name in uses.get(result, [])]
        if equation.name in ELEMENTWISE and consumers and ELEMENTWISE.issuperset(consumers):
            one = Work(one.products, one.elements, 0, one.constants, 0)
        total += one
    if adjoint:
        fanned = (program.size(v) * (len(n) - 1) for v, n in uses.items() if not program.constant(v))
        total += Work(elements=sum(fanned))
    return total


def _name(equations: Sequence[Equation], kind: Kind) -> str:
    """What a piece is for a reader: its most telling primitive, and how much else there is."""
    match kind:
        case Kind.VIEW:
            return "reshape"
        case Kind.PLACED:
            return "element-wise"
        case Kind.PRODUCT:
            return "matrix"
        case Kind.MAP:
            return _telling(equation.name for equation in equations)


def _telling(names: Iterable[str]) -> str:
    counts = Counter(name for name in names if name not in ELEMENTWISE)
    shown = [f"{count} {name}" if count > 1 else name for name, count in counts.most_common(3)]
    return ", ".join(shown) + (", …" if len(counts) > 3 else "")
