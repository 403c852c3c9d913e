"""Whether a Jacobian is that of the function: one adjoint of PyTorch's own, in a random direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch


def agrees(
    blocks: Sequence[Any], outputs: Callable[[Any], tuple[Any, ...]], point: Any, precision: float
) -> bool:
    """Whether the blocks of a Jacobian, one for each output, are those of reverse mode.

    They are multiplied by random numbers u from the left, and compared with the adjoint of u: to a third of
    the digits of a precision, because intermediate results may cancel and are rounded otherwise. NaN has to
    stand in the same places. Takes one adjoint, and time in proportion to the entries of the Jacobian.
    """
    values, pull, *_ = torch.func.vjp(outputs, point)
    seeds = [numbers_like(value) for value in values]
    expected = pull(tuple(seeds))[0].detach()
    made = torch.zeros_like(expected)
    for seed, block in zip(seeds, blocks, strict=True):
        rows = block.detach().reshape(seed.numel(), point.numel())
        made += (seed.detach().reshape(-1).to(rows) @ rows).reshape(point.shape)
    near = precision ** (1 / 3)
    bound = near * float(expected.nan_to_num(0, 0, 0).abs().max())
    return bool(torch.allclose(made, expected, rtol=near, atol=bound, equal_nan=True))


def numbers_like(tensor: Any) -> Any:
    """Random numbers, or zeros for a tensor of integers.

    They are NumPy's: PyTorch's would be others afterwards, and may not be drawn under every transformation.
    """
    shape = tuple(tensor.shape)
    real = tensor.dtype.is_floating_point
    numbers = np.random.default_rng(0).standard_normal(shape) if real else np.zeros(shape)
    return torch.as_tensor(numbers).to(device=tensor.device, dtype=tensor.dtype)
