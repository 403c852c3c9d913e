"""Reports as one self-contained file, and as a fragment for notebooks: Jinja2, which escapes all names."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from chainorder import __version__
from chainorder.pictures.svg import inline, page_style
from chainorder.report.html.batch import batch_section
from chainorder.report.html.sections import Section, outline, section
from chainorder.report.model import Report

FOLDER = Path(__file__).parent


def render(reports: Sequence[Report]) -> str:
    """A page that needs nothing from elsewhere."""
    from chainorder.costs.machine import Machine

    here = Machine.here()
    machine = f"{here.processor}, {here.blas} on {here.words_of_threads}, NumPy {here.numpy}"
    about = f"chainorder {__version__}, Python {platform.python_version()}; {machine}"
    sections = list(map(_section, reports))
    title = sections[0].title if len(sections) == 1 else f"{len(sections):,} reports"
    made = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return _rendered("page.html", sections=sections, title=title, about=about, made=made)


def fragment(found: object) -> str:
    """What a notebook shows of a result: a sentence, its first picture, and its tables to fold out."""
    from chainorder.report.results import report_of

    return _rendered("fragment.html", section=outline(report_of(found)))


def _section(report: Report) -> Section:
    data = report.data()
    return section(report) if isinstance(data, Mapping) else batch_section(data)


def _rendered(template: str, **shown: Any) -> str:
    return str(_environment().get_template(template).render(**shown))


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["drawn"] = lambda scene: Markup(inline(scene))
    made.globals["style"] = Markup((FOLDER / "style.css").read_text("utf-8") + page_style(".chainorder"))
    made.globals["script"] = Markup((FOLDER / "page.js").read_text("utf-8"))
    return made
