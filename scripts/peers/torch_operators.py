"""The operators of PyTorch's own tests (`OpInfo`), as functions of one tensor."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from torch.func import jacfwd, jacrev
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils import _pytree as pytree

from chainorder.autodiff.captures import Budget
from chainorder.autodiff.choice import Unplanned
from chainorder.torch import jacobian
from chainorder.torch.api import choice_of
from chainorder.torch.replay import RECORDED
from scripts.peers.comparing import Case, Function, Peer

MOST_ENTRIES = 150
"""Of the tensor that is differentiated, and of the result."""


def _unplanned(function: Function, point: Any) -> str | None:
    choice = choice_of(function, (point,))
    return choice.why if isinstance(choice, Unplanned) else None


def _jacobian(function: Function, solver: str | None) -> Function:
    Budget.known.clear()  # all operators are called by the same code
    return jacobian(function, solver=solver)


PEER = Peer(
    (jacrev, jacfwd),
    _jacobian,
    _unplanned,
    lambda numbers, like: torch.as_tensor(numbers, dtype=like.dtype),
    lambda: torch.manual_seed(0),
    calls=RECORDED + 1,
)


def operators() -> dict[str, Any]:
    """All of them, by their names."""
    return {operator.full_name: operator for operator in sorted(op_db, key=lambda each: each.full_name)}


def cases(name: str, operator: Any, dtype: str, most: int) -> Iterator[Case]:
    """The first samples of an operator with a small tensor to differentiate."""
    kind = getattr(torch, dtype)
    if not operator.supports_dtype(kind, "cpu"):
        return
    torch.manual_seed(0)
    every = operator.sample_inputs("cpu", kind, requires_grad=False)
    found = (
        each for n, sample in enumerate(every) for each in _cases(operator, sample, dtype, f"{name} {n}")
    )
    yield from islice(found, most)


def _cases(operator: Any, sample: Any, dtype: str, name: str) -> Iterator[Case]:
    leaves, tree = pytree.tree_flatten((sample.input, sample.args, sample.kwargs))
    places = [place for place, leaf in enumerate(leaves) if _is_small(leaf)]
    for place in places[:1]:
        function = _function(operator.op, leaves, tree, place)
        point = leaves[place].detach()
        try:
            result = function(point)
        except Exception:  # noqa: BLE001 – it is no operator of this tensor, whatever it raises
            continue
        if 0 < result.numel() <= MOST_ENTRIES:
            yield Case(name, dtype, function, point)


def _is_small(leaf: Any) -> bool:
    real = isinstance(leaf, torch.Tensor) and leaf.dtype.is_floating_point
    return bool(real and leaf.layout is torch.strided and 0 < leaf.numel() <= MOST_ENTRIES)


def _function(op: Any, leaves: list[Any], tree: Any, place: int) -> Function:
    def function(value: Any) -> Any:
        given, args, kwargs = pytree.tree_unflatten([*leaves[:place], value, *leaves[place + 1 :]], tree)
        return _vector(op(given, *args, **kwargs))

    return function


def _vector(result: Any) -> Any:
    """All real numbers in a result, one after the other."""
    parts = [leaf for leaf in pytree.tree_leaves(result) if isinstance(leaf, torch.Tensor)]
    real = [torch.view_as_real(part) if part.is_complex() else part for part in parts]
    flat = [part.reshape(-1) for part in real if part.dtype.is_floating_point]
    return torch.cat(flat) if flat else torch.zeros(0)
