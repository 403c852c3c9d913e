"""Drop-in Jacobians for PyTorch: forward, reverse, or the best mix, chosen by the shapes of a function.

>>> from chainorder.torch import jacobian
>>> J = jacobian(f)(x)  # what torch.func.jacrev(f)(x) returns
"""

from chainorder.system.installation import require

require("torch")

from chainorder.torch.api import chain, explain, jacobian  # noqa: E402

__all__ = ["chain", "explain", "jacobian"]
