"""``chainorder plan``: what the best order is and costs."""

from __future__ import annotations

import click

from chainorder.cli.options import (
    chain_argument,
    memory_option,
    order_option,
    output_options,
    solver_option,
    verbose_option,
)
from chainorder.cli.reading import plan_or_price, read_chains
from chainorder.cli.writing import choose_format, write
from chainorder.graph.plan import GraphPlan


@click.command("plan")
@chain_argument
@solver_option
@order_option
@memory_option
@verbose_option
@output_options
def plan_command(
    chain: str,
    solver: str,
    order: str | None,
    memory: int | None,
    verbose: bool,
    format_name: str | None,
    output: str | None,
) -> None:
    """Print the best order of a CHAIN and what it costs; -o plan.json saves it for `run`."""
    from chainorder.report.builders import plan_report
    from chainorder.report.graphs import graph_plan_report

    chosen = choose_format(format_name, output)
    plans = [plan_or_price(each, solver, order) for each in read_chains(chain, memory)]
    reports = [
        graph_plan_report(each, verbose=verbose)
        if isinstance(each, GraphPlan)
        else plan_report(each, verbose=verbose)
        for each in plans
    ]
    write(reports, chosen, output)
