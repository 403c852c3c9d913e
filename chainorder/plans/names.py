"""What people call the Jacobians of a chain: by the names that they gave.

A name that occurs several times is followed by a number, ``step12``; the layers of a network are ``W1``,
``tanh1``, ``W2``. Where no elemental has a name, they are ``F3`` and their Jacobians ``F'3``, as in papers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import assert_never

from chainorder.costs.bracketing import PLAIN_FACTOR, PLAIN_NAME
from chainorder.costs.steps import Action, source_of
from chainorder.plans.chain_operations import Operation, Operations, node_name
from chainorder.problems.chain import Chain

AFFINE = "affine"
"""What a network calls its layers; people call them by their weights."""

LONG = 120
"""Characters of a bracketing up to which it is written in full."""

MOST = 2_000
"""Operations of which a bracketing is written."""

SWEEP = 3
"""Factors that join one by one beyond which those in the middle are left out of a long bracketing."""


class Names:
    """The names in a chain."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain

    @cached_property
    def given(self) -> bool:
        """Whether elementals have names, none of which is the usual one of another elemental."""
        names = [kind.name for kind in self.chain.elementals.kinds if kind.name is not None]
        return bool(names) and not any(map(PLAIN_FACTOR.fullmatch, names))

    @cached_property
    def labels(self) -> list[str]:
        """The names of all elementals, each once: elemental i is at place i − 1."""
        plain = [f"F{number}" for number in range(1, len(self.chain) + 1)]
        if not self.given:
            return plain
        kinds = [kind.name for kind in self.chain.elementals.kinds]
        names = [kinds[code] for code in self.chain.elementals.codes.tolist()]
        if self.chain.network is not None:
            return list(_layers(names))
        found = [quoted(each) for each in _numbered(names, plain)]
        return found if len(set(found)) == len(found) else plain

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Elementals by the names that an order may call them."""
        return {name: number for number, name in enumerate(self.labels, 1)} if self.given else {}

    def label(self, number: int) -> str:
        """An elemental, counted from 1."""
        return self.labels[number - 1] if self.given else f"F{number}"

    def node(self, j: int, i: int) -> str:
        """The Jacobian of the subchain i..j: ``law``, ``law·mesh``, ``readings…mesh``."""
        if not self.given:
            return node_name(j, i)
        if i == j:
            return self.label(j)
        return f"{self.label(j)}{'·' if j == i + 1 else '…'}{self.label(i)}"

    def formula(self, operation: Operation) -> str:
        """What an operation computes: ``law × mesh…inlet by adjoints``."""
        j, k, i = operation.j, operation.split, operation.i
        match operation.action:
            case Action.MULTIPLY:
                return f"{self.node(j, k + 1)} × {self.node(k, i)}"
            case Action.REUSE:
                return f"{self.node(*source_of(j, k, i))} again"
            case Action.ACCUMULATE:
                return f"{self.node(j, i)} by {operation.mode}s"
            case Action.TANGENT | Action.ADJOINT:
                return f"{self.node(j, k + 1)} × {self.node(k, i)} by {operation.action}s"
            case _:
                assert_never(operation.action)

    def order(self, operations: Operations) -> str:
        """A bracketing; long sweeps lack their middle: ``(read · step9) … step1``."""
        length = len(self.chain)
        if len(operations) > MOST:
            return f"of {length:,} factors; --format json has it in full"
        text = self._bracketing(operations, LONG) if length <= LONG else ""
        if not 0 < len(text) <= LONG:
            text = self._bracketing(operations, SWEEP)
        return text if len(text) <= LONG else text[: LONG - 1] + "…"

    def _bracketing(self, operations: Operations, most: int) -> str:
        """A bracketing in which at most so many factors join one by one."""
        times = " · " if self.given else " "
        parts: dict[tuple[int, int], _Part] = {}

        def part(j: int, i: int) -> _Part:
            return parts.pop((j, i), None) or _Part(self.label(j), times)

        for step, j, k, i in operations.steps:
            if step.action is Action.ACCUMULATE:
                continue
            if step.action is Action.REUSE:
                parts[j, i] = _Part(self.node(j, i), times)
                continue
            left, right = part(j, k + 1), part(k, i)
            if k == i:
                parts[j, i] = left.joined(str(right), most, on_left=False)
            elif k + 1 == j:
                parts[j, i] = right.joined(str(left), most, on_left=True)
            else:
                parts[j, i] = _Part(f"({left}{times}{right})", times)
        whole = str(part(len(self.chain), 1))
        return whole[1:-1] if whole.startswith("(") else whole


@dataclass(frozen=True)
class _Part:
    """A factor of a bracketing: a core, and factors that joined it one by one from the same side.

    Attributes
    ----------
    core
        A name, or a product in brackets.
    times
        What stands between two factors.
    joining
        The factors that are shown, and how many there are.
    on_left
        Their side.
    """

    core: str
    times: str
    joining: tuple[str, ...] = ()
    count: int = 0
    on_left: bool = False

    def joined(self, other: str, most: int, *, on_left: bool) -> _Part:
        """It with one more factor."""
        if self.count and self.on_left != on_left:
            return _Part(str(self), self.times, (other,), 1, on_left)
        kept = (*self.joining, other) if self.count < most else (self.joining[0], other)
        return _Part(self.core, self.times, kept, self.count + 1, on_left)

    def __str__(self) -> str:
        text = self.core
        for place, factor in enumerate(self.joining):
            times = " … " if place and self.count > len(self.joining) else self.times
            text = f"({factor}{times}{text})" if self.on_left else f"({text}{times}{factor})"
        return text


def quoted(name: str) -> str:
    """A name as it stands in an order."""
    return name if PLAIN_NAME.fullmatch(name) else '"' + name.replace('"', "'") + '"'


def _layers(names: Iterable[str | None]) -> Iterator[str]:
    """The names of a network's elementals, with the numbers of its layers."""
    from chainorder.problems.network import ACTIVATIONS  # start-up does without

    layer = 0
    for name in names:
        layer += name == AFFINE
        yield f"W{layer}" if name == AFFINE else f"{name}{layer}" if name in ACTIVATIONS else str(name)


def _numbered(names: Sequence[str | None], plain: Iterable[str]) -> Iterator[str]:
    """Names, those that occur several times with a number; what has none is called as usual."""
    counts, seen = Counter(names), Counter[str | None]()
    for name, usual in zip(names, plain, strict=True):
        seen[name] += 1
        if name is None or counts[name] == 1:
            yield usual if name is None else name
        else:
            yield f"{name}{'#' * name[-1:].isdigit()}{seen[name]}"
