"""What the schema finds wrong, in one line that says what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chainorder.spec.schema import Schema
from chainorder.spec.validator import validator
from chainorder.spec.words import Path, count, last_key, show
from chainorder.wording import nearest


class Fault(Exception):  # noqa: N818 - on its way to becoming a SpecError
    """What is wrong with the value at a path (with its key, if `of_key`)."""

    def __init__(self, message: str, path: Path = (), *, of_key: bool = False) -> None:
        super().__init__(message)
        self.message, self.path, self.of_key = message, path, of_key


def validate(data: Any, definition: str | None = None) -> None:
    """Check data against a definition of the schema, or as a file, but for the items of its chains.

    Raises
    ------
    Fault
        The first, in the order of the document.
    """
    errors = validator(definition).iter_errors(data)
    first = min(errors, key=lambda error: _order(data, error.absolute_path), default=None)
    if first is not None:
        raise explain(first)


def _order(data: Any, path: Iterable[str | int]) -> list[int]:
    order = []
    for step in path:
        order.append(step if isinstance(step, int) else list(data).index(step))
        data = data[step]
    return order


def explain(error: Any) -> Fault:
    """The fault behind an error of the `jsonschema` library."""
    path: Path = tuple(error.absolute_path)
    value, schema, label = error.instance, error.schema, _label(path)
    match error.validator:
        case "additionalProperties":
            key = next(key for key in value if key not in schema["properties"])
            hint = nearest(key, schema["properties"])
            return Fault(f"unknown key {show(key)}; {hint}", (*path, key), of_key=True)
        case "required":
            key = next(key for key in error.validator_value if key not in value)
            return Fault(f"{key} is missing; {schema['title']} has {' and '.join(schema['required'])}", path)
        case "oneOf":
            return _one_of(value, [alternative["required"][0] for alternative in error.validator_value], path)
        case "not":
            return Fault(f"{label} is here but {schema['title']}; remove it", path, of_key=True)
        case "minItems":
            return Fault(f"{label} has {count(len(value), 'entry')}; {_least(schema)}", path)
        case "enum":
            known = [name for name in error.validator_value if name is not None]
            return Fault(f"{label} is {show(value)}; {nearest(value, known)}", path)
        case "maximum":
            most = f"{schema['title']} is at most {schema['maximum']:.4g}"
            return Fault(f"{label} is {show(value)}; {most}", path)
        case "pattern" if "vertex" in schema["title"]:
            return Fault(
                f"{show(value)} is no vertex; {schema['title']} has no line breaks or controls", path
            )
        case "pattern" if schema["type"] == "string":
            return Fault(f"{label} is {show(value)}; {schema['title']} has no line breaks or controls", path)
        case _:
            return Fault(f"{label} is {show(value)}; {_expected(schema)}", path)


def _label(path: Path) -> str:
    """What a message calls the value: its key; of a vertex, its size."""
    if path[-2:-1] == ("vertices",):
        return f"the size of {path[-1]}"
    return last_key(path)


def _one_of(value: dict[str, Any], keys: list[str], path: Path) -> Fault:
    present = [key for key in value if key in keys]
    if not present:
        return Fault(f"there is no {', '.join(keys[:-1])} or {keys[-1]}; state one of them", path)
    return Fault(f"{present[0]} and {present[1]} are both there; keep one", (*path, present[1]), of_key=True)


def _expected(schema: Schema) -> str:
    """``a size is a whole number of at least 1``."""
    title = schema["title"]
    match schema["type"]:
        case "integer":
            return f"{title} is a whole number of at least {schema['minimum']}"
        case ["integer", "string"]:
            return (
                f"{title} is a whole number of at least {schema['minimum']}, or with a unit, as 100k or 2GiB"
            )
        case "array":
            return f"it is a list; {_least(schema)}"
        case "string":
            return f"{title} is a string (in quotes if need be)"
        case _:
            if "properties" not in schema:
                return f"it is {title} of names to values, as {{x: 64, y: 10}}"
            return f"{title} is a mapping of some of {', '.join(schema['properties'])}"


def _least(schema: Schema) -> str:
    """``a chain has at least 2 sizes``."""
    noun = schema["items"]["title"].partition(" ")[2]
    return f"{schema['title']} has at least {count(schema['minItems'], noun)}"
