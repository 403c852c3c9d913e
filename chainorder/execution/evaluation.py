"""Functions that users give: they see copies only, and what they return is checked and copied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainorder.errors import ExecutionError
from chainorder.execution.operand import Array

Evaluate = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Checked:
    """A function that may do what it likes with its argument, and return the same array at every call.

    Attributes
    ----------
    function
        Of a vector, or of many side by side.
    length
        Of the vectors that it returns.
    name
        What it is and of what, for errors.
    """

    function: Callable[[Array], Any]
    length: int
    name: str

    def __call__(self, argument: Array) -> Array:
        """Real or complex floats of shape (length, …) for an argument of shape (any, …).

        Raises
        ------
        ExecutionError
            If the function raises an exception, or returns anything else.
        """
        try:
            returned = self.function(np.array(argument, order="C"))
        except Exception as error:
            raise ExecutionError(f"{self.name} raised {_said(error)}") from error
        values = self._numbers(returned)
        shape = (self.length, *argument.shape[1:])
        if values.shape != shape and _sides(values.shape) != _sides(shape):
            raise ExecutionError(
                f"{self.name} returned shape {values.shape} for directions that call for {shape}"
            )
        return values.reshape(shape)

    def by_columns(self, directions: Array) -> Array:
        """The same of many vectors side by side, one after the other."""
        return np.stack([self(column) for column in directions.T], axis=1)

    def _numbers(self, returned: Any) -> Array:
        """A copy, as floats; sparse ones written out."""
        try:
            values = np.array(returned.toarray() if hasattr(returned, "toarray") else returned)
        except Exception as error:
            raise self._no_numbers(returned) from error
        if values.dtype.kind not in "fciub" or isinstance(returned, np.ma.MaskedArray):
            raise self._no_numbers(returned)
        kind = values.dtype.newbyteorder("=") if values.dtype.kind in "fc" else np.float64
        return values.astype(kind, copy=False)

    def _no_numbers(self, returned: Any) -> ExecutionError:
        what = "None" if returned is None else f"a {type(returned).__name__}"
        held = f" of {returned.dtype}" if isinstance(returned, np.ndarray) else ""
        return ExecutionError(f"{self.name} returned {what}{held}; return an array of {self.length} numbers")


def _said(error: Exception) -> str:
    """What a user's exception says, in a line; only its kind, where that cannot be said."""
    kind = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 -- it is the user's code, too
        return kind
    return " ".join(f"{kind}: {text}".split()).removesuffix(":")


def _sides(shape: tuple[int, ...]) -> list[int]:
    """What tells shapes apart: a vector may stand or lie, and a vector of one be a number."""
    return [size for size in shape if size != 1]


def product(operator: Any, name: str, length: int, here: str) -> Evaluate:
    """The ``matmat`` or ``rmatmat`` of an operator."""
    if _loops(operator, name):
        return Checked(getattr(operator, f"{name.removesuffix('mat')}vec"), length, here).by_columns
    return Checked(getattr(operator, name), length, here)


def _loops(operator: Any, name: str) -> bool:
    """Whether SciPy makes the product vector by vector: it does not copy what a function returns for each."""
    from scipy.sparse.linalg import LinearOperator

    if not isinstance(operator, LinearOperator):
        return False
    parts = [part for part in getattr(operator, "args", ()) if isinstance(part, LinearOperator)]
    if parts:  # a sum, a product, a transpose
        return any(_loops(part, each) for part in parts for each in ("matmat", "rmatmat"))
    if getattr(operator, f"_CustomLinearOperator__{name}_impl", name) is None:
        return True
    kind = type(operator)
    inherited = getattr(kind, f"_{name}") is getattr(LinearOperator, f"_{name}")
    return inherited and (name == "matmat" or kind._adjoint is LinearOperator._adjoint)
