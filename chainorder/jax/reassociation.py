"""Chains of matrix products inside a function, multiplied in the order of the fewest fma.

``A @ (B @ (C @ X))`` says an order, and XLA keeps to it. Here the products of a traced function are taken for
what they are: factors that meet in joints, one after the other. Such a path is a dense chain, whose best
order is known in O(n log n) (Hu & Shing 1982, 1984); axes that all factors carry along, as those of a batch,
cost every order the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from itertools import pairwise
from math import prod
from typing import Any

import jax
import networkx as nx
from jax.extend import core

from chainorder.autodiff.task import NotPlannedError
from chainorder.jax.calls import Call
from chainorder.jax.capture import FOREIGN, equations
from chainorder.problems.chain import Chain
from chainorder.solvers import plan

Labels = tuple[int, ...]
"""The axes of an array, by name."""

OWN_RULES = ("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr")
"""Calls that are differentiated by a rule: their bodies are left alone."""


def reassociate(fun: Callable[..., Any]) -> Callable[..., Any]:
    """A function that multiplies the chains of matrices inside another one in the best order.

    Parameters
    ----------
    fun
        A function of arrays, pytrees and values of Python.

    Returns
    -------
    callable
        Takes and returns what `fun` does, up to rounding; infinities and NaNs may come out elsewhere. It
        traces `fun` with every call: use it under `jax.jit`, where that happens once. It composes with `vmap`
        and differentiation. Where nothing is gained, or `fun` cannot be traced as a whole, it is `fun`.

    Notes
    -----
    A chain is made of products, with or without batch axes, whose results are used once, by the next one;
    what lies between them, a transpose or a sum, ends it. Loops, branches and nested calls are looked into.
    """

    @wraps(fun)
    def function(*args: Any, **kwargs: Any) -> Any:
        call, arrays = Call.of(args, kwargs, ())
        trees: list[Any] = []

        def flat(*given: Any) -> list[Any]:
            args, kwargs = call.restored(given)
            leaves: list[Any]
            leaves, tree = jax.tree.flatten(fun(*args, **kwargs))
            if not all(isinstance(leaf, jax.Array) for leaf in leaves):
                raise NotPlannedError("it returns what is no array")
            trees[:] = [tree]
            return leaves

        try:
            closed = jax.make_jaxpr(flat)(*arrays)
        except (jax.errors.JAXTypeError, NotPlannedError):  # it looks at values, or returns others
            return fun(*args, **kwargs)
        if closed.effects or any(eqn.primitive.name in FOREIGN for eqn in equations(closed.jaxpr)):
            return fun(*args, **kwargs)
        return jax.tree.unflatten(trees[0], evaluate(closed, arrays))

    return function


def evaluate(closed: Any, args: Sequence[Any]) -> list[Any]:
    """The results of a program, with its chains of products reassociated."""
    jaxpr = closed.jaxpr
    env = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*closed.consts, *args), strict=True))
    products, inner = _products(jaxpr)

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else env[atom]

    for place, eqn in enumerate(jaxpr.eqns):
        if place in inner:
            continue
        if (product := products.get(place)) is not None:
            env[eqn.outvars[0]] = product.multiply([read(atom) for atom in product.factors])
            continue
        with eqn.ctx.manager:
            results = eqn.primitive.bind(
                *map(read, eqn.invars), **eqn.primitive.get_bind_params(_within(eqn))
            )
        env.update(zip(eqn.outvars, results if eqn.primitive.multiple_results else [results], strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _within(eqn: Any) -> dict[str, Any]:
    """The parameters of an equation, with the programs among them reassociated."""
    if eqn.primitive.name in OWN_RULES:
        return dict(eqn.params)

    def changed(value: Any) -> Any:
        if isinstance(value, tuple) and value and all(isinstance(each, core.ClosedJaxpr) for each in value):
            return tuple(map(changed, value))
        if not isinstance(value, core.ClosedJaxpr) or not any(_products(value.jaxpr)):
            return value
        return jax.make_jaxpr(lambda *args: evaluate(value, args))(*value.in_avals)

    return {name: changed(value) for name, value in eqn.params.items()}


@dataclass(frozen=True, eq=False)
class Product:
    """A path of factors, and the order in which they are multiplied.

    Attributes
    ----------
    factors
        Where they stand in the program, the rightmost first.
    labels
        Of their axes.
    batch
        Axes that all factors have and nothing is summed over.
    order
        Products (j, k, i): the factors k + 1..j times the factors i..k, from 1, as in a plan.
    result
        The axes of the result.
    settings
        Of the products.
    """

    factors: tuple[Any, ...]
    labels: tuple[Labels, ...]
    batch: Labels
    order: tuple[tuple[int, int, int], ...]
    result: Labels
    settings: dict[str, Any]

    def multiply(self, arrays: Sequence[Any]) -> Any:
        """The product of the factors' arrays."""
        live = {(n, n): (array, self.labels[n - 1]) for n, array in enumerate(arrays, 1)}
        for j, k, i in self.order:
            live[j, i] = self._times(*live.pop((j, k + 1)), *live.pop((k, i)))
        array, labels = live[len(arrays), 1]
        return jax.lax.transpose(array, [labels.index(label) for label in self.result])

    def _times(self, left: Any, ours: Labels, right: Any, theirs: Labels) -> tuple[Any, Labels]:
        joint = [label for label in ours if label in theirs and label not in self.batch]
        numbers = tuple(
            tuple([labels.index(label) for label in chosen] for labels in (ours, theirs))
            for chosen in (joint, self.batch)
        )
        done = {*joint, *self.batch}
        free = [label for labels in (ours, theirs) for label in labels if label not in done]
        return jax.lax.dot_general(left, right, numbers, **self.settings), (*self.batch, *free)


