"""What long work is at, told to whoever watches; by default nobody does, and that costs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, TypeVar

Value = TypeVar("Value")


class Watcher(Protocol):
    """Who is told of phases; they lie inside one another."""

    def begin(self, what: str, total: int | None) -> None:
        """A phase begins, of so many steps if that is known."""

    def advance(self) -> None:
        """The innermost phase is a step further."""

    def say(self, text: str) -> None:
        """Something is to be said of the innermost phase; perhaps from another thread."""

    def end(self) -> None:
        """The innermost phase ends."""


_WATCHERS: ContextVar[tuple[Watcher, ...]] = ContextVar("watchers", default=())


@contextmanager
def watched(*watchers: Watcher) -> Iterator[None]:
    """Tell some more of all phases that begin inside."""
    token = _WATCHERS.set((*_WATCHERS.get(), *watchers))
    try:
        yield
    finally:
        _WATCHERS.reset(token)


@dataclass(frozen=True)
class Phase:
    """A phase as who works in it sees it."""

    watchers: tuple[Watcher, ...]

    def advance(self) -> None:
        """Say that a step is done."""
        for each in self.watchers:
            each.advance()

    def say(self, text: str) -> None:
        """Say how it stands."""
        for each in self.watchers:
            each.say(text)


@contextmanager
def phase(what: str, total: int | None = None) -> Iterator[Phase]:
    """A phase of so many steps, if that is known."""
    watchers = _WATCHERS.get()
    for each in watchers:
        each.begin(what, total)
    try:
        yield Phase(watchers)
    finally:
        for each in watchers:
            each.end()


def counted(values: Iterable[Value], what: str, total: int | None = None) -> Iterator[Value]:
    """Pass values on, each of which is a step of a phase."""
    with phase(what, total) as working:
        for value in values:
            yield value
            working.advance()
