"""Tables that fit: which columns stand beside each other, and which below their row.

The first column always stays. Where a table is too wide, heads are broken at their spaces, then columns leave
the line one after the other: those that follow from others are left out, the rest goes into a second line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TypeAlias
from unicodedata import combining, east_asian_width

from chainorder.report.model import Sheet, is_numeric
from chainorder.report.numbers import write_cell
from chainorder.report.screen import Screen

Line: TypeAlias = list[tuple[str, str]]
"""Parts of a line, each with its style."""

GAPS = (3, 2)
"""Columns between columns: if possible, and if not."""

FIRST = 0.45
"""Part of the width up to which cells of the first column share a line with others."""

INDENT = "   "
"""Before what stands below its row."""

HARD = "\u00a0"
"""A space at which no line is broken."""


@dataclass(frozen=True)
class Layout:
    """A sheet in a width.

    Attributes
    ----------
    heads
        For each column its lines.
    cells
        The text of each row's cells.
    right
        For each column, whether it is set to the right.
    beside
        Places of the columns on the line, in their order.
    below
        Of those in the second line.
    widths
        Of the columns on the line.
    gap
        Between them.
    """

    heads: Sequence[Sequence[str]]
    cells: Sequence[Sequence[str]]
    right: Sequence[bool]
    beside: Sequence[int]
    below: Sequence[int]
    widths: Sequence[int]
    gap: int

    @classmethod
    def of(cls, sheet: Sheet, screen: Screen) -> Layout:
        """The layout of a sheet that has rows."""
        places = range(len(sheet.columns))
        cells = [[write_cell(cell, exact=screen.exact) for cell in row] for row in sheet.rows]
        right = [is_numeric(sheet.rows, place) for place in places]
        most = max(1, round(FIRST * screen.width))
        bodies = [max(width(row[place]) for row in cells) for place in places]
        if len(places) > 1:
            bodies[0] = max((width(row[0]) for row in cells if width(row[0]) <= most), default=1)
        gone, beside, below = set(sheet.follows), list(places), []
        for leaving in (None, *_leaving(sheet)):
            if leaving is not None:
                beside.remove(leaving)
                below += [] if sheet.columns[leaving] in gone else [leaving]
            for gap, heads in _manners(sheet.columns):
                widths = [max(bodies[each], *map(width, heads[each])) for each in beside]
                if 1 + sum(widths) + gap * (len(widths) - 1) <= screen.width:
                    return cls(heads, cells, right, beside, sorted(below), widths, gap)
        return cls(heads, cells, right, beside, sorted(below), [min(widths[0], screen.width - 1)], gap)

    def lines(self, screen: Screen, styles: Sequence[str]) -> Iterator[Line]:
        """Heads, a line under them, and rows, of which each has a style."""
        height = max(len(self.heads[place]) for place in self.beside)
        for level in range(height):
            heads = [[""] * (height - len(head)) + list(head) for head in self.heads]
            yield [(self._line([head[level] for head in heads]), "bold")]
        yield [(" " + "─" * (sum(self.widths) + self.gap * (len(self.widths) - 1)), "dim")]
        for row, style in zip(self.cells, styles, strict=True):
            yield from self._row(row, style, screen)

    def _row(self, row: Sequence[str], style: str, screen: Screen) -> Iterator[Line]:
        if width(row[0]) > self.widths[0]:
            yield from ([(f" {part}", style)] for part in broken(row[0], screen.width - 1))
            row = ["", *row[1:]]
        if any(row[place] for place in self.beside):
            yield [(self._line(row), style)]
        more = [f"{self._named(place)}{row[place]}" for place in self.below if row[place]]
        kept = " · ".join(more).replace(" ·", f"{HARD}·")
        for line in filled(kept, screen.width, INDENT):
            yield [(line.replace(HARD, " "), style or "dim")]

    def _named(self, place: int) -> str:
        """The head before what stands below a row; a text alone speaks for itself."""
        alone = len(self.below) == 1 and not self.right[place]
        return "" if alone else f"{' '.join(self.heads[place])}: "

    def _line(self, texts: Sequence[str]) -> str:
        parts = [
            padded(texts[place], size, self.right[place])
            for place, size in zip(self.beside, self.widths, strict=True)
        ]
        return (" " + (" " * self.gap).join(parts)).rstrip()


def _manners(columns: Sequence[str]) -> Iterator[tuple[int, Sequence[Sequence[str]]]]:
    """Gaps and heads, from the airiest to the narrowest."""
    whole = [[column] for column in columns]
    yield GAPS[0], whole
    for gap in GAPS:
        yield gap, [halved(column) for column in columns]


def _leaving(sheet: Sheet) -> Iterator[int]:
    """The places of columns in the order in which they leave: some by name, then from the right."""
    named = [sheet.columns.index(name) for name in sheet.leave]
    yield from named
    yield from (place for place in range(len(sheet.columns) - 1, 0, -1) if place not in named)


def halved(head: str) -> list[str]:
    """A head in the two lines that are narrowest."""
    words = head.split()
    cuts = [[" ".join(words[:cut]), " ".join(words[cut:])] for cut in range(1, len(words))]
    return min(cuts, key=lambda lines: max(map(width, lines)), default=[head])


def filled(text: str, columns: int, indent: str = "", hanging: str | None = None) -> list[str]:
    """A text in lines no wider than that, broken at spaces if it can be."""
    if width(text) == len(text):
        return wrap(
            text,
            columns,
            initial_indent=indent,
            subsequent_indent=indent if hanging is None else hanging,
            break_on_hyphens=False,
        )
    return _filled_wide(text, columns, indent, indent if hanging is None else hanging)


def _filled_wide(text: str, columns: int, indent: str, hanging: str) -> list[str]:
    """The same of a text with letters that are two columns wide."""
    lines, line = [], indent
    for word in text.split():
        for part in broken(word, columns - max(len(indent), len(hanging))):
            if line.strip() and width(line) + 1 + width(part) > columns:
                lines.append(line)
                line = hanging
            line += (" " if line.strip() else "") + part
    return [*lines, line] if line.strip() else lines


def broken(word: str, columns: int) -> list[str]:
    """A word in parts no wider than that."""
    parts = [""]
    for letter in word:
        if width(parts[-1] + letter) > columns:
            parts.append("")
        parts[-1] += letter
    return parts


def padded(text: str, columns: int, right: bool = False) -> str:
    """A text with spaces before or behind it."""
    room = " " * (columns - width(text))
    return room + text if right else text + room


def width(text: str) -> int:
    """Columns that a text takes in a terminal: none for marks on letters, two for wide letters."""
    if max(text, default="") < "\u0300":
        return len(text)
    return sum(0 if combining(each) else 1 + (east_asian_width(each) in "WF") for each in text)


def plain(lines: Iterable[Line]) -> str:
    """Lines as text without colours."""
    return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)
