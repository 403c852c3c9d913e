"""What evaluating an equation of a derivative takes, forward or transposed.

An equation that is not named here does one fma for every entry that it takes or makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from jax.extend import core

from chainorder.autodiff.work import Work, entries
from chainorder.jax.program import Equation, JaxProgram
from chainorder.jax.rules import ELEMENTWISE, MOVES

FUSED = 20
"""Operations of the body of a loop that are launched in the time of one outside, about."""

FREE = {"copy", "reshape", "squeeze"}
"""They cost nothing worth counting."""

TANGENT_ONLY = {"while"}
"""They have no adjoint."""

ADJOINT_ONLY = {"custom_lin"}
"""Derivatives by a custom vjp: they have no tangent."""


def work(program: JaxProgram, equation: Equation, *, adjoint: bool) -> Work | None:
    """What evaluating an equation or its transpose once takes; None if that can't be."""
    if _inside(equation) & (TANGENT_ONLY if adjoint else ADJOINT_ONLY):
        return None
    return equation_work(equation.eqn, [not program.constant(o) for o in equation.operands], adjoint=adjoint)


def equation_work(eqn: Any, dependent: Sequence[bool], *, adjoint: bool) -> Work:
    """The same of an equation of JAX, which may be inside of another, by what of it depends on the input."""
    sizes = [entries(var.aval.shape) for var in eqn.invars]
    taken = sum(size for size, depends in zip(sizes, dependent, strict=True) if depends)
    constants, made = sum(sizes) - taken, sum(entries(var.aval.shape) for var in eqn.outvars)
    name = eqn.primitive.name
    moved = taken if adjoint else made
    if name in PRODUCTS:
        return Work(PRODUCTS[name](eqn, made), 0, moved, constants, 1)
    if name in FREE:
        return Work()
    if name in MOVES:
        repeated = max(0, made - taken) if adjoint else 0
        return Work(elements=repeated, moved=moved, kernels=1, sums=made if repeated else 0)
    if name == "reduce_sum":
        added = 0 if adjoint else taken
        return Work(elements=added, moved=moved, kernels=1, sums=added)
    if name == "custom_linear_solve" or any(True for _ in core.jaxprs_in_params(eqn.params)):
        return _held_work(eqn, dependent, adjoint=adjoint)
    elements = made if name in ELEMENTWISE else max(taken, made)
    return Work(elements=elements, moved=moved, constants=constants, kernels=1)


def _held_work(eqn: Any, dependent: Sequence[bool], *, adjoint: bool) -> Work:
    """The work of what an equation holds: all steps of a loop, the longest branch."""
    if eqn.primitive.name == "scan":
        return _loop_work(eqn.params, dependent, adjoint=adjoint)
    if eqn.primitive.name == "custom_linear_solve":
        solve = eqn.params["jaxprs"].solve.jaxpr
        sides = len(eqn.outvars)
        flags = [place >= len(solve.invars) - sides for place in range(len(solve.invars))]
        return jaxpr_work(solve, flags, adjoint=adjoint)[0]
    works = []
    for held in core.jaxprs_in_params(eqn.params):
        given = list(dependent)[-len(held.invars) :] if held.invars else []
        known = len(given) == len(held.invars) and any(given)
        works.append(jaxpr_work(held, given if known else [True] * len(held.invars), adjoint=adjoint)[0])
    return max(works, key=lambda each: each.fma + each.moved)


def _loop_work(params: dict[str, Any], dependent: Sequence[bool], *, adjoint: bool) -> Work:
    """The work of all steps; compiled together, they launch far less than that many kernels."""
    first, steps = params["num_consts"], int(params["length"])
    flags, carried = list(dependent), slice(first, first + params["num_carry"])
    while True:
        body, made = jaxpr_work(params["jaxpr"].jaxpr, flags, adjoint=adjoint)
        reached = [was or now for was, now in zip(flags[carried], made, strict=False)]
        if reached == flags[carried]:
            return replace(body * steps, kernels=-(-body.kernels * steps // FUSED))
        flags[carried] = reached


def _dot_fma(eqn: Any, made: int) -> int:
    (contracted, _), _ = eqn.params["dimension_numbers"]
    return made * entries([eqn.invars[0].aval.shape[axis] for axis in contracted])


def _convolution_fma(eqn: Any, made: int) -> int:
    kernel, numbers = eqn.invars[1].aval.shape, eqn.params["dimension_numbers"]
    return made * entries(kernel) // int(kernel[numbers.rhs_spec[0]])


def _triangular_fma(eqn: Any, made: int) -> int:
    return made * int(eqn.invars[0].aval.shape[-1])


PRODUCTS: dict[str, Callable[[Any, int], int]] = {
    "dot_general": _dot_fma,
    "conv_general_dilated": _convolution_fma,
    "triangular_solve": _triangular_fma,
}
"""The fma of dense products by their equation and the entries that it makes; as many transposed."""


def jaxpr_work(jaxpr: Any, dependent: Sequence[bool], *, adjoint: bool) -> tuple[Work, list[bool]]:
    """The work of all equations of a jaxpr that depend on the input, and which of its results do."""
    reached = {var for var, depends in zip(jaxpr.invars, dependent, strict=True) if depends}
    total = Work()
    for eqn in jaxpr.eqns:
        flags = [not isinstance(atom, core.Literal) and atom in reached for atom in eqn.invars]
        if any(flags):
            reached.update(eqn.outvars)
            total += equation_work(eqn, flags, adjoint=adjoint)
    return total, [not isinstance(atom, core.Literal) and atom in reached for atom in jaxpr.outvars]


def _inside(equation: Equation) -> set[str]:
    """The names of all primitives in an equation."""
    names, pending = {equation.name}, list(core.jaxprs_in_params(equation.params))
    while pending:
        for eqn in pending.pop().eqns:
            names.add(eqn.primitive.name)
            pending += core.jaxprs_in_params(eqn.params)
    return names
