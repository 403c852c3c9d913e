"""The pieces of a captured function, and what is known of operations and their Jacobians."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import torch
from torch.fx import Node

from chainorder.autodiff.pieces import Kind, Piece, classify, merged, telling
from chainorder.autodiff.work import Work, entries
from chainorder.torch.program import TorchProgram, shape_of, size

aten = torch.ops.aten

TorchPiece: TypeAlias = Piece[Node, Node]


def _operations(names: str) -> set[Any]:
    return {operator.attrgetter(name if "." in name else f"{name}.default")(aten) for name in names.split()}


VIEWS = _operations("_unsafe_view alias clone expand reshape squeeze squeeze.dim squeeze.dims unsqueeze")
"""They keep all entries in their order, if they keep them all."""

TURNS = _operations("permute t transpose.int")
"""They do where at most one axis is longer than 1."""

SHIFTS = _operations("add.Scalar add.Tensor sub.Scalar sub.Tensor")
"""Of a constant, with the derivative of the identity."""

ELEMENTWISE = _operations("""
    abs acos acosh add.Scalar add.Tensor addcdiv addcmul asin asinh atan atan2 atanh ceil celu clamp
    clamp.Tensor clamp_max clamp_max.Tensor clamp_min clamp_min.Tensor copysign.Scalar copysign.Tensor cos
    cosh deg2rad digamma div.Scalar div.Scalar_mode div.Tensor div.Tensor_mode elu erf erfc erfinv exp
    exp2 expm1 floor fmax fmin fmod.Scalar fmod.Tensor frac gelu gelu_backward hardshrink hardsigmoid
    hardtanh hypot leaky_relu lerp.Scalar lerp.Tensor lgamma log log10 log1p log2 logaddexp logaddexp2
    logit masked_fill.Scalar maximum minimum mish mul.Scalar mul.Tensor nan_to_num neg pow.Scalar
    pow.Tensor_Scalar pow.Tensor_Tensor rad2deg reciprocal relu remainder.Scalar remainder.Tensor round
    rsqrt rsub.Scalar sigmoid sigmoid_backward sign silu sin sinc sinh softplus softshrink sqrt sub.Scalar
    sub.Tensor tan tanh tanh_backward threshold threshold_backward trunc where.self xlogy.Scalar_Other
    xlogy.Scalar_Self xlogy.Tensor
""")
"""They make every entry from the entries in its place, whatever their parameters.

These, those above and the constant matrices are all that is known; tests hold each against PyTorch.
"""

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

MATRICES = _operations("addmm addmv dot mm mv")
"""Those whose Jacobian with respect to a vector is their other factor."""


def pieces_of(program: TorchProgram) -> list[TorchPiece]:
    """The pieces of a program, input first; neighbours that are planned no worse as one are one."""
    rules = [partial(rule, program) for rule in (is_view, is_elementwise, is_product)]

    def kind_between(source: Node, target: Node) -> Kind:
        return classify(program.between(source, target), *rules)

    return [_piece(program, *each) for each in merged(program.cuts(), kind_between)]


def name_of(node: Node) -> str:
    """The name of an operation: ``tanh``."""
    return str(node.target._schema.name.split("::")[-1] if _is_aten(node) else node.name)


def dependent_operands(program: TorchProgram, node: Node) -> list[Node]:
    """The operands of an operation that depend on the input."""
    return [operand for operand in node.all_input_nodes if operand in program.dependent]


def is_view(program: TorchProgram, node: Node) -> bool:
    """Whether the derivative of an operation only reshapes."""
    operands = dependent_operands(program, node)
    if len(operands) != 1 or _uses(node, operands[0]) != 1 or not _alike(operands[0], node):
        return False
    if node.target in SHIFTS:
        return operands[0] is node.args[0] or (name_of(node) == "add" and not node.kwargs)
    if node.target in TURNS:
        return bool(max(shape_of(node), default=1) == size(node))
    return node.target in VIEWS


def is_elementwise(program: TorchProgram, node: Node) -> bool:
    """Whether every entry of the result depends only on the entry in its place in each dependent operand."""
    operands = dependent_operands(program, node)
    alone = node.target in ELEMENTWISE and all(size(operand) == size(node) for operand in operands)
    return alone or is_view(program, node)


def _alike(operand: Node, node: Node) -> bool:
    """Whether there are as many entries of the same type."""
    return size(operand) == size(node) and operand.meta["val"].dtype == node.meta["val"].dtype


def is_product(program: TorchProgram, node: Node) -> bool:
    """Whether an operation multiplies a constant matrix by its only dependent operand, a vector."""
    return constant_factor(program, node) is not None


def constant_factor(program: TorchProgram, node: Node) -> tuple[int, int] | None:
    """The places of the vector and of the constant matrix of a product; None if it is no such product."""
    if node.target not in MATRICES or node.kwargs:
        return None
    left, right = PRODUCTS[node.target]
    operands = dependent_operands(program, node)
    if len(operands) != 1 or _uses(node, operands[0]) != 1:
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


def _piece(program: TorchProgram, source: Node, target: Node, kind: Kind) -> TorchPiece:
    nodes = program.between(source, target)
    taped = {operand for node in nodes for operand in node.all_input_nodes}
    return Piece(
        source,
        target,
        nodes,
        kind,
        _name(kind, nodes),
        shape_of(source),
        shape_of(target),
        kind.structure,
        tangent=_work(program, nodes, adjoint=False),
        adjoint=_work(program, nodes, adjoint=True),
        tape=sum(size(operand) for operand in taped),
        joined=program.joined.get(target, 1),
    )


def _work(program: TorchProgram, nodes: Sequence[Node], *, adjoint: bool) -> Work:
    """The work of one tangent or adjoint: as many fma, because every partial derivative is used once.

    An adjoint of a part writes the whole.
    """
    total = Work()
    for node in nodes:
        operands = dependent_operands(program, node)
        constants = sum(size(operand) for operand in node.all_input_nodes if operand not in operands)
        largest = max(size(node), *map(size, operands))
        moved = largest if adjoint else size(node)
        if node.target in PRODUCTS:
            factors = [node.args[place] for place in PRODUCTS[node.target]]
            used = sum(factor in program.dependent for factor in factors)
            total += Work(used * _product_fma(node), 0, moved, constants, used)
        elif not is_view(program, node):
            total += Work(0, largest, moved, constants, 1)
    return total


def _product_fma(node: Node) -> int:
    left, right = (shape_of(node.args[place]) for place in PRODUCTS[node.target])
    inner = entries(right[1:]) if node.target is aten.convolution.default else left[-1]
    return size(node) * inner


def _name(kind: Kind, nodes: Sequence[Node]) -> str:
    if kind is not Kind.MAP:
        return str(kind.value)
    operations = (node for node in nodes if _is_aten(node))
    return telling(name_of(node) for node in operations if torch.Tag.pointwise not in node.target.tags)


def _is_aten(node: Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload)
