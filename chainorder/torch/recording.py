"""The operations of a function, noted while it runs at a point: nothing that they would not tell is admitted.

Running it is cheaper by far than tracing it on tensors without data, and tells as much: an operation whose
result depends on entries otherwise than as a tensor is refused before it runs, as is one that changes a
tensor that was there before.
"""

from __future__ import annotations

import operator
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Graph, Node
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from chainorder.autodiff.task import NotPlannedError

aten = torch.ops.aten

LAYOUT = {"as_strided", "as_strided_", "as_strided_copy", "as_strided_scatter", "set_", "resize_", "resize"}
"""Operations whose results depend on where entries lie in memory."""

FREE_OF_LAYOUT = {aten.view.default: aten.reshape.default}
"""What runs wherever the entries of its operand lie, for what does not."""

WITH_MEMORY = {aten._efficientzerotensor.default: aten.zeros.default}
"""What makes tensors with entries, for what makes some without; kernels that are given those crash."""

REFUSED = {
    torch.Tag.nondeterministic_seeded: "it is random",
    torch.Tag.data_dependent_output: "it looks at the entries of a tensor",
    torch.Tag.dynamic_output_shape: "a shape depends on values",
}
"""What operations of some tags do."""

SWITCHES = "it switches gradients or autocast on or off inside"


def state() -> Hashable:
    """What a function may switch inside, and operations would not tell."""
    return torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch._C._is_any_autocast_enabled()


@dataclass(frozen=True, slots=True)
class Kind:
    """Shape, dtype and device of a value."""

    shape: tuple[int, ...]
    dtype: Any
    device: Any


