"""Two devices of one machine: arrays on the second, and arrays in two halves, against JAX itself."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("jax", reason="needs the extra 'jax'")

PROGRAM = """
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec, SingleDeviceSharding

from chainorder.jax import jacobian

jax.config.update("jax_enable_x64", True)
assert jax.device_count() == 2
mesh = jax.make_mesh((2,), ("half",), axis_types=(jax.sharding.AxisType.Auto,))
places = (
    NamedSharding(mesh, PartitionSpec("half")),
    NamedSharding(mesh, PartitionSpec()),
    SingleDeviceSharding(jax.devices()[1]),
)
generator = np.random.default_rng(0)
down, up = (jnp.asarray(generator.normal(size=shape)) for shape in ((3, 40), (40, 3)))


def waist(x):
    return jnp.tanh(up @ jnp.tanh(down @ x))


def branches(x):
    return jnp.tanh(up @ jnp.tanh(down @ x)) * jnp.sin(up @ jnp.cos(down @ x))


def stencil(x):
    return jnp.sin(x) * (jnp.roll(x, 1) - x)


for function in (waist, branches, stencil):
    for place in places:
        x = jax.device_put(jnp.asarray(generator.normal(size=40)), place)
        wanted = jax.jacrev(function)(x)
        ours = jacobian(function)
        for found in (ours(x), jax.jit(ours)(x), jacobian(function, solver="auto")(x)):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
            assert found.devices() == x.devices(), (function.__name__, place, found.sharding)
        both = jax.vmap(ours)(jnp.stack([x, 2 * x]))
        np.testing.assert_allclose(both[1], jax.jacrev(function)(2 * x), rtol=1e-12, atol=1e-12)
"""


def test_arrays_on_several_devices() -> None:
    two = {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "JAX_PLATFORMS": "cpu",
    }
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | two, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
