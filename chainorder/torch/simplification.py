"""Recorded operations made fewer, and compiled: what a derivative does in vain is left out.

Transformations multiply by identities and add zeros (forward mode adds, for every product with a matrix, a
product of a zero matrix), turn matrices there and back, copy what nobody changes, and evaluate what they need
twice. What is recorded has no effects, so that equal operations have equal results, and what depends on no
argument is always the same. A zero or identity that the structure implies is taken as one where a factor is
infinite, too.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import torch
from torch.fx import Graph, Node
from torch.fx.node import map_arg

from chainorder.torch.recording import Kind
from chainorder.torch.writing import written

aten = torch.ops.aten

LARGEST = 2**20
"""Entries of a constant that is kept."""

SAME = {
    *(aten.alias.default, aten.detach.default, aten.clone.default, aten.lift_fresh_copy.default),
    *(aten._to_copy.default, aten.expand.default, aten.view.default, aten._unsafe_view.default),
    *(aten.reshape.default, operator.getitem),
}
"""They hand on their operand where its shape and type are what they make."""

ZEROS = {aten.new_zeros.default, aten.zeros_like.default, aten._efficientzerotensor.default}
"""They make zeros whatever they are given."""

LINEAR = {
    *(aten.mul.Tensor, aten.mm.default, aten.mv.default, aten.bmm.default, aten.dot.default),
    *(aten.expand.default, aten.view.default, aten._unsafe_view.default, aten.reshape.default),
    *(aten.permute.default, aten.t.default, aten.transpose.int, aten.unsqueeze.default),
    *(aten.squeeze.dim, aten.squeeze.default, aten.squeeze.dims, aten.alias.default, aten.neg.default),
    *(aten.mul.Scalar, aten.slice.Tensor, aten.select.int, aten.sum.dim_IntList, aten.clone.default),
    *(aten._to_copy.default, aten.detach.default),
}
"""They make zeros where an operand is zero."""


Meta: TypeAlias = dict[str, Any]
"""What is known of a value: `val`, its kind, and `contiguous`, whether its entries lie in order."""


@dataclass(eq=False)
class Simplifier:
    """The operations that are kept of a recording.

    Attributes
    ----------
    graph
        They, as a graph of its own.
    stands
        What stands for each node of the recording.
    known
        The values of nodes that depend on no argument.
    zeros
        Nodes all of whose entries are zero.
    once
        Nodes that are an operand once.
    """

    graph: Graph = field(default_factory=Graph)
    stands: dict[Node, Node] = field(default_factory=dict)
    known: dict[Node, Any] = field(default_factory=dict)
    zeros: set[Node] = field(default_factory=set)
    once: set[Node] = field(default_factory=set)
    _seen: dict[Hashable, Node] = field(default_factory=dict)

    def take(self, node: Node) -> None:
        """Decide what stands for an operation; its operands stand already."""
        args, kwargs = (map_arg(each, self.stands.__getitem__) for each in (node.args, node.kwargs))
        before = len(self.graph.nodes)
        made = self.stands[node] = self.made(node.target, args, kwargs, node.meta)
        if len(node.users) == 1 and len(self.graph.nodes) > before:
            self.once.add(made)
        else:
            self.once.discard(made)

    def made(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], meta: Meta) -> Node:
        """The node of an operation: a new one, or one that has its value already."""
        target = RELAXED.get(target, target)
        if target in ZEROS:
            kind = meta["val"]
            args, kwargs = (list(kind.shape),), {"dtype": kind.dtype, "device": kind.device}
            target = aten.zeros.default
        handed = RULES[target](self, args, kwargs, meta) if target in RULES and "val" in meta else None
        if handed is not None:
            return handed
        key = _frozen((target, args, tuple(sorted(kwargs.items()))))
        if key not in self._seen:
            made = self.graph.create_node("call_function", target, args, kwargs)
            made.meta = meta
            self._seen[key] = made
            self._look(made)
        return self._seen[key]

    def _look(self, node: Node) -> None:
        """Note what is known of the value of a node."""
        if node.target is aten.zeros.default:
            self.zeros.add(node)
        if node.target in LINEAR and any(each in self.zeros for each in node.all_input_nodes):
            self.zeros.add(node)
        if all(each in self.known for each in node.all_input_nodes):
            self.known[node] = evaluated(node, self.known)


def _same(simple: Simplifier, args: Any, kwargs: Any, meta: Meta) -> Node | None:
    """The operand, where its shape and type are what is made."""
    operand = args[0]
    if not isinstance(operand, Node):
        return None
    if operand.target is aten.split_with_sizes.default and len(operand.args[1]) == 1:
        operand = operand.args[0]
    return _handed_on(simple, operand, meta)


def _copied(simple: Simplifier, args: Any, kwargs: Any, meta: Meta) -> Node | None:
    return _same(simple, args[1:], kwargs, meta)


def _handed_on(simple: Simplifier, node: Any, meta: Meta) -> Node | None:
    """A node, if it is of a kind; in order where what it stands for was, as some kernels rely on that."""
    if not isinstance(node, Node) or node.meta.get("val") != meta["val"]:
        return None
    if node.meta["contiguous"] or not meta["contiguous"]:
        return node
    return simple.made(aten.contiguous.default, (node,), {}, meta)


def _sum(simple: Simplifier, args: Any, kwargs: Any, meta: Meta) -> Node | None:
    """The other one of zeros."""
    return None if kwargs else _neutral(simple, args, meta, simple.zeros.__contains__)


def _product(simple: Simplifier, args: Any, kwargs: Any, meta: Meta) -> Node | None:
    """The other one of ones."""

    def is_one(node: Any) -> bool:
        value = simple.known.get(node) if isinstance(node, Node) else None
        return isinstance(value, torch.Tensor) and bool((value == 1).all())

    return _neutral(simple, args, meta, is_one)


def _matrix_product(simple: Simplifier, args: Any, kwargs: Any, meta: Meta) -> Node | None:
    """The other one of an identity."""

    def is_identity(node: Any) -> bool:
        value = simple.known.get(node)
        if not isinstance(value, torch.Tensor) or value.shape[0] != value.shape[1]:
            return False
        return bool((value.diagonal() == 1).all()) and int(value.count_nonzero()) == len(value)

    return _neutral(simple, args, meta, is_identity)


def _neutral(simple: Simplifier, args: Any, meta: Meta, is_neutral: Callable[[Any], bool]) -> Node | None:
    for one, other in (args, args[::-1]):
        if is_neutral(one) and (handed := _handed_on(simple, other, meta)) is not None:
            return handed
    return None


def _turned(
    axes: Callable[..., list[int]], simple: Simplifier, args: Any, kwargs: Any, meta: Meta
) -> Node | None:
    """A transpose as a permutation, of what was not transposed before."""
    operand, order = args[0], axes(*args)
    if operand.target is aten.permute.default:
        operand, order = operand.args[0], [operand.args[1][axis] for axis in order]
    if order == sorted(order):
        return operand
    if operand.target is aten.mm.default and operand in simple.once:  # its factors have often been transposed
        right, left = (_transposed(simple, factor) for factor in operand.args)
        return simple.made(aten.mm.default, (left, right), {}, meta)
    if operand is args[0] and list(args[1:]) == [order]:
        return None
    return simple.made(aten.permute.default, (operand, order), {}, meta)


def _transposed(simple: Simplifier, matrix: Node) -> Node:
    kind = matrix.meta["val"]
    meta = {"val": Kind(kind.shape[::-1], kind.dtype, kind.device), "contiguous": False}
    return simple.made(aten.permute.default, (matrix, [1, 0]), {}, meta)


def _axes(node: Node) -> list[int]:
    return [*range(len(node.meta["val"].shape))]


def _swapped(node: Node, one: int, other: int) -> list[int]:
    order = _axes(node)
    order[one], order[other] = order[other], order[one]
    return order


Rule: TypeAlias = Callable[[Simplifier, Any, Any, Meta], Node | None]
"""What has the value of an operation already, by its arguments and what is known of what it makes."""

RULES: dict[Any, Rule] = {
    **dict.fromkeys(SAME, _same),
    aten.copy.default: _copied,
    aten.add.Tensor: _sum,
    aten.mul.Tensor: _product,
    aten.mm.default: _matrix_product,
    aten.permute.default: partial(_turned, lambda node, order: [axis % len(order) for axis in order]),
    aten.t.default: partial(_turned, lambda node: _axes(node)[::-1]),
    aten.transpose.int: partial(_turned, _swapped),
}

RELAXED = {aten.view.default: aten.reshape.default, aten._unsafe_view.default: aten.reshape.default}
"""What runs wherever the entries of its operand lie, for what does not."""


def compiled(
    graph: Graph,
    placeholders: Sequence[Node],
    outputs: Sequence[Node],
    contiguous: Sequence[bool],
    constants: Mapping[Node, Any],
) -> Callable[..., tuple[Any, ...]]:
    """A function of placeholders of a graph without effects, to its outputs, by as few operations as may be.

    What it returns is memory of its own, as what transformations return is; some of it is to be contiguous.
    The other placeholders are constants.
    """
    simple = Simplifier()
    for node in (*placeholders, *constants):
        simple.stands[node] = simple.graph.placeholder(node.name)
        simple.stands[node].meta = node.meta
    simple.known |= {simple.stands[node]: value for node, value in constants.items()}
    for node in needed(graph, outputs):
        simple.take(node)
    own: set[Node] = set()
    results = [_owned(simple, simple.stands[node], own) for node in outputs]
    for place, wanted in enumerate(contiguous):
        if wanted:
            results[place] = simple.graph.call_function(aten.contiguous.default, (results[place],))
    outside = {simple.stands[node] for node in constants}
    kept = {node: value for node, value in simple.known.items() if node in outside or _small(value)}
    return written([simple.stands[node] for node in placeholders], results, kept)


def evaluated(node: Node, values: dict[Node, Any]) -> Any:
    """The value of an operation whose operands are known."""
    target: Any = node.target
    args, kwargs = (map_arg(each, values.__getitem__) for each in (node.args, node.kwargs))
    return target(*args, **kwargs)


def needed(graph: Graph, outputs: Sequence[Node], known: Collection[Node] = ()) -> list[Node]:
    """The operations that outputs depend on, in their order; not those that make what is known."""
    wanted = set(outputs).difference(known)
    for node in reversed(graph.nodes):
        if node in wanted:
            wanted.update(operand for operand in node.all_input_nodes if operand not in known)
    return [node for node in graph.nodes if node in wanted and node.op == "call_function"]


def _owned(simple: Simplifier, result: Node, own: set[Node]) -> Node:
    """A result, copied where it is part of an argument, of a constant or of another result."""
    memory = _memory_of(result)
    if memory.op == "placeholder" or memory in simple.known or memory in own:
        result = simple.graph.call_function(aten.clone.default, (result,))
    own.add(memory)
    return result


def _memory_of(node: Node) -> Node:
    """The first of the nodes of which one is a view."""
    while node.op == "call_function":
        schema = getattr(node.target, "_schema", None)
        if schema is not None and not any(each.alias_info for each in schema.arguments):
            return node
        node = node.all_input_nodes[0]
    return node


def _small(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.numel() <= LARGEST


def _frozen(value: Any) -> Hashable:
    """A key of the arguments of an operation: 1, 1.0 and True are different ones."""
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    return value if isinstance(value, Node) else (type(value), value, str(value))
