"""How benchmarks print: the same tables as the command line, and the machine that they ran on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version

import click

from chainorder.report.formats import FORMATS
from chainorder.report.model import Report


def write_seconds(seconds: float) -> str:
    """Three digits and a unit."""
    return f"{seconds:.3g} s" if seconds >= 0.9995 else f"{seconds * 1e3:.3g} ms"


def ran_on(packages: Iterable[str]) -> str:
    """What a benchmark ran on: versions and processors."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"no {package}")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"Ran on {python}, {', '.join(found)}, {os.cpu_count()} CPUs."


def tell(message: str) -> None:
    """Progress, away from the tables."""
    click.echo(message, err=True)


def show(reports: Sequence[Report], markdown: bool, packages: Iterable[str]) -> None:
    """Print the tables, and what they ran on."""
    click.echo(FORMATS["markdown" if markdown else "table"].render(reports))
    click.echo(ran_on(packages))
