"""What tables are written for: how wide it is, whether it shows colours, what the reader wants."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TextIO

WIDTH = 80
"""Columns where neither COLUMNS nor a terminal says how many there are."""

LEAST = 20
"""Columns that are taken to be there."""

COLOURS = ("auto", "always", "never")


@dataclass(frozen=True)
class Screen:
    """What a table is written for.

    Attributes
    ----------
    width
        Columns; nothing that can be broken is wider.
    colour
        Whether to write in colours.
    exact
        Whether numbers are written to the unit, not shortened.
    legend
        Whether the words of the field are explained.
    """

    width: int = WIDTH
    colour: bool = False
    exact: bool = False
    legend: bool = True

    @classmethod
    def of(
        cls, colour: str = "auto", *, exact: bool = False, legend: bool = True, file: bool = False
    ) -> Screen:
        """The screen that the environment and the options describe; `file` if the table goes to one."""
        coloured = colour == "always" or (colour == "auto" and not file and _wants_colour())
        return cls(columns(), coloured, exact, legend)


def _wants_colour() -> bool:
    """As NO_COLOR (no-color.org) and FORCE_COLOR (force-color.org) say, else whether there is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or _is_terminal(sys.stdout)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def columns() -> int:
    """COLUMNS, else the width of a terminal that this process reads from or writes to."""
    try:
        width = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        width = next(filter(None, map(_terminal, range(3))), WIDTH)
    return max(LEAST, width)


def _terminal(descriptor: int) -> int:
    try:
        return os.get_terminal_size(descriptor).columns
    except OSError:
        return 0
