"""Scenes as SVG: for files, and for pages, which bring their own colours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import singledispatch
from html import escape
from math import hypot

from chainorder.pictures.colours import AT_NIGHT, COLOURS, DARK, LIGHT
from chainorder.pictures.scene import Area, Box, Mark, Path, Point, Scene, Text

WIDTH, SIDE, LETTER, ROW = 720, 16, 6.2, 18
"""Pixels: of a picture, beside it, of a letter (about), of a row of text."""

_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

LINES = ("text", "strong", "faint", "line", "limit")


def style(colours: Mapping[str, str], scope: str = "") -> str:
    """Style sheet rules for pictures in some colours, below an element that is named by a selector."""
    rules = [
        ("text", f"font:12px sans-serif;fill:{colours['text']}"),
        ("text.strong", "font-weight:bold"),
        ("text.faint", f"fill:{colours['faint']}"),
        (f"polyline,{scope} .axis", f"fill:none!important;stroke:{colours['line']}"),
        (".limit", f"stroke:{colours['limit']};stroke-dasharray:4 3"),
        (".head", f"fill:{colours['line']}"),
        (".curve", "stroke-width:2"),
    ]
    for kind in (kind for kind in colours if kind not in LINES):
        rules += [(f".{kind}", f"fill:{colours[kind]}"), (f"polyline.{kind}", f"stroke:{colours[kind]}")]
    rules += [("text.on", "fill:#fff"), ("text.off", f"fill:{COLOURS['text']}")]
    return "".join(f"{scope} {selector}{{{what}}}" for selector, what in rules)


def page_style(scope: str) -> str:
    """Rules for pages that may be light or dark."""
    dark = style(COLOURS | AT_NIGHT, f"{scope} .picture")
    return f"{style(COLOURS, f'{scope} .picture')}@media (prefers-color-scheme:dark){{{dark}}}"


def page(scenes: Sequence[Scene]) -> str:
    """An SVG file with scenes, one below the other, on white."""
    parts: list[str] = []
    top = 0.0
    for scene in scenes:
        drawn, height = _drawn(scene)
        parts.append(f'<g transform="translate(0 {top:.0f})">{drawn}</g>\n')
        top += height
    size = f'viewBox="0 0 {WIDTH} {top:.0f}" width="{WIDTH}" height="{top:.0f}"'
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{style(COLOURS)}</style>\n{ground}\n'
    return f"{head}{''.join(parts)}</svg>\n"


def inline(scene: Scene) -> str:
    """The SVG element of one scene, as wide as there is room, for a page that has `page_style`."""
    drawn, height = _drawn(scene)
    said = f' role="img" aria-label="{_escaped(f"{scene.title}. {scene.caption}")}"'
    return f'<svg class="picture" viewBox="0 0 {WIDTH} {height:.0f}"{said}>{drawn}</svg>'


def _drawn(scene: Scene) -> tuple[str, float]:
    """The elements of a scene, and their height."""
    frame = _Frame(scene)
    parts = [_text(SIDE, 19, scene.title, "start", "strong")] if scene.title else []
    parts += _axes(scene, frame)
    parts += (_mark(mark, frame) for mark in scene.marks)
    bottom = frame.top + frame.height + frame.below
    x = frame.left
    for kind, name in scene.legend:
        parts.append(f'<rect x="{x:.0f}" y="{bottom:.0f}" width="12" height="12" class="{kind}"/>')
        parts.append(_text(x + 17, bottom + 10, name, "start", "text"))
        x += 34 + LETTER * len(name)
    bottom += ROW if scene.legend else 0
    for line in _wrapped(scene.caption, int((WIDTH - 2 * SIDE) / LETTER * 1.05)):
        parts.append(_text(SIDE, bottom + 12, line, "start", "faint"))
        bottom += ROW
    return "".join(parts), bottom + 12


class _Frame:
    """Where the axes of a scene lie, in pixels; from its units to them."""

    def __init__(self, scene: Scene) -> None:
        names = max((len(text) for _, text in scene.y.marks()), default=0)
        self.left = SIDE + (LETTER * names + 8 + (ROW if scene.y.title else 0) if scene.y.shown else 0)
        self.width = WIDTH - SIDE - self.left
        self.top = 34.0 if scene.title else 8.0
        self.height = self.width * scene.ratio
        self.below = 8.0 + (ROW if scene.x.marks() else 0) + (ROW if scene.x.title else 0)
        self._x, self._y = scene.x, scene.y
        self.right = WIDTH - SIDE
        self.bottom = self.top + self.height

    def at(self, point: Point) -> Point:
        """A point in pixels."""
        return self.left + self.across(point[0] - self._x.low), self.bottom - self.up(point[1] - self._y.low)

    def across(self, length: float) -> float:
        """A length along the x axis in pixels."""
        return length * self.width / (self._x.high - self._x.low)

    def up(self, length: float) -> float:
        """A length along the y axis in pixels."""
        return length * self.height / (self._y.high - self._y.low)


def _axes(scene: Scene, frame: _Frame) -> Iterator[str]:
    if scene.x.shown:
        for place, text in scene.x.marks():
            x, _ = frame.at((place, 0))
            anchor = "end" if x + LETTER * len(text) / 2 > WIDTH else "middle"
            yield _text(x, frame.bottom + 15, text, anchor, "faint")
        middle = frame.left + frame.width / 2
        down = frame.bottom + 15 + (ROW if scene.x.marks() else 0)
        yield _text(middle, down, scene.x.title, "middle", "text")
        yield f'<path class="axis" d="M{frame.left:.1f} {frame.bottom:.1f}H{frame.right:.1f}"/>'
    if scene.y.shown:
        for place, text in scene.y.marks():
            yield _text(frame.left - 6, frame.at((0, place))[1] + 4, text, "end", "faint")
        if scene.y.title:
            turned = f'transform="translate(13 {frame.top + frame.height / 2:.1f}) rotate(-90)"'
            yield f'<text {turned} text-anchor="middle">{_escaped(scene.y.title)}</text>'


@singledispatch
def _mark(mark: Mark, frame: _Frame) -> str:
    raise NotImplementedError


@_mark.register
def _(box: Box, frame: _Frame) -> str:
    x, y = frame.at((box.x, box.y + box.height))
    width, height = max(0.5, frame.across(box.width)), max(0.5, frame.up(box.height))
    drawn = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.2f}" height="{height:.2f}" class="{box.kind}"/>'
    if box.label and LETTER * len(box.label) < width and height >= 11:
        on = "on" if box.kind in DARK else "off" if box.kind in LIGHT else "text"
        drawn += _text(x + width / 2, y + height / 2 + 4, box.label, "middle", on)
    return _tipped(drawn, box.tip)


@_mark.register
def _(area: Area, frame: _Frame) -> str:
    outlines = "".join(f"M{_pixels([frame.at(point) for point in each])}Z" for each in area.outlines)
    return _tipped(f'<path d="{outlines}" class="{area.kind}"/>', area.tip)


@_mark.register
def _(path: Path, frame: _Frame) -> str:
    points = [frame.at(point) for point in path.points]
    listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    kind = f"{path.kind} curve" if path.kind not in LINES else path.kind
    drawn = f'<polyline points="{listed}" class="{kind}"/>'
    return _tipped(drawn + (_head(*points[-2:]) if path.arrow else ""), path.tip)


def _head(start: Point, end: Point) -> str:
    """The head of an arrow."""
    (x0, y0), (x, y) = start, end
    length = max(hypot(x - x0, y - y0), 1e-9)
    u, v = 8 * (x - x0) / length, 8 * (y - y0) / length
    corners = [(x, y), (x - u + v / 2, y - v - u / 2), (x - u - v / 2, y - v + u / 2)]
    return f'<path d="M{_pixels(corners)}Z" class="head"/>'


@_mark.register
def _(text: Text, frame: _Frame) -> str:
    x, y = frame.at((text.x, text.y))
    return _text(x, y + 4, text.text, text.anchor, text.kind)


def _pixels(points: Sequence[Point]) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _tipped(drawn: str, tip: str) -> str:
    return f"<g><title>{_escaped(tip)}</title>{drawn}</g>\n" if tip else f"{drawn}\n"


def _text(x: float, y: float, text: str, anchor: str, kind: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{_escaped(text)}</text>'


def _escaped(text: str) -> str:
    """A text in XML, which has no place for some characters."""
    return escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _wrapped(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return wrap(text, width)
