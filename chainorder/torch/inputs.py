"""What is differentiated: a tensor, or several of them in trees and arguments, as one."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch.utils import _pytree as pytree

from chainorder.autodiff.task import NotPlannedError
from chainorder.autodiff.work import entries
from chainorder.torch.knowledge import kind


@dataclass(frozen=True, eq=False)
class Inputs:
    """The tensors that are differentiated.

    Attributes
    ----------
    numbers
        Of their arguments.
    leaves, tree
        They, in the tree in which PyTorch returns their blocks.
    alone
        Whether it is the tree of one argument, and not of a tuple of some.
    """

    numbers: tuple[int, ...]
    leaves: tuple[Any, ...]
    tree: Any
    alone: bool

    @classmethod
    def of(cls, args: tuple[Any, ...], argnums: int | tuple[int, ...]) -> Inputs:
        """Those of a call; raises `NotPlannedError` if they are none that are planned for."""
        alone = isinstance(argnums, int)
        given = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        if not given or not all(isinstance(n, int) and -len(args) <= n < len(args) for n in given):
            raise NotPlannedError("there is no such argument")
        numbers = tuple(n % len(args) for n in given)
        chosen = tuple(args[n] for n in numbers)
        leaves, tree = pytree.tree_flatten(chosen[0] if alone else chosen)
        kinds = {(leaf.dtype, leaf.device) if is_real(leaf) else None for leaf in leaves}
        if len(kinds) != 1 or None in kinds or len(set(numbers)) < len(numbers):
            raise NotPlannedError("only real floating tensors of one type are planned for")
        return cls(numbers, tuple(leaves), tree, alone)

    @property
    def key(self) -> Hashable:
        """Their shapes, types and places."""
        return tuple(map(kind, self.leaves)), self.tree, self.numbers, self.alone

    @cached_property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of each."""
        return tuple(tuple(leaf.shape) for leaf in self.leaves)

    @property
    def columns(self) -> Iterator[tuple[int, int]]:
        """Where the entries of each begin and end in the whole."""
        return pairwise(accumulate(map(entries, self.shapes), initial=0))

    @property
    def point(self) -> Any:
        """All as one: the only one itself."""
        return (
            self.leaves[0] if len(self.leaves) == 1 else torch.cat([leaf.reshape(-1) for leaf in self.leaves])
        )

    def parts(self, value: Any) -> list[Any]:
        """The tensors of one that is all of them."""
        if len(self.leaves) == 1:
            return [value]
        parts = torch.split_with_sizes(value, [entries(shape) for shape in self.shapes])
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def filled(self, args: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
        """Arguments with other tensors in their places."""
        made = pytree.tree_unflatten(self.parts(value), self.tree)
        fresh = dict(zip(self.numbers, [made] if self.alone else made, strict=True))
        return tuple(fresh.get(number, arg) for number, arg in enumerate(args))

    def without(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Arguments with None in their places."""
        return tuple(None if number in self.numbers else arg for number, arg in enumerate(args))

    def at(self, value: Any) -> Inputs:
        """Other ones of the same kinds."""
        return replace(self, leaves=tuple(self.parts(value)))

    def emptied(self) -> Inputs:
        """Their shapes alone: nothing of a call is kept alive."""
        return replace(self, leaves=tuple(torch.empty(shape, device="meta") for shape in self.shapes))

    def returned(self, blocks: Sequence[Any]) -> Any:
        """The tree of the blocks about each of them."""
        return pytree.tree_unflatten([*blocks], self.tree)


def is_real(value: Any) -> bool:
    """Whether something is a tensor of real floating numbers."""
    return isinstance(value, torch.Tensor) and value.dtype.is_floating_point
