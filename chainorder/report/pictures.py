"""Reports as pictures, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chainorder.errors import ChainorderError
from chainorder.report.model import NOTHING_TO_DRAW, PICTURE, Report
from chainorder.system.later import later

if TYPE_CHECKING:
    from chainorder.pictures.scene import Scene

# What reports show as pictures: hardly any is ever drawn.
pictures = later("pictures.catalogue", "pictures")
run_pictures = later("pictures.catalogue", "run_pictures")
ways = later("pictures.catalogue", "ways")


def render_svg(reports: Sequence[Report]) -> str:
    """SVG text; raises `ChainorderError` if there is nothing to draw, as all of these."""
    from chainorder.pictures.svg import page

    return page(_scenes(reports))


def render_png(reports: Sequence[Report]) -> bytes:
    """A PNG file by Matplotlib."""
    from chainorder.pictures.figures import saved

    return saved(_scenes(reports), "png")


def render_pdf(reports: Sequence[Report]) -> bytes:
    """A PDF file by Matplotlib."""
    from chainorder.pictures.figures import saved

    return saved(_scenes(reports), "pdf")


def _scenes(reports: Sequence[Report]) -> list[Scene]:
    scenes = [scene for report in reports for scene in report.pictures()]
    if not scenes:
        raise ChainorderError(NOTHING_TO_DRAW[PICTURE])
    return scenes