@dataclass(eq=False)
class Tree:
    """Products that end in one, taken apart: its factors, their axes, and what it costs as it stands.

    Attributes
    ----------
    result
        The axes of its result.
    sizes
        Of axes.
    factors
        Where its factors stand, each with its axes.
    inner
        The places of its equations, but for the last.
    fma
        Multiply–adds, of the program's own order.
    """

    result: Labels
    sizes: dict[int, int]
    factors: list[tuple[Any, Labels]] = field(default_factory=list)
    inner: set[int] = field(default_factory=set)
    fma: int = 0

    @classmethod
    def of(cls, eqns: Sequence[Any], last: int, joined: dict[Any, int]) -> Tree:
        """The tree of the product at a place; `joined` has the places of those that go into another."""
        shape = eqns[last].outvars[0].aval.shape
        tree = cls(tuple(range(len(shape))), dict(enumerate(shape)))
        pending = [(last, tree.result)]
        while pending:
            place, labels = pending.pop()
            for atom, own in tree._operands(eqns[place], labels):
                inside = None if isinstance(atom, core.Literal) else joined.get(atom)
                if inside is None:
                    tree.factors.append((atom, own))
                else:
                    tree.inner.add(inside)
                    pending.append((inside, own))
        return tree

    def _operands(self, eqn: Any, labels: Labels) -> list[tuple[Any, Labels]]:
        """The operands of a product with their axes, new ones where it sums."""
        summed, carried = eqn.params["dimension_numbers"]
        joint = range(len(self.sizes), len(self.sizes) + len(summed[0]))
        self.sizes |= {n: eqn.invars[0].aval.shape[axis] for n, axis in zip(joint, summed[0], strict=True)}
        rest = iter(labels[len(carried[0]) :])
        operands = []
        for atom, sums, carries in zip(eqn.invars, summed, carried, strict=True):
            given = dict(zip((*sums, *carries), (*joint, *labels[: len(carries)]), strict=True))
            axes = range(atom.aval.ndim)
            operands.append((atom, tuple([given[a] if a in given else next(rest) for a in axes])))
        self.fma += prod(self.sizes[label] for label in {*labels, *joint})
        return operands

    def best(self, settings: dict[str, Any]) -> Product | None:
        """Its factors in the best order; None if they are no path, or its own order is as good."""
        if not all(isinstance(size, int) and size for size in self.sizes.values()):
            return None
        owners: dict[int, list[int]] = {}
        for number, (_, labels) in enumerate(self.factors):
            for label in labels:
                owners.setdefault(label, []).append(number)
        batch = tuple(label for label in self.result if len(owners[label]) == len(self.factors))
        path = self._path({label: which for label, which in owners.items() if label not in batch})
        if path is None:
            return None
        order, dims = path
        found = plan(Chain.from_dims(dims))
        if found.fma * prod(self.sizes[label] for label in batch) >= self.fma:
            return None
        atoms = tuple(self.factors[number][0] for number in order)
        axes = tuple(self.factors[number][1] for number in order)
        steps = tuple((step.j, step.split, step.i) for step in found.operations)
        return Product(atoms, axes, batch, steps, self.result, settings)

    def _columns(self, number: int) -> int:
        """How far to the right in the result the axes of a factor stand."""
        return max(
            (self.result.index(n) for n in self.factors[number][1] if n in self.result),
            default=len(self.result),
        )

    def _path(self, owners: dict[int, list[int]]) -> tuple[list[int], list[int]] | None:
        """The factors from end to end, and the sizes around and between them; None if it is no path."""
        between: dict[tuple[int, int], int] = {}
        open_sizes = dict.fromkeys(range(len(self.factors)), 1)
        for label, which in owners.items():
            if len(which) == 1 and label in self.result:
                open_sizes[which[0]] *= self.sizes[label]
            elif len(which) == 2 and label not in self.result:
                pair = which[0], which[1]
                between[pair] = between.get(pair, 1) * self.sizes[label]
            else:
                return None
        graph: nx.Graph[int] = nx.Graph()
        graph.add_edges_from(between)
        ends = [number for number, degree in graph.degree if degree == 1]
        if len(graph) < len(self.factors) or len(ends) != 2 or not nx.is_connected(graph):
            return None
        last, first = sorted(ends, key=self._columns)
        order = nx.shortest_path(graph, first, last)
        if len(order) < len(graph) or any(open_sizes[number] > 1 for number in order[1:-1]):
            return None
        joints = [between[min(pair), max(pair)] for pair in pairwise(order)]
        return order, [open_sizes[order[0]], *joints, open_sizes[order[-1]]]


