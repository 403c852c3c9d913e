"""A graph of operations as a function in Python, which wastes the least time between two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch.fx import Node


def written(
    inputs: Sequence[Node], outputs: Sequence[Node], constants: Mapping[Node, Any]
) -> Callable[..., tuple[Any, ...]]:
    """The function of some nodes to others; it forgets values that are not used any more.

    Parameters
    ----------
    inputs, outputs
        Nodes of one graph, whose operations have no effects.
    constants
        The values of nodes that are not evaluated.
    """
    writer = _Writer(constants)
    names = [writer.name(node) for node in inputs]
    operations = _needed(outputs, {*inputs, *constants})
    last = {operand: node for node in operations for operand in node.all_input_nodes}
    kept = {*outputs, *constants}
    lines = [f"def replayed({', '.join(names)}):"]
    for node in operations:
        lines.append(f"    {writer.name(node)} = {writer.call(node)}")
        done = [writer.name(each) for each in node.all_input_nodes if last[each] is node and each not in kept]
        lines += [f"    del {', '.join(done)}"] if done else []
    results = "".join(f"{writer.name(node)}, " for node in outputs)
    source = "\n".join([*lines, f"    return ({results})"])
    exec(compile(source, "<replay>", "exec"), writer.space)
    made: Callable[..., tuple[Any, ...]] = writer.space["replayed"]
    return made


class _Writer:
    """Writes operations; what is no integer is a variable of the module that is written."""

    def __init__(self, constants: Mapping[Node, Any]) -> None:
        self.constants = constants
        self.space: dict[str, Any] = {}
        self.names: dict[Any, str] = {}

    def name(self, node: Node) -> str:
        """The variable of a node."""
        if node not in self.names:
            self.names[node] = f"v{len(self.names)}"
            if node in self.constants:
                self.space[self.names[node]] = self.constants[node]
        return self.names[node]

    def call(self, node: Node) -> str:
        """An operation on its operands."""
        arguments = [*map(self._value, node.args)]
        arguments += [f"{name}={self._value(each)}" for name, each in node.kwargs.items()]
        return f"{self._object(node.target)}({', '.join(arguments)})"

    def _value(self, value: Any) -> str:
        if isinstance(value, Node):
            return self.name(value)
        if isinstance(value, list | tuple):
            return f"[{', '.join(map(self._value, value))}]"
        return repr(value) if value is None or type(value) in (int, bool) else self._object(value)

    def _object(self, value: Any) -> str:
        name = f"o{len(self.space)}"
        self.space[name] = value
        return name


def _needed(outputs: Sequence[Node], known: set[Node]) -> list[Node]:
    """The operations that outputs depend on, in their order."""
    wanted = {*outputs} - known
    if not outputs:
        return []
    for node in reversed(outputs[0].graph.nodes):
        if node in wanted:
            wanted.update(operand for operand in node.all_input_nodes if operand not in known)
    return [node for node in outputs[0].graph.nodes if node in wanted]
