"""Scenes drawn by Matplotlib: fonts, sizes and the rest of the figure are those of its rcParams."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from chainorder.pictures.colours import COLOURS, DARK
from chainorder.pictures.scene import Area, Box, Mark, Path, Scene, Text
from chainorder.system.installation import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LETTER = 0.6
"""The width of a letter, about, by the size of its font."""

ALIGNED = {"start": "left", "middle": "center", "end": "right"}


def draw(scene: Scene, ax: Axes | None = None) -> Axes:
    """Draw a scene on given axes, or on those of a new figure that is as high as the scene needs.

    Raises
    ------
    InstallationError
        If Matplotlib is not there.
    """
    plt = require("matplotlib.pyplot", "plot")
    if ax is None:
        width = plt.rcParams["figure.figsize"][0]
        _, ax = plt.subplots(figsize=(width, _height(scene, width)), layout="constrained")
    _fill(scene, ax)
    return ax


def figure(scenes: Sequence[Scene]) -> Figure:
    """A figure with scenes, one below the other."""
    matplotlib = require("matplotlib", "plot")
    require("matplotlib.figure", "plot")
    width = matplotlib.rcParams["figure.figsize"][0]
    heights = [_height(scene, width) for scene in scenes]
    made: Figure = matplotlib.figure.Figure(figsize=(width, sum(heights)), layout="constrained")
    rows: Any = made.subplots(len(scenes), 1, squeeze=False, height_ratios=heights)
    for scene, (ax,) in zip(scenes, rows, strict=True):
        _fill(scene, ax)
    return made


def saved(scenes: Sequence[Scene], form: str) -> bytes:
    """A figure as a file: ``png`` or ``pdf``."""
    written = io.BytesIO()
    figure(scenes).savefig(written, format=form)
    return written.getvalue()


def _height(scene: Scene, width: float) -> float:
    """Inches that a scene needs: what its axes enclose, and lines of text."""
    lines = 3 + bool(scene.x.title) + bool(scene.x.marks()) + bool(scene.legend) + 2 * bool(scene.caption)
    return 0.97 * width * scene.ratio + 0.2 * lines


def _fill(scene: Scene, ax: Axes) -> None:
    ax.set_xlim(scene.x.low, scene.x.high)
    ax.set_ylim(scene.y.low, scene.y.high)
    if scene.height is None:
        ax.set_aspect("equal")
    ax.set_title(scene.title, loc="left")
    for axis, place in ((scene.x, ax.xaxis), (scene.y, ax.yaxis)):
        marks = axis.marks()
        place.set_ticks([at for at, _ in marks], [text for _, text in marks])
        place.set_label_text(axis.title)
    ax.spines[:].set_visible(False)
    ax.spines["bottom"].set_visible(scene.x.shown)
    ax.tick_params(left=False)
    for mark in scene.marks:
        _mark(mark, ax)
    _words(scene, ax)


def _words(scene: Scene, ax: Axes) -> None:
    """The legend and the caption, below."""
    from textwrap import fill

    patches = require("matplotlib.patches", "plot")
    small = "small"
    if scene.legend:
        handles = [patches.Patch(color=COLOURS[kind], label=name) for kind, name in scene.legend]
        ax.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=len(handles),
            frameon=False,
            fontsize=small,
            borderaxespad=0,
        )
        ax.set_title(scene.title, loc="left", pad=22)
    if scene.caption:
        title = f"{scene.x.title}\n" if scene.x.title else ""
        ax.set_xlabel(title + fill(scene.caption, 88), fontsize=small)


@singledispatch
def _mark(mark: Mark, ax: Axes) -> None:
    raise NotImplementedError


@_mark.register(Box)
def _(box: Box, ax: Axes) -> None:
    patches = require("matplotlib.patches", "plot")
    look = {"color": COLOURS[box.kind], "linewidth": 0.3, "zorder": 2}
    ax.add_patch(patches.Rectangle((box.x, box.y), box.width, box.height, **look))
    letter = 0.83 * float(require("matplotlib", "plot").rcParams["font.size"])
    wide = LETTER * letter * len(box.label) <= _points(box.width, ax, 0)
    if box.label and wide and 0.9 * letter <= _points(box.height, ax, 1):
        x, y = box.x + box.width / 2, box.y + box.height / 2
        colour = "white" if box.kind in DARK else COLOURS["text"]
        ax.text(x, y, box.label, color=colour, ha="center", va="center", fontsize="small", zorder=2)


@_mark.register(Area)
def _(area: Area, ax: Axes) -> None:
    collections = require("matplotlib.collections", "plot")
    ax.add_collection(
        collections.PolyCollection(area.outlines, facecolors=COLOURS[area.kind], linewidths=0, zorder=2)
    )


@_mark.register(Path)
def _(path: Path, ax: Axes) -> None:
    lines = require("matplotlib.lines", "plot")
    xs, ys = zip(*path.points, strict=True)
    style = "--" if path.kind == "limit" else "-"
    ax.add_line(lines.Line2D(xs, ys, color=COLOURS[path.kind], linewidth=1, linestyle=style, zorder=2))
    if path.arrow:
        head = {"arrowstyle": "-|>", "color": COLOURS[path.kind], "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", path.points[-1], path.points[-2], arrowprops=head)


@_mark.register(Text)
def _(text: Text, ax: Axes) -> None:
    weight = "bold" if text.kind == "strong" else "normal"
    place: dict[str, Any] = {"ha": ALIGNED[text.anchor], "va": "center", "zorder": 2}
    ax.text(text.x, text.y, text.text, color=COLOURS[text.kind], weight=weight, fontsize="small", **place)


def _points(length: float, ax: Axes, axis: int) -> float:
    """A length along an axis in points, about: constrained layouts settle later."""
    low, high = (ax.get_xlim(), ax.get_ylim())[axis]
    box: Any = ax.get_window_extent()
    figure: Any = ax.get_figure(root=True)
    return float(72 * (box.width, box.height)[axis] / figure.dpi * length / (high - low))
