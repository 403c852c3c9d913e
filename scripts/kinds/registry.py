"""What a kind of function is, and the register of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np

Case: TypeAlias = tuple[Any, ...]
"""A function of arrays, or of trees of them, and the arguments at which it is differentiated, all of them."""

Build: TypeAlias = Callable[..., Case]


@dataclass(frozen=True)
class Kind:
    """A function as people write them.

    Attributes
    ----------
    name
        What it is.
    build
        Makes the function and its arguments by some sizes.
    sizes, small
        Those that are measured, and those that are tested.
    """

    name: str
    build: Build
    sizes: tuple[int, ...]
    small: tuple[int, ...]

    def case(self, *, small: bool = False) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """The function and its arguments."""
        function, *arguments = self.build(*(self.small if small else self.sizes))
        return function, tuple(arguments)


def numbers(arguments: tuple[Any, ...]) -> int | tuple[int, ...]:
    """The `argnums` of all arguments."""
    return 0 if len(arguments) == 1 else tuple(range(len(arguments)))


KINDS: list[Kind] = []
"""All that were registered."""


def kind(name: str, sizes: tuple[int, ...] = (), small: tuple[int, ...] = ()) -> Callable[[Build], Build]:
    """Register what builds a function."""

    def register(build: Build) -> Build:
        KINDS.append(Kind(name, build, sizes, small))
        return build

    return register


def uniform(*shape: int, low: float = 0.0, high: float = 1.0, seed: int = 0) -> Any:
    """Random numbers."""
    return jnp.asarray(np.random.default_rng(seed).uniform(low, high, shape))


def normal(*shape: int, scale: float = 1.0, seed: int = 0) -> Any:
    """Normal random numbers."""
    return jnp.asarray(scale * np.random.default_rng(seed).normal(size=shape))


def integers(most: int, *shape: int, seed: int = 0) -> Any:
    """Random indices below `most`."""
    return np.random.default_rng(seed).integers(0, most, shape)


def layers(*sizes: int, seed: int = 0) -> list[tuple[Any, Any]]:
    """Matrices and biases of a random network."""
    return [
        (normal(m, n, scale=n**-0.5, seed=number), normal(m, scale=0.1, seed=number))
        for number, (n, m) in enumerate(pairwise(sizes), seed)
    ]


def perceptron(network: list[tuple[Any, Any]], x: Any) -> Any:
    """A network with tanh between its layers, along the last axis."""
    for matrix, bias in network[:-1]:
        x = jnp.tanh(x @ matrix.T + bias)
    matrix, bias = network[-1]
    return x @ matrix.T + bias
