"""The program of a derivative: what `jax.linearize` leaves of a function, on numbered values.

JAX itself differentiates: custom rules, control flow and library functions are then seen as what their
derivatives are, linear equations whose constants are residuals. Calls are inlined and short loops
unrolled; long loops, conditionals and rematerialised parts stay one equation each. Nothing is computed but
where the residuals are asked for: what makes them is part of the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.extend import core

from chainorder.autodiff.cutting import MAX_PIECES, dominators, narrowest
from chainorder.autodiff.work import entries
from chainorder.jax.unrolling import CALLS, opened


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation: an equation of JAX on numbered values."""

    eqn: Any
    operands: tuple[int, ...]
    results: tuple[int, ...]

    @property
    def name(self) -> str:
        """Of its primitive."""
        return str(self.eqn.primitive.name)

    @property
    def params(self) -> dict[str, Any]:
        """Of its primitive."""
        params: dict[str, Any] = self.eqn.params
        return params

    def bind(self, operands: Sequence[Any]) -> Sequence[Any]:
        """Its results."""
        primitive = self.eqn.primitive
        with self.eqn.ctx.manager:
            results = primitive.bind(*operands, **primitive.get_bind_params(self.eqn.params))
        return results if primitive.multiple_results else [results]


@dataclass(eq=False)
class JaxProgram:
    """The derivative of a function: linear equations on numbered values, and those that make their constants.

    Attributes
    ----------
    avals
        Shape and dtype of every value, by its number.
    constants
        The values at hand: literals, what the function closes over; after `evaluate` all that is constant.
    equations
        Those between input and output.
    known
        Those that make what these need and `extras` from the point.
    point, source, target
        The numbers of the point, the input (a direction) and the output.
    extras
        The numbers of what the function returns beside its derivative.
    joined
        Of values that several were made one by: how many those are.
    """

    avals: list[Any] = field(default_factory=list)
    constants: dict[int, Any] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)
    known: list[Equation] = field(default_factory=list)
    dependent: set[int] = field(default_factory=set)
    point: int = 0
    source: int = 0
    target: int = 0
    extras: list[int] = field(default_factory=list)
    joined: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, closed: Any) -> JaxProgram:
        """The program of a jaxpr of a point and a direction; its first result is linear in that."""
        program = cls()
        program.point, program.source = (program._new(var.aval) for var in closed.jaxpr.invars)
        given = [program.point, program.source]
        program.target, *program.extras = program._inline(closed.jaxpr, closed.consts, given)
        program._split([program.source], [program.target, *program.extras])
        return program

    @classmethod
    def linear(cls, closed: Any) -> tuple[JaxProgram, list[int], list[int]]:
        """The program of a jaxpr of directions alone, with the numbers of these and of its results."""
        program = cls()
        given = [program._new(var.aval) for var in closed.jaxpr.invars]
        made = program._inline(closed.jaxpr, closed.consts, given)
        program._split(given, made)
        return program, given, made

    def evaluate(self, point: Any) -> None:
        """Work out all constants at a point."""
        self.constants[self.point] = point
        self.settle()

    def settle(self) -> None:
        """Work out all constants that follow from those at hand."""
        values = self.constants
        for number, value in values.items():
            if isinstance(value, np.ndarray):
                values[number] = jnp.asarray(value)
        for equation in self.known:
            results = equation.bind([values[operand] for operand in equation.operands])
            values.update(zip(equation.results, results, strict=True))

    def shape(self, value: int) -> tuple[int, ...]:
        """The shape of a value."""
        return tuple(self.avals[value].shape)

    def size(self, value: int) -> int:
        """The entries of a value."""
        return entries(self.shape(value))

    @property
    def sizes(self) -> tuple[int, int]:
        """The entries of the output and of the input: the shape of the Jacobian."""
        return self.size(self.target), self.size(self.source)

    def constant(self, value: int) -> bool:
        """Whether a value does not depend on the input."""
        return value not in self.dependent

    @property
    def connected(self) -> bool:
        """Whether the output depends on the input."""
        return not self.constant(self.target)

    def cuts(self) -> list[int]:
        """The values through which everything flows, of real numbers only, both ends included.

        A value of complex numbers is no cut: complex maps are linear only over the reals once they are cut.
        """
        if self.source == self.target:
            return [self.source, self.target]
        passed = dominators(self.edges(self.equations), self.source, self.target)
        real = (value for value in passed[1:-1] if np.issubdtype(self.avals[value].dtype, np.floating))
        inner = [value for value in real if self.size(value)]
        return narrowest([self.source, *inner, self.target], MAX_PIECES, self.size)

    def edges(self, equations: Iterable[Equation]) -> list[tuple[int, int]]:
        """From values that depend on the input to those that are made of them."""
        return [
            (operand, result)
            for equation in equations
            for operand in equation.operands
            if not self.constant(operand)
            for result in equation.results
        ]

    def between(self, source: int, target: int) -> tuple[Equation, ...]:
        """The equations between two cuts: contiguous, as the one needs them and they need the other."""
        return tuple(self.equations[self._after[source] : self._after[target]])

    @cached_property
    def _after(self) -> dict[int, int]:
        """Where the equations begin that stand after the one that makes a value."""
        made = {result: place for place, eqn in enumerate(self.equations, 1) for result in eqn.results}
        return {self.source: 0, **made}

    def run(self, source: int, target: int, value: Any) -> Any:
        """One value at a value of another; all constants have been evaluated."""
        local = {source: value}
        for equation in self.between(source, target):
            results = equation.bind([self._read(local, operand) for operand in equation.operands])
            local.update(zip(equation.results, results, strict=True))
        return local[target]

    def _read(self, local: dict[int, Any], value: int) -> Any:
        return local[value] if value in local else self.constants[value]

    def _new(self, aval: Any) -> int:
        self.avals.append(aval)
        return len(self.avals) - 1

    def _known(self, aval: Any, value: Any) -> int:
        number = self._new(aval)
        self.constants[number] = value
        return number

    def copied(self, value: int) -> int:
        """The number of a value that is another one over again."""
        return self._new(self.avals[value])

    def replace(self, source: int, target: int, equations: Sequence[Equation]) -> None:
        """Put others in place of the equations between two cuts."""
        self.equations[self._after[source] : self._after[target]] = equations
        del self._after

    def added(self, closed: Any, operands: Sequence[int]) -> tuple[list[Equation], list[int]]:
        """The equations of a jaxpr of values that depend on the input, not in place yet; its results."""
        equations, self.equations = self.equations, []
        results = self._inline(closed.jaxpr, closed.consts, operands)
        self.equations, made = equations, self.equations
        self.dependent.update(result for equation in made for result in equation.results)
        return made, results

    def _inline(self, jaxpr: Any, consts: Sequence[Any], operands: Sequence[int]) -> list[int]:
        """Add the equations of a jaxpr, calls replaced by what they call; the numbers of its results."""
        numbers: dict[Any, int] = dict(zip(jaxpr.invars, operands, strict=True))
        numbers |= {
            var: self._known(var.aval, const) for var, const in zip(jaxpr.constvars, consts, strict=True)
        }

        def number_of(atom: Any) -> int:
            if isinstance(atom, core.Literal):
                return self._known(atom.aval, atom.val)
            return numbers[atom]

        for eqn in jaxpr.eqns:
            given = [number_of(atom) for atom in eqn.invars]
            if eqn.primitive.name in CALLS:
                results = self._inline(*opened(eqn), given)
            else:
                results = [self._new(var.aval) for var in eqn.outvars]
                self.equations.append(Equation(eqn, tuple(given), tuple(results)))
            numbers.update(zip(eqn.outvars, results, strict=True))
        return [number_of(atom) for atom in jaxpr.outvars]

    def _split(self, sources: Iterable[int], targets: Iterable[int]) -> None:
        """Keep what is needed, and tell what depends on the input from what does not."""
        needed, live = set(targets), list[Equation]()
        for equation in reversed(self.equations):
            if needed.intersection(equation.results):
                live.append(equation)
                needed.update(equation.operands)
        self.dependent = set(sources)
        self.equations = []
        for equation in reversed(live):
            if self.dependent.intersection(equation.operands):
                self.dependent.update(equation.results)
                self.equations.append(equation)
            else:
                self.known.append(equation)
