"""Fragments of JSON Schema of which the schema of a spec consists.

A `title` says what a value is and appears in error messages: "dims[2] is 'ten'; a size is a whole number of
at least 1".
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

MOST = 10**100
"""No size, cost or limit is larger; products of three still print, and have a ratio."""


def whole(title: str, description: str, minimum: int, **more: Any) -> Schema:
    """A whole number from a minimum on."""
    return {"title": title, "description": description, "type": "integer", "minimum": minimum, **more}


def listing(title: str, description: str, minimum: int, items: Schema) -> Schema:
    """A list of at least so many items."""
    return {"title": title, "description": description, "type": "array", "minItems": minimum, "items": items}


def text(title: str, description: str) -> Schema:
    """A string."""
    return {"title": title, "description": description, "type": "string"}


def choice(title: str, description: str, *values: Any) -> Schema:
    """One of some values."""
    return {"title": title, "description": description, "enum": list(values)}


def flag(title: str, description: str) -> Schema:
    """True or false."""
    return {"title": title, "description": description, "type": "boolean"}


def given(key: str, *values: str) -> Schema:
    """Where the key is there, and has one of the values if there are any."""
    there: Schema = {"type": "object", "required": [key]}
    return there | {"properties": {key: {"enum": list(values)}}} if values else there


def only(condition: Schema, why: str, *keys: str) -> Schema:
    """Refuse the keys unless the condition holds."""
    return {
        "if": {"not": condition},
        "then": {"properties": {key: {"not": {}, "title": why} for key in keys}},
    }


def needs(condition: Schema, what: str, *keys: str) -> Schema:
    """Ask for the keys where the condition holds, that is, of what."""
    return {"if": condition, "then": {"title": what, "required": list(keys)}}


def one_of(*keys: str) -> list[Schema]:
    """Just one of the keys."""
    return [{"required": [key]} for key in keys]


POSITION = whole("a position", "A place in a list, or a column.", 0, maximum=2**63 - 1)
