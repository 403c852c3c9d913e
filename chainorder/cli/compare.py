"""``chainorder compare``: the best order beside those that everybody uses."""

from __future__ import annotations

from typing import Any

import click

from chainorder.chain import MAX_MACHINES
from chainorder.cli.options import (
    chain_argument,
    memory_option,
    output_options,
    scheduling_options,
    solver_option,
    verbose_option,
)
from chainorder.cli.reading import read_chains
from chainorder.cli.writing import choose_format, write


def machine_counts(text: str | tuple[int, ...]) -> tuple[int, ...]:
    """Numbers of machines, ``1,2,4,8``."""
    if isinstance(text, tuple):
        return text
    try:
        counts = tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise click.BadParameter(f"{text!r} are no numbers of machines; write them as 1,2,4,8") from None
    if any(not 1 <= count <= MAX_MACHINES for count in counts):
        raise click.BadParameter(f"{text}: each is a whole number from 1 to {MAX_MACHINES:,}")
    return counts


@click.command()
@chain_argument
@solver_option
@click.option(
    "--machines",
    type=machine_counts,
    default="",
    metavar="NUMBERS",
    help="Machines that the plan may use; several numbers, as 1,2,4,8, show how the makespan scales.",
)
@memory_option
@scheduling_options
@click.option("--memory-sweep", is_flag=True, help="Show the costs at every memory limit that matters.")
@verbose_option
@output_options
def compare(
    chain: str,
    solver: str,
    machines: tuple[int, ...],
    memory: int | None,
    memory_sweep: bool,
    verbose: bool,
    format_name: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Show what forward, reverse and the best order of a CHAIN cost, side by side.

    Matrix-free chains are compared with pure tangents (forward), pure adjoints (reverse) and with multiplying
    accumulated Jacobians only (preaccumulation). Several numbers of machines, --machines 1,2,4,8, show how
    the makespan falls with them.
    """
    from chainorder.comparison import compare as compare_orders
    from chainorder.comparison import scale, sweep_memory
    from chainorder.report.builders import comparison_report, sweep_report
    from chainorder.report.progress import searching
    from chainorder.report.schedules import scaling_report

    chosen = choose_format(format_name, output)
    if memory_sweep and len(machines) > 1:
        raise click.UsageError("--memory-sweep takes one number of machines; give one")
    chains = read_chains(chain, memory, machines[0] if len(machines) == 1 else None)
    with searching() as progress:
        options |= {"solver": solver, "progress": progress}
        if memory_sweep:
            reports = [sweep_report(each, sweep_memory(each, **options)) for each in chains]
        elif len(machines) > 1:
            reports = [scaling_report(scale(each, machines, **options)) for each in chains]
        else:
            comparisons = [compare_orders(each, **options) for each in chains]
            reports = [comparison_report(each, verbose=verbose) for each in comparisons]
    write(reports, chosen, output)
