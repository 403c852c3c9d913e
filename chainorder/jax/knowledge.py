"""What is known of the objects of JAX: its arrays never change, its references do."""

from __future__ import annotations

from typing import Any

import jax

from chainorder.autodiff.knowledge import Knowledge
from chainorder.autodiff.task import NotPlannedError

CONSTANT = (
    jax.Array,
    jax.ShapeDtypeStruct,
    jax.Device,
    jax.sharding.Sharding,
    jax.sharding.Mesh,
    jax.sharding.PartitionSpec,
    jax.tree_util.PyTreeDef,
)


COMPILED = type(jax.jit(abs))


def _hold(value: Any) -> Any:
    if isinstance(value, jax.core.Tracer | jax.Ref):
        raise NotPlannedError(f"it closes over a {type(value).__name__}")
    if isinstance(value, COMPILED):
        return (value.__wrapped__,)
    return None if isinstance(value, CONSTANT) else NotImplemented


KNOWLEDGE = Knowledge({"jax", "jaxlib"}, _hold)
