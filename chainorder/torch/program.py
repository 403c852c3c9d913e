"""A function of one tensor as a graph of aten operations, captured once for a shape.

It runs once while they are recorded. The tensors that the function closes over, parameters and buffers of
modules too, are its constants: their entries are read anew in every call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch.func import functionalize
from torch.fx import Graph, Node
from torch.fx.node import map_arg

from chainorder.autodiff.cutting import MAX_PIECES, dominators, narrowest
from chainorder.autodiff.work import entries
from chainorder.torch.watch import recorded, watching


@dataclass(eq=False)
class TorchProgram:
    """A captured function.

    Attributes
    ----------
    graph
        All operations.
    constants
        The tensors that the function closes over.
    given
        Where the other tensors among the arguments come in.
    source, target
        Where the differentiated tensor comes in, and the output.
    nodes
        The operations between them, in their order.
    joined
        Of values that several were made one by: how many those are.
    """

    graph: Graph
    constants: dict[Node, Any]
    given: list[Node]
    source: Node
    target: Node
    nodes: list[Node] = field(default_factory=list)
    joined: dict[Node, int] = field(default_factory=dict)

    @classmethod
    def capture(cls, function: Callable[..., Any], given: Sequence[Any], point: Any) -> TorchProgram:
        """The program of ``function(given, point)``.

        Raises
        ------
        NotPlannedError
            If the function does more than what was captured tells.
        """
        *others, value = [tensor.detach().contiguous() for tensor in (*given, point)]
        with recorded() as recorder:
            placeholders = [recorder.given(tensor) for tensor in (*others, value)]
            output = functionalize(watching(function))(others, value)
            target = recorder.node(output)
        program = cls(recorder.graph, recorder.constants, placeholders[:-1], placeholders[-1], target)
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

    def replace(self, source: Node, target: Node, nodes: Sequence[Node]) -> None:
        """Put others, some of them new, in place of the operations between two cuts."""
        self.nodes[self._after[source] : self._after[target]] = nodes
        for name in ("_after", "dependent"):
            self.__dict__.pop(name, None)
        self._order()

    def _order(self) -> None:
        """Put the operations in an order that the graph admits: that of `nodes`, others before or after."""
        reached, between = {self.source}, set(self.nodes)
        others: dict[bool, list[Node]] = {False: [], True: []}
        for node in self.graph.nodes:
            after = not reached.isdisjoint(node.all_input_nodes)
            if after:
                reached.add(node)
            if node.op == "call_function" and node not in between:
                others[after].append(node)
        for node in [*others[False], *self.nodes, *others[True]]:
            self.graph._root.prepend(node)

    def tensors(self, given: Sequence[Any], point: Any) -> tuple[Any, ...]:
        """All tensors that the output depends on, as they were captured: the constants first."""
        return (*self.constants.values(), *(tensor.contiguous() for tensor in (*given, point)))

    def evaluate(self, *tensors: Any) -> dict[Node, Any]:
        """The values of all nodes where `tensors` are some."""
        values = dict(zip((*self.constants, *self.given, self.source), tensors, strict=True))
        for node in self.graph.nodes:
            if node.op == "call_function":
                values[node] = _call(node, values.__getitem__)
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
        for node in self.graph.nodes:
            if reached.intersection(node.all_input_nodes):
                reached.add(node)
        needed = {self.target}
        for node in reversed(self.graph.nodes):
            if node in needed:
                needed.update(node.all_input_nodes)
        both = reached & needed
        self.nodes = [node for node in self.graph.nodes if node in both and node is not self.source]


def shape_of(node: Node) -> tuple[int, ...]:
    """The shape of a node's value."""
    shape: tuple[int, ...] = node.meta["val"].shape
    return shape


def size(node: Node) -> int:
    """Entries of a node's value; 0 if it is no tensor."""
    return entries(shape_of(node)) if "val" in node.meta else 0


def is_floating(node: Node) -> bool:
    """Whether a node's value is a tensor of real floating numbers."""
    return "val" in node.meta and node.meta["val"].dtype.is_floating_point


def _call(node: Node, read: Callable[[Node], Any]) -> Any:
    target: Any = node.target
    return target(*map_arg(node.args, read), **map_arg(node.kwargs, read))
