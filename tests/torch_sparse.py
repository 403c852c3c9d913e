"""What operations of PyTorch let depend on what: a case of each rule, and steps of random programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

Map = Callable[[Any], Any]
"""Of a tensor of shape (4, 6)."""

PLACES, ENDS = torch.tensor([2, 0, 5]), torch.tensor([[0, 3, 1, 1], [2, 2, 0, 3]])
MASK = torch.arange(24).reshape(4, 6) % 5 == 0
KERNEL = torch.linspace(0.2, 1, 6, dtype=torch.float64).reshape(2, 1, 3)
SQUARE = torch.linspace(0.2, 1, 18, dtype=torch.float64).reshape(1, 2, 3, 3)
BACK = torch.linspace(0.3, 1, 16, dtype=torch.float64).reshape(1, 2, 4, 2)
WEIGHTS = torch.linspace(0.1, 1, 12, dtype=torch.float64).reshape(6, 2)


def assigned(x: Any) -> Any:
    y = torch.zeros_like(x)
    y[1:, 2] = x[:-1, 3]
    y[0] += x[2] * 2
    return y


EXACT: dict[str, Map] = {
    "pointwise": lambda x: torch.sin(x) * x,
    "broadcast": lambda x: x * x[:1].exp(),
    "views": lambda x: x.reshape(2, 2, 6).permute(2, 0, 1).flatten(1).unsqueeze(1),
    "slices": lambda x: x[1:, ::2] * 3,
    "concatenation": lambda x: torch.cat([x[:2], torch.ones(1, 6), x[3:]]),
    "stacks and parts": lambda x: torch.stack([*x.unbind(0), x.chunk(2)[0][0]]),
    "rolls and flips": lambda x: x.roll(1, 0) - x.flip(1),
    "padding": lambda x: functional.pad(x, (1, 0, 0, 2), value=3.0),
    "reflected padding": lambda x: functional.pad(x[None], (1, 2), mode="reflect"),
    "triangles": lambda x: torch.tril(x) + torch.diag_embed(x[0])[:4],
    "repetition": lambda x: x.repeat(2, 1),
    "indices": lambda x: x[:, PLACES] + x[ENDS[0]][:, :3],
    "gathered": lambda x: x.gather(0, ENDS[:, :2]),
    "selected": lambda x: x.index_select(1, PLACES),
    "a mask": lambda x: x.masked_fill(MASK, 2.0),
    "a choice": lambda x: torch.where(MASK, x, x.roll(1, 1)),
    "assignment": assigned,
    "added at indices": lambda x: torch.zeros(4, 6).index_add(0, ENDS[0], x),
    "copied to indices": lambda x: (x * 2).index_copy(1, PLACES, x[:, :3].sin()),
    "scattered": lambda x: torch.ones(4, 6).scatter_add(0, ENDS, x[:2, :4]),
    "put": lambda x: x.index_put((ENDS[0][:2], ENDS[1][:2]), x[3, :2]),
    "sums": lambda x: x.sum(1, keepdim=True) * torch.ones(6),
    "means": lambda x: x.mean(0),
    "norms": lambda x: x.norm(dim=1),
    "variances": lambda x: x.var(1),
    "softmax": lambda x: torch.softmax(x, 1),
    "log-softmax": lambda x: torch.log_softmax(x, 0),
    "logsumexp": lambda x: torch.logsumexp(x, 1),
    "layer norm": lambda x: functional.layer_norm(x, (6,)),
    "a product with a matrix": lambda x: x @ WEIGHTS,
    "a matrix times": lambda x: WEIGHTS.T @ x.T,
    "a product of its parts": lambda x: x[:2] @ x[2:].T,
    "a batch of products": lambda x: x.reshape(2, 2, 6) @ WEIGHTS,
    "a matrix and a vector": lambda x: x @ WEIGHTS[:, 0],
    "a linear layer": lambda x: functional.linear(x, WEIGHTS.T, WEIGHTS[0]),
    "a convolution": lambda x: functional.conv1d(x[:, None], KERNEL, padding=1),
    "a dilated one": lambda x: functional.conv1d(x[:, None], KERNEL, padding=2, dilation=2, stride=2),
    "one of images": lambda x: functional.conv2d(x.reshape(1, 2, 3, 4), SQUARE, padding=1),
    "one in groups": lambda x: functional.conv1d(x.reshape(2, 2, 6), KERNEL, groups=2),
    "a transposed one": lambda x: functional.conv_transpose1d(x[None, :1], BACK[0, :1], stride=2, padding=1),
    "pooling": lambda x: functional.avg_pool1d(x[None], 2),
    "pooling of images": lambda x: functional.avg_pool2d(x.reshape(1, 4, 6), 2, padding=1),
    "upsampling": lambda x: functional.interpolate(x[None], scale_factor=2),
    "a gradient inside": lambda x: torch.func.grad(lambda y: (y[:, 1:] * y[:, :-1]).square().sum())(x),
}
"""The pattern is where the Jacobian is nonzero."""

WIDER: dict[str, Map] = {
    "cross products": lambda x: torch.linalg.cross(x[:, :3], x[:, 3:]),
    "the largest": lambda x: x.max(1).values + x.amax(1),
    "a maximum of windows": lambda x: functional.max_pool1d(x[None], 2),
    "cumulative sums": lambda x: torch.cumsum(x, 1),
    "sorting": lambda x: x.sort(1).values,
    "the largest few": lambda x: x.topk(2, 1).values,
    "what values choose": lambda x: torch.where(x > 0, x, x.roll(1, 0)),
    "indices by values": lambda x: x[x[:, 0].argsort()],
    "without a derivative": lambda x: x.detach() * x.roll(1, 0) + x.floor(),
    "nothing known": lambda x: torch.linalg.solve(torch.eye(4) * 9 + x[:, :4], x[:, 4:]),
    "a filled place": lambda x: x.masked_fill(MASK, x.sum()),
}
"""The pattern holds for all values, or takes more for nonzero than is."""

STEPS: tuple[Map, ...] = (
    torch.tanh,
    lambda x: x * x.roll(1, -1),
    lambda x: x - 0.5 * x.roll(-2, 0),
    lambda x: torch.softmax(x, 0),
    lambda x: x[:, PLACES.clamp(max=x.shape[1] - 1)].repeat(1, 2),
    lambda x: torch.where(MASK[: x.shape[0], :1], x, 2 * x.cos()),
    lambda x: functional.pad(x, (1, 1))[:, 1:-1] + x,
    lambda x: torch.cat([x[:, ::2], x[:, 1::2]], 1),
    lambda x: x + x.mean(1, keepdim=True),
    lambda x: x.T.reshape(x.shape),
    lambda x: functional.conv1d(x[:, None], torch.ones(1, 1, 3), padding=1)[:, 0],
    lambda x: torch.zeros_like(x).index_add(0, torch.arange(x.shape[0]).flip(0), x.sin()),
    lambda x: functional.layer_norm(x, x.shape[1:]),
    lambda x: x * torch.cumsum(x, 1),
    lambda x: x.clone().add_(1).mul_(x),
    lambda x: x + x.detach() * x.abs().sqrt(),
    lambda x: torch.where(x > 0.3, x, x.flip(1)),
    lambda x: x.sort(1).values,
    lambda x: torch.linalg.vector_norm(x, dim=1, keepdim=True) * x,
    lambda x: x @ torch.eye(x.shape[1]),
)
"""They keep the number of axes, and rows."""
