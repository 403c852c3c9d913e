"""Where reports go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from chainorder.errors import OutputError
from chainorder.report.formats import FORMATS, Format, check_drawable, format_of
from chainorder.report.screen import Screen
from chainorder.system.output import Output, ReaderGoneError, encoded
from chainorder.system.phases import counted

if TYPE_CHECKING:
    from chainorder.problems.problem import Problem
    from chainorder.report.model import Report


def output_file(name: str | None) -> Output | None:
    """The file that -o names, checked; None for stdout, which ``-`` means, too."""
    return None if name in (None, "-") else Output.at(name)


def protect(file: Output | None, reads: Iterable[Path], *, force: bool) -> None:
    """Refuse to write a text to what the same call reads, to a spec or to a matrix, unless forced to.

    Raises
    ------
    OutputError
        If a file would be lost.
    """
    if file is None or file.direct or force:
        return
    file.refuse_inputs(reads)
    from chainorder.problems.recognise import kind_of_input

    kind = kind_of_input(file.path)
    if kind is not None:
        raise OutputError(file.name, f"holds a {kind}, which would be lost; write elsewhere, or give --force")


Value = TypeVar("Value")

Look: TypeAlias = Callable[..., Screen]
"""Makes the screen that the options of a command describe, for stdout or for a file."""


@dataclass(frozen=True)
class Destination:
    """Where the reports of a command go, and as what: checked before any work.

    Attributes
    ----------
    form
        The format.
    file
        None for stdout.
    kept
        The file of the Jacobian itself, if it is wanted.
    force
        Whether a spec, or what the call reads, may be replaced.
    """

    form: Format
    file: Output | None
    kept: Output | None
    force: bool

    @classmethod
    def of(
        cls,
        format_name: str | None,
        output: str | None,
        *,
        force: bool,
        screen: Look,
        drawable: Collection[str] = (),
        kept: str | None = None,
    ) -> Destination:
        """What the options say; `drawable` is what reports of this command may have to draw.

        Raises
        ------
        ChainorderError
            If the file cannot be written, or the format is not known or cannot show such a report.
        """
        file = output_file(output)
        if format_name is None and file is not None and (PurePath(file.name).suffix or not file.direct):
            format_name = format_of(file.name)
        form = FORMATS[format_name or "table"].on(screen(file=file is not None))
        made = cls(form, file, output_file(kept), force)
        check_drawable(made.form, drawable)
        return made

    def protect(self, reads: Iterable[str | Path]) -> None:
        """See `protect`; the Jacobian may replace another one, but none that is read."""
        paths = list(map(Path, reads))
        protect(self.file, paths, force=self.force)
        if self.kept is not None and not self.force:
            self.kept.refuse_inputs(paths)

    def check(self, problems: Iterable[Problem], drawable: Collection[str]) -> None:
        """Check what is known when the problems are: their files, and whether there is something to draw.

        Raises
        ------
        ChainorderError
            If a matrix would be lost, or the format cannot show such a report.
        """
        self.protect(file for each in problems for file in each.files)
        check_drawable(self.form, drawable)

    @contextmanager
    def opened(self) -> Iterator[Callable[[str | bytes], object]]:
        """What writes text at once: to stdout, or to what is no regular file."""
        if self.file is None:
            yield _say
            return
        with self.file.writing() as file:

            def write(text: str | bytes) -> None:
                file.write(encoded(text))
                file.flush()

            yield write

    def write(self, reports: Sequence[Report]) -> None:
        """Write the reports; what a file keeps of plans states paths of matrices relative to its folder."""
        if self.file is not None and not self.file.direct and self.form.data:
            folder = Path(self.file.name).parent
            reports = [replace(each, data=partial(_located, each, folder)) for each in reports]
        emit([self.form.render(reports)], self.file)


def _located(report: Report, folder: Path) -> Mapping[str, Any]:
    from chainorder.plans.saved_paths import relocated

    return relocated(dict(report.data()), folder)


def counted_elsewhere(
    values: Iterable[Value], what: str, total: int | None = None, *, shown: bool
) -> Iterator[Value]:
    """Pass values on, counted for whoever watches, but not among those that the terminal shows anyway."""
    return iter(values) if shown and sys.stdout.isatty() else counted(values, what, total)


def emit(parts: Iterable[str | bytes], file: Output | None) -> None:
    """Write a text, or a file that is none, in parts, to a file or to stdout."""
    if file is not None:
        file.write(parts)
        return
    for part in parts:
        _say(part)


def _say(text: str | bytes) -> None:
    try:
        click.echo(text, nl=False, color=True)  # whoever rendered it knows whether colours are wanted
    except BrokenPipeError:
        raise ReaderGoneError from None  # of a BrokenPipeError, click would make exit status 1
