"""Calls: the tensors in the arguments, and what of them a capture is only good for as it is."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils import _pytree as pytree

from chainorder.autodiff.captures import exact
from chainorder.autodiff.task import NotPlannedError
from chainorder.torch.checking import numbers_like
from chainorder.torch.inputs import Inputs
from chainorder.torch.knowledge import is_plain, kind, mode, wrapped


@dataclass(frozen=True, eq=False)
class Call:
    """The arguments of a call: the tensors that are differentiated, and the others.

    Attributes
    ----------
    leaves, tree
        Of all arguments, with None in place of the differentiated ones.
    inputs
        These.
    args, kwargs
        All arguments.
    key
        The shapes, dtypes and devices of the tensors, exact keys of the other leaves, and PyTorch's mode.
    """

    leaves: list[Any]
    tree: Any
    inputs: Inputs
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    key: Hashable

    @classmethod
    def of(cls, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: int | tuple[int, ...]) -> Call:
        """A call; raises `NotPlannedError` if it is none that is planned for."""
        inputs = Inputs.of(args, argnums)
        leaves, tree = pytree.tree_flatten((inputs.without(args), kwargs))
        tensors = [leaf for leaf in (*inputs.leaves, *leaves) if isinstance(leaf, torch.Tensor)]
        if not all(map(is_plain, tensors)):
            raise NotPlannedError("an argument is a tensor of a special kind")
        kinds = tuple(kind(leaf) if isinstance(leaf, torch.Tensor) else exact(leaf) for leaf in leaves)
        return cls(leaves, tree, inputs, args, kwargs, (inputs.key, kinds, tree, mode()))

    @property
    def point(self) -> Any:
        """The differentiated tensors as one."""
        return self.inputs.point

    @property
    def given(self) -> list[Any]:
        """The tensors that are not differentiated."""
        return [leaf for leaf in self.leaves if isinstance(leaf, torch.Tensor)]

    def arguments(self, given: Sequence[Any], value: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with other tensors."""
        fresh = iter(given)
        filled = [next(fresh) if isinstance(leaf, torch.Tensor) else leaf for leaf in self.leaves]
        args, kwargs = pytree.tree_unflatten(filled, self.tree)
        return self.inputs.filled(args, value), kwargs

    def concrete(self) -> Call:
        """It, or another one with random numbers where tensors are part of a transformation."""
        tensors = [*self.inputs.leaves, *self.given]
        if not any(map(wrapped, tensors)):
            return self
        point, *given = (
            numbers_like(tensor) if wrapped(tensor) else tensor for tensor in (self.point, *self.given)
        )
        args, kwargs = self.arguments(given, point)
        leaves = pytree.tree_leaves((self.inputs.without(args), kwargs))
        return replace(self, leaves=leaves, inputs=self.inputs.at(point), args=args, kwargs=kwargs)

    def others(self) -> tuple[Any, ...]:
        """What the function sees of them beside tensors."""
        static = (leaf for leaf in self.leaves if not isinstance(leaf, torch.Tensor))
        return (*static, *_contexts(self.tree), *_contexts(self.inputs.tree))


def _contexts(tree: Any) -> Iterator[Any]:
    pending = [tree]
    while pending:
        node = pending.pop()
        yield from (node.type, node.context)
        pending += node.children()
