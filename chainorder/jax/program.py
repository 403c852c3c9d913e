"""The program of a derivative: what `jax.linearize` leaves of a function, on numbered values.

JAX itself differentiates: custom rules, control flow and library functions are then seen as what their
derivatives are, linear equations whose constants are residuals. Calls are inlined and short loops
unrolled; long loops, conditionals and rematerialised parts stay one equation each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from chainorder.autodiff.cutting import MAX_PIECES, dominators, narrowest
from chainorder.autodiff.task import NotPlannedError
from chainorder.autodiff.work import entries
from chainorder.jax.unrolling import CALLS, opened, unrolled


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
    """The derivative of a function: linear equations on numbered values.

    Attributes
    ----------
    avals
        Shape and dtype of every value, by its number.
    constants
        The values that are known: residuals, literals, and what `evaluate_constants` makes of them.
    equations
        All of them at first; after `prune`, those between input and output.
    source, target
        The numbers of the input and the output.
    """

    avals: list[Any] = field(default_factory=list)
    constants: dict[int, Any] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)
    source: int = 0
    target: int = 0

    @classmethod
    def of(cls, linear: Callable[[Any], Any], aval: Any) -> JaxProgram:
        """The program of a linear function of one array."""
        closed = unrolled(jax.make_jaxpr(linear)(aval))
        if closed.effects:  # equations that are not needed for the result are dropped below
            raise NotPlannedError("its derivative has effects")
        program = cls()
        program.source = program._new(closed.jaxpr.invars[0].aval)
        (program.target,) = program._inline(closed.jaxpr, closed.consts, [program.source])
        program._split()
        return program

    def shape(self, value: int) -> tuple[int, ...]:
        """The shape of a value."""
        return tuple(self.avals[value].shape)

    def size(self, value: int) -> int:
        """The entries of a value."""
        return entries(self.shape(value))

    def constant(self, value: int) -> bool:
        """Whether a value does not depend on the input."""
        return value in self.constants

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
        edges = (
            (operand, result)
            for equation in self.equations
            for operand in equation.operands
            if not self.constant(operand)
            for result in equation.results
        )
        passed = dominators(edges, self.source, self.target)
        real = (value for value in passed[1:-1] if np.issubdtype(self.avals[value].dtype, np.floating))
        inner = [value for value in real if self.size(value)]
        return narrowest([self.source, *inner, self.target], MAX_PIECES, self.size)

    def between(self, source: int, target: int) -> tuple[Equation, ...]:
        """The equations between two cuts: contiguous, as the one needs them and they need the other."""
        return tuple(self.equations[self._after[source] : self._after[target]])

    @cached_property
    def _after(self) -> dict[int, int]:
        """Where the equations begin that stand after the one that makes a value."""
        made = {result: place for place, eqn in enumerate(self.equations, 1) for result in eqn.results}
        return {self.source: 0, **made}

    def run(self, source: int, target: int, value: Any, known: dict[int, Any] | None = None) -> Any:
        """One value at a value of another; with other constants where they are `known`."""
        local = {**(known or {}), source: value}
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

    def _inline(self, jaxpr: Any, consts: Sequence[Any], operands: Sequence[int]) -> list[int]:
        """Add the equations of a jaxpr, calls replaced by what they call; the numbers of its results."""
        numbers: dict[Any, int] = dict(zip(jaxpr.invars, operands, strict=True))
        numbers |= {
            var: self._known(var.aval, jnp.asarray(const) if isinstance(const, np.ndarray) else const)
            for var, const in zip(jaxpr.constvars, consts, strict=True)
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

    def _split(self) -> None:
        """Keep the equations between input and output, and evaluate what they need that is constant."""
        needed = {self.target}
        live = []
        for equation in reversed(self.equations):
            if needed.intersection(equation.results):
                live.append(equation)
                needed.update(equation.operands)
        dependent = {self.source}
        self.equations = []
        for equation in reversed(live):
            if dependent.intersection(equation.operands):
                dependent.update(equation.results)
                self.equations.append(equation)
            else:
                values = equation.bind([self.constants[operand] for operand in equation.operands])
                self.constants.update(zip(equation.results, values, strict=True))
