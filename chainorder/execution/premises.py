"""What checks start from: options, a program to compare with, what rounding explains, finite numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chainorder.errors import ExecutionError
from chainorder.execution.checks import Check
from chainorder.execution.conversions import type_of
from chainorder.execution.evaluation import Checked
from chainorder.execution.model import Model
from chainorder.execution.operand import Array, Operand
from chainorder.structures.number_types import as_floats

ROUNDINGS = 100
"""How many of them an error may be by default."""


def given_program(
    function: Callable[[Array], Any] | None, point: Any, inputs: int, outputs: int
) -> tuple[Checked | None, Array | None]:
    """A given function, and where it was differentiated; raises `ExecutionError` for half of that."""
    if (function is None) != (point is None):
        raise ExecutionError("function and point go together; give both or none")
    if function is None:
        return None, None
    at = np.asarray(point)
    if at.dtype.kind not in "fiub" or at.shape != (inputs,):
        raise ExecutionError(f"point is {at.dtype} of shape {at.shape}; give {inputs} real numbers")
    return Checked(function, outputs, "the function"), as_floats(at)


def rounding(operands: Iterable[Operand], models: Iterable[Model]) -> float:
    """The relative error that rounding explains in the coarsest type in which a Jacobian is known."""
    kinds = {type_of(operand) for operand in operands} - {np.dtype(bool)}
    distinct = {id(model.tangents or model.adjoints): model for model in models if model.given}
    for model in distinct.values():
        kinds |= {values.dtype for _, values in model.tried()}
    return max((ROUNDINGS * float(np.finfo(kind).eps) for kind in kinds), default=0.0)


def check_finite(
    results: Iterable[Operand],
    operands: Mapping[int, Operand],
    models: Mapping[int, Model],
    name: Callable[[int], str],
) -> None:
    """Say where an infinity or NaN in results comes from; far cheaper than to look for them beforehand.

    Raises
    ------
    ExecutionError
        If there is one.
    """
    if all(map(_finite, results)):
        return
    for number, operand in operands.items():
        if not _finite(operand):
            raise ExecutionError(f"the Jacobian of {name(number)} holds an infinity or NaN; mend it")
    for number, model in models.items():
        for mode, values in model.tried():
            if not np.isfinite(values).all():
                raise ExecutionError(f"the {mode} of {name(number)} returned an infinity or NaN; mend it")
    raise ExecutionError("the product holds an infinity or NaN: it overflowed; scale it")


def _finite(operand: Operand) -> bool:
    return bool(np.isfinite(_entries(operand)).all())


def nonzero(operand: Operand) -> bool:
    """Whether an entry is not zero."""
    return bool(np.any(_entries(operand)))


def told_zero(checks: Iterable[Check]) -> list[Check]:
    """Every comparison of zeros passes; the same checks, saying so instead of looking verified."""
    return [replace(check, name=f"{check.name} (all zero: underflow?)") for check in checks]


def _entries(operand: Operand) -> Array:
    matrix = operand.matrix()
    entries: Array = matrix if isinstance(matrix, np.ndarray) else matrix.data
    return entries
