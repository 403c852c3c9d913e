"""Operations that move entries: PyTorch moves labels as it moves numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.fx import Node

from chainorder.autodiff.footprints import EMPTY, Footprints
from chainorder.torch.patterns.facts import Arguments, TensorFact, facts_in, labels_of, shape_of, tensor

aten = torch.ops.aten

NAMES = """
    _reshape_alias _unsafe_view alias cat clone constant_pad_nd contiguous copy detach diag_embed diagonal
    diagonal_backward diagonal_scatter expand flip gather index index_select lift_fresh lift_fresh_copy
    movedim narrow permute pixel_shuffle pixel_unshuffle repeat reshape roll rot90 select select_backward
    select_scatter slice slice_backward slice_scatter split split_with_sizes squeeze stack t take transpose
    tril triu unbind unfold unsafe_split unsafe_split_with_sizes unsqueeze view
"""
"""They hand every entry on, or zeros, by shapes and indices alone."""

FLOATING = """
    reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d upsample_nearest1d
    upsample_nearest2d
"""
"""They do, and are only there for floating numbers: these hold labels exactly."""

RELAXED = {aten.view.default: aten.reshape.default, aten._unsafe_view.default: aten.reshape.default}
"""What runs wherever labels lie in memory, for what does not."""

FILLED = "empty_like full_like new_empty new_full new_ones new_zeros ones_like zeros_like"
"""They look at shapes only."""

LAYOUT = {"dtype", "layout", "device", "pin_memory", "memory_format", "non_blocking"}
"""Arguments that say nothing of where entries go."""


def move(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """Labels move as entries do, if it is known where to."""
    return _moved(node, arguments, tensor)


def move_floats(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """The same by floating numbers."""
    return _moved(node, arguments, lambda labels: tensor(labels).double())


def _moved(node: Node, arguments: Arguments, stand_in: Any) -> Any:
    if any(not fact.real and fact.known is None for fact in facts_in(arguments)):
        return None

    def given(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [*map(given, value)]
        if not isinstance(value, TensorFact):
            return value
        return stand_in(value.footprint) if value.real else value.known

    target: Any = node.target
    named = {name: given(value) for name, value in arguments.items() if name not in LAYOUT}
    if "value" in named:
        named["value"] = EMPTY
    order = [each.name for each in target._schema.arguments if not each.kwarg_only and each.name in named]
    positional = [named.pop(name) for name in order]
    made = RELAXED.get(target, target)(*positional, **named)
    return [*map(labels_of, made)] if isinstance(made, list | tuple) else labels_of(made)


def converted(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """A conversion to another type."""
    return arguments["self"].footprint


def nothing(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """Numbers that do not depend on any."""
    return np.full(shape_of(node), EMPTY)


def masked(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """Numbers in the places of a mask, which has to be known for that."""
    if isinstance(arguments["value"], TensorFact):
        return None
    labels, mask = np.broadcast_arrays(arguments["self"].footprint, _or_false(arguments["mask"]))
    return np.where(mask, EMPTY, labels)


def chosen(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """One of two in each place; both where the choice is not known."""
    one, other = (arguments[name].footprint for name in ("self", "other"))
    known = arguments["condition"].known
    if known is not None:
        return np.where(known.numpy(), one, other)
    shape = np.broadcast_shapes(one.shape, other.shape, arguments["condition"].shape)
    return sets.joined(np.broadcast_to(one, shape), np.broadcast_to(other, shape))


def _or_false(mask: TensorFact) -> Any:
    return np.zeros(mask.shape, bool) if mask.known is None else mask.known.numpy().astype(bool)


RULES = {
    **dict.fromkeys(NAMES.split(), move),
    **dict.fromkeys(FLOATING.split(), move_floats),
    **dict.fromkeys(FILLED.split(), nothing),
    "_to_copy": converted,
    "masked_fill": masked,
    "where": chosen,
}
