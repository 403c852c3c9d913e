"""What a function does while it is captured that its captured operations would not tell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from chainorder.autodiff.task import NotPlannedError
from chainorder.torch.recording import SWITCHES, Recorder, state

TELLING = (torch.Tensor, type(None), torch.Size, torch.dtype, torch.device, torch.layout, torch.memory_format)
"""Types of results that hold no entry of a tensor."""

SIZES = {
    torch.Tensor.__len__,
    torch.Tensor.dim,
    torch.Tensor.is_complex,
    torch.Tensor.is_floating_point,
    torch.Tensor.ndimension,
    torch.Tensor.nelement,
    torch.Tensor.numel,
    torch.Tensor.size,
    torch.is_complex,
    torch.is_floating_point,
    torch.numel,
}
"""Functions that depend on shapes and dtypes alone."""

PROPERTIES = {
    getattr(torch.Tensor, name).__get__
    for name in (
        *("H", "T", "device", "dtype", "imag", "is_cpu", "is_cuda", "is_meta", "is_nested", "is_quantized"),
        *("is_sparse", "itemsize", "layout", "mH", "mT", "nbytes", "ndim", "real", "shape"),
    )
}
"""Properties that do, or are operations."""

OWN = {torch.Tensor.requires_grad.__get__, torch.Tensor.is_leaf.__get__}
"""Properties that PyTorch's own code may look at: derivatives and layers, which choose how, not what."""


class _Functions(TorchFunctionMode):  # type: ignore[misc]
    """Notes functions that do not make tensors of tensors as the derivative sees them."""

    def __init__(self, noted: list[str]) -> None:
        super().__init__()
        self.state, self.noted = state(), noted

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        leaves = pytree.tree_leaves(result)
        if state() != self.state and any(isinstance(leaf, torch.Tensor) for leaf in leaves):
            self.noted.append(SWITCHES)
        if not self._admits(func, leaves):
            name = getattr(getattr(func, "__self__", func), "__name__", func)
            self.noted.append(f"it looks at a tensor otherwise than by operations ({name})")
        return result

    def _admits(self, func: Any, results: list[Any]) -> bool:
        if getattr(func, "__name__", None) != "__get__":
            return func in SIZES or all(isinstance(result, TELLING) for result in results)
        reader = str(sys._getframe(2).f_globals.get("__name__"))
        return func in PROPERTIES or (func in OWN and reader.startswith("torch."))


def watching(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that raises `NotPlannedError` in the end if it did more than operations on tensors."""

    def watched(*args: Any) -> Any:
        noted: list[str] = []
        with _Functions(noted):
            result = function(*args)
        if noted:
            raise NotPlannedError(noted[0])
        return result

    return watched


@contextmanager
def recorded(most: int | None = None) -> Iterator[Recorder]:
    """A record of the operations that run, as they are where PyTorch differentiates them; of so many entries.

    Gradients are on: a transformation of `torch.func` switches them on, wherever it is called. Attention is
    made of operations that have all derivatives, instead of a kernel that has not.
    """
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH), Recorder(most) as recorder:
        yield recorder
