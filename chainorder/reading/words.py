"""Values and places in words: short, and always on one line."""

from __future__ import annotations

from typing import Any, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead to a value."""

JACOBIANS = "jacobians"
"""The array of an .npz, or the comment of an .mtx, that says where what made a saved Jacobian came from."""

WIDTH = 60
"""Characters of a value that are worth showing."""


def show(value: Any) -> str:
    """A value as it would be written, shortened."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "a mapping"
        case str() if len(value) > WIDTH:
            return shorten(repr(value[:WIDTH]) + "'")
        case int() if abs(value) >= 10**WIDTH:
            return f"a number of more than {WIDTH} digits"
        case _:
            return shorten(repr(value))


def shorten(text: str) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def join(path: KeyPath) -> str:
    """A path in the form ``chains[2].elementals[0].lower``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{_key(str(step))}" for step in path)
    return "".join(steps).removeprefix(".")


def last_key(path: KeyPath) -> str:
    """The end of a path that says enough next to its value: ``dims[2]``."""
    start = max((place for place, step in enumerate(path) if isinstance(step, str)), default=0)
    return join(path[start:]) or "the chain"


def _key(key: str) -> str:
    return key if key.isidentifier() and len(key) <= WIDTH else shorten(repr(key))


def one_line(text: str) -> str:
    """The text with whatever would break the line, or move a terminal's cursor, written as an escape."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def count(number: int, noun: str) -> str:
    """``1 entry``, ``2 sizes``."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number} {noun if number == 1 else plural}"
