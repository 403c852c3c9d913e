"""Operations that write entries at indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.fx import Node

from chainorder.autodiff.footprints import EMPTY, Footprints, Labels
from chainorder.torch.patterns.facts import Arguments, TensorFact

ADDING = {"index_add", "scatter_add"}


def written(sets: Footprints, node: Node, arguments: Arguments) -> Any:
    """Entries at known indices replaced, or others added to them."""
    array, indices = arguments["self"], arguments["indices" if "indices" in arguments else "index"]
    source = arguments.get("values", arguments.get("source", arguments.get("src")))
    if not isinstance(source, TensorFact) or arguments.get("reduce"):
        return None
    places = _places(array.shape, indices, arguments.get("dim"), node)
    if places is None:
        return None
    labels = source.footprint
    if labels.ndim == places.ndim:
        labels = labels[tuple(slice(size) for size in places.shape)] if labels.ndim else labels
    name = node.target._schema.name.rpartition("::")[2]
    keep = name in ADDING or bool(arguments.get("accumulate"))
    return _united(sets, array.footprint, places, np.broadcast_to(labels, places.shape), keep=keep)


def _places(shape: tuple[int, ...], indices: Any, axis: int | None, node: Node) -> Labels | None:
    """The flat places that are written to, in the shape of what is written."""
    facts = indices if isinstance(indices, list) else [indices]
    if any(fact is not None and fact.known is None for fact in facts):
        return None
    known = [None if fact is None else fact.known for fact in facts]
    every = torch.arange(int(np.prod(shape))).reshape(shape)
    if axis is None:
        made = torch.ops.aten.index.Tensor(every, known)
    elif "scatter" in str(node.target):
        made = every.gather(axis, known[0])
    else:
        made = every.index_select(axis, known[0])
    places: Labels = made.numpy()
    return places


def _united(sets: Footprints, array: Labels, places: Labels, labels: Labels, *, keep: bool) -> Labels:
    kept = array.reshape(-1).copy()
    places = places.reshape(-1)
    if not keep:
        kept[places] = EMPTY
    rows = np.concatenate([np.arange(len(kept)), places])
    made: Labels = sets.united(rows, np.concatenate([kept, labels.reshape(-1)]), len(kept)).reshape(
        array.shape
    )
    return made


RULES = dict.fromkeys(("index_put", "index_add", "index_copy", "scatter", "scatter_add"), written)
