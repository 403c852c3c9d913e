"""The one registry of formats: a name, the endings of its files, and a function from reports to text.

A new format is a file here and a line below; from outside it is a call of `register_format`. The command line
takes names, endings and help from here.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath
from typing import Any

from chainorder.errors import ChainorderError
from chainorder.report.model import GRAPH, NOTHING_TO_DRAW, PICTURE
from chainorder.report.screen import Screen
from chainorder.system.installation import require
from chainorder.system.later import later


@dataclass(frozen=True)
class Format:
    """A way to write reports.

    Attributes
    ----------
    name
        What ``--format`` calls it.
    endings
        Of its files, lower case, with the dot; help texts name the first.
    render
        From reports to text, or to bytes of what is no text.
    draws
        What it draws, if it draws: `PICTURE` or `GRAPH`.
    data
        Whether it shows the data of reports, not their tables.
    whole
        Whether it shows all operations unasked: its readers can sort and filter them.
    screened
        Whether `render` takes the `Screen` that it writes for, too.
    append
        From some records of a batch to text that goes on from what is written before: rows or, with `data`,
        plain data. None if all records are needed at once; `render` is given a report of them then.
    needs
        An optional package and the extra that brings it.
    """

    name: str
    endings: tuple[str, ...]
    render: Callable[..., str | bytes]
    draws: str | None = None
    data: bool = False
    whole: bool = False
    screened: bool = False
    append: Callable[[Iterable[Any]], str] | None = None
    needs: tuple[str, str] | None = None

    def on(self, screen: Screen) -> Format:
        """The same for a screen, if that makes a difference."""
        return replace(self, render=partial(self.render, screen=screen)) if self.screened else self


FORMATS: dict[str, Format] = {}
"""All formats by the name that ``--format`` takes, in the order of registration."""


def register_format(form: Format) -> None:
    """Make a format known: by its name to ``--format``, and to ``-o`` by the endings of its files.

    Raises
    ------
    ChainorderError
        If its name or an ending is taken.
    """
    if form.name in FORMATS:
        raise ChainorderError(f"format {form.name!r} is registered already; choose another name")
    taken = set(form.endings).intersection(endings())
    if taken:
        raise ChainorderError(f"{min(taken)} is the ending of another format; choose another ending")
    FORMATS[form.name] = form


def endings() -> list[str]:
    """The endings of all formats."""
    return [ending for each in FORMATS.values() for ending in each.endings]


def format_of(path: str) -> str:
    """The name of the format that a file's ending stands for.

    Raises
    ------
    ChainorderError
        If no format has that ending; lists those that have one.
    """
    ending = PurePath(path).suffix.lower()
    for each in FORMATS.values():
        if ending in each.endings:
            return each.name
    known = ", ".join(endings())
    raise ChainorderError(f"{path}: no format for the ending {ending!r}; use one of {known}, or --format")


def check_drawable(form: Format, drawable: Container[str]) -> None:
    """Check that reports can be written in a format, before they are form.

    Parameters
    ----------
    drawable
        Which of `PICTURE` and `GRAPH` there will be.

    Raises
    ------
    ChainorderError
        If there is nothing that the format could draw; `InstallationError` if it needs a missing package.
    """
    if form.draws is not None and form.draws not in drawable:
        raise ChainorderError(NOTHING_TO_DRAW[form.draws])
    if form.needs is not None:
        require(*form.needs)


for _each in (
    Format("table", (".txt",), later("report.table", "render"), screened=True),
    Format("json", (".json",), later("report.json", "render"), data=True),
    Format(
        "jsonl",
        (".jsonl",),
        later("report.json", "render_lines"),
        data=True,
        append=later("report.json", "lines"),
    ),
    Format("csv", (".csv",), later("report.csv", "render"), append=later("report.csv", "lines")),
    Format("markdown", (".md", ".markdown"), later("report.markdown", "render")),
    Format("html", (".html", ".htm"), later("report.html.page", "render"), data=True, whole=True),
    Format("svg", (".svg",), later("report.pictures", "render_svg"), PICTURE),
    Format("png", (".png",), later("report.pictures", "render_png"), PICTURE, needs=("matplotlib", "plot")),
    Format("pdf", (".pdf",), later("report.pictures", "render_pdf"), PICTURE, needs=("matplotlib", "plot")),
    Format("dot", (".dot", ".gv"), later("report.dot", "render_dot"), GRAPH),
    Format("graphml", (".graphml",), later("report.dot", "render_graphml"), GRAPH),
):
    register_format(_each)