def _products(jaxpr: Any) -> tuple[dict[int, Product], set[int]]:
    """The chains that gain, by the places of their last equations; and the places of the others."""
    eqns = {place: eqn for place, eqn in enumerate(jaxpr.eqns) if eqn.primitive.name == "dot_general"}
    made = {eqn.outvars[0]: place for place, eqn in eqns.items()}
    uses = Counter(
        atom
        for atoms in (*(eqn.invars for eqn in jaxpr.eqns), jaxpr.outvars)
        for atom in atoms
        if not isinstance(atom, core.Literal)
    )
    joined = {
        atom: made[atom]
        for eqn in eqns.values()
        for atom in eqn.invars
        if not isinstance(atom, core.Literal) and atom in made and uses[atom] == 1
        if _settings(jaxpr.eqns[made[atom]]) == _settings(eqn) is not None
    }
    found: dict[int, Product] = {}
    inner: set[int] = set()
    for place, eqn in eqns.items():
        if eqn.outvars[0] in joined or joined.keys().isdisjoint(_variables(eqn)):
            continue
        tree = Tree.of(jaxpr.eqns, place, joined)
        if product := tree.best(_settings(eqn) or {}):
            found[place] = product
            inner |= tree.inner
    return found, inner


def _variables(eqn: Any) -> list[Any]:
    return [atom for atom in eqn.invars if not isinstance(atom, core.Literal)]


def _settings(eqn: Any) -> dict[str, Any] | None:
    """What all products of a chain have to agree on; None if this one is not for chains."""
    kinds = {atom.aval.dtype for atom in (*eqn.invars, *eqn.outvars)}
    if len(kinds) > 1 or eqn.params.get("out_sharding") is not None:
        return None
    return {name: eqn.params[name] for name in ("precision", "preferred_element_type")}
