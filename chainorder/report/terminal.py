"""Lines in colours, by rich."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from chainorder.report.layout import Line

UNBOUNDED = 1_000_000
"""Columns of a console that breaks no line: they are laid out by then."""


def coloured(lines: Iterable[Line]) -> str:
    """Text with the colours that the terminal knows."""
    text = io.StringIO()
    console = Console(
        file=text,
        width=UNBOUNDED,
        force_terminal=True,
        no_color=False,
        highlight=False,
        legacy_windows=False,
    )
    for line in lines:
        console.print(Text.assemble(*line), no_wrap=True, crop=False)
    return text.getvalue()
