"""What is known of the objects of PyTorch: what may change of its tensors, modules and modes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import torch
from torch.nn.modules import module as modules

from chainorder.autodiff.held import Held
from chainorder.autodiff.knowledge import Knowledge
from chainorder.autodiff.task import NotPlannedError

CONSTANT = (
    torch.device,
    torch.dtype,
    torch.layout,
    torch.memory_format,
    torch.Size,
    torch._ops.OpOverload,
    torch._ops.OpOverloadPacket,
)

HOOKS = [value for name, value in vars(modules).items() if name.startswith("_global_")]
"""What every module calls, whoever registered it."""

READ = frozenset(
    {"training", "_parameters", "_buffers", "_modules", "_compiled_call_impl"}
    | {name for name in vars(torch.nn.Module()) if "forward" in name or "backward" in name}
)
"""What calling a module reads of it."""


def kind(tensor: Any) -> tuple[Hashable, ...]:
    """What a capture depends on of a tensor in any case: all but its entries and their places in memory."""
    return tensor.shape, tensor.dtype, tensor.device


def wrapped(tensor: Any) -> bool:
    """Whether a tensor is part of a transformation: `torch.func.vmap`, say."""
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))


def is_plain(tensor: Any) -> bool:
    """Whether a tensor is nothing but numbers in memory."""
    plain = type(tensor) in (torch.Tensor, torch.nn.Parameter) and tensor.layout is torch.strided
    return plain and not tensor.is_quantized and not tensor.is_inference()


def mode() -> Hashable:
    """What captures depend on that is global; raises `NotPlannedError` where nothing is captured."""
    special = torch._C._len_torch_function_stack() or torch._C._len_torch_dispatch_stack()
    if special or torch.is_inference_mode_enabled() or torch._C._is_any_autocast_enabled():
        raise NotPlannedError("it is called in a mode of PyTorch: inference, autocast, a default device")
    return str(torch.get_default_dtype())


def _hold(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        if not is_plain(value) or wrapped(value):
            raise NotPlannedError("it closes over a tensor of a special kind, or of a transformation")
        return Held(lambda: (*kind(value), value.stride()), facts=True)
    if isinstance(value, type) and issubclass(value, torch.autograd.Function):
        raise NotPlannedError(f"{value.__qualname__} has a derivative of its own")
    if isinstance(value, torch.nn.Module) and (value._backward_hooks or value._backward_pre_hooks):
        raise NotPlannedError("a module changes its derivative by a hook")
    return None if isinstance(value, CONSTANT) else NotImplemented


def _structure(called: Any) -> Hashable:
    """The classes of the modules in a module, and the shapes of its parameters."""
    if not isinstance(called, torch.nn.Module):
        return None
    shapes = tuple(tuple(parameter.shape) for parameter in called.parameters())
    return tuple(type(module).__qualname__ for module in called.modules()), shapes


KNOWLEDGE = Knowledge({"torch"}, _hold, lambda: HOOKS, {torch.nn.Module: READ}, _structure)
