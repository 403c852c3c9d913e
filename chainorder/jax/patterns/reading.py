"""Reading a program: each equation by the rule of its primitive, those inside of others too."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.extend import core

from chainorder.autodiff.footprints import CALL, LABEL, Footprints, Labels
from chainorder.jax.patterns import indexing, loops, moves, pointwise, solves, sums
from chainorder.jax.patterns.constants import LARGEST, folded
from chainorder.jax.patterns.facts import Fact, Rule, everything, shape_of
from chainorder.jax.program import JaxProgram


def step(sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> list[Fact]:
    """What is known of the results of an equation."""
    if all(each.labels is None for each in operands):
        return constant_step(eqn, operands)
    shapes = [shape_of(var) for var in eqn.outvars]
    sets.spend(CALL + sum(int(np.prod(shape)) for shape in shapes) // LABEL)
    made = RULES.get(eqn.primitive.name, everything)(sets, eqn, operands)
    return [Fact(shape, labels) for shape, labels in zip(shapes, made, strict=True)]


def constant_step(eqn: Any, operands: Sequence[Fact]) -> list[Fact]:
    """The same where nothing depends on the input."""
    known = len(eqn.outvars) == 1 and all(each.known is not None for each in operands)
    return [Fact(shape_of(var), None, folded(eqn, operands) if known else None) for var in eqn.outvars]


def read(sets: Footprints, jaxpr: Any, consts: Sequence[Any], operands: Sequence[Fact]) -> list[Fact]:
    """What is known of the results of a jaxpr."""
    facts: dict[Any, Fact] = dict(zip(jaxpr.invars, operands, strict=True))
    facts |= {var: fact_of(var.aval, const) for var, const in zip(jaxpr.constvars, consts, strict=True)}

    def of(atom: Any) -> Fact:
        return fact_of(atom.aval, atom.val) if isinstance(atom, core.Literal) else facts[atom]

    for eqn in jaxpr.eqns:
        made = step(sets, eqn, [of(atom) for atom in eqn.invars])
        facts.update(zip(eqn.outvars, made, strict=True))
    return [of(atom) for atom in jaxpr.outvars]


def fact_of(aval: Any, value: Any) -> Fact:
    """What is known of a constant: its entries, if they are numbers at hand and not too many."""
    shape = tuple(aval.shape)
    if isinstance(value, jax.core.Tracer) or not isinstance(aval.dtype, np.dtype):
        return Fact(shape)
    if int(np.prod(shape)) > LARGEST or not getattr(value, "is_fully_addressable", True):
        return Fact(shape)
    return Fact(shape, None, np.asarray(value))


def footprint(program: JaxProgram, source: int, target: int, budget: int) -> tuple[Footprints, Labels]:
    """What a value of a program depends on of another one.

    Parameters
    ----------
    program
        The derivative of a function.
    source, target
        Two cuts of it.
    budget
        Members of sets that may be looked at.

    Raises
    ------
    BudgetError
        If these do not suffice.
    """
    sets = Footprints(program.size(source), budget)
    facts = constants(program)
    facts[source] = Fact(program.shape(source), sets.inputs(program.shape(source)))
    for equation in program.between(source, target):
        made = step(sets, equation.eqn, [facts[operand] for operand in equation.operands])
        facts.update(zip(equation.results, made, strict=True))
    return sets, facts[target].footprint.reshape(-1)


def constants(program: JaxProgram) -> dict[int, Fact]:
    """What is known of the values of a program that do not depend on its input."""
    facts = {number: fact_of(program.avals[number], value) for number, value in program.constants.items()}
    facts[program.point] = Fact(program.shape(program.point))
    for equation in program.known:
        operands = [facts[operand] for operand in equation.operands]
        facts.update(zip(equation.results, constant_step(equation.eqn, operands), strict=True))
    return facts


RULES: dict[str, Rule] = {
    **moves.RULES,
    **pointwise.RULES,
    **sums.RULES,
    **indexing.RULES,
    **solves.RULES,
    **{name: partial(rule, read) for name, rule in loops.RULES.items()},
}
"""By the name of the primitive."""
