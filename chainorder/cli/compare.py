"""``chainorder compare``: the best order beside those that everybody uses."""

from __future__ import annotations

import click

from chainorder.cli.options import (
    chain_argument,
    memory_option,
    output_options,
    solver_option,
    verbose_option,
)
from chainorder.cli.reading import read_chains
from chainorder.cli.writing import choose_format, write


@click.command()
@chain_argument
@solver_option
@memory_option
@click.option("--memory-sweep", is_flag=True, help="Show the costs at every memory limit that matters.")
@verbose_option
@output_options
def compare(
    chain: str,
    solver: str,
    memory: int | None,
    memory_sweep: bool,
    verbose: bool,
    format_name: str | None,
    output: str | None,
) -> None:
    """Show what forward, reverse and the best order of a CHAIN cost, side by side.

    Matrix-free chains are compared with pure tangents (forward), pure adjoints (reverse) and with multiplying
    accumulated Jacobians only (preaccumulation).
    """
    from chainorder.comparison import compare as compare_orders
    from chainorder.comparison import sweep_memory
    from chainorder.report.builders import comparison_report, sweep_report

    chosen = choose_format(format_name, output)
    chains = read_chains(chain, memory)
    if memory_sweep:
        reports = [sweep_report(each, sweep_memory(each, solver=solver)) for each in chains]
    else:
        comparisons = [compare_orders(each, solver=solver) for each in chains]
        reports = [comparison_report(each, verbose=verbose) for each in comparisons]
    write(reports, chosen, output)
