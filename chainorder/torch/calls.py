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
from chainorder.torch.knowledge import is_plain, kind, mode, wrapped


@dataclass(frozen=True, eq=False)
class Call:
    """The arguments of a call: the tensor that is differentiated, and the others.

    Attributes
    ----------
    leaves, tree
        Of all arguments, with None in place of the differentiated one.
    place
        Its number.
    point
        It.
    args, kwargs
        All arguments.
    key
        The shapes, dtypes and devices of the tensors, exact keys of the other leaves, and PyTorch's mode.
    """

    leaves: list[Any]
    tree: Any
    place: int
    point: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    key: Hashable

    @classmethod
    def of(cls, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: int | tuple[int, ...]) -> Call:
        """A call; raises `NotPlannedError` if it is none that is planned for."""
        number = argnums[0] if isinstance(argnums, tuple) and len(argnums) == 1 else argnums
        if not isinstance(number, int) or not -len(args) <= number < len(args) or not is_real(args[number]):
            raise NotPlannedError("only one real floating tensor is planned for")
        place = number % len(args)
        leaves, tree = pytree.tree_flatten(((*args[:place], None, *args[place + 1 :]), kwargs))
        tensors = [leaf for leaf in (args[number], *leaves) if isinstance(leaf, torch.Tensor)]
        if not all(map(is_plain, tensors)):
            raise NotPlannedError("an argument is a tensor of a special kind")
        kinds = tuple(kind(leaf) if isinstance(leaf, torch.Tensor) else exact(leaf) for leaf in leaves)
        key = kind(args[number]), kinds, place, tree, mode()
        return cls(leaves, tree, place, args[number], args, kwargs, key)

    @property
    def given(self) -> list[Any]:
        """The tensors that are not differentiated."""
        return [leaf for leaf in self.leaves if isinstance(leaf, torch.Tensor)]

    def arguments(self, given: Sequence[Any], value: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with other tensors."""
        fresh = iter(given)
        filled = [next(fresh) if isinstance(leaf, torch.Tensor) else leaf for leaf in self.leaves]
        args, kwargs = pytree.tree_unflatten(filled, self.tree)
        return (*args[: self.place], value, *args[self.place + 1 :]), kwargs

    def concrete(self) -> Call:
        """It, or another one with random numbers where tensors are part of a transformation."""
        tensors = [self.point, *self.given]
        if not any(map(wrapped, tensors)):
            return self
        point, *given = (numbers_like(tensor) if wrapped(tensor) else tensor for tensor in tensors)
        args, kwargs = self.arguments(given, point)
        leaves = pytree.tree_leaves(((*args[: self.place], None, *args[self.place + 1 :]), kwargs))
        return replace(self, leaves=leaves, point=point, args=args, kwargs=kwargs)

    def others(self) -> tuple[Any, ...]:
        """What the function sees of them beside tensors."""
        static = (leaf for leaf in self.leaves if not isinstance(leaf, torch.Tensor))
        return (*static, *_contexts(self.tree))


def _contexts(tree: Any) -> Iterator[Any]:
    pending = [tree]
    while pending:
        node = pending.pop()
        yield from (node.type, node.context)
        pending += node.children()


def is_real(value: Any) -> bool:
    """Whether something is a tensor of real floating numbers."""
    return isinstance(value, torch.Tensor) and value.dtype.is_floating_point
