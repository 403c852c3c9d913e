"""The `jsonschema` library, made to bear a million sizes and values that are enormous when written out."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cache
from typing import Any

from chainorder.errors import MAX_FAULTS
from chainorder.problems.schema import SCHEMA
from chainorder.problems.shapes import shape_of_elemental
from chainorder.structures.fragments import Schema


@cache
def validator(definition: str | None = None) -> Any:
    """A `jsonschema` validator of one of the definitions in `SCHEMA`, or of a whole file but for its chains.

    No float is an integer, not even 5.0, which a text is not read as. Of a list, no more errors
    are found than are looked for.
    """
    from jsonschema import Draft202012Validator, validators

    keywords: dict[str, Any] = {"type": _type, "minimum": _minimum, "maximum": _maximum}
    keywords["items"] = _items if definition else lambda *_: ()
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    extend: Any = validators.extend  # its annotations are incomplete
    whole = extend(Draft202012Validator, keywords, type_checker=types)(SCHEMA)
    return whole.evolve(schema={"$ref": f"#/$defs/{definition}"}) if definition else whole


def _error() -> Any:
    """An error without the library's message, which writes out the value however large it is."""
    from jsonschema import ValidationError

    return ValidationError("")


def _type(validator: Any, names: str | list[str], value: Any, _schema: Schema) -> Iterator[Any]:
    if not any(validator.is_type(value, name) for name in ([names] if isinstance(names, str) else names)):
        yield _error()


def _minimum(_validator: Any, minimum: int, value: Any, _schema: Schema) -> Iterator[Any]:
    if type(value) is int and value < minimum:
        yield _error()


def _maximum(_validator: Any, maximum: int, value: Any, _schema: Schema) -> Iterator[Any]:
    if type(value) is int and value > maximum:
        yield _error()


def _items(validator: Any, items: Schema, values: Any, _schema: Schema) -> Iterator[Any]:
    if not validator.is_type(values, "array"):
        return
    least, most = items.get("minimum", 0), items.get("maximum", -1)
    valid: set[Hashable] = set()
    faults = 0
    for place, value in enumerate(values):
        if type(value) is int and least <= value <= most:
            continue
        shape = shape_of_elemental(value)
        if shape in valid:
            continue
        errors = list(validator.descend(value, items, path=place))
        yield from errors
        faults += len(errors)
        if faults >= MAX_FAULTS:
            return
        if shape is not None and not errors:
            valid.add(shape)
