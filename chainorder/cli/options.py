"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any, TypeVar, cast

import click

from chainorder.cli.completion import ChainFile, FileName, SolverName
from chainorder.cli.values import Memory, Names, Told, Whole, whole
from chainorder.plans.chain_operations import OBJECTIVES
from chainorder.problems.elementals import MAX_MACHINES
from chainorder.reading.wording import without_breaks
from chainorder.report.formats import FORMATS, Format
from chainorder.report.screen import COLOURS, Screen
from chainorder.structures.number_types import DTYPES

Command = TypeVar("Command", bound=Callable[..., Any])


def options(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the given order."""

    def decorate(command: Command) -> Command:
        for option in reversed(decorators):
            command = option(command)
        return command

    return decorate


class Writable:
    """The names of the formats that a command can write; `drawable` is what there may be to draw."""

    def __init__(self, *drawable: str) -> None:
        self._drawable = drawable

    def formats(self) -> list[Format]:
        """Those that are registered by now."""
        return [each for each in FORMATS.values() if each.draws is None or each.draws in self._drawable]

    def __iter__(self) -> Iterator[str]:
        return (each.name for each in self.formats())

    def format_help(self) -> str:
        """For ``--format``."""
        return f"{', '.join(self)}."


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


chain_argument = click.argument("chain", nargs=-1, required=True, metavar="CHAIN...", type=ChainFile())


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
            "--solver",
            type=SolverName(),
            default="auto",
            metavar="NAME",
            help="Who finds the order: see `chainorder solvers`.",
        ),
        click.option(
            "--exact-fill", is_flag=True, help="Sparse chains: all fill-in exactly; --solver dynamic."
        ),
        click.option(
            "--estimate", is_flag=True, help="Sparse chains: fill-in from samples; --solver estimated."
        ),
    )
    return cast(Command, decorate(with_solver))


order_option = click.option(
    "--order",
    metavar="TEXT",
    help='Your own instead: "(F3 F2) F1"; of a graph: "h a".',
)
start_option = click.option(
    "--start",
    type=FileName(),
    metavar="FILE",
    help="A saved plan of a graph that the search begins with.",
)
memory_option = click.option(
    "--memory",
    type=Memory(),
    metavar="ENTRIES",
    help="Entries for one tape: 100000, 100k; in bytes 2GiB.",
)
hessian_option = click.option("--hessian", is_flag=True, help="Second derivatives of a network, by all ways.")
machines_option = click.option(
    "--machines",
    type=Whole(1, MAX_MACHINES),
    metavar="NUMBER",
    help="Machines, all alike, that the plan may use.",
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
    type=FileName(),
    metavar="FILE",
    expose_value=False,
    callback=_hold,
    help="The machine that seconds are of; by default this one.",
)
dtype_option = click.option(
    "--dtype",
    type=Names(DTYPES),
    metavar="TYPE",
    help="The numbers that seconds are of; by default float64.",
)
scheduling_options: Callable[[Command], Command] = options(
    click.option(
        "--objective",
        type=Names(OBJECTIVES),
        metavar="NAME",
        help="fma, seconds, or makespan, usual on several machines.",
    ),
    profile_option,
    dtype_option,
    click.option(
        "--transfer",
        type=Whole(0),
        default=0,
        metavar="FMA",
        help="Delay of each entry that was made on another machine.",
    ),
    click.option(
        "--time-limit",
        type=float,
        metavar="SECONDS",
        help="Search no longer: 10 by default, not for exact.",
    ),
)
"""What `plan` takes beside machines and memory."""
scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="tcp://host:8786 (Dask), local (processes), or here.",
)
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Why this solver; all operations.")
force_option = click.option(
    "--force",
    is_flag=True,
    help="Write even over a spec, or a file that is read.",
)


def screen_options(command: Command) -> Command:
    """``--color``, ``--exact`` and ``--no-legend``, as the one parameter `screen`."""

    @wraps(command)
    def with_screen(*args: Any, color: str, exact: bool, no_legend: bool, **params: Any) -> Any:
        screen = partial(Screen.of, color, exact=exact, legend=not no_legend)
        return command(*args, screen=screen, **params)

    decorate = options(
        click.option(
            "--color",
            type=Names(COLOURS),
            default="auto",
            metavar="WHEN",
            help="Tables in colour: always, never, auto.",
        ),
        click.option("--exact", is_flag=True, help="Numbers of tables to the unit."),
        click.option("--no-legend", is_flag=True, help="Explain no words below tables."),
    )
    return cast(Command, decorate(with_screen))


def format_option(*drawable: str) -> Callable[[Command], Command]:
    """``--format``: what a command can write, which may have something to draw."""
    known = Writable(*drawable)
    return click.option(
        "--format",
        "format_name",
        cls=Told,
        told=known.format_help,
        type=Names(FORMATS, known),
        metavar="NAME",
    )


def output_options(*drawable: str) -> Callable[[Command], Command]:
    """Where and how a command writes reports."""
    return options(
        format_option(*drawable),
        click.option(
            "-o",
            "--output",
            type=FileName(),
            metavar="FILE",
            help="Write to a file; its ending picks the format.",
        ),
        force_option,
        screen_options,
    )
