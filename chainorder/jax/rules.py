"""What is known of single equations: whether they keep entries in place, and what evaluating them takes.

An equation that is not named here counts as a dense map that does one fma for every entry that it takes or
makes. That may misprice a plan, and never makes it wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from jax.extend import core

from chainorder.autodiff.work import Work, entries
from chainorder.jax.program import Equation, JaxProgram

FUSED = 20
"""Operations of the body of a loop that are launched in the time of one outside, about."""

FREE = {"copy", "reshape", "squeeze"}
"""They cost nothing worth counting."""

ELEMENTWISE = {"mul", "div", "neg", "add", "add_any", "sub", "select_n", "convert_element_type"}
"""They make every entry from the entries in its place."""

MOVES = {
    "broadcast_in_dim",
    "concatenate",
    "copy",
    "dynamic_slice",
    "dynamic_update_slice",
    "gather",
    "pad",
    "reshape",
    "rev",
    "select_n",
    "slice",
    "split",
    "squeeze",
    "stack",
    "transpose",
    "unstack",
}
"""They move entries and compute nothing; those that repeat entries have adjoints that add them up."""

TANGENT_ONLY = {"while"}
"""They have no adjoint."""

ADJOINT_ONLY = {"custom_lin"}
"""Derivatives by a custom vjp: they have no tangent."""


def _in_order(axes: Sequence[int], shape: Sequence[int]) -> bool:
    """Whether the axes that are longer than 1 stay in their order."""
    kept = [axis for axis, size in zip(axes, shape, strict=True) if size != 1]
    return kept == sorted(kept)


VIEWS: dict[str, Callable[[dict[str, Any], Sequence[int]], bool]] = {
    "broadcast_in_dim": lambda params, shape: _in_order(params["broadcast_dimensions"], shape),
    "copy": lambda params, shape: True,
    "reshape": lambda params, shape: params["dimensions"] is None,
    "squeeze": lambda params, shape: True,
    "transpose": lambda params, shape: _in_order(
        params["permutation"], [shape[axis] for axis in params["permutation"]]
    ),
}
"""They keep all entries in their order where this holds of their parameters and of the shape that they take.

That is so for these alone, which tests hold against JAX for all values of their parameters.
"""


def is_view(program: JaxProgram, equation: Equation) -> bool:
    """Whether an equation only reshapes its operand."""
    if equation.name not in VIEWS or len(equation.operands) != 1:
        return False
    taken, made = (program.avals[value] for value in (*equation.operands, *equation.results))
    same = taken.dtype == made.dtype and entries(taken.shape) == entries(made.shape)
    return same and VIEWS[equation.name](equation.params, taken.shape)


def is_elementwise(program: JaxProgram, equation: Equation) -> bool:
    """Whether every entry of the result depends only on the entry in its place in each dependent operand."""
    if equation.name not in ELEMENTWISE or len(equation.results) != 1:
        return is_view(program, equation)
    made = program.shape(equation.results[0])
    dependent = [operand for operand in equation.operands if not program.constant(operand)]
    return all(entries(program.shape(operand)) == entries(made) for operand in dependent)


def contraction(program: JaxProgram, equation: Equation) -> tuple[int, int] | None:
    """Of a product with a constant matrix, the places of the dependent operand and of the matrix; else None.

    That is a dot product whose dependent operand is contracted completely, but for axes of size 1.
    """
    if equation.name != "dot_general":
        return None
    dependent = [place for place in (0, 1) if not program.constant(equation.operands[place])]
    contracted, batched = equation.params["dimension_numbers"]
    if len(dependent) != 1 or batched[0]:
        return None
    place = dependent[0]
    if len({program.avals[value].dtype for value in (*equation.operands, *equation.results)}) > 1:
        return None
    shape = program.shape(equation.operands[place])
    free = [size for axis, size in enumerate(shape) if axis not in contracted[place]]
    return (place, 1 - place) if entries(free) == 1 else None


def work(program: JaxProgram, equation: Equation, *, adjoint: bool) -> Work | None:
    """What evaluating an equation or its transpose once takes; None if that can't be."""
    if _inside(equation) & (TANGENT_ONLY if adjoint else ADJOINT_ONLY):
        return None
    constants = sum(program.size(operand) for operand in equation.operands if program.constant(operand))
    return equation_work(equation.eqn, constants, adjoint=adjoint)


def equation_work(eqn: Any, constants: int, *, adjoint: bool) -> Work:
    """The same of an equation of JAX, which may be inside of another."""
    taken = sum(entries(var.aval.shape) for var in eqn.invars) - constants
    made = sum(entries(var.aval.shape) for var in eqn.outvars)
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
    if name == "scan":
        return _loop(jaxpr_work(eqn.params["jaxpr"].jaxpr, adjoint=adjoint), int(eqn.params["length"]))
    if name == "custom_linear_solve":
        return jaxpr_work(eqn.params["jaxprs"].solve.jaxpr, adjoint=adjoint)
    nested = [jaxpr_work(jaxpr, adjoint=adjoint) for jaxpr in core.jaxprs_in_params(eqn.params)]
    if nested:
        return max(nested, key=lambda work: work.fma + work.moved)
    return Work(
        elements=made if name in ELEMENTWISE else max(taken, made),
        moved=moved,
        constants=constants,
        kernels=1,
    )


def _loop(body: Work, steps: int) -> Work:
    """The work of all steps; compiled together, they launch far less than that many kernels."""
    return replace(body * steps, kernels=-(-body.kernels * steps // FUSED))


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


def jaxpr_work(jaxpr: Any, *, adjoint: bool) -> Work:
    """The work of all equations of a jaxpr."""
    total = Work()
    for eqn in jaxpr.eqns:
        total += equation_work(eqn, 0, adjoint=adjoint)
    return total


def _inside(equation: Equation) -> set[str]:
    """The names of all primitives in an equation."""
    names, pending = {equation.name}, list(core.jaxprs_in_params(equation.params))
    while pending:
        for eqn in pending.pop().eqns:
            names.add(eqn.primitive.name)
            pending += core.jaxprs_in_params(eqn.params)
    return names
