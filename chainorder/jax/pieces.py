"""The pieces of a program, and what is known of their Jacobians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from chainorder.autodiff.pieces import Kind, Piece, classify, merged, telling
from chainorder.autodiff.work import Work
from chainorder.jax.program import Equation, JaxProgram
from chainorder.jax.rules import ELEMENTWISE, contraction, is_elementwise, is_view
from chainorder.jax.sparsity import structure_of
from chainorder.jax.work import work
from chainorder.structures.dense import Dense

JaxPiece: TypeAlias = Piece[int, Equation]


def pieces_of(program: JaxProgram) -> list[JaxPiece]:
    """The pieces of a program, input first; neighbours that are planned no worse as one are one."""
    rules = [partial(rule, program) for rule in (is_view, is_elementwise, _is_product)]

    def kind_between(source: int, target: int) -> Kind:
        return classify(program.between(source, target), *rules)

    return [_piece(program, *each) for each in merged(program.cuts(), kind_between)]


def whole_piece(program: JaxProgram) -> JaxPiece:
    """All of a program as one piece of which nothing is known."""
    return Piece(
        program.source,
        program.target,
        tuple(program.equations),
        Kind.MAP,
        _name(Kind.MAP, program.equations),
        program.shape(program.source),
        program.shape(program.target),
        Dense(),
        tangent=_work(program, program.equations, adjoint=False),
        adjoint=_work(program, program.equations, adjoint=True),
    )


def _is_product(program: JaxProgram, equation: Equation) -> bool:
    return contraction(program, equation) is not None


def _piece(program: JaxProgram, source: int, target: int, kind: Kind) -> JaxPiece:
    equations = program.between(source, target)
    constants = {o for eqn in equations for o in eqn.operands if program.constant(o)}
    return Piece(
        source,
        target,
        equations,
        kind,
        _name(kind, equations),
        program.shape(source),
        program.shape(target),
        structure_of(program, source, target) if kind is Kind.MAP else kind.structure,
        tangent=_work(program, equations, adjoint=False),
        adjoint=_work(program, equations, adjoint=True),
        tape=sum(program.size(constant) for constant in constants if program.shape(constant)),
        joined=program.joined.get(target, 1),
    )


def _work(program: JaxProgram, equations: Sequence[Equation], *, adjoint: bool) -> Work | None:
    """The work of a piece; what only feeds element-wise operations is fused with them and not moved."""
    uses: dict[int, list[str]] = {}
    for equation in equations:
        for operand in equation.operands:
            uses.setdefault(operand, []).append(equation.name)
    total = Work()
    for equation in equations:
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


def _name(kind: Kind, equations: Sequence[Equation]) -> str:
    if kind is not Kind.MAP:
        return str(kind.value)
    return telling(equation.name for equation in equations if equation.name not in ELEMENTWISE)
