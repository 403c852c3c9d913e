"""What a picture is before it is drawn: marks in the units of its axes, and words for who cannot see it.

Pictures are made once, as scenes; SVG and Matplotlib both draw them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from chainorder.reading.magnitudes import short

Point: TypeAlias = tuple[float, float]

LINE, LETTER = 0.028, 0.0108
"""The height of a line of text and the width of a letter, about, as shares of the width of a picture."""


@dataclass(frozen=True)
class Box:
    """A rectangle from its lower left corner; its label is left out where it does not fit.

    Attributes
    ----------
    kind
        What it stands for: see `chainorder.pictures.colours`.
    tip
        What the pointer shows.
    """

    x: float
    y: float
    width: float
    height: float
    kind: str
    label: str = ""
    tip: str = ""


@dataclass(frozen=True)
class Area:
    """Polygons that are one mark."""

    outlines: Sequence[Sequence[Point]]
    kind: str
    tip: str = ""


@dataclass(frozen=True)
class Path:
    """A line through points."""

    points: Sequence[Point]
    kind: str = "line"
    arrow: bool = False
    tip: str = ""


@dataclass(frozen=True)
class Text:
    """A line of text.

    Attributes
    ----------
    anchor
        What of it is at the point: ``start``, ``middle`` or ``end``.
    kind
        ``text``, ``strong`` or ``faint``.
    """

    x: float
    y: float
    text: str
    anchor: str = "middle"
    kind: str = "text"


Mark: TypeAlias = Box | Area | Path | Text


@dataclass(frozen=True)
class Axis:
    """A range, and what stands along it.

    Attributes
    ----------
    title
        With the unit; an axis without title and ticks is not drawn.
    ticks
        Places and their texts, if these are no numbers of the range.
    """

    low: float
    high: float
    title: str = ""
    ticks: tuple[tuple[float, str], ...] | None = None

    @property
    def shown(self) -> bool:
        """Whether it is drawn."""
        return bool(self.title or self.ticks)

    def marks(self) -> tuple[tuple[float, str], ...]:
        """Places of ticks and their texts."""
        if self.ticks is not None or not self.title:
            return self.ticks or ()
        return tuple((value, short(value)) for value in _round_numbers(self.low, self.high))


@dataclass(frozen=True)
class Scene:
    """A picture.

    Attributes
    ----------
    caption
        What it shows, in a sentence: under the picture, and for screen readers.
    height
        Of what the axes enclose, as a share of its width; where None, both axes have the same unit.
    legend
        Kinds of marks, and what they are.
    """

    title: str
    marks: tuple[Mark, ...]
    x: Axis
    y: Axis
    caption: str = ""
    height: float | None = None
    legend: tuple[tuple[str, str], ...] = ()

    @property
    def ratio(self) -> float:
        """Height by width of what the axes enclose."""
        if self.height is not None:
            return self.height
        return (self.y.high - self.y.low) / (self.x.high - self.x.low)

    def titled(self, title: str) -> Scene:
        """The same under another title."""
        return replace(self, title=title)


def extent(values: Iterable[float]) -> float:
    """The greatest of some values; 1 if none is above 0, so that an axis that is as long has a length."""
    greatest = max(values, default=0)
    return greatest if greatest > 0 else 1


def _round_numbers(low: float, high: float) -> list[float]:
    """About five round numbers of a range."""
    if high <= low:
        return [low]
    rough = (high - low) / 5
    power = 10.0 ** len(str(int(rough))) / 10 if rough >= 1 else _power_below(rough)
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough)
    first = -int(-low // step)
    return [step * count for count in range(first, int(high / step * (1 + 1e-9)) + 1)]


def _power_below(value: float) -> float:
    """The greatest power of ten that is no more than a number below 1."""
    power = 1.0
    while power > value:
        power /= 10
    return power


def stacked(scenes: Sequence[Scene], caption: str) -> Scene:
    """Scenes whose axes have the same unit and the same x, one below the other, each under its title."""
    marks: list[Mark] = []
    x = scenes[0].x
    line = LINE * (x.high - x.low)
    top = 0.0
    for scene in scenes:
        marks.append(Text(x.low, top - 0.7 * line, scene.title, "start", "strong"))
        top -= 1.6 * line + scene.y.high
        marks += (shifted(mark, top) for mark in scene.marks)
        top += scene.y.low - line / 2
    legend = tuple(dict.fromkeys(each for scene in scenes for each in scene.legend))
    return Scene("", tuple(marks), x, Axis(top, 0.0), caption, None, legend)


def shifted(mark: Mark, by: float) -> Mark:
    """A mark further up."""
    match mark:
        case Box() | Text():
            return replace(mark, y=mark.y + by)
        case Area():
            return replace(mark, outlines=[[(x, y + by) for x, y in each] for each in mark.outlines])
        case Path():
            return replace(mark, points=[(x, y + by) for x, y in mark.points])
        case _:
            assert_never(mark)
