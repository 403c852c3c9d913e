"""Progress of long work: on stderr, and only if that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from chainorder.solvers.options import Progress

Value = TypeVar("Value")


def counted(values: Iterable[Value], what: str) -> Iterator[Value]:
    """Pass values on, counting them for whoever watches."""
    if not sys.stderr.isatty():
        yield from values
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        for value in values:
            yield value
            progress.advance(task)


def barred(values: Sequence[Value], what: str) -> Iterator[Value]:
    """Pass values on, showing how many of them are done."""
    if not sys.stderr.isatty():
        yield from values
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(values, what, console=Console(stderr=True), transient=True)


@contextmanager
def searching() -> Iterator[Callable[[Progress], None] | None]:
    """What a search reports its improvements to: a line with best, bound and gap; None if nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.status import Status

    with Status("planning …", console=Console(stderr=True)) as status:

        def show(progress: Progress) -> None:
            best, bound = progress.best, progress.lower_bound
            gap = f"{(best - bound) / bound:.2%}" if bound else "not known yet"
            status.update(f"best {best:,}, bound {bound:,}, gap {gap}, {progress.seconds:.1f} s")

        yield show
