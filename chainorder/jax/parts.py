"""Parts of a derivative: of some arrays of the result, with respect to some of the arguments.

What other arrays of the arguments would bring is zero. Their share of the equations is left out, and all
parts read the same constants, which are worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import accumulate
from operator import or_
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainorder.autodiff.colours import Positions
from chainorder.autodiff.task import NotPlannedError
from chainorder.autodiff.work import entries
from chainorder.jax.branches import join_branches
from chainorder.jax.program import Equation, JaxProgram

Leaves = tuple[int, ...]
"""Numbers of arrays of the result, or of the arguments, rising."""

SUMS = {"add", "add_any"}
"""Equations that are the one operand where the other is zero."""

TOLERANT = {
    "concatenate",
    "dynamic_update_slice",
    "scatter",
    "scatter-add",
    "select_n",
    "stack",
    "sub",
}
"""Equations whose rules of JAX take an operand that is zero for a constant, and others for directions."""


@dataclass(eq=False)
class Parts:
    """The parts of a program whose input and output are arrays one after the other.

    Attributes
    ----------
    program
        The whole.
    inputs, outputs
        The numbers of the arrays in it, flat: what the input is split into, and the output joined from.
    ends
        The equations that do so, where there are several arrays.
    made
        The parts that were asked for.
    """

    program: JaxProgram
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ends: tuple[Equation, ...]
    made: dict[tuple[Leaves, Leaves], JaxProgram] = field(default_factory=dict)

    @classmethod
    def of(cls, program: JaxProgram, inputs: Sequence[Any], outputs: Sequence[Any]) -> Parts | None:
        """Those of a program; None if it does not begin and end as it is expected to."""
        program = replace(program, equations=list(program.equations))  # others change theirs in place
        splits = [each for each in program.equations if program.source in each.operands]
        joins = [each for each in program.equations if program.target in each.results]
        first: tuple[int, ...] = (program.source,)
        ends: list[Equation] = []
        if len(inputs) > 1:
            if len(splits) != 1 or splits[0].name != "split":
                return None
            first, ends = splits[0].results, splits
        last: tuple[int, ...] = (program.target,)
        if len(outputs) > 1:
            if len(joins) != 1 or joins[0].name != "concatenate":
                return None
            last, ends = joins[0].operands, [*ends, *joins]
        for numbers, leaves in ((first, inputs), (last, outputs)):
            if [program.size(number) for number in numbers] != [entries(jnp.shape(leaf)) for leaf in leaves]:
                return None
        return cls(program, first, last, tuple(ends))

    def depends(self) -> Any:
        """Which arrays of the result depend on which of the arguments; shape (outputs, inputs), bool."""
        masks = {number: 1 << place for place, number in enumerate(self.inputs)}
        for equation in self._inner:
            mask = reduce(or_, (masks.get(operand, 0) for operand in equation.operands), 0)
            masks.update(dict.fromkeys(equation.results, mask))
        columns = range(len(self.inputs))
        return np.array([[masks.get(each, 0) >> n & 1 for n in columns] for each in self.outputs], bool)

    def filled(self, positions: Positions) -> Any:
        """Which blocks hold some of the positions of the whole; shape (outputs, inputs), bool."""
        made = np.zeros((len(self.outputs), len(self.inputs)), bool)
        sides = ((self.outputs, positions.rows), (self.inputs, positions.columns))
        ends = [np.cumsum([self.program.size(value) for value in side]) for side, _ in sides]
        made[
            tuple(np.searchsorted(end, each, "right") for end, (_, each) in zip(ends, sides, strict=True))
        ] = True
        return made

    def places(self, rows: Leaves, columns: Leaves) -> tuple[Any, Any]:
        """The entries of the output and of the input of the whole that a part is about."""
        sides = ((self.outputs, rows), (self.inputs, columns))
        return tuple(_places([self.program.size(number) for number in own], kept) for own, kept in sides)

    def part(self, rows: Leaves, columns: Leaves) -> JaxProgram:
        """The derivative of some arrays of the result with respect to some of the arguments.

        Raises
        ------
        NotPlannedError
            If some equation treats them together with others.
        """
        key = rows, columns
        if key not in self.made:
            self.made[key] = self._part([self.outputs[n] for n in rows], [self.inputs[n] for n in columns])
        return self.made[key]

    @property
    def _inner(self) -> list[Equation]:
        return [each for each in self.program.equations if each not in self.ends]

    def _part(self, outputs: Sequence[int], inputs: Sequence[int]) -> JaxProgram:
        program = replace(self.program, equations=[], joined={})
        source, before = _joint(program, inputs)
        reading = _Reading(program, set(inputs), set(self.inputs) - set(inputs))
        needed = _needed(self._inner, outputs)
        inner = [made for each in needed for made in reading.equations(each)]
        wanted = [reading.renamed.get(value, value) for value in outputs]
        if any(value not in reading.alive for value in wanted):
            raise NotPlannedError("an array of the result does not depend on these arguments")
        if len(wanted) == 1:
            target, after = wanted[0], list[Equation]()
        else:
            closed = jax.make_jaxpr(_joined)(*(program.avals[value] for value in wanted))
            after, (target,) = program.added(closed, wanted)
        program.source, program.target = source, target
        program.equations = _needed([*before, *inner, *after], [target])
        made = {result for equation in program.equations for result in equation.results}
        program.dependent = {source, *made}
        join_branches(program)
        return program


@dataclass(eq=False)
class _Reading:
    """Equations read for some arguments only.

    Attributes
    ----------
    program
        To which the constants belong.
    alive
        Values that depend on these arguments.
    zero
        Values that depend only on others.
    renamed
        Sums of the one and the other, by the number of the one.
    """

    program: JaxProgram
    alive: set[int]
    zero: set[int]
    renamed: dict[int, int] = field(default_factory=dict)

    def equations(self, equation: Equation) -> list[Equation]:
        """What is left of an equation."""
        operands = tuple(self.renamed.get(operand, operand) for operand in equation.operands)
        zero = self.zero.intersection(operands)
        if not self.alive.intersection(operands):
            self.zero.update(equation.results)
            return []
        if zero and equation.name in SUMS:
            (kept,) = (operand for operand in operands if operand not in zero)
            self.renamed[equation.results[0]] = kept
            return []
        if zero and equation.name not in TOLERANT:
            raise NotPlannedError(f"{equation.name} treats several arguments together")
        self.alive.update(equation.results)
        return [replace(equation, operands=tuple(self._zero(o) if o in zero else o for o in operands))]

    def _zero(self, value: int) -> int:
        """The number of a constant of zeros in the shape of a value."""
        aval, avals = self.program.avals[value], self.program.avals
        avals.append(aval)
        self.program.constants[len(avals) - 1] = jnp.zeros(aval.shape, aval.dtype)
        return len(avals) - 1


def _places(sizes: Sequence[int], kept: Leaves) -> Any:
    starts = [0, *accumulate(sizes)]
    return np.concatenate([np.arange(starts[number], starts[number + 1]) for number in kept])


def _joint(program: JaxProgram, inputs: Sequence[int]) -> tuple[int, list[Equation]]:
    """The input of a part, and the equations that make the arrays of the arguments from it."""
    if len(inputs) == 1:
        return inputs[0], []
    ends = list(accumulate(program.size(value) for value in inputs))
    dtype = program.avals[inputs[0]].dtype
    closed = jax.make_jaxpr(_split(ends[:-1]))(jax.ShapeDtypeStruct((ends[-1],), dtype))
    source = len(program.avals)
    program.avals.append(closed.jaxpr.invars[0].aval)
    equations, made = program.added(closed, [source])
    names = dict(zip(made, inputs, strict=True))
    return source, [
        replace(each, results=tuple(names.get(result, result) for result in each.results))
        for each in equations
    ]


def _needed(equations: Sequence[Equation], targets: Sequence[int]) -> list[Equation]:
    """Those that values are made by."""
    needed, live = set(targets), list[Equation]()
    for equation in reversed(equations):
        if needed.intersection(equation.results):
            live.append(equation)
            needed.update(equation.operands)
    return live[::-1]


def _split(ends: Sequence[int]) -> Callable[[Any], Any]:
    return lambda value: jnp.split(value, ends)


def _joined(*values: Any) -> Any:
    return jnp.concatenate(values)
