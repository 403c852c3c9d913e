"""Reading a captured function: each operation by the rule of its family."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.fx import Node
from torch.fx.node import map_arg

from chainorder.autodiff.footprints import CALL, LABEL, Footprints, Labels
from chainorder.torch.patterns import indexing, moves, sums
from chainorder.torch.patterns.facts import Arguments, Rule, TensorFact, facts_in, shape_of
from chainorder.torch.program import TorchProgram, size

RULES: dict[str, Rule] = {**moves.RULES, **indexing.RULES, **sums.RULES}
"""By the name of the operation; those that PyTorch calls pointwise need none."""

LARGEST = 2**20
"""Entries of indices and masks that are looked at."""


@dataclass(frozen=True, eq=False)
class Guard:
    """Indices and masks from outside that a pattern holds for.

    Attributes
    ----------
    were
        What they were, by their places among the constants of the program.
    """

    were: Mapping[int, Any]

    def holds(self, constants: Sequence[Any]) -> bool:
        """Whether they still are the same."""
        return all(torch.equal(constants[place], was) for place, was in self.were.items())


def footprint(program: TorchProgram, budget: int) -> tuple[Footprints, Labels, Guard]:
    """What the output depends on of the input, and as long as what is the same.

    Parameters
    ----------
    program
        A captured function.
    budget
        Members of sets that may be looked at.

    Raises
    ------
    BudgetError
        If these do not suffice.
    """
    sets = Footprints(size(program.source), budget)
    reader = _Reader(sets, program)
    for node in program.graph.nodes:
        if node.op == "call_function":
            reader.read(node)
    were = {
        place: reader.facts[node].known
        for place, node in enumerate(program.constants)
        if reader.facts[node].known is not None
    }
    return sets, reader.facts[program.target].footprint.reshape(-1), Guard(were)


class _Reader:
    """What is known of the values of a program."""

    def __init__(self, sets: Footprints, program: TorchProgram) -> None:
        self.sets, self.program = sets, program
        self.facts: dict[Node, Any] = {node: _outside(node, None) for node in program.given}
        self.facts |= {node: _outside(node, value) for node, value in program.constants.items()}
        shape = shape_of(program.source)
        self.facts[program.source] = TensorFact(shape, sets.inputs(shape))

    def read(self, node: Node) -> None:
        """Note what is known of the result of an operation."""
        if node.target is operator.getitem:
            self.facts[node] = self.facts[node.args[0]][node.args[1]]
            return
        arguments = self._arguments(node)
        if all(fact.labels is None for fact in facts_in(arguments)):
            self.facts[node] = self._constant(node)
            return
        made = self._made(node, arguments)
        parts = made if isinstance(made, list) else [made]
        results = [_fact(kind, labels) for kind, labels in zip(_kinds(node), parts, strict=False)]
        self.facts[node] = results if _is_list(node) else results[0]

    def _arguments(self, node: Node) -> Arguments:
        schema: Any = node.target._schema
        args, kwargs = (map_arg(each, self.facts.__getitem__) for each in (node.args, node.kwargs))
        given = dict(zip((each.name for each in schema.arguments), args, strict=False)) | dict(kwargs)
        return {each.name: given.get(each.name, each.default_value) for each in schema.arguments}

    def _made(self, node: Node, arguments: Arguments) -> Any:
        target: Any = node.target
        self.sets.spend(CALL + sum(int(np.prod(kind.shape)) for kind in _kinds(node)) // LABEL)
        rule = RULES.get(target._schema.name.rpartition("::")[2])
        if rule is None and torch.Tag.pointwise in target.tags and not _is_list(node):
            rule = sums.pointwise
        made = None if rule is None else rule(self.sets, node, arguments)
        return self._everything(node, arguments) if made is None else made

    def _everything(self, node: Node, arguments: Arguments) -> Any:
        """Every entry of what is made depends on everything that is given."""
        label = self.sets.all_of([each.labels for each in facts_in(arguments) if each.labels is not None])
        made = [np.full(kind.shape, label) for kind in _kinds(node)]
        return made if _is_list(node) else made[0]

    def _constant(self, node: Node) -> Any:
        """What does not depend on the input; indices and masks that depend on no numbers are worked out."""
        facts = [TensorFact(kind.shape, real=is_real(kind.dtype)) for kind in _kinds(node)]
        entries = sum(int(np.prod(fact.shape)) for fact in facts)
        unknown = any(self.facts[each].known is None for each in node.all_input_nodes)
        if not unknown and entries <= LARGEST and not any(fact.real for fact in facts):
            args, kwargs = (map_arg(each, self._known) for each in (node.args, node.kwargs))
            target: Any = node.target
            made = target(*args, **kwargs)
            values = made if _is_list(node) else [made]
            facts = [replace(fact, known=value) for fact, value in zip(facts, values, strict=True)]
        return facts if _is_list(node) else facts[0]

    def _known(self, node: Node) -> Any:
        return self.facts[node].known


def _outside(node: Node, value: Any) -> TensorFact:
    """What is known of a tensor from outside: its entries, if they are no numbers and not too many."""
    kind = node.meta["val"]
    real = is_real(kind.dtype)
    known = None if value is None or real or size(node) > LARGEST else value.detach().clone()
    return TensorFact(kind.shape, None, known, real=real)


def is_real(dtype: Any) -> bool:
    """Whether numbers of a type have derivatives."""
    return bool(dtype.is_floating_point or dtype.is_complex)


def _is_list(node: Node) -> bool:
    return "val" not in node.meta


def _kinds(node: Node) -> list[Any]:
    """The kinds of the results of an operation."""
    if not _is_list(node):
        return [node.meta["val"]]
    parts = {user.args[1]: user.meta["val"] for user in node.users if user.target is operator.getitem}
    return [parts[place] for place in sorted(parts)]


def _fact(kind: Any, labels: Labels) -> TensorFact:
    real = is_real(kind.dtype)
    return TensorFact(kind.shape, labels if real else None, real=real)
