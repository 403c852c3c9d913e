"""``chainorder compare``: the best order beside those that everybody uses."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import click

from chainorder.cli.helping import Command
from chainorder.cli.options import (
    chain_argument,
    hessian_option,
    memory_option,
    output_options,
    scheduling_options,
    solver_option,
    verbose_option,
)
from chainorder.cli.reading import AnyPlan, Request, hessian_of, interruptible, problem_of, read_inputs
from chainorder.cli.values import whole
from chainorder.cli.writing import Destination, Look
from chainorder.errors import ChainorderError
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import MAX_MACHINES
from chainorder.problems.problem import Problem
from chainorder.report.model import PICTURE
from chainorder.solvers import plan
from chainorder.solvers.foretelling import foretold
from chainorder.solvers.options import Options
from chainorder.system.signals import end_if_asked

if TYPE_CHECKING:
    from chainorder.report.model import Report


def machine_counts(text: str | tuple[int, ...]) -> tuple[int, ...]:
    """Numbers of machines, ``1,2,4,8``."""
    if isinstance(text, tuple):
        return text
    try:
        counts = tuple(map(whole, text.split(","))) if text else ()
    except click.BadParameter:
        raise click.BadParameter(f"{text!r} are no numbers of machines; write them as 1,2,4,8") from None
    if any(not 1 <= count <= MAX_MACHINES for count in counts):
        raise click.BadParameter(f"{text}: each is a whole number from 1 to {MAX_MACHINES:,}")
    return counts


@click.command(cls=Command)
@chain_argument
@solver_option
@click.option(
    "--machines",
    type=machine_counts,
    default="",
    metavar="NUMBERS",
    help="Several, as 1,2,4,8, show how the makespan scales.",
)
@memory_option
@scheduling_options
@click.option("--memory-sweep", is_flag=True, help="The costs at every memory limit that matters.")
@hessian_option
@verbose_option
@output_options(PICTURE)
def compare(
    chain: tuple[str, ...],
    solver: str,
    machines: tuple[int, ...],
    memory: int | None,
    memory_sweep: bool,
    hessian: bool,
    verbose: bool,
    format_name: str | None,
    output: str | None,
    force: bool,
    screen: Look,
    **options: Any,
) -> None:
    """Show what forward, reverse and the best order cost, side by side.

    Matrix-free chains are compared with pure tangents (forward), pure adjoints (reverse) and with multiplying
    accumulated Jacobians only (preaccumulation); graphs with the usual rules of elimination; networks with
    parameters with all ways to their gradient: backpropagation, forward accumulation, finite differences.
    Several numbers of machines, --machines 1,2,4,8, show how the makespan falls with them. A saved plan
    stands in for the best order.
    """
    from chainorder.report.progress import searching
    from chainorder.system.phases import counted

    to = Destination.of(format_name, output, force=force, screen=screen, drawable=(PICTURE,))
    to.protect(chain)
    if memory_sweep and len(machines) > 1:
        raise click.UsageError("--memory-sweep takes one number of machines; give one")
    request = Request(solver, None, memory, machines[0] if len(machines) == 1 else None, options)
    inputs = read_inputs(chain, request)
    problems = list(map(problem_of, inputs))
    to.check(problems, (PICTURE,))
    with searching() as progress:
        options |= {"solver": solver, "progress": progress}
        each_input = counted(inputs, "chain", len(inputs))
        if hessian:
            reports = [_hessian(each, options) for each in each_input]
        elif memory_sweep or len(machines) > 1:
            reports = [_swept(each, machines, options) for each in each_input]
        else:
            reports = [_compared(each, options, verbose=verbose) for each in each_input]
    to.write(reports)
    end_if_asked()


def _hessian(found: Problem | AnyPlan, options: dict[str, Any]) -> Report:
    from chainorder.report.graphs import hessian_report

    by_time = options["objective"] == "seconds"
    profile = Options("seconds", dtype=options["dtype"]).the_profile if by_time else None
    return hessian_report(hessian_of(found).compared(profile))


@singledispatch
def _swept(found: Problem | AnyPlan, machines: tuple[int, ...], options: dict[str, Any]) -> Report:
    """How the cost of a chain changes with the memory, or with several numbers of machines."""
    what = found.kind if isinstance(found, Problem) else "saved plan"
    raise ChainorderError(f"--memory-sweep and several --machines are for chains; this is a {what}")


@_swept.register(Chain)
def _(chain: Chain, machines: tuple[int, ...], options: dict[str, Any]) -> Report:
    from chainorder.comparison.scaling import scale, sweep_memory
    from chainorder.report.scaling import scaling_report, sweep_report

    if len(machines) < 2:
        return sweep_report(sweep_memory(chain, **options))
    return scaling_report(scale(chain, machines, **options))


def _compared(found: Problem | AnyPlan, options: dict[str, Any], *, verbose: bool) -> Report:
    """The comparison that suits a chain, a graph, a network with parameters or a plan of one of them."""
    from chainorder.comparison.compare import beside
    from chainorder.problems.parameter_network import ParameterNetwork
    from chainorder.report.results import comparison_report

    if not isinstance(found, Problem):
        return comparison_report(_foretold(beside(found)), verbose=verbose)
    with interruptible(found):
        best: Any = plan(found, **options)
    if isinstance(found.network, ParameterNetwork):
        from chainorder.comparison.backpropagation import backpropagation
        from chainorder.report.graphs import backpropagation_report

        return backpropagation_report(backpropagation(best))
    return comparison_report(_foretold(beside(best, time_limit=options["time_limit"])), verbose=verbose)


def _foretold(comparison: Any) -> Any:
    """A comparison with the seconds of its plans, where they are known."""
    return replace(comparison, plans=tuple(map(foretold, comparison.plans)))
