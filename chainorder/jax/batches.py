"""How often what is traced runs at once: the sizes of the axes that `jax.vmap` maps over around it."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import jax
from jax.custom_batching import custom_vmap


def batch_size(arrays: Iterable[Any]) -> int:
    """The product of the sizes of all axes that arrays are mapped over; 1 outside of `jax.vmap`.

    What is mapped after it has been traced by `jax.jit` is not seen. A function that returns its argument
    is called, whose rule of batching is told the sizes; what it returns is not used.
    """
    return max((prod(_sizes(array)) for array in arrays if isinstance(array, jax.core.Tracer)), default=1)


def _sizes(array: Any) -> list[int]:
    sizes: list[int] = []

    def rule(axis_size: int, in_batched: list[bool], value: Any) -> tuple[Any, bool]:
        sizes.append(axis_size)
        return seen(value), in_batched[0]

    seen = custom_vmap(lambda value: value)
    seen.def_vmap(rule)
    seen(jax.lax.stop_gradient(array))
    return sizes
