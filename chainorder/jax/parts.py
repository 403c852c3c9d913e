"""From the pieces of a linear program to segments that can be planned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from chainorder.autodiff.pieces import Kind, Part, Piece, classify, joined, telling
from chainorder.autodiff.segments import Segment, Work
from chainorder.jax.program import Equation, LinearProgram
from chainorder.jax.rules import ELEMENTWISE, contraction, is_elementwise, is_view, work
from chainorder.jax.sparsity import structure_of

JaxPiece: TypeAlias = Piece[int, Equation]
JaxPart: TypeAlias = Part[int, Equation]


def parts_of(program: LinearProgram) -> list[JaxPart]:
    """The parts of a program, input first; neighbours that are planned no worse as one are joined."""
    rules = [partial(rule, program) for rule in (is_view, is_elementwise, _is_product)]
    pieces = (replace(piece, kind=classify(piece.equations, *rules)) for piece in program.pieces())
    return [Part(piece, _segment(program, piece)) for piece in joined(pieces)]


def _is_product(program: LinearProgram, equation: Equation) -> bool:
    return contraction(program, equation) is not None


def _segment(program: LinearProgram, piece: JaxPiece) -> Segment:
    constants = {o for eqn in piece.equations for o in eqn.operands if program.constant(o)}
    return Segment(
        _name(piece),
        program.shape(piece.source),
        program.shape(piece.target),
        structure_of(program, piece) if piece.kind is Kind.MAP else piece.kind.structure,
        tangent=_work(program, piece, adjoint=False),
        adjoint=_work(program, piece, adjoint=True),
        explicit=piece.kind.explicit,
        tape=sum(program.size(constant) for constant in constants if program.shape(constant)),
    )


def _work(program: LinearProgram, piece: JaxPiece, *, adjoint: bool) -> Work | None:
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
            one = replace(one, moved=0, kernels=0)
        total += one
    if adjoint:
        fanned = (program.size(v) * (len(n) - 1) for v, n in uses.items() if not program.constant(v))
        total += Work(elements=sum(fanned))
    return total


def _name(piece: JaxPiece) -> str:
    if piece.kind is not Kind.MAP:
        return str(piece.kind.value)
    names: Iterable[str] = (equation.name for equation in piece.equations)
    return telling(name for name in names if name not in ELEMENTWISE)
