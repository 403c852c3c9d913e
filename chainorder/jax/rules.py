"""What is known of single equations: whether they keep entries in place, or move them.

An equation that is not named here counts as a dense map. That may misprice a plan, and never makes it wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainorder.autodiff.work import entries
from chainorder.jax.program import Equation, JaxProgram

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
