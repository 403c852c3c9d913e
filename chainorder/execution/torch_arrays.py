"""PyTorch as a backend."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainorder.execution.arrays import Framework, HostArrays
from chainorder.execution.backends import Settings
from chainorder.execution.operand import Array
from chainorder.system.installation import require


class Torch(Framework):
    """Tensors of PyTorch, on its default device."""

    def __init__(self) -> None:
        self.torch = require("torch")

    def from_host(self, array: Array) -> Any:
        # A copy where it could not be written to, or runs backwards: PyTorch takes neither.
        sound = array.flags.writeable and min(array.strides, default=0) >= 0
        return self.torch.asarray(array if sound else np.array(array))

    def to_host(self, array: Any) -> Array:
        numbers: Array = array.detach().cpu().numpy()
        return numbers

    def identity(self, size: int, like: Any = None) -> Any:
        options = {} if like is None else {"dtype": like.dtype, "device": like.device}
        return self.torch.eye(size, **options)

    def diagonal(self, vector: Any) -> Any:
        return self.torch.diag(vector)


def backend(settings: Settings) -> HostArrays:
    """The backend ``torch``; raises `InstallationError` if PyTorch is not installed."""
    return HostArrays(Torch(), settings)
