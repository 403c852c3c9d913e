"""``chainorder batch``: many files at once."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainorder.cli.completion import ChainFile
from chainorder.cli.helping import Command
from chainorder.cli.options import (
    machines_option,
    output_options,
    scheduler_option,
    scheduling_options,
    solver_option,
)
from chainorder.cli.values import Names, Whole
from chainorder.cli.writing import Destination, Look, counted_elsewhere
from chainorder.report.batches import SORTS
from chainorder.system.output import Output, partial_name

if TYPE_CHECKING:
    from chainorder.batch.files import Item
    from chainorder.report.partial import Partial
    from chainorder.report.stream import Stream

SHOWN = 10
"""Skipped files, and chains with errors, that are named."""


@click.command(cls=Command)
@click.argument("paths", nargs=-1, required=True, type=ChainFile())
@solver_option
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=Whole(1, 64),
    metavar="NUMBER",
    help="Processes that plan.",
)
@machines_option
@scheduling_options
@scheduler_option
@output_options()
@click.option("--filter", "pattern", metavar="PATTERN", help="Only such names or sources: 'mnist*'.")
@click.option("--sort", type=Names(SORTS), metavar="BY", help="Rows of the table by savings, cost or name.")
@click.option(
    "--resume",
    is_flag=True,
    help="Go on from FILE.partial of a batch that was broken off.",
)
def batch(
    paths: tuple[str, ...],
    workers: int,
    scheduler: str | None,
    format_name: str | None,
    output: str | None,
    force: bool,
    screen: Look,
    pattern: str | None,
    sort: str | None,
    resume: bool,
    **options: Any,
) -> None:
    """Plan every chain of files, folders and patterns.

    A broken one becomes an error row. A folder means its .yaml, .yml, .json and .jsonl files, packed
    (.yaml.gz) or not, recursively; those that are no specs, such as saved plans, are skipped. - is standard
    input.

    With -o FILE, finished chains are kept in FILE.partial until all are. If the batch is broken off, by
    whatever, the same call with --resume goes on from there, and with --force it starts over.
    """
    from chainorder.batch.files import executor, expected, find_files, plan_items, read_items
    from chainorder.plans.base import BasePlan
    from chainorder.solvers.options import Options
    from chainorder.solvers.registry import find_solver

    to = Destination.of(format_name, output, force=force, screen=screen)
    if resume and (force or to.file is None or to.file.direct):
        raise click.UsageError("--resume takes -o FILE, and no --force: it goes on from FILE.partial")
    if sort is not None and not to.form.screened:
        raise click.UsageError(f"--sort is for tables; {to.form.name} keeps the order of the input")
    options |= {"compare": True} if to.form.screened else {}
    if to.file is not None and not to.file.direct:
        Output.at(partial_name(to.file.name))
    find_solver(options["solver"])
    Options(options["objective"], options["transfer"], options["time_limit"])  # wrong ones, before any work
    files = find_files(paths, output)
    to.protect(files)
    skipped: list[Path] = []
    failed: list[str] = []
    with (
        _opened(to, options | _given(filter=pattern), paths, files, resume=resume, sort=sort) as report,
        executor(None if scheduler == "here" else scheduler, workers) as pool,
    ):
        items = report.watch(_matching(read_items(files, paths, skipped), pattern))
        planned = plan_items(items, pool, ahead=workers, done=report.done, **options)
        rows_appear = to.file is None and to.form.append is not None
        total = expected(files) if sys.stderr.isatty() and pattern is None else None
        for item in counted_elsewhere(planned, "chains planned", total, shown=rows_appear):
            report.write(item)
            if not isinstance(item.outcome, BasePlan):
                failed.append(item.source)
    if skipped:
        what = "is no spec" if len(skipped) == 1 else "are no specs"
        names = _first(list(map(str, skipped)), len(skipped))
        click.echo(f"skipped {len(skipped)} that {what}: {names}", err=True)
    if report.failed:
        names = _first(failed, report.failed)
        click.echo(f"{report.failed} of {report.written} chains have errors: {names}", err=True)
        sys.exit(1)


def _first(names: Sequence[str], count: int) -> str:
    """The first of so many names."""
    return ", ".join(names[:SHOWN]) + (", …" if count > min(SHOWN, len(names)) else "")


def _given(**options: str | None) -> dict[str, str]:
    """Options that are given."""
    return {key: value for key, value in options.items() if value is not None}


def _matching(items: Iterable[Item], pattern: str | None) -> Iterator[Item]:
    """The items whose chains, or sources, are called like that."""
    for item in items:
        names = (item.source, getattr(item.outcome, "name", None) or "")
        if pattern is None or any(fnmatchcase(name, pattern) for name in names):
            yield item


@contextmanager
def _opened(
    to: Destination,
    options: dict[str, Any],
    paths: Sequence[str],
    files: Sequence[Path],
    *,
    resume: bool,
    sort: str | None,
) -> Iterator[Stream | Partial]:
    """Where finished items go: to NAME.partial first, or at once to what is no file."""
    from chainorder.report import calls, partial
    from chainorder.report.stream import Stream
    from chainorder.solvers.options import Options

    if to.file is not None and not to.file.direct:
        by_time = options["objective"] == "seconds"
        profile = calls.told(Options("seconds", dtype=options["dtype"]).the_profile) if by_time else None
        call = calls.describe(to.form.name, options | {"profile": profile}, paths, files)
        with partial.open_partial(to.file, to.form, call, resume=resume, force=to.force, sort=sort) as kept:
            yield kept
        return
    with to.opened() as write:
        stream = Stream(to.form, write, sort)
        try:
            yield stream
        finally:
            stream.finish()
