"""The one registry of formats: a name, the endings of its files, and a function from reports to text."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from chainorder.errors import ChainorderError
from chainorder.report import csv, dot, json, markdown, svg, table
from chainorder.report.model import CHARTS, GRAPH, NOTHING_TO_DRAW, Report


@dataclass(frozen=True)
class Format:
    """A way to write reports; if it draws, what."""

    name: str
    endings: tuple[str, ...]
    render: Callable[[Sequence[Report]], str]
    draws: str | None = None


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("table", (".txt",), table.render),
        Format("json", (".json",), json.render),
        Format("jsonl", (".jsonl",), json.render_lines),
        Format("csv", (".csv",), csv.render),
        Format("markdown", (".md", ".markdown"), markdown.render),
        Format("dot", (".dot", ".gv"), dot.render_dot, GRAPH),
        Format("graphml", (".graphml",), dot.render_graphml, GRAPH),
        Format("svg", (".svg",), svg.render, CHARTS),
    )
}
"""All formats by the name that ``--format`` takes."""


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
    known = ", ".join(ending for each in FORMATS.values() for ending in each.endings)
    raise ChainorderError(f"{path}: no format for the ending {ending!r}; use one of {known}, or --format")


def check_drawable(name: str, drawable: Container[str]) -> None:
    """Check that reports can be written in a format, before they are made.

    Parameters
    ----------
    drawable
        Which of `CHARTS` and `GRAPH` there will be.

    Raises
    ------
    ChainorderError
        If there is nothing that the format could draw.
    """
    draws = FORMATS[name].draws
    if draws is not None and draws not in drawable:
        raise ChainorderError(NOTHING_TO_DRAW[draws])
