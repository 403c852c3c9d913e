"""What is known of code and objects that are not looked into: which of them cannot change unseen."""

from __future__ import annotations

import builtins
import datetime
import decimal
import fractions
import pathlib
import re
from abc import ABC
from collections import namedtuple
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import BuiltinFunctionType, CodeType
from typing import Any

import numpy as np

from chainorder.autodiff.held import Held


def _words(text: str) -> set[str]:
    return set(text.split())


PACKAGES = _words("""
    abc bisect chainorder cmath collections contextlib copy dataclasses enum fractions functools heapq inspect
    itertools math numbers numpy operator statistics string types typing typing_extensions
""")
"""Packages whose functions look at nothing but their arguments and what they close over, but for READERS."""

READERS = _words("""
    from_dlpack from_file frombuffer fromfile fromregex genfromtxt get_rng_state initial_seed load loadtxt
    memmap open seed set_rng_state suppress
""")
"""What of such packages looks at the world, or hides what capturing raises."""

WORLDLY = ("numpy.random", "torch.distributed", "torch.hub", "torch.utils.data")
"""Parts of such packages whose functions do."""

BUILTINS = _words("""
    abs all any bool bytes callable chr classmethod complex dict divmod enumerate filter float format
    frozenset hash int isinstance issubclass iter len list map max min next object ord pow property range repr
    reversed round set slice sorted staticmethod str sum super tuple type zip Ellipsis NotImplemented
    __debug__ __name__
""")
"""Builtins that look at nothing but their arguments; exceptions do not either."""

DYNAMIC = {"delattr", "dir", "getattr", "hasattr", "setattr", "vars"}
"""Builtins that reach attributes by computed names."""

_Named = namedtuple("_Named", "item")

VALUES = (
    *(type(None), bool, int, float, complex, str, bytes, range, slice, type(...), type(NotImplemented)),
    *(datetime.date, datetime.timedelta, decimal.Decimal, fractions.Fraction, pathlib.PurePath, re.Pattern),
    *(
        CodeType,
        np.generic,
        np.dtype,
        np.ufunc,
        type(np.dot),
        type(_Named.item),
        type(vars(ABC)["_abc_impl"]),
    ),
)
"""Types of values that never change."""

ARRAY_BYTES = 2**20
"""Up to this size arrays of NumPy are compared with what they were, in every call."""


@dataclass(frozen=True)
class Knowledge:
    """What is known of the objects of a framework.

    Attributes
    ----------
    package
        Its packages, whose code reads only what it is given and what is looked at by `hold` and `roots`.
    hold
        What is to be watched of an object: None if it cannot change; other objects, if it depends on nothing
        else; NotImplemented if it is none of the framework's. Raises `NotPlannedError` if it can change
        unseen.
    roots
        What its code depends on whatever it does.
    attributes
        What the methods of its classes read of their instances, where that is not everything.
    structure
        What objects that are called have in common with others that a capture is as long worth it for.
    """

    packages: set[str]
    hold: Callable[[Any], Held | tuple[Any, ...] | None]
    roots: Callable[[], Sequence[Any]] = tuple
    attributes: Mapping[type, frozenset[str]] = field(default_factory=dict)
    structure: Callable[[Any], Hashable] = lambda called: None

    def trusts(self, module: object) -> bool:
        """Whether the functions of a module look at nothing but their arguments."""
        if not isinstance(module, str) or module.startswith(WORLDLY):
            return False
        return module.partition(".")[0] in PACKAGES | self.packages


def builtin(name: str) -> bool:
    """Whether a builtin of this name looks at nothing but its arguments."""
    value = getattr(builtins, name, None)
    error = isinstance(value, type) and issubclass(value, BaseException)
    return name in BUILTINS | DYNAMIC or error


def array_facts(value: Any) -> Held | None:
    """An array of NumPy by its entries; None if it is too large, or of a type that may hide something."""
    if type(value) is not np.ndarray or value.dtype.hasobject or value.nbytes > ARRAY_BYTES:
        return None
    saved = value.copy()
    return Held(
        lambda: (value.shape, value.dtype, value.tobytes()), lambda: np.copyto(value, saved), facts=True
    )


def of_module(value: BuiltinFunctionType) -> str | None:
    """The module of a function that is written in C; None if it is a method of something else."""
    owner = getattr(value, "__self__", None)
    if owner is None:
        return value.__module__
    return owner.__name__ if isinstance(owner, type(builtins)) else None
