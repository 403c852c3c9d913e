"""What the schema finds wrong, in one line that says what would be right."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from chainorder.errors import MAX_FAULTS
from chainorder.problems.shapes import shape_of_chain
from chainorder.problems.validator import validator
from chainorder.reading.wording import nearest
from chainorder.reading.words import KeyPath, count, last_key, show
from chainorder.structures.fragments import Schema

MAX_SHAPES = 10_000
"""Shapes of valid chains that are remembered."""

_VALID: set[Hashable] = set()
"""Those that were seen: of ten thousand chains in a file all are of one shape, or of a few."""


class Fault(Exception):  # noqa: N818 - on its way to becoming a SpecError
    """What is wrong with the value at a path (with its key, if `of_key`), seen from the path `about`."""

    def __init__(
        self, message: str, path: KeyPath = (), *, of_key: bool = False, about: KeyPath | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.path, self.of_key = message, path, of_key
        self.about = path if about is None else about

    def under(self, prefix: KeyPath) -> Fault:
        """The same fault, in a larger document."""
        about = (*prefix, *self.about)
        return Fault(self.message, (*prefix, *self.path), of_key=self.of_key, about=about)

    @property
    def place(self) -> tuple[KeyPath, str]:
        """What sets it apart from others: one key is too much for one reason only."""
        return self.path, "" if self.of_key else self.message


@contextmanager
def noting(faults: list[Fault]) -> Iterator[None]:
    """Note a fault and go on after the block."""
    try:
        yield
    except Fault as fault:
        faults.append(fault)


def validate(data: Any, definition: str | None = None) -> tuple[list[Fault], bool]:
    """What is wrong with data by a definition of the schema, or as a file, but for the items of its chains.

    Returns
    -------
    faults, complete
        Without what only follows from another fault, and whether all of the data were looked at.
    """
    shape = shape_of_chain(data) if definition == "chain" else None
    if shape is not None and shape in _VALID:
        return [], True
    errors = list(validator(definition).iter_errors(data))
    if shape is not None and not errors and len(_VALID) < MAX_SHAPES:
        _VALID.add(shape)
    unclear = {_mapping(error) for error in errors if _renames(error)}
    kept = [error for error in errors if not _follows(error, unclear)]
    faults: dict[tuple[KeyPath, str], Fault] = {}
    for fault in (fault for error in kept for fault in explain(error)):
        faults.setdefault(fault.place, fault)
    return list(faults.values()), len(errors) < MAX_FAULTS


def _mapping(error: Any) -> KeyPath:
    """The path of the mapping that an error is about."""
    path: KeyPath = tuple(error.absolute_path)
    return path[:-1] if error.validator in ("enum", "not") else path


def _renames(error: Any) -> bool:
    """Whether it may be another key, or a structure, that was meant."""
    named = error.validator == "enum" and error.absolute_path[-1] in ("structure", "axis")
    return named or error.validator == "additionalProperties"


def _follows(error: Any, unclear: set[KeyPath]) -> bool:
    """Whether an error about several keys of a mapping need not be one once their names are right."""
    match error.validator:
        case "required" | "not":
            return _mapping(error) in unclear
        case "oneOf":
            present = isinstance(error.instance, dict) and set(_alternatives(error)) & set(error.instance)
            return not present and (_mapping(error) in unclear or not isinstance(error.instance, dict))
        case _:
            return False


def _missing(error: Any) -> list[str]:
    return [key for key in error.validator_value if key not in error.instance]


def _alternatives(error: Any) -> list[str]:
    return [alternative["required"][0] for alternative in error.validator_value]


def in_order(data: Any, faults: Iterable[Fault]) -> list[Fault]:
    """Faults in the order of the document; those of a mapping as a whole before those of its values."""
    return sorted(faults, key=lambda fault: (_order(data, fault.about), _order(data, fault.path)))


def _order(data: Any, path: KeyPath) -> list[int]:
    order = []
    for step in path:
        if isinstance(data, dict) and step in data:
            order.append(list(data).index(step))
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            order.append(step)
        else:
            break
        data = data[step]
    return order


def explain(error: Any) -> list[Fault]:
    """The faults behind an error of the `jsonschema` library."""
    path: KeyPath = tuple(error.absolute_path)
    value, schema, label = error.instance, error.schema, _label(path)
    match error.validator:
        case "additionalProperties":
            known = schema["properties"]
            unknown = islice((key for key in value if key not in known), MAX_FAULTS)
            return [
                Fault(
                    f"unknown key {show(key)}; {nearest(key, known)}", (*path, key), of_key=True, about=path
                )
                for key in unknown
            ]
        case "required":
            missing = _missing(error)
            verb = "are" if len(missing) > 1 else "is"
            whole = f"{schema['title']} has {' and '.join(schema['required'])}"
            return [Fault(f"{' and '.join(missing)} {verb} missing; {whole}", path)]
        case "oneOf":
            return _one_of(value, _alternatives(error), path)
        case "not":
            return [Fault(f"{label} is here but {schema['title']}; remove it", path, of_key=True)]
        case "pattern" if "vertex" in schema["title"]:
            remedy = f"{schema['title']} has no line breaks or controls"
            return [Fault(f"{show(value)} is no vertex; {remedy}", path)]
        case "type" if not path and isinstance(value, list):
            return [Fault(f"{label} is {show(value)}; write several chains as {{chains: […]}}", path)]
        case _:
            return [Fault(f"{label} {_unlike(error)}", path)]


def _unlike(error: Any) -> str:
    """What a value is, and what it should be."""
    value, schema = error.instance, error.schema
    match error.validator:
        case "minItems":
            return f"has {count(len(value), 'entry')}; {_least(schema)}"
        case "enum":
            known = [name for name in error.validator_value if name is not None]
            return f"is {show(value)}; {nearest(value, known)}"
        case "maximum":
            return f"is {show(value)}; {schema['title']} is at most {schema['maximum']:.4g}"
        case "pattern" if schema["type"] == "string":
            return f"is {show(value)}; {schema['title']} has no line breaks or controls"
        case _:
            return f"is {show(value)}; {_expected(schema)}"


def _label(path: KeyPath) -> str:
    """What a message calls the value: its key; of a vertex, its size."""
    if path[-2:-1] == ("vertices",):
        return f"the size of {path[-1]}"
    return last_key(path)


def _one_of(value: dict[str, Any], keys: list[str], path: KeyPath) -> list[Fault]:
    present = [key for key in value if key in keys]
    if not present:
        return [Fault(f"there is no {', '.join(keys[:-1])} or {keys[-1]}; state one of them", path)]
    return [
        Fault(f"{present[0]} and {key} are both there; keep one", (*path, key), of_key=True, about=path)
        for key in present[1:]
    ]


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
        case "boolean":
            return "it is true or false"
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
