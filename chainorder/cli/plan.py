"""``chainorder plan``: what the best order is and costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from chainorder.cli.helping import Command
from chainorder.cli.options import (
    chain_argument,
    machines_option,
    memory_option,
    order_option,
    output_options,
    scheduling_options,
    solver_option,
    start_option,
    verbose_option,
)
from chainorder.cli.reading import Request, read_plans, read_start
from chainorder.cli.values import Names
from chainorder.cli.writing import Destination, Look
from chainorder.problems.problem import Problem
from chainorder.report.model import GRAPH, PICTURE
from chainorder.report.operations import SORTS
from chainorder.solvers.foretelling import foretold
from chainorder.system.signals import end_if_asked


@click.command("plan", cls=Command)
@chain_argument
@solver_option
@order_option
@start_option
@machines_option
@memory_option
@scheduling_options
@click.option("--sort", type=Names(SORTS), metavar="BY", help="The dearest first: by fma, memory or time.")
@click.option("--all", "every", is_flag=True, help="All operations.")
@verbose_option
@output_options(PICTURE, GRAPH)
def plan_command(
    chain: tuple[str, ...],
    solver: str,
    order: str | None,
    start: str | None,
    machines: int | None,
    memory: int | None,
    sort: str | None,
    every: bool,
    verbose: bool,
    format_name: str | None,
    output: str | None,
    force: bool,
    screen: Look,
    **options: Any,
) -> None:
    """Print the best order of each CHAIN and what it costs.

    -o plan.json saves it for `run`; -o plan.svg draws it. On several machines, the report says where and when
    each operation runs, too. A saved plan is
    shown as it is; it keeps paths of matrices relative to its file. Ctrl-C ends the search for an order of a
    graph with the best so far, and exit status 130.
    """
    from chainorder.report.results import plan_report

    to = Destination.of(format_name, output, force=force, screen=screen, drawable=(PICTURE, GRAPH))
    to.protect(chain)

    def check(problems: Sequence[Problem]) -> None:
        to.check(problems, [PICTURE, *[GRAPH] * (len(problems) == 1)])

    if start is not None:
        to.protect((start,))
        options["start"] = read_start(start)
    plans = read_plans(chain, Request(solver, order, memory, machines, options), check)
    shown = map(foretold, plans)
    to.write([plan_report(each, verbose=verbose, sort=sort, every=every or to.form.whole) for each in shown])
    end_if_asked()
