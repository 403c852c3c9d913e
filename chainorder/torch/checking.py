"""Whether a Jacobian is that of the function: one adjoint of PyTorch's own, in a random direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch


def agrees(
    blocks: Sequence[Any], outputs: Callable[[Any], tuple[Any, ...]], point: Any, precision: float
) -> bool:
    """Whether the blocks of a Jacobian, one for each output, are those of reverse mode.

    They are multiplied by random numbers u from the left, and compared with the adjoint of u: to half the
    digits of a precision, because intermediate results may have been rounded otherwise. NaN has to stand in
    the same places. Takes one adjoint, and time in proportion to the entries of the Jacobian.
    """
    values, pull, *_ = torch.func.vjp(outputs, point)
    generator = torch.Generator().manual_seed(0)
    seeds = [torch.randn(value.shape, generator=generator, dtype=torch.float64).to(value) for value in values]
    expected = pull(tuple(seeds))[0].detach()
    made = torch.zeros_like(expected)
    for seed, block in zip(seeds, blocks, strict=True):
        rows = block.detach().reshape(seed.numel(), point.numel())
        made += (seed.detach().reshape(-1).to(rows) @ rows).reshape(point.shape)
    half = precision**0.5
    bound = half * float(expected.nan_to_num(0, 0, 0).abs().max())
    return bool(torch.allclose(made, expected, rtol=half, atol=bound, equal_nan=True))
