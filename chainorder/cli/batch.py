"""``chainorder batch``: many files at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from chainorder.cli.options import (
    machines_option,
    output_options,
    scheduler_option,
    scheduling_options,
    solver_option,
)
from chainorder.cli.values import Whole
from chainorder.cli.writing import choose_format

SHOWN = 3
"""Skipped files that are named."""


@click.command()
@click.argument("paths", nargs=-1, required=True)
@solver_option
@click.option("--workers", default=1, show_default=True, type=Whole(1, 64), help="Processes that plan.")
@machines_option
@scheduling_options
@scheduler_option
@output_options
def batch(
    paths: tuple[str, ...],
    workers: int,
    scheduler: str | None,
    format_name: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Plan every chain of files, folders and patterns; a broken one becomes an error row.

    A folder means its .yaml, .yml, .json and .jsonl files, packed (.yaml.gz) or not, recursively; those that
    are no specs, such as saved plans, are skipped. - is standard input.
    """
    from chainorder.batch import executor, find_files, plan_items, read_items
    from chainorder.report.progress import counted
    from chainorder.report.stream import open_stream
    from chainorder.solvers import Options, find_solver

    chosen = choose_format(format_name, output)
    find_solver(options["solver"])
    Options(options["objective"], options["transfer"], options["time_limit"])  # wrong ones, before any work
    files = find_files(paths, output)
    failed = 0
    skipped: list[Path] = []
    items = read_items(files, paths, skipped)
    with (
        executor(None if scheduler == "here" else scheduler, workers) as pool,
        open_stream(chosen, output) as stream,
    ):
        planned = plan_items(items, pool, ahead=workers, **options)
        for item in counted(planned, "chains planned"):
            stream.write(item)
            failed += isinstance(item.outcome, str)
    if skipped:
        names = ", ".join(str(path) for path in skipped[:SHOWN]) + (", …" if len(skipped) > SHOWN else "")
        what = "is no spec" if len(skipped) == 1 else "are no specs"
        click.echo(f"skipped {len(skipped)} that {what}: {names}", err=True)
    if failed:
        click.echo(f"{failed} of {stream.written} chains have errors", err=True)
        sys.exit(1)
