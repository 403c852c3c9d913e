"""Progress of long work: on stderr, and only if that is a terminal; and where the time went."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING, Any

from chainorder.reading.magnitudes import duration
from chainorder.system.phases import phase, watched

if TYPE_CHECKING:
    from chainorder.solvers.options import Progress

AFTER = 1.0
"""Seconds after which something is shown."""

PARTS = ("reading", "measuring", "planning", "making Jacobians", "multiplying", "verifying")
"""Phases that an account tells apart."""


clock = time.perf_counter
"""Of accounts."""


class Account:
    """Where the time goes: each part of the work by itself, without what lies inside it."""

    def __init__(self) -> None:
        self._began = clock()
        self._running: list[tuple[str, float]] = []
        self.spent: dict[str, float] = {}

    def begin(self, what: str, total: int | None) -> None:
        """See `Watcher`."""
        self._running.append((what, clock()))

    def advance(self) -> None:
        """See `Watcher`."""

    def say(self, text: str) -> None:
        """See `Watcher`."""

    def end(self) -> None:
        """See `Watcher`."""
        what, since = self._running.pop()
        if what in PARTS and not any(outer in PARTS for outer, _ in self._running):
            self.spent[what] = self.spent.get(what, 0.0) + clock() - since

    def note(self) -> str:
        """The whole time and its parts."""
        whole = clock() - self._began
        parts = {**self.spent, "the rest": whole - sum(self.spent.values())}
        return f"{duration(whole)} in all: {', '.join(f'{what} {duration(t)}' for what, t in parts.items())}"


class Display:
    """A line on stderr that says what is going on, from a second on."""

    def __init__(self) -> None:
        self._running: list[_Running] = []
        self._timer: Timer | None = None
        self._live: Any = None

    def begin(self, what: str, total: int | None) -> None:
        """See `Watcher`."""
        self._running.append(_Running(what, total))
        if self._timer is None:
            self._timer = Timer(AFTER, self._show)
            self._timer.daemon = True
            self._timer.start()

    def advance(self) -> None:
        """See `Watcher`."""
        if self._running:
            self._running[-1].done += 1

    def say(self, text: str) -> None:
        """See `Watcher`."""
        if self._running:
            self._running[-1].said = text

    def end(self) -> None:
        """See `Watcher`."""
        if self._running:
            self._running.pop()
        if not self._running:
            self.stop()

    def stop(self) -> None:
        """Show nothing any more, whatever goes on."""
        self._running.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()  # it may be about to show something
            self._timer = None
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _show(self) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True)
        self._live = Live(get_renderable=self._line, console=console, transient=True, refresh_per_second=8)
        self._live.start()

    def _line(self) -> Any:
        from rich.text import Text

        return Text(self.text(), no_wrap=True, overflow="ellipsis")

    def text(self) -> str:
        """What is going on, the outermost first."""
        return " · ".join(map(str, list(self._running)))


class _Running:
    """A phase, how far it is, and for how long."""

    def __init__(self, what: str, total: int | None) -> None:
        self.what, self.total, self.done, self.said = what, total, 0, ""
        self.began = time.monotonic()

    def __str__(self) -> str:
        passed = time.monotonic() - self.began
        told = [self.what]
        if self.total is not None and self.total > 1:
            told.append(f"{min(self.done + 1, self.total):,} of {self.total:,}")
        elif self.done:
            told.append(f"{self.done:,}")
        told += [self.said] * bool(self.said)
        told.append(f"({passed:.0f} s{self._left(passed)})")
        return " ".join(told)

    def _left(self, passed: float) -> str:
        if not self.total or not self.done:
            return ""
        return f", about {passed / self.done * (self.total - self.done):,.0f} s left"


@contextmanager
def shown() -> Iterator[None]:
    """Show the phases inside, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    display = Display()
    try:
        with watched(display):
            yield
    finally:
        display.stop()


@contextmanager
def searching() -> Iterator[Callable[[Progress], None] | None]:
    """What a search reports its improvements to: best, bound and gap; None if nobody watches."""
    with phase("planning") as working:
        if not working.watchers:
            yield None
            return

        def show(progress: Progress) -> None:
            best, bound = progress.best, progress.lower_bound
            gap = f"{(best - bound) / bound:.2%}" if bound else "not known yet"
            among = f" of {progress.among}" if progress.among else ""
            working.say(f"best {best:,}, bound{among} {bound:,}, gap {gap}")

        yield show
