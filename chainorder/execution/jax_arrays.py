"""JAX as a backend."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainorder.execution.arrays import Framework, HostArrays
from chainorder.execution.backends import Settings
from chainorder.execution.operand import Array
from chainorder.system.installation import require


class Jax(Framework):
    """Arrays of JAX; of float64 only where ``jax_enable_x64`` is set."""

    def __init__(self) -> None:
        self.jnp = require("jax").numpy

    def from_host(self, array: Array) -> Any:
        return self.jnp.asarray(array)

    def to_host(self, array: Any) -> Array:
        return np.asarray(array)

    def settled(self, array: Any) -> Any:
        return None if array is None else array.block_until_ready()

    def identity(self, size: int, like: Any = None) -> Any:
        return self.jnp.eye(size, dtype=getattr(like, "dtype", like))

    def diagonal(self, vector: Any) -> Any:
        # No product with an identity: XLA would fuse what makes the entries into it, and do that size² times.
        places = self.jnp.arange(len(vector))
        zeros = self.jnp.zeros((len(places), len(places)), vector.dtype)
        return zeros.at[places, places].set(vector)


def backend(settings: Settings) -> HostArrays:
    """The backend ``jax``; raises `InstallationError` if JAX is not installed."""
    return HostArrays(Jax(), settings)
