"""What the validity of a spec depends on: a file has few shapes of specs, and each is validated once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from chainorder.problems.schema import ELEMENTAL

_CHOICES = {key for key, schema in ELEMENTAL["properties"].items() if "enum" in schema}


def shape_of_elemental(value: Any) -> Hashable:
    """What the validity of an elemental depends on, if it is made of words and ordinary sizes; else None.

    A chain has few shapes, and validating one takes half a millisecond.
    """
    if not isinstance(value, dict):
        return None
    shape: list[Any] = []
    for key, entry in value.items():
        if type(entry) is int and 0 <= entry < 2**63:
            shape.append((key, entry > 0))
        elif type(entry) is str and entry.isprintable():
            shape.append((key, entry if key in _CHOICES else str))
        else:
            return None
    return frozenset(shape)


def shape_of_chain(data: Any) -> Hashable:
    """What the validity of a chain depends on, if it states only name, memory, and sizes or elementals.

    Everything else, and whatever is out of the ordinary in these, is None: the schema has to look at it.
    """
    if not isinstance(data, dict):
        return None
    shape: list[Any] = []
    for key, value in data.items():
        match key:
            case "name" if type(value) is str and value.isprintable():
                shape.append(key)
            case "memory" if type(value) is int and 0 <= value < 2**63:
                shape.append(key)
            case "dims" if _are_sizes(value):
                shape.append(key)
            case "elementals" if isinstance(value, list):
                shapes = frozenset(map(shape_of_elemental, value))
                if None in shapes:
                    return None
                shape.append((key, shapes))
            case _:
                return None
    return frozenset(shape)


def _are_sizes(values: Any) -> bool:
    """Whether a value is a list of two or more ordinary sizes."""
    if not isinstance(values, list) or len(values) < 2:
        return False
    return set(map(type, values)) == {int} and min(values) >= 1 and max(values) < 2**63
