"""What options take: whole numbers as people write them, amounts of memory, names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isnan
from typing import Any

import click
from click.shell_completion import CompletionItem

from chainorder.reading.numerals import TooLongError, memory_entries, whole_number
from chainorder.reading.wording import nearest
from chainorder.structures.fragments import MOST


def whole(text: str) -> int:
    """The whole number of a text; raises `click.BadParameter` for anything else."""
    try:
        value = whole_number(text)
    except TooLongError as error:
        raise click.BadParameter(str(error)) from None
    if value is None or abs(value) > MOST:
        raise click.BadParameter(
            f"{text!r} is no whole number of at most 1e100; write it as 1000, 1_000 or 1e3"
        )
    return value


def entries(text: str) -> int:
    """The entries of an amount of memory; raises `click.BadParameter` for anything else."""
    try:
        value = memory_entries(text)
    except TooLongError as error:
        raise click.BadParameter(str(error)) from None
    if value is None or value > MOST:
        remedy = "write entries as 100000, 100k or 1e5, bytes as 64kB or 2GiB"
        raise click.BadParameter(f"{text!r} is no amount of memory; {remedy}")
    return value


class _Quiet:
    """A range that help texts need not state: who leaves it is told."""

    def _describe_range(self) -> str:
        return ""


class Whole(_Quiet, click.IntRange):
    """A whole number: 1000, 1_000, 1e3."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(whole(value) if isinstance(value, str) else value, param, ctx)


class Real(_Quiet, click.FloatRange):
    """A number; NaN, which is in every range, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


class Memory(Whole):
    """Entries of memory: a whole number, or an amount with a unit, 100k or 2GiB."""

    def __init__(self) -> None:
        super().__init__(0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(entries(value) if isinstance(value, str) else value, param, ctx)


class Names(click.Choice):  # type: ignore[type-arg]  # no generic at run time before click 8.2
    """One of some names, such as are registered by now; the nearest is suggested for another.

    Parameters
    ----------
    names
        All of them.
    offered
        Those that completion offers, if it does not offer all.
    """

    def __init__(self, names: Iterable[str], offered: Iterable[str] | None = None) -> None:
        self.case_sensitive = True
        self._names = names
        self._offered = names if offered is None else offered

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(name) for name in self._offered if name.startswith(incomplete)]

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(self._names)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value not in self.choices:
            self.fail(f"{value!r} is none of the names; {nearest(value, self.choices)}", param, ctx)
        return value


class Told(click.Option):
    """An option whose help is written when it is asked for: it tells what is registered by then."""

    def __init__(self, *declared: Any, told: Callable[[], str], **settings: Any) -> None:
        self._told = told
        super().__init__(*declared, **settings)

    def _get(self) -> str:
        return self._told()

    def _set(self, given: object) -> None:
        """There is none yet when an option is made."""

    help = property(_get, _set)
