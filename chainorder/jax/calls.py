"""Calls: what of the arguments is traced, and what of them a capture is only good for as it is."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, is_
from typing import Any

import jax

from chainorder.autodiff.captures import exact

TRACED = (jax.Array, jax.ShapeDtypeStruct)
"""What becomes a tracer wherever it stands; anything else only in an argument that is differentiated.

`jax.jacrev` leaves the other arguments alone: there a number, or an array of NumPy, stays what it is.
"""


PLAIN = (tuple, list, dict, None)
"""Containers that never change, and what stands for a leaf."""

AVAL = attrgetter("aval")


@dataclass(frozen=True)
class Call:
    """The arguments of a call without their arrays: their structure, and what is static in it.

    Attributes
    ----------
    tree
        Of all arguments.
    kinds
        Of the leaves by their place: shape and dtype of a traced one, an exact key of another one.
    traced
        Whether a leaf is traced, by its place.
    leaves
        The leaves that are not.
    """

    tree: Any
    kinds: tuple[Hashable, ...]
    traced: tuple[bool, ...]
    leaves: tuple[Any, ...] = field(compare=False)

    @classmethod
    def of(
        cls, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: int | Sequence[int]
    ) -> tuple[Call, list[Any]]:
        """A call and its arrays."""
        leaves, tree = jax.tree.flatten((args, kwargs))
        traced = [isinstance(leaf, TRACED) for leaf in leaves]
        if all(traced):  # the usual call, quickly
            return cls(tree, tuple([_kind(leaf) for leaf in leaves]), tuple(traced), ()), leaves
        chosen = {number % max(1, len(args)) for number in places(argnums)}
        own = [number in chosen for number, arg in enumerate(args) for _ in jax.tree.leaves(arg)]
        own += [False] * (len(leaves) - len(own))
        both = [(leaf, each or mine) for leaf, each, mine in zip(leaves, traced, own, strict=True)]
        kinds = tuple(_kind(leaf) if dynamic else exact(leaf) for leaf, dynamic in both)
        static = tuple(leaf for leaf, dynamic in both if not dynamic)
        arrays = [leaf for leaf, dynamic in both if dynamic]
        return cls(tree, kinds, tuple(dynamic for _, dynamic in both), static), arrays

    @property
    def shapes(self) -> list[jax.ShapeDtypeStruct]:
        """Shapes and dtypes of the arrays."""
        kinds: tuple[Any, ...] = self.kinds
        both = zip(kinds, self.traced, strict=True)
        return [jax.ShapeDtypeStruct(*kind[:2]) for kind, traced in both if traced]

    def restored(self, arrays: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments, with these arrays."""
        given, static = iter(arrays), iter(self.leaves)
        args, kwargs = jax.tree.unflatten(
            self.tree, [next(given if dynamic else static) for dynamic in self.traced]
        )
        return args, kwargs

    def others(self) -> tuple[Any, ...]:
        """What the function sees of them beside the arrays: static leaves, the classes of containers."""
        return (*self.leaves, *_nodes(self.tree))


@dataclass(eq=False)
class Calls:
    """The calls of a function: while they are of one kind, one object stands for them, which is soon found.

    Attributes
    ----------
    argnums
        The numbers of the arguments that are differentiated.
    last
        The last call that was all of arrays: its structure, what JAX knows of them, and itself.
    """

    argnums: int | Sequence[int]
    last: tuple[Any, Sequence[Any], Call] | None = None

    def of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Call, list[Any]]:
        """A call and its arrays."""
        leaves, tree = jax.tree.flatten((args, kwargs))
        try:
            avals = [*map(AVAL, leaves)]
        except AttributeError:  # one is no array of JAX
            return Call.of(args, kwargs, self.argnums)
        if self.last and tree == self.last[0] and all(map(is_, avals, self.last[1])):
            return self.last[2], leaves
        call, arrays = Call.of(args, kwargs, self.argnums)
        self.last = (tree, avals, call) if all(call.traced) else None
        return call, arrays


def places(argnums: int | Sequence[int]) -> tuple[int, ...]:
    """Argument numbers as a tuple."""
    return (argnums,) if isinstance(argnums, int) else tuple(argnums)


def _kind(leaf: Any) -> Hashable:
    shape, dtype = getattr(leaf, "shape", ()), getattr(leaf, "dtype", type(leaf))
    return shape, dtype, getattr(leaf, "weak_type", False)


def _nodes(tree: Any) -> Iterator[Any]:
    pending = [tree]
    while pending:
        node = pending.pop()
        kind, data = node.node_data() or (None, None)
        if kind not in PLAIN:
            yield from (kind, data)
        pending += node.children()
