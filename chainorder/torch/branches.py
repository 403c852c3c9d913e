"""Branches: values that run beside each other and are narrow together are made one, where that is a waist."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch.fx import Node

from chainorder.autodiff.cutting import NARROWEST, narrow_together, parted, separator
from chainorder.torch.program import TorchProgram, is_floating, shape_of, size
from chainorder.torch.recording import Kind

aten = torch.ops.aten


def join_branches(program: TorchProgram) -> None:
    """Join the least separator between neighbouring cuts, where it is narrower than both.

    All values of a separator become parts of one value and are read from that afterwards. This changes no
    result; it makes the function a composition where only together they are a waist.
    """
    if program.connected:
        for source, target in reversed(list(pairwise(program.cuts()))):
            _join_between(program, source, target)


def _join_between(program: TorchProgram, source: Node, target: Node) -> None:
    limit = min(size(source), size(target))
    inside = program.between(source, target)
    made = (size(node) for node in inside[:-1] if is_floating(node))
    if limit <= NARROWEST or len(inside) < 3 or not narrow_together(made, limit):
        return
    edges = [(each, node) for node in inside for each in node.all_input_nodes if each in program.dependent]
    values = separator(edges, source, target, lambda node: size(node) if is_floating(node) else limit, limit)
    if len(values) < 2 or any(node.meta["val"].dtype != source.meta["val"].dtype for node in values):
        return
    parts = parted(inside, source, values, lambda node: node.all_input_nodes, lambda node: (node,))
    if parts is None:
        return
    before, after = parts
    joining = _through_one(program, values)
    for node in after:
        for value, again in zip(values, joining[-len(values) :], strict=True):
            node.replace_input_with(value, again)
    program.replace(source, target, [*before, *joining, *after])
    program.joined[joining[len(values)]] = len(values)


def _through_one(program: TorchProgram, values: Sequence[Node]) -> list[Node]:
    """New operations: the values in a row each, all of them as one, its slices, and the values again."""
    like = values[0].meta["val"]

    def made(shape: tuple[int, ...], target: Any, *args: Any) -> Node:
        node = program.graph.call_function(target, args)
        node.meta |= {"val": Kind(shape, like.dtype, like.device), "contiguous": True}
        return node

    sizes = [size(value) for value in values]
    ends = list(accumulate(sizes, initial=0))
    rows = [
        made((count,), aten.reshape.default, value, [count])
        for value, count in zip(values, sizes, strict=True)
    ]
    joint = made((ends[-1],), aten.cat.default, rows)
    slices = [made((b - a,), aten.slice.Tensor, joint, 0, a, b) for a, b in pairwise(ends)]
    again = [
        made(shape_of(value), aten.reshape.default, part, list(shape_of(value)))
        for value, part in zip(values, slices, strict=True)
    ]
    return [*rows, joint, *slices, *again]
