"""What may change between two calls of a function, as it was: read again, compared, and put back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import is_
from types import FunctionType
from typing import Any

MISSING = object()
"""In place of a value that is not there."""


@dataclass(frozen=True, eq=False)
class Held:
    """Values that are read from somewhere, and what they were at first.

    Attributes
    ----------
    read
        Reads them.
    write
        Puts them back.
    facts
        Whether they are compared as numbers are; otherwise another object is another value, were it equal.
    """

    read: Callable[[], Sequence[Any]]
    write: Callable[[], None] | None = None
    facts: bool = False
    was: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "was", tuple(self.read()))

    def same(self) -> bool:
        """Whether nothing has changed."""
        now = self.read()
        if self.facts:
            return tuple(now) == self.was
        return len(now) == len(self.was) and all(map(is_, now, self.was))

    def restore(self) -> None:
        """Put back what was, if it is known how."""
        if self.write is not None and not self.same():
            self.write()


def variables(table: MutableMapping[str, Any], names: Iterable[str]) -> Held:
    """Some variables of a module, there or not."""
    chosen = tuple(names)
    saved = {name: table[name] for name in chosen if name in table}

    def write() -> None:
        for name in chosen:
            table.pop(name, None)
        table.update(saved)

    return Held(lambda: tuple(map(table.get, chosen, repeat(MISSING))), write)


def attributes(table: Mapping[Any, Any], names: Iterable[Any] | None = None) -> Held:
    """The names in the dictionary of an object or a class, and the values of some; of all if None."""
    chosen = tuple(table if names is None else (name for name in names if name in table))
    saved = dict(table)

    def write() -> None:
        if isinstance(table, MutableMapping):
            table.clear()
            table.update(saved)

    return Held(lambda: (*table, *map(table.get, chosen, repeat(MISSING))), write)


def items(container: Any) -> Held:
    """The items of a list, a set or a deque."""
    saved = tuple(container)

    def write() -> None:
        container.clear()
        (container.update if isinstance(container, set) else container.extend)(saved)

    return Held(lambda: tuple(container), write)


def slots(owner: Any, names: Iterable[str]) -> Held:
    """The attributes of an object without a dictionary."""
    chosen = tuple(names)
    saved = {name: getattr(owner, name) for name in chosen if hasattr(owner, name)}

    def write() -> None:
        for name, value in saved.items():
            setattr(owner, name, value)

    return Held(lambda: tuple(getattr(owner, name, MISSING) for name in chosen), write)


def classes(value: Any) -> Held:
    """The class of an object, or those that a class extends, which may be assigned, too."""
    if isinstance(value, type):
        bases = value.__bases__
        return Held(lambda: value.__mro__, lambda: setattr(value, "__bases__", bases))
    kind = type(value)
    return Held(lambda: (type(value),), lambda: setattr(value, "__class__", kind))


def function(called: FunctionType) -> Held:
    """The code and defaults of a function, and the variables that it closes over."""
    cells = called.__closure__ or ()
    saved = [contents(cell) for cell in cells]

    def write() -> None:
        for cell, value in zip(cells, saved, strict=True):
            if contents(cell) is not value:
                cell.cell_contents = value

    return Held(
        lambda: (called.__code__, called.__defaults__, called.__kwdefaults__, *map(contents, cells)), write
    )


def contents(cell: Any) -> Any:
    """What a variable of an enclosing function holds."""
    try:
        return cell.cell_contents
    except ValueError:  # it is not assigned yet
        return MISSING
