"""``chainorder batch``: many files at once."""

from __future__ import annotations

import sys

import click

from chainorder.cli.options import output_options, solver_option
from chainorder.cli.writing import choose_format


@click.command()
@click.argument("paths", nargs=-1, required=True)
@solver_option
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that plan."
)
@output_options
def batch(
    paths: tuple[str, ...], solver: str, workers: int, format_name: str | None, output: str | None
) -> None:
    """Plan every chain of files, folders and patterns; a broken one becomes an error row.

    A folder means its .yaml, .yml, .json and .jsonl files, recursively.
    """
    from chainorder.batch import find_files, plan_items, read_items
    from chainorder.report.progress import counted
    from chainorder.report.stream import open_stream
    from chainorder.solvers import find_solver

    chosen = choose_format(format_name, output)
    find_solver(solver)
    files = find_files(paths, output)
    failed = 0
    with open_stream(chosen, output) as stream:
        for item in counted(plan_items(read_items(files), solver=solver, workers=workers), "chains planned"):
            stream.write(item)
            failed += isinstance(item.outcome, str)
    if failed:
        click.echo(f"{failed} of {stream.written} chains have errors", err=True)
        sys.exit(1)
