"""Operations that mix entries: along axes, in products, in windows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from torch.fx import Node

from chainorder.autodiff.facts import within
from chainorder.autodiff.footprints import EMPTY, Footprints, Labels
from chainorder.torch.patterns.facts import Arguments, TensorFact, facts_in, shape_of

REDUCTIONS = (
    "sum mean amax amin var std linalg_vector_norm logsumexp prod norm var_mean std_mean max min median"
)
"""They make one entry of all along some axes."""

ALONG = "_softmax _log_softmax _safe_softmax cumsum cumprod logcumsumexp sort topk cummax cummin"
"""They make the entries along an axis of these."""


def pointwise(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """Every entry of those in its place; what is broadcast is in every place."""
    shape = shape_of(node)
    found = [each.labels for each in facts_in(arguments) if each.labels is not None]
    # Looking comes cheaper than `broadcast_to` by far, and hardly anything is broadcast.
    return sets.joined(*(each if each.shape == shape else np.broadcast_to(each, shape) for each in found))


def reduced(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """All entries along some axes, or all of them."""
    if "other" in arguments:
        return None
    fact, kept = arguments["self"], bool(arguments.get("keepdim"))
    axes = _axes(arguments.get("dim"), len(fact.shape))
    labels = sets.over(fact.footprint, axes, keep=kept) if axes else fact.footprint
    return [labels] * 2 if _several(node) else labels


def along(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """All entries along an axis, for each of them."""
    fact = arguments["self"]
    labels = (
        within(sets, fact.footprint, _axes(arguments["dim"], len(fact.shape)))
        if fact.shape
        else fact.footprint
    )
    if "k" in arguments:
        labels = np.take(labels, range(arguments["k"]), arguments["dim"])
    return [labels] * 2 if _several(node) else labels


def crossed(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """Cross products along an axis."""
    labels = sets.joined(*np.broadcast_arrays(*(arguments[name].footprint for name in ("self", "other"))))
    return within(sets, labels, [arguments["dim"]])


def along_backwards(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """The derivative of what is made along an axis, by it and by what comes back."""
    parts = [arguments["grad_output"].footprint, arguments["output"].footprint]
    labels = sets.joined(*np.broadcast_arrays(*parts))
    return within(sets, labels, _axes(arguments["dim"], labels.ndim)) if labels.ndim else labels


def normalised(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """Layers that normalise the last axes: their result, mean and scale."""
    fact = arguments["input"]
    axes = [*range(len(fact.shape) - len(arguments["normalized_shape"]), len(fact.shape))]
    scale = sets.over(fact.footprint, axes, keep=True)
    parts = [
        np.broadcast_to(arguments[name].labels, fact.shape)
        for name in ("weight", "bias")
        if _depends(arguments[name])
    ]
    return [sets.joined(np.broadcast_to(scale, fact.shape), *parts), scale, scale]


def multiplied(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """Products of matrices, batches of them, and vectors; with something added, too."""
    values = [each for each in arguments.values() if isinstance(each, TensorFact)]
    *added, left, right = values
    shape = shape_of(node)
    parts = [np.broadcast_to(each.labels, shape) for each in added if each.labels is not None]
    if left.labels is not None:
        rows = sets.over(left.labels, [-1])
        parts.append(np.broadcast_to(rows[..., None] if len(right.shape) > 1 else rows, shape))
    if right.labels is not None:
        columns = sets.over(right.labels, [-2 if len(right.shape) > 1 else -1])
        aligned = columns[..., None, :] if len(right.shape) > 1 else columns
        parts.append(np.broadcast_to(aligned, shape))
    return sets.joined(*parts)


def convolved(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """A convolution with a constant kernel: all features of a group, in windows."""
    image, kernel = arguments["input"], arguments["weight"]
    if _depends(kernel) or _depends(arguments["bias"]) or len(image.shape) != len(kernel.shape):
        return None
    sizes, groups = kernel.shape[2:], arguments["groups"]
    stride, padding, dilation = (
        _each(arguments[name], len(sizes)) for name in ("stride", "padding", "dilation")
    )
    labels = image.footprint.reshape(image.shape[0], groups, -1, *image.shape[2:])
    labels = sets.over(labels, [2])
    if arguments["transposed"]:
        labels = _dilated(labels, stride)
        padding = [d * (size - 1) - p for d, size, p in zip(dilation, sizes, padding, strict=True)]
        stride = [1] * len(sizes)
    shape = shape_of(node)
    made = _windows(sets, labels, sizes, stride, padding, dilation, shape[2:])
    return np.repeat(made, shape[1] // groups, axis=1)


def pooled(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """What is made of windows of each feature."""
    fact, axes = arguments["self"], 1 if "1d" in str(node.target) else 2
    count = len(fact.shape) - axes
    sizes = _each(arguments["kernel_size"], axes)
    stride = _each(arguments["stride"] or sizes, axes)
    padding, dilation = (_each(arguments.get(name, 1), axes) for name in ("padding", "dilation"))
    labels = fact.footprint.reshape(-1, 1, *fact.shape[count:])
    shape = _first_shape(node)
    made = _windows(sets, labels, sizes, stride, padding, dilation, shape[count:]).reshape(shape)
    return [made, np.zeros(shape, np.intp)] if _several(node) else made


def _windows(
    sets: Footprints,
    labels: Labels,
    sizes: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    shape: Sequence[int],
) -> Labels:
    """The unions over windows, in the shape of their numbers; two axes stand before those of windows."""
    ends = [
        (n - 1) * s + (size - 1) * d + 1 for n, s, size, d in zip(shape, stride, sizes, dilation, strict=True)
    ]
    around = [
        (max(0, p), max(0, e - max(0, p) - n))
        for p, e, n in zip(padding, ends, labels.shape[2:], strict=True)
    ]
    padded = np.pad(labels, [(0, 0), (0, 0), *around], constant_values=EMPTY)
    starts = [max(0, -p) for p in padding]
    parts = []
    for at in product(*map(range, sizes)):
        chosen = [
            slice(a + k * d, a + k * d + (n - 1) * s + 1, s)
            for a, k, d, n, s in zip(starts, at, dilation, shape, stride, strict=True)
        ]
        parts.append(padded[(slice(None), slice(None), *chosen)])
    return sets.over(np.stack(parts), [0])


def _dilated(labels: Labels, stride: Sequence[int]) -> Labels:
    shape = [max(0, (n - 1) * s + 1) for n, s in zip(labels.shape[2:], stride, strict=True)]
    spread = np.full((*labels.shape[:2], *shape), EMPTY)
    spread[(slice(None), slice(None), *(slice(None, None, s) for s in stride))] = labels
    return spread


def _each(value: Any, count: int) -> list[int]:
    values = [value] if isinstance(value, int) else [*value]
    return values * count if len(values) == 1 else values


def _axes(dim: Any, count: int) -> list[int]:
    axes = [*range(count)] if dim is None or dim == [] else [dim] if isinstance(dim, int) else [*dim]
    return [axis % count for axis in axes] if count else []


def _depends(value: Any) -> bool:
    return isinstance(value, TensorFact) and value.labels is not None


def _several(node: Node) -> bool:
    returns: Any = node.target._schema.returns
    return len(returns) > 1


def _first_shape(node: Node) -> tuple[int, ...]:
    """The shape of what an operation makes, or of the first of several results."""
    first = node if "val" in node.meta else next(user for user in node.users if user.args[1] == 0)
    return shape_of(first)


PRODUCTS = "mm mv dot bmm addmm addmv baddbmm"

RULES = {
    **dict.fromkeys(REDUCTIONS.split(), reduced),
    **dict.fromkeys(ALONG.split(), along),
    **dict.fromkeys(PRODUCTS.split(), multiplied),
    "_softmax_backward_data": along_backwards,
    "_log_softmax_backward_data": along_backwards,
    "linalg_cross": crossed,
    "native_layer_norm": normalised,
    "convolution": convolved,
    "avg_pool1d": pooled,
    "avg_pool2d": pooled,
    "max_pool2d_with_indices": pooled,
}
