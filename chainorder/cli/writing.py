"""Where reports go."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainorder.errors import ChainorderError

if TYPE_CHECKING:
    from chainorder.report.model import Report


def choose_format(name: str | None, output: str | None) -> str:
    """Which format to write; fails before any work if the file could not be written."""
    if output is None:
        return name or "table"
    from chainorder.report.formats import format_of

    check_folder(output)
    return name or format_of(output)


def check_folder(output: str) -> None:
    path = Path(output)
    if not path.parent.is_dir():
        raise ChainorderError(f"{output}: there is no folder {path.parent}; make it, or write elsewhere")
    if path.is_dir() or (path.exists() and not os.access(path, os.W_OK)):
        raise ChainorderError(f"{output}: is a folder or not writable; write elsewhere")


def write(reports: Sequence[Report], format_name: str, output: str | None) -> None:
    from chainorder.report.formats import FORMATS

    if output is not None and format_name in ("json", "jsonl"):
        reports = [replace(each, data=partial(_located, each, Path(output).parent)) for each in reports]
    emit(FORMATS[format_name].render(reports), output)


def _located(report: Report, folder: Path) -> Mapping[str, Any]:
    from chainorder.saved_paths import relocated

    return relocated(dict(report.data()), folder)


def emit(text: str, output: str | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise ChainorderError(f"{output}: cannot be written ({error.strerror}); write elsewhere") from None
