"""Inner loops: compiled where Numba is installed, plain Python with the same answers elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

SAFE = 2**62
"""What sums in a compiled loop stay below: an int64 holds twice that."""


def compiled(
    name: str, scope: dict[str, Any], functions: Sequence[Callable[..., Any]]
) -> dict[str, Any] | None:
    """Functions of a module compiled by Numba, kept on disk between runs; they call each other compiled.

    Compiling takes seconds: where there is no folder to keep the result in, plain functions are done sooner.

    Parameters
    ----------
    name, scope
        Of the module: its ``__name__`` and ``globals()``.
    functions
        Those that are called stand before those that call them.

    Returns
    -------
    dict
        The compiled functions by their names; the module's own stay plain. None without Numba, and where it
        finds no folder to keep them in.
    """
    try:
        import numba
    except ImportError:
        return None
    scope = dict(scope)
    for function in functions:
        own = FunctionType(function.__code__, scope, function.__name__)
        own.__qualname__, own.__module__ = function.__qualname__, name
        try:
            scope[function.__name__] = numba.njit(cache=True, nogil=True)(own)
        except RuntimeError:  # neither the package's folder nor the user's can be written to
            return None
    return {function.__name__: scope[function.__name__] for function in functions}


def loaded() -> bool:
    """Whether Numba is loaded already: that takes a quarter of a second, longer than many a loop."""
    return "numba" in sys.modules


class Columns:
    """Flat columns of integers, as the loops take them.

    Parameters
    ----------
    fast
        Whether they are int64 arrays for compiled loops, else lists of exact ints.
    """

    def __init__(self, fast: bool) -> None:
        self.fast = fast

    def of(self, values: Iterable[int]) -> Any:
        """A column of these numbers."""
        return np.array(list(values), np.int64) if self.fast else list(values)

    def zeros(self, count: int) -> Any:
        """Room for so many."""
        return np.zeros(count, np.int64) if self.fast else [0] * count

    def reals(self, values: Iterable[float]) -> Any:
        """A column of floating-point numbers."""
        return np.array(list(values)) if self.fast else list(values)
