"""Plain values to a chain or a graph: the schema, then the arguments of its kind, then the problem itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from chainorder.errors import GraphError, SpecError
from chainorder.problems.chain_from_spec import chain_arguments
from chainorder.problems.graph_from_spec import graph_arguments
from chainorder.problems.messages import Fault, in_order, noting, validate
from chainorder.reading.document import MAX_DEPTH, shallow
from chainorder.reading.numerals import TooLongError, memory_entries
from chainorder.reading.words import KeyPath, join, one_line, show
from chainorder.structures.fragments import MOST

Made = TypeVar("Made")

ARGUMENTS: dict[str, Callable[[dict[str, Any], Path, list[Fault]], dict[str, Any] | None]] = {
    "chain": chain_arguments,
    "graph": graph_arguments,
}
"""How the elementals of each kind of problem are read."""


def declared(data: object) -> str:
    """Whether data are the spec of a ``graph`` or, as whatever is none, of a ``chain``."""
    if not isinstance(data, dict) or isinstance(data.get("elementals"), list):
        return "chain"
    return "graph" if "vertices" in data or data.get("parameters") else "chain"


def problem_of(
    kind: str,
    make: Callable[..., Made],
    data: object,
    folder: Path,
    file: str | Path | None,
    place: Callable[[KeyPath], tuple[int, int] | None],
) -> Made:
    """See `Problem.from_spec`."""
    if not shallow(data):
        raise SpecError(f"nested in more than {MAX_DEPTH} levels", file)
    found = checked(kind, make, data, folder)
    if isinstance(found, list):
        places = (place(fault.path) or (None, None) for fault in found)
        errors = [
            SpecError(one_line(fault.message), file, line, column, join(fault.path))
            for fault, (line, column) in zip(found, places, strict=True)
        ]
        raise SpecError.of(errors)
    return found


def checked(kind: str, make: Callable[..., Made], data: Any, folder: Path) -> Made | list[Fault]:
    """See `Problem.checked`."""
    faults, complete = validate(data, "chain")
    made = _made(kind, make, data, folder, faults) if complete and isinstance(data, dict) else None
    return in_order(data, faults) if made is None else made


def _made(
    kind: str, make: Callable[..., Made], data: dict[str, Any], folder: Path, faults: list[Fault]
) -> Made | None:
    """What data declare that the schema has looked at; None if there are faults, old ones or new ones."""
    if declared(data) != kind:
        faults.append(Fault(f"it is the spec of a {declared(data)}, not of a {kind}"))
        return None
    settings: dict[str, Any] = {key: data[key] for key in ("name", "machines") if key in data}
    if all(fault.path != ("memory",) for fault in faults):
        with noting(faults):
            settings["memory"] = memory_of(data)
    arguments = ARGUMENTS[kind](data, folder, faults)
    if arguments is None or faults:
        return None
    try:
        return make(**arguments, **settings)
    except GraphError as error:
        faults += [Fault(str(each), each.path) for each in (error, *error.others)]
        return None


def memory_of(data: dict[str, Any]) -> int | None:
    """The limit for tapes that valid data state, in entries."""
    stated: int | str | None = data.get("memory")
    if not isinstance(stated, str):
        return stated
    try:
        entries = memory_entries(stated)
    except TooLongError as error:
        raise Fault(str(error), ("memory",)) from None
    if entries is None or entries > MOST:
        message = (
            f"memory is {show(stated)}; a limit is a whole number of entries or bytes, at most {MOST:.0e}"
        )
        raise Fault(message, ("memory",))
    return entries
