"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import click

from chainorder.cli.values import Memory, Names, Told, Whole, whole
from chainorder.plans.chain_operations import OBJECTIVES
from chainorder.problems.elementals import MAX_MACHINES
from chainorder.reading.wording import without_breaks
from chainorder.report.formats import FORMATS
from chainorder.structures.number_types import DTYPES

Command = TypeVar("Command", bound=Callable[..., Any])


def options(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the given order."""

    def decorate(command: Command) -> Command:
        for option in reversed(decorators):
            command = option(command)
        return command

    return decorate


def _solver_help() -> str:
    from chainorder.solvers import all_solvers

    chains, graphs = (
        "; ".join(f"{solver.name}: {solver.summary}" for solver in all_solvers(kind))
        for kind in ("chain", "graph")
    )
    return f"{chains}. For graphs: {graphs}"


def _ending_help() -> str:
    endings = " ".join(each.endings[0] for each in FORMATS.values())
    return f"Write to a file; its ending ({endings}) picks the format."


def number_range(text: str) -> tuple[int, int]:
    """A range of whole numbers, ``LEAST:GREATEST``, or one number."""
    least, _, greatest = text.partition(":")
    try:
        return whole(least), whole(greatest or least)
    except click.BadParameter:
        raise click.BadParameter(f"{text!r} is no range; write it as 1:100 or 1:1e6") from None


def range_option(name: str, default: str, what: str) -> Callable[[Command], Command]:
    """An option that takes a range."""
    return click.option(
        name, default=default, show_default=True, type=number_range, metavar="RANGE", help=what
    )


chain_argument = click.argument("chain", nargs=-1, required=True, metavar="CHAIN...")


def solver_option(command: Command) -> Command:
    """``--solver``, and the two flags that say how to know the fill-in of sparse chains."""

    @wraps(command)
    def with_solver(*args: Any, solver: str, exact_fill: bool, estimate: bool, **params: Any) -> Any:
        asked = [
            name
            for name, given in (
                (f"--solver {without_breaks(solver)}", solver != "auto"),
                ("--exact-fill", exact_fill),
                ("--estimate", estimate),
            )
            if given
        ]
        if len(asked) > 1:
            raise click.UsageError(f"{' and '.join(asked)} exclude each other; keep one.")
        chosen = "dynamic" if exact_fill else "estimated" if estimate else solver
        return command(*args, solver=chosen, **params)

    decorate = options(
        click.option(
            "--solver", cls=Told, told=_solver_help, default="auto", show_default=True, metavar="NAME"
        ),
        click.option(
            "--exact-fill",
            is_flag=True,
            help="Work out the fill-in of sparse chains exactly, whatever it takes: --solver dynamic.",
        ),
        click.option(
            "--estimate",
            is_flag=True,
            help="Estimate the fill-in of sparse chains from samples: --solver estimated.",
        ),
    )
    return cast(Command, decorate(with_solver))


order_option = click.option(
    "--order",
    metavar="TEXT",
    help='Cost your own order instead: "(F3 F2) F1"; of a graph, its inner vertices: "h a".',
)
start_option = click.option(
    "--start",
    metavar="FILE",
    help="A saved plan of the same graph that the search for a better one begins with.",
)
memory_option = click.option(
    "--memory",
    type=Memory(),
    metavar="ENTRIES",
    help="Entries that the tape of one elemental may take: 100000, 100k (k, M, G, T); or bytes, eight to an "
    "entry: 800kB, 2GiB.",
)
hessian_option = click.option(
    "--hessian", is_flag=True, help="Second derivatives of a network with parameters, by all ways there are."
)
machines_option = click.option(
    "--machines",
    type=Whole(1, MAX_MACHINES),
    metavar="NUMBER",
    help="Identical machines that the plan may use.",
)


def _hold(context: click.Context, _: click.Parameter, file: str | None) -> None:
    """Let the profile in a file hold until the call ends, in its processes, too."""
    if file is None:
        return
    from pathlib import Path

    from chainorder.costs.profiles import VARIABLE, read_profiles

    read_profiles(Path(file))  # a wrong one is refused before any work
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = file

    def restore() -> None:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before

    context.call_on_close(restore)


profile_option = click.option(
    "--profile",
    metavar="FILE",
    expose_value=False,
    callback=_hold,
    help="The machine that seconds are meant of, as calibrate keeps it; by default this one.",
)
dtype_option = click.option(
    "--dtype", type=Names(DTYPES), help="The numbers that seconds are meant of; by default float64."
)
scheduling_options: Callable[[Command], Command] = options(
    click.option(
        "--objective",
        type=Names(OBJECTIVES),
        help="What to minimise; by default fma on one machine, makespan on several.",
    ),
    profile_option,
    dtype_option,
    click.option(
        "--transfer",
        type=Whole(0),
        default=0,
        metavar="FMA",
        help="Delay, for each stored entry, of an operand that was made on another machine.",
    ),
    click.option(
        "--time-limit",
        type=float,
        metavar="SECONDS",
        help="Stop searching after so long and keep the best; by default 10, none for --solver exact.",
    ),
)
"""What `plan` takes beside machines and memory."""
scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="A Dask scheduler whose workers do it, as tcp://host:8786. local: processes of its own; here: none.",
)
verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="Say why this solver; show all operations."
)
force_option = click.option(
    "--force",
    is_flag=True,
    help="Write even where a spec, or a file that this call reads, is lost by it.",
)
format_names = Names(FORMATS)
output_options: Callable[[Command], Command] = options(
    click.option(
        "--format",
        "format_name",
        type=format_names,
        help="How to write the report; by default table, or what the ending of -o stands for.",
    ),
    click.option("-o", "--output", cls=Told, told=_ending_help, metavar="FILE"),
    force_option,
)
