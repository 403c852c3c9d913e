"""Functions whose modules are imported when they are called: what nobody asks for costs no time."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def later(module: str, name: str = "solve") -> Callable[..., Any]:
    """The function of that name in a module of this package, which is imported with the first call."""

    def call(*arguments: Any, **options: Any) -> Any:
        return getattr(import_module(f"chainorder.{module}"), name)(*arguments, **options)

    return call
