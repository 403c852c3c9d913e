"""Inner loops that run compiled where Numba is installed, and as plain Python with the same answers elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

SAFE = 2**62
"""What sums in a compiled loop stay below: an int64 holds twice that."""


def compiled(name: str, scope: dict[str, Any], functions: Sequence[Callable[..., Any]]) -> dict[str, Any]:
    """Functions of a module compiled by Numba, kept on disk between runs; they call each other compiled.

    Parameters
    ----------
    name, scope
        Of the module: its ``__name__`` and ``globals()``.
    functions
        Those that are called stand before those that call them.

    Returns
    -------
    dict
        The compiled functions by their names. The module's own stay plain.

    Raises
    ------
    ImportError
        Without Numba.
    """
    import numba

    scope = dict(scope)
    for function in functions:
        own = FunctionType(function.__code__, scope, function.__name__)
        own.__qualname__, own.__module__ = function.__qualname__, name
        scope[function.__name__] = numba.njit(cache=True, nogil=True)(own)
    return {function.__name__: scope[function.__name__] for function in functions}
