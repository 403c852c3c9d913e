"""Calls as `jax.jit` takes them: arrays are traced, everything else is static."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

TRACED = (jax.Array, np.ndarray, np.generic, jax.ShapeDtypeStruct, float, complex)
"""What becomes a tracer wherever it stands; anything else only in an argument that is differentiated."""


@dataclass(frozen=True)
class Call:
    """The arguments of a call without their arrays: its structure, and what is static in it.

    Attributes
    ----------
    tree
        Of all arguments.
    static
        The types and values of the leaves by their place (1 is not True); None where a traced one stands.
    traced
        Whether a leaf is traced, by its place.
    """

    tree: Any
    static: tuple[Any, ...]
    traced: tuple[bool, ...]

    @classmethod
    def of(
        cls, args: Sequence[Any], kwargs: dict[str, Any], argnums: int | Sequence[int]
    ) -> tuple[Call, list[Any]]:
        """A call and its arrays."""
        chosen = {number % max(1, len(args)) for number in places(argnums)}
        marked = [
            jax.tree.map(lambda _, number=number: number in chosen, arg) for number, arg in enumerate(args)
        ]
        leaves, tree = jax.tree.flatten((tuple(args), kwargs))
        differentiated = jax.tree.leaves((marked, jax.tree.map(lambda _: False, kwargs)))
        traced = tuple(
            own or isinstance(leaf, TRACED) for own, leaf in zip(differentiated, leaves, strict=True)
        )
        static = tuple(
            None if dynamic else (type(leaf), leaf) for dynamic, leaf in zip(traced, leaves, strict=True)
        )
        arrays = [leaf for dynamic, leaf in zip(traced, leaves, strict=True) if dynamic]
        return cls(tree, static, traced), arrays

    def restored(self, arrays: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments, with these arrays."""
        given = iter(arrays)
        leaves = [
            next(given) if dynamic else leaf[1]
            for dynamic, leaf in zip(self.traced, self.static, strict=True)
        ]
        args, kwargs = jax.tree.unflatten(self.tree, leaves)
        return args, kwargs

    @property
    def hashable(self) -> bool:
        """Whether it can be the key of a cache."""
        try:
            hash(self)
        except TypeError:
            return False
        return True


def places(argnums: int | Sequence[int]) -> tuple[int, ...]:
    """Argument numbers as a tuple."""
    return (argnums,) if isinstance(argnums, int) else tuple(argnums)


@jax.tree_util.register_static
@dataclass(frozen=True)
class Still:
    """Something that is no array, passed through a compiled function as part of its structure."""

    value: Any


def stilled(tree: Any) -> Any:
    """A tree that `jax.jit` can return: what is no array is part of its structure."""
    return jax.tree.map(lambda leaf: leaf if isinstance(leaf, (*TRACED, int)) else Still(leaf), tree)


def moving(tree: Any) -> Any:
    """The tree that was stilled."""

    def still(node: Any) -> bool:
        return isinstance(node, Still)

    return jax.tree.map(lambda node: node.value if still(node) else node, tree, is_leaf=still)
