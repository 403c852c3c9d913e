"""What a function does while it is captured that its captured operations would not tell."""

from __future__ import annotations

import logging
import sys
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch._subclasses import fake_tensor
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from chainorder.autodiff.task import NotPlannedError

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

SWITCHES = "it switches gradients or autocast on or off inside"

OWN = {torch.Tensor.requires_grad.__get__, torch.Tensor.is_leaf.__get__}
"""Properties that PyTorch's own code may look at: derivatives and layers, which choose how, not what."""


def _state() -> Hashable:
    return torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch._C._is_any_autocast_enabled()


class _Functions(TorchFunctionMode):  # type: ignore[misc]
    """Notes functions that do not make tensors of tensors as the derivative sees them."""

    def __init__(self, noted: list[str]) -> None:
        super().__init__()
        self.state, self.noted = _state(), noted

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        leaves = pytree.tree_leaves(result)
        if _state() != self.state and any(isinstance(leaf, torch.Tensor) for leaf in leaves):
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


class _Operations(TorchDispatchMode):  # type: ignore[misc]
    """Notes what functions of PyTorch switch within them, and lets none change tensors that have data."""

    def __init__(self, noted: list[str]) -> None:
        super().__init__()
        self.state, self.noted = _state(), noted

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if _state() != self.state:
            self.noted.append(SWITCHES)
        if func._schema.is_mutable and not all(
            isinstance(tensor, fake_tensor.FakeTensor) for tensor in _changed(func, args, kwargs or {})
        ):
            raise NotPlannedError(f"it changes a tensor that it closes over ({func})")
        return func(*args, **(kwargs or {}))


def _changed(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Any]:
    """The tensors that an operation writes to."""
    given = {argument.name: value for argument, value in zip(func._schema.arguments, args, strict=False)}
    given |= kwargs
    for argument in func._schema.arguments:
        if argument.alias_info is not None and argument.alias_info.is_write:
            leaves = pytree.tree_leaves(given.get(argument.name))
            yield from (leaf for leaf in leaves if isinstance(leaf, torch.Tensor))


@contextmanager
def watched() -> Iterator[None]:
    """Raise `NotPlannedError` in the end if a captured function did more than operations on tensors.

    Gradients are on: a transformation of `torch.func` switches them on, wherever it is called.
    """
    noted: list[str] = []
    with torch.enable_grad(), _Functions(noted), _Operations(noted):
        yield
    if noted:
        raise NotPlannedError(noted[0])


@contextmanager
def quiet() -> Iterator[None]:
    """Exceptions while a function is captured are not logged by PyTorch: its own mode may know none."""
    log = logging.getLogger(fake_tensor.__name__)
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
