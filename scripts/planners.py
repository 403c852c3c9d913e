"""Planners of several packages behind one interface: what benchmarks hold chainorder against."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

import chainorder

Sizes = Sequence[int]
Product = Iterable[int]
"""The boundaries of the chain that one product involves: its cost is the product of their sizes."""


class Planner(ABC):
    """One way to find an order, from a package that may not be installed."""

    def __init__(self, name: str, package: str, longest: int = 1_000_000) -> None:
        self.name, self.package, self.longest = name, package, longest

    @abstractmethod
    def inputs(self, sizes: Sizes) -> Any:
        """The chain in the form that the planner takes; not timed."""

    @abstractmethod
    def order(self, inputs: Any) -> Any:
        """The planner's answer in its own form; timed."""

    @abstractmethod
    def products(self, order: Any) -> Iterable[Product]:
        """The products of an answer."""


class ChainOrder(Planner):
    """`chainorder.plan`, from a list of sizes to a priced plan."""

    def inputs(self, sizes: Sizes) -> Sizes:
        return sizes

    def order(self, inputs: Sizes) -> chainorder.Plan:
        solver = self.name.removeprefix("chainorder ")
        return chainorder.plan(chainorder.Chain.from_dims(inputs), solver=solver)

    def products(self, order: chainorder.Plan) -> Iterable[Product]:
        columns = order.operations
        return zip((columns.i - 1).tolist(), columns.k.tolist(), columns.j.tolist(), strict=True)


class NumPy(Planner):
    """The order that `numpy.linalg.multi_dot` takes: a dynamic program in Python."""

    def inputs(self, sizes: Sizes) -> list[Any]:
        return [SimpleNamespace(shape=shape) for shape in pairwise(sizes)]

    def order(self, inputs: list[Any]) -> Any:
        # The room moved in NumPy 2.
        room = "_linalg" if int(np.__version__.partition(".")[0]) > 1 else "linalg"
        return importlib.import_module(f"numpy.linalg.{room}")._multi_dot_matrix_chain_order(inputs)

    def products(self, order: Any) -> Iterable[Product]:
        pending = [(0, len(order) - 1)]
        while pending:
            first, last = pending.pop()
            if first < last:
                split = int(order[first, last])
                yield first, split + 1, last + 1
                pending += ((first, split), (split + 1, last))


class OptEinsum(Planner):
    """`opt_einsum.contract_path` on ``ab,bc,…``, by shapes."""

    def inputs(self, sizes: Sizes) -> tuple[str, list[tuple[int, int]]]:
        from opt_einsum import get_symbol

        names = [get_symbol(place) for place in range(len(sizes))]
        terms = ",".join(a + b for a, b in pairwise(names))
        return f"{terms}->{names[0]}{names[-1]}", list(pairwise(sizes))

    def order(self, inputs: tuple[str, list[tuple[int, int]]]) -> tuple[int, Any]:
        from opt_einsum import contract_path

        equation, shapes = inputs
        optimize: Any = self.name.removeprefix("opt_einsum ")
        return len(shapes), contract_path(equation, *shapes, shapes=True, optimize=optimize)[0]

    def products(self, order: tuple[int, Any]) -> Iterable[Product]:
        return path_products(*order)


class Cotengra(Planner):
    """cotengra's ``auto``, told to minimise what is compared here; without its cache of answers."""

    def inputs(self, sizes: Sizes) -> Sizes:
        return sizes

    def order(self, inputs: Sizes) -> tuple[int, Any]:
        from cotengra import AutoOptimizer, array_contract_tree

        length = len(inputs) - 1
        terms = [(place, place + 1) for place in range(length)]
        optimizer = AutoOptimizer(minimize="flops", cache=False)
        tree = array_contract_tree(terms, (0, length), size_dict=dict(enumerate(inputs)), optimize=optimizer)
        return length, tree.get_path()

    def products(self, order: tuple[int, Any]) -> Iterable[Product]:
        return path_products(*order)


class Torch(Planner):
    """`torch.linalg.multi_dot` on tensors without data, its products recorded as they are dispatched.

    It does not tell its order; the time therefore includes the dispatch of the (empty) products.
    """

    def inputs(self, sizes: Sizes) -> list[Any]:
        import torch

        return [torch.empty(shape, device="meta") for shape in pairwise(sizes)]

    def order(self, inputs: list[Any]) -> list[tuple[int, int, int]]:
        import torch
        from torch.utils._python_dispatch import TorchDispatchMode

        made: list[tuple[int, int, int]] = []
        spans = {id(matrix): (place, place + 1) for place, matrix in enumerate(inputs)}
        alive = []  # an id is only good for as long as its tensor lives

        class Record(TorchDispatchMode):
            def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                result = func(*args, **(kwargs or {}))
                if func is torch.ops.aten.mm.default:
                    (first, split), (_, last) = spans[id(args[0])], spans[id(args[1])]
                    made.append((first, split, last))
                    spans[id(result)] = first, last
                    alive.append(result)
                return result

        with Record():
            torch.linalg.multi_dot(inputs)
        return made

    def products(self, order: list[tuple[int, int, int]]) -> Iterable[Product]:
        return order


def path_products(length: int, path: Iterable[Sequence[int]]) -> Iterator[Product]:
    """The products of an einsum path: each contracts two terms of the list and appends the result."""
    terms = [{place, place + 1} for place in range(length)]
    for pair in path:
        right, left = (terms.pop(place) for place in sorted(pair, reverse=True))
        yield left | right
        terms.append(left ^ right)


PLANNERS: tuple[Planner, ...] = (
    ChainOrder("chainorder hu-shing", "chainorder"),
    ChainOrder("chainorder dynamic", "chainorder", longest=1_000),
    NumPy("numpy multi_dot", "numpy"),
    Torch("torch multi_dot", "torch"),
    OptEinsum("opt_einsum dp", "opt_einsum"),
    OptEinsum("opt_einsum auto", "opt_einsum"),
    OptEinsum("opt_einsum greedy", "opt_einsum"),
    Cotengra("cotengra auto", "cotengra"),
)
