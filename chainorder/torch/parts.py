"""From the pieces of a captured function to segments that can be planned, and what is known of operations."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import torch
from torch.fx import Node

from chainorder.autodiff.naming import telling
from chainorder.autodiff.pieces import Kind, Part, classify, joined
from chainorder.autodiff.segments import Segment, Work, entries
from chainorder.torch.program import TorchPiece, TorchProgram, shape_of, size

aten = torch.ops.aten

TorchPart: TypeAlias = Part[Node, Node]

VIEWS = {"view", "_unsafe_view", "reshape", "unsqueeze", "squeeze", "clone", "alias", "expand"}
"""They keep all entries, in their order."""

TURNS = {"t", "transpose", "permute"}
"""They are views where at most one axis is longer than 1."""

SHIFTS = {"add", "sub"}
"""Of a constant, with the derivative of the identity."""

PRODUCTS: dict[Any, tuple[int, int]] = {
    aten.mv.default: (0, 1),
    aten.dot.default: (0, 1),
    aten.mm.default: (0, 1),
    aten.bmm.default: (0, 1),
    aten.addmm.default: (1, 2),
    aten.addmv.default: (1, 2),
    aten.convolution.default: (0, 1),
}
"""Dense products, and the places of their two factors."""


def parts_of(program: TorchProgram) -> list[TorchPart]:
    """The parts of a program, input first; neighbours that are planned no worse as one are joined."""
    rules = [partial(rule, program) for rule in (is_view, keeps_place, is_product)]
    pieces = (replace(piece, kind=classify(piece.equations, *rules)) for piece in program.pieces())
    return [Part(piece, _segment(program, piece)) for piece in joined(pieces)]


def name_of(node: Node) -> str:
    """The name of an operation: ``tanh``."""
    return str(node.target._schema.name.split("::")[-1] if _is_aten(node) else node.name)


def dependent_operands(program: TorchProgram, node: Node) -> list[Node]:
    """The operands of an operation that depend on the input."""
    return [operand for operand in node.all_input_nodes if operand in program.dependent]


def is_view(program: TorchProgram, node: Node) -> bool:
    """Whether the derivative of an operation only reshapes."""
    operands = dependent_operands(program, node)
    if len(operands) != 1 or size(operands[0]) != size(node) or _uses(node, operands[0]) != 1:
        return False
    if name_of(node) in SHIFTS:
        return operands[0] is node.args[0] or (name_of(node) == "add" and not node.kwargs)
    moved = name_of(node) in TURNS and max(shape_of(node), default=1) < size(node)
    return name_of(node) in VIEWS | TURNS and not moved


def keeps_place(program: TorchProgram, node: Node) -> bool:
    """Whether every entry of the result depends only on the entry in its place in each dependent operand."""
    pointwise = _is_aten(node) and torch.Tag.pointwise in node.target.tags
    operands = dependent_operands(program, node)
    return is_view(program, node) or (pointwise and all(size(operand) == size(node) for operand in operands))


def is_product(program: TorchProgram, node: Node) -> bool:
    """Whether an operation multiplies a constant matrix by its only dependent operand, a vector."""
    return constant_factor(program, node) is not None


def constant_factor(program: TorchProgram, node: Node) -> tuple[int, int] | None:
    """The places of the vector and of the constant matrix of a product; None if it is no such product."""
    if node.target not in PRODUCTS or node.target is aten.convolution.default or node.kwargs:
        return None
    left, right = PRODUCTS[node.target]
    operands = dependent_operands(program, node)
    if len(operands) != 1 or _uses(node, operands[0]) != 1 or node.target is aten.bmm.default:
        return None
    shape = shape_of(operands[0])
    if node.args[left] is operands[0]:
        return (left, right) if entries(shape) == shape[-1] else None
    if node.args[right] is operands[0]:
        return (right, left) if entries(shape) == shape[0] else None
    return None


def _uses(node: Node, operand: Node) -> int:
    """How often an operand stands among the arguments: x + x is no shift of x."""
    return sum(argument is operand for argument in node.args)


def _segment(program: TorchProgram, piece: TorchPiece) -> Segment:
    taped = {operand for node in piece.equations for operand in node.all_input_nodes}
    work = _work(program, piece)
    return Segment(
        _name(piece),
        shape_of(piece.source),
        shape_of(piece.target),
        piece.kind.structure,
        tangent=work,
        adjoint=work,
        explicit=piece.kind.explicit,
        tape=sum(size(operand) for operand in taped),
    )


def _work(program: TorchProgram, piece: TorchPiece) -> Work:
    """The work of one tangent, which is that of one adjoint: every partial derivative is used once."""
    total = Work()
    for node in piece.equations:
        operands = dependent_operands(program, node)
        constants = sum(size(operand) for operand in node.all_input_nodes if operand not in operands)
        if node.target in PRODUCTS:
            factors = [node.args[place] for place in PRODUCTS[node.target]]
            used = sum(factor in program.dependent for factor in factors)
            total += Work(used * _product_fma(node), 0, size(node), constants, used)
        elif not is_view(program, node):
            total += Work(0, max(size(node), *map(size, operands)), size(node), constants, 1)
    return total


def _product_fma(node: Node) -> int:
    left, right = (shape_of(node.args[place]) for place in PRODUCTS[node.target])
    inner = entries(right[1:]) if node.target is aten.convolution.default else left[-1]
    return size(node) * inner


def _name(piece: TorchPiece) -> str:
    if piece.kind is not Kind.MAP:
        return str(piece.kind.value)
    nodes = (node for node in piece.equations if _is_aten(node))
    return telling(name_of(node) for node in nodes if torch.Tag.pointwise not in node.target.tags)


def _is_aten(node: Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload)