class Recorder(TorchDispatchMode):  # type: ignore[misc]
    """Notes the operations that run in it as a graph of functions without effects.

    Attributes
    ----------
    graph
        The operations; what they take from outside are placeholders. `meta["val"]` is the `Kind` of a value,
        `meta["contiguous"]` whether its entries lay in order.
    constants
        The tensors from outside by their placeholders, but for those that were given.
    nodes
        What made a tensor, by its identity; None where its entries are other ones since.
    sharing
        The tensors by their memory; kept alive, so that no other gets the identity of one.
    foreign
        Memory that was there before.
    left
        Entries that may still be made.
    """

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self.left = most
        self.graph = Graph()
        self.constants: dict[Node, Any] = {}
        self.state = state()
        self.nodes: dict[int, Node | None] = {}
        self.sharing: dict[int, list[Any]] = {}
        self.foreign: set[int] = set()

    def given(self, tensor: Any) -> Node:
        """A placeholder for a tensor from outside."""
        node = self.graph.placeholder(f"given_{len(self.nodes)}")
        self._note(tensor, node)
        self.foreign.add(_memory(tensor))
        return node

    def node(self, tensor: Any) -> Node:
        """What made a tensor; a constant if nothing did."""
        if id(tensor) not in self.nodes:
            self.constants[self.given(tensor)] = tensor
        node = self.nodes[id(tensor)]
        if node is None:
            raise NotPlannedError("it changes a tensor in place, and uses another view of it")
        return node

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs, func = kwargs or {}, WITH_MEMORY.get(func, func)
        self._check(func, args)
        taken = tuple(map(self._taken, args)), {name: self._taken(each) for name, each in kwargs.items()}
        changed = list(_written(func, args, kwargs))
        for tensor in changed:
            self._overwrite(func, tensor)
        result = func(*args, **kwargs)
        if changed and _name(func) == "copy_":
            self._note(result, self._copied(result, args[1]))
        else:
            pure = _pure(func) if changed else FREE_OF_LAYOUT.get(func, func)
            self._made(result, self.graph.call_function(pure, *taken))
        return result

    def _taken(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self.node(value)
        return [*map(self._taken, value)] if isinstance(value, list | tuple) else value

    def _check(self, func: Any, args: tuple[Any, ...]) -> None:
        if state() != self.state:
            raise NotPlannedError(SWITCHES)
        if not isinstance(func, torch._ops.OpOverload):
            raise NotPlannedError(f"it holds more than operations ({func})")
        for tag, why in REFUSED.items():
            if tag in func.tags and not (func is aten.index.Tensor and not _by_mask(args[1])):
                raise NotPlannedError(f"{why} ({func})")
        if _name(func) in LAYOUT:
            raise NotPlannedError(f"it depends on places in memory ({func})")
        if _name(func).endswith("batch_norm") and any(each is True for each in args):
            raise NotPlannedError(f"it may change what it knows of batches ({func})")

    def _overwrite(self, func: Any, changed: Any) -> None:
        """Forget what was noted of the other views of a tensor that is changed; none from outside may be."""
        if _memory(changed) in self.foreign or id(changed) not in self.nodes:
            raise NotPlannedError(f"it changes a tensor that it closes over ({func})")
        for other in self.sharing[_memory(changed)]:
            if other is not changed and _overlap(changed, other):
                self.nodes[id(other)] = None

    def _copied(self, result: Any, value: Any) -> Node:
        """What a tensor is once all of it is overwritten."""
        node = self.node(value)
        if value.dtype != result.dtype:
            node = self.graph.call_function(aten._to_copy.default, (node,), {"dtype": result.dtype})
            node.meta |= {"val": Kind(tuple(value.shape), result.dtype, result.device), "contiguous": False}
        return self.graph.call_function(aten.expand.default, (node, list(result.shape)))

    def _made(self, result: Any, node: Node) -> None:
        if isinstance(result, torch.Tensor):
            self._note(result, node)
        elif isinstance(result, list | tuple):
            for place, each in enumerate(result):
                if isinstance(each, torch.Tensor):
                    self._note(each, self.graph.call_function(operator.getitem, (node, place)))
        elif result is not None:
            raise NotPlannedError(f"an operation makes what is no tensor ({node.target})")

    def _note(self, tensor: Any, node: Node) -> None:
        if tensor.layout is not torch.strided or tensor.is_quantized:
            raise NotPlannedError("it makes a tensor of a special kind")
        node.meta |= {"val": kind_of(tensor), "contiguous": tensor.is_contiguous()}
        self.nodes[id(tensor)] = node
        if self.left is not None:
            self.left -= tensor.numel()
            if self.left < 0:
                raise NotPlannedError("it is too large to be recorded")
        self.sharing.setdefault(_memory(tensor), []).append(tensor)


def kind_of(tensor: Any) -> Kind:
    """Of a tensor."""
    return Kind(tuple(tensor.shape), tensor.dtype, tensor.device)


def _memory(tensor: Any) -> int:
    return int(tensor.untyped_storage()._cdata)


def _overlap(changed: Any, other: Any) -> bool:
    """Whether two views of the same memory have entries in common."""
    if changed.dtype != other.dtype:
        return True
    flags = torch.zeros(changed.untyped_storage().nbytes() // changed.itemsize, dtype=torch.bool)
    places = [flags.as_strided(each.shape, each.stride(), each.storage_offset()) for each in (changed, other)]
    places[0].fill_(True)
    return bool(places[1].any())


def _written(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Any]:
    """The tensors that an operation writes to."""
    if not func._schema.is_mutable:
        return
    given = {argument.name: value for argument, value in zip(func._schema.arguments, args, strict=False)}
    given |= kwargs
    for argument in func._schema.arguments:
        if argument.alias_info is not None and argument.alias_info.is_write:
            leaves = pytree.tree_leaves(given.get(argument.name))
            yield from (leaf for leaf in leaves if isinstance(leaf, torch.Tensor))


def _by_mask(indices: Any) -> bool:
    return any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in indices)


def _name(func: Any) -> str:
    return str(func._schema.name.rpartition("::")[2])


def _pure(func: Any) -> Any:
    """The operation ``name`` for ``name_``."""
    if func is aten.transpose_.default:
        return aten.transpose.int
    name = _name(func)
    packet = getattr(aten, name.rstrip("_"), None) if name.endswith("_") else None
    if packet is None or func._overloadname not in packet.overloads():
        raise NotPlannedError(f"it changes a tensor in place ({func})")
    return getattr(packet, func._overloadname)
