"""A function of one tensor as a graph of aten operations, captured once for a shape.

`torch.fx` captures it on tensors without data, so that nothing is computed and what depends on values shows.
The tensors that the function closes over, parameters and buffers of modules too, are its constants: their
entries are read anew in every call.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch.func import functionalize
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.node import map_arg

from chainorder.autodiff.cutting import MAX_PIECES, dominators, narrowest
from chainorder.autodiff.task import NotPlannedError
from chainorder.autodiff.work import entries
from chainorder.torch.watch import quiet, watched

LAYOUT = {"as_strided", "as_strided_", "as_strided_copy", "as_strided_scatter", "set_", "resize_", "resize"}
"""Operations whose results depend on where entries lie in memory."""


@dataclass(eq=False)
class TorchProgram:
    """A captured function.

    Attributes
    ----------
    module
        The graph, and the tensors that the function closes over.
    source, target
        Where the differentiated tensor comes in, and the output.
    nodes
        The operations between them, in their order.
    """

    module: GraphModule
    source: Node
    target: Node
    nodes: list[Node] = field(default_factory=list)

    @classmethod
    def capture(cls, function: Callable[..., Any], given: Sequence[Any], point: Any) -> TorchProgram:
        """The program of ``function(given, point)``.

        Raises
        ------
        NotPlannedError
            If the function does more than what was captured tells.
        """
        examples = [torch.empty(t.shape, dtype=t.dtype, device=t.device) for t in (*given, point)]

        def seen(others: Sequence[Any], value: Any) -> Any:
            with watched():
                return function(others, value)

        traced = make_fx(functionalize(seen), tracing_mode="fake", _allow_non_fake_inputs=True)
        with quiet():
            module = traced(examples[:-1], examples[-1])
        (output,) = (node for node in module.graph.nodes if node.op == "output")
        placeholders = [node for node in module.graph.nodes if node.op == "placeholder"]
        (target,) = output.all_input_nodes
        _purify(module)
        program = cls(module, placeholders[-1], target)
        program._find_nodes()
        return program

    @property
    def connected(self) -> bool:
        """Whether the output depends on the input."""
        return self.target in self.dependent

    @property
    def precision(self) -> float:
        """Of the coarsest numbers in it: the distance from 1 to the next one."""
        values = [node.meta["val"] for node in (self.source, *self.nodes) if is_floating(node)]
        return max(float(torch.finfo(value.dtype).eps) for value in values)

    @cached_property
    def dependent(self) -> set[Node]:
        """The values that depend on the input and reach the output."""
        return {self.source, *self.nodes}

    def cuts(self) -> list[Node]:
        """The values through which everything flows, both ends included."""
        if self.source is self.target:
            return [self.source, self.target]
        edges = (
            (operand, node)
            for node in self.nodes
            for operand in node.all_input_nodes
            if operand in self.dependent
        )
        passed = dominators(edges, self.source, self.target)
        inner = [node for node in passed[1:-1] if is_floating(node) and size(node)]
        return narrowest([self.source, *inner, self.target], MAX_PIECES, size)

    def between(self, source: Node, target: Node) -> tuple[Node, ...]:
        """The operations between two cuts, the last of which makes the target."""
        return tuple(self.nodes[self._after[source] : self._after[target]])

    @cached_property
    def _after(self) -> dict[Node, int]:
        """Where the operations begin that stand after a node."""
        return {node: place for place, node in enumerate((self.source, *self.nodes))}

    def evaluate(self, given: Sequence[Any], point: Any) -> dict[Node, Any]:
        """The values of all nodes at a point."""
        values: dict[Node, Any] = {}
        inputs = iter([tensor.contiguous() for tensor in (*given, point)])  # as they were captured
        for node in self.module.graph.nodes:
            match node.op:
                case "placeholder":
                    values[node] = next(inputs)
                case "get_attr":
                    values[node] = operator.attrgetter(node.target)(self.module)
                case "call_function":
                    values[node] = _call(node, values.__getitem__)
                case _:
                    pass
        return values

    def run(self, source: Node, target: Node, value: Any, known: dict[Node, Any]) -> Any:
        """One value at a value of another, where all are `known` at some point."""
        local = {source: value}

        def read(node: Node) -> Any:
            return local[node] if node in local else known[node]

        for node in self.between(source, target):
            local[node] = _call(node, read)
        return local[target]

    def _find_nodes(self) -> None:
        reached = {self.source}
        for node in self.module.graph.nodes:
            if reached.intersection(node.all_input_nodes):
                reached.add(node)
        needed = {self.target}
        for node in reversed(self.module.graph.nodes):
            if node in needed:
                needed.update(node.all_input_nodes)
        both = reached & needed
        self.nodes = [node for node in self.module.graph.nodes if node in both and node is not self.source]


def shape_of(node: Node) -> tuple[int, ...]:
    """The shape of a node's value; raises `NotPlannedError` where that depends on values."""
    shape = tuple(node.meta["val"].shape)
    if not all(type(length) is int for length in shape):
        raise NotPlannedError("a shape depends on values")
    return shape


def size(node: Node) -> int:
    """Entries of a node's value; 0 if it is no tensor."""
    return entries(shape_of(node)) if isinstance(node.meta.get("val"), torch.Tensor) else 0


def is_floating(node: Node) -> bool:
    """Whether a node's value is a tensor of real floating numbers."""
    value = node.meta.get("val")
    return isinstance(value, torch.Tensor) and value.dtype.is_floating_point


def _call(node: Node, read: Callable[[Node], Any]) -> Any:
    target: Any = node.target
    return target(*map_arg(node.args, read), **map_arg(node.kwargs, read))


def _purify(module: GraphModule) -> None:
    """Leave only operations that make their results of their operands, and change nothing.

    Raises
    ------
    NotPlannedError
        If that cannot be.
    """
    nodes = list(module.graph.nodes)
    places = {node: place for place, node in enumerate(nodes)}
    for node in nodes:
        if node.op != "call_function" or node.target is operator.getitem:
            continue
        if not isinstance(node.target, torch._ops.OpOverload):
            raise NotPlannedError(f"it holds more than operations ({node.target})")
        if torch.Tag.nondeterministic_seeded in node.target.tags:
            raise NotPlannedError(f"it is random ({node.target})")
        if _name(node.target) in LAYOUT:
            raise NotPlannedError(f"it depends on places in memory ({node.target})")
        if _name(node.target).endswith("batch_norm") and True in node.args:
            raise NotPlannedError(f"it may change what it knows of batches ({node.target})")
        if node.target is torch.ops.aten.view.default:
            node.target = torch.ops.aten.reshape.default  # wherever the entries lie when it is run
        if node.target._schema.is_mutable:
            changed = node.args[0]
            fresh = changed.op == "call_function" and not _aliases(changed.target)
            if not fresh or max(places[user] for user in changed.users) > places[node]:
                raise NotPlannedError(f"it changes a tensor in place ({node.target})")
            node.target = _pure(node.target)


def _name(target: Any) -> str:
    return str(target._schema.name.rpartition("::")[2])


def _aliases(target: Any) -> bool:
    """Whether a result may share memory with an operand."""
    return target is operator.getitem or any(each.alias_info is not None for each in target._schema.returns)


def _pure(target: Any) -> Any:
    """The operation ``name`` for ``name_``."""
    name = _name(target)
    packet = getattr(torch.ops.aten, name.rstrip("_"), None) if name.endswith("_") else None
    if name == "copy_" or packet is None or target._overloadname not in packet.overloads():
        raise NotPlannedError(f"it changes a tensor in place ({target})")
    return getattr(packet, target._overloadname)
