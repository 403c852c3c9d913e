"""Drop-in Jacobians for JAX: forward, reverse, or the best mix, by the shapes of a function.

>>> from chainorder.jax import jacobian
>>> J = jacobian(f)(x)  # what jax.jacrev(f)(x) returns
"""

from chainorder.system.installation import require

require("jax")

from chainorder.jax.api import chain, explain, jacobian  # noqa: E402
from chainorder.jax.graphs import graph  # noqa: E402
from chainorder.jax.preparing import Prepared, prepare, value_and_jacobian  # noqa: E402
from chainorder.jax.reassociation import reassociate  # noqa: E402

__all__ = [
    "Prepared",
    "chain",
    "explain",
    "graph",
    "jacobian",
    "prepare",
    "reassociate",
    "value_and_jacobian",
]
