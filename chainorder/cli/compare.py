"""``chainorder compare``: the best order beside those that everybody uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chainorder.cli.options import (
    chain_argument,
    hessian_option,
    memory_option,
    output_options,
    solver_option,
    verbose_option,
)
from chainorder.cli.reading import Problem, hessian_of, read_chains
from chainorder.cli.writing import choose_format, write
from chainorder.errors import ChainorderError
from chainorder.graph.graph import Graph

if TYPE_CHECKING:
    from chainorder.report.model import Report


@click.command()
@chain_argument
@solver_option
@memory_option
@click.option("--memory-sweep", is_flag=True, help="Show the costs at every memory limit that matters.")
@hessian_option
@verbose_option
@output_options
def compare(
    chain: str,
    solver: str,
    memory: int | None,
    memory_sweep: bool,
    hessian: bool,
    verbose: bool,
    format_name: str | None,
    output: str | None,
) -> None:
    """Show what forward, reverse and the best order of a CHAIN cost, side by side.

    Matrix-free chains are compared with pure tangents (forward), pure adjoints (reverse) and with multiplying
    accumulated Jacobians only (preaccumulation); graphs with the usual rules of elimination; networks with
    parameters with all ways to their gradient: backpropagation, forward accumulation, finite differences.
    """
    from chainorder.comparison import sweep_memory
    from chainorder.report.builders import sweep_report
    from chainorder.report.graphs import hessian_report

    chosen = choose_format(format_name, output)
    chains = read_chains(chain, memory)
    if hessian:
        reports = [hessian_report(hessian_of(each, chain)) for each in chains]
    elif memory_sweep:
        reports = []
        for each in chains:
            if isinstance(each, Graph):
                raise ChainorderError("--memory-sweep is for chains; give a graph --memory instead")
            reports.append(sweep_report(each, sweep_memory(each, solver=solver)))
    else:
        reports = [compared(each, solver, verbose=verbose) for each in chains]
    write(reports, chosen, output)


def compared(problem: Problem, solver: str, *, verbose: bool) -> Report:
    """The comparison that suits a chain, a graph or a network with parameters."""
    from chainorder.comparison import compare as compare_orders

    if not isinstance(problem, Graph):
        from chainorder.report.builders import comparison_report

        return comparison_report(compare_orders(problem, solver=solver), verbose=verbose)
    from chainorder.report.graphs import backpropagation_report, graph_comparison_report

    if problem.network is not None:
        from chainorder.graph.backpropagation import backpropagation

        return backpropagation_report(backpropagation(problem, solver=solver))
    return graph_comparison_report(compare_orders(problem, solver=solver), verbose=verbose)
