"""What may change between two calls of a function, as it was: read again, compared, and put back.

It is read in every call, which may take no more than some microseconds: readers are functions written in C
where that can be, and what they read stands in one row, so that it is compared at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from operator import attrgetter, call, is_, itemgetter
from types import FunctionType
from typing import Any

MISSING = object()
"""In place of a value that is not there."""

END = object()
"""Behind what may become longer or shorter."""

GONE = (AttributeError, LookupError, ValueError)
"""What reading raises where something is not there any more."""

CONTENTS = attrgetter("cell_contents")


@dataclass(frozen=True, eq=False)
class Held:
    """Values that are read from somewhere, and what they were at first.

    Attributes
    ----------
    read
        Reads them: as many in every call, or END behind them.
    write
        Puts them back.
    facts
        Whether they are compared as numbers are; otherwise another object is another value, were it equal.
    """

    read: Callable[[], tuple[Any, ...]]
    write: Callable[[], None] | None = None
    facts: bool = False
    was: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "was", self.read())

    def same(self) -> bool:
        """Whether nothing has changed."""
        try:
            now = self.read()
        except GONE:
            return False
        return now == self.was if self.facts else identical(now, self.was)

    def restore(self) -> None:
        """Put back what was, if it is known how."""
        if self.write is not None and not self.same():
            self.write()


def identical(now: Sequence[Any], was: Sequence[Any]) -> bool:
    """Whether two rows hold the same objects."""
    return len(now) == len(was) and all(map(is_, now, was))


@dataclass(frozen=True, eq=False)
class Row:
    """What several read, in a row.

    Attributes
    ----------
    reads
        Their readers.
    was
        What these read at first.
    """

    reads: tuple[Callable[[], tuple[Any, ...]], ...]
    was: tuple[Any, ...]

    @classmethod
    def of(cls, helds: Iterable[Held]) -> Row:
        """Those that are compared by identity."""
        chosen = [each for each in helds if not each.facts]
        return cls(
            tuple(each.read for each in chosen), tuple(chain.from_iterable(each.was for each in chosen))
        )

    def same(self) -> bool:
        """Whether nothing has changed."""
        try:
            return identical([*chain.from_iterable(map(call, self.reads))], self.was)
        except GONE:
            return False


def variables(table: MutableMapping[str, Any], names: Iterable[str]) -> Held:
    """Some variables of a module, there or not."""
    chosen = tuple(names)
    saved = {name: table[name] for name in chosen if name in table}

    def write() -> None:
        for name in chosen:
            table.pop(name, None)
        table.update(saved)

    if chosen and len(saved) == len(chosen):
        return Held(partial(itemgetter(*chosen, chosen[0]), table), write)  # two names at least: a tuple
    return Held(lambda: tuple(map(table.get, chosen, repeat(MISSING))), write)


def attributes(table: Mapping[Any, Any], names: Iterable[Any] | None = None) -> Held:
    """The names in the dictionary of an object or a class, and the values of some; of all if None."""
    chosen = tuple(table if names is None else (name for name in names if name in table))
    saved = dict(table)

    def write() -> None:
        if isinstance(table, MutableMapping):
            table.clear()
            table.update(saved)

    if not chosen:
        return Held(lambda: (*table, END), write)
    return Held(lambda: (*table, *map(table.get, chosen, repeat(MISSING)), END), write)


def items(container: Any) -> Held:
    """The items of a list, a set or a deque."""
    saved = tuple(container)

    def write() -> None:
        container.clear()
        (container.update if isinstance(container, set) else container.extend)(saved)

    return Held(lambda: (*container, END), write)


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
        return Held(lambda: (value.__mro__,), lambda: setattr(value, "__bases__", bases))
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

    code = partial(attrgetter("__code__", "__defaults__", "__kwdefaults__"), called)
    if not cells:
        return Held(code, write)
    read = contents if any(each is MISSING for each in saved) else CONTENTS
    return Held(lambda: (*code(), *map(read, cells)), write)


def contents(cell: Any) -> Any:
    """What a variable of an enclosing function holds."""
    try:
        return cell.cell_contents
    except ValueError:  # it is not assigned yet
        return MISSING
