"""``chainorder run``: the Jacobian itself, counted and checked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import click

from chainorder.cli.options import (
    FORMAT_NAMES,
    chain_argument,
    force_option,
    hessian_option,
    machines_option,
    memory_option,
    order_option,
    scheduler_option,
    scheduling_options,
    solver_option,
)
from chainorder.cli.reading import AnyPlan, Problem, hessian_of, problem_of, read_chains, read_plans
from chainorder.cli.writing import Destination
from chainorder.cluster import LOCAL
from chainorder.errors import ChainorderError, ExecutionError, SolverError
from chainorder.graph.graph import Graph
from chainorder.plan import Plan
from chainorder.report.model import CHARTS
from chainorder.solvers import plan

HERE = "here"


@click.command()
@chain_argument
@solver_option
@order_option
@machines_option
@memory_option
@scheduling_options
@scheduler_option
@click.option("--compare", "all_orders", is_flag=True, help="Run forward and reverse too, beside the best.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Seed of everything random: weights, Jacobians, probes.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0),
    help="Largest relative error that passes; by default 1e-9, and more for single precision.",
)
@hessian_option
@click.option("--no-verify", is_flag=True, help="Do not check the result.")
@click.option("--format", "format_name", type=click.Choice(FORMAT_NAMES), help="How to write the report.")
@click.option(
    "-o",
    "--output",
    multiple=True,
    metavar="FILE",
    help="J.npz keeps the Jacobian; any other ending keeps the report. May be given twice.",
)
@force_option
def run(
    chain: str,
    solver: str,
    order: str | None,
    machines: int | None,
    memory: int | None,
    scheduler: str | None,
    all_orders: bool,
    seed: int,
    tolerance: float | None,
    hessian: bool,
    no_verify: bool,
    format_name: str | None,
    output: tuple[str, ...],
    force: bool,
    **options: Any,
) -> None:
    """Multiply a CHAIN in the best order and check the result; a CHAIN may also be a saved plan.

    The operations of a plan for several machines run on workers: each machine is a process, or a worker of
    the Dask cluster at --scheduler.
    """
    from chainorder.execution.run import TOLERANCE
    from chainorder.execution.save import save_matrix
    from chainorder.report.builders import execution_report
    from chainorder.report.graphs import graph_execution_report, hessian_report
    from chainorder.report.schedules import has_chart

    kept = [name for name in output if name.lower().endswith(".npz")]
    reported = [name for name in output if name not in kept]
    if len(reported) > 1 or len(kept) > 1:
        raise ChainorderError(
            f"-o {' -o '.join(output)}: one report and one .npz at most; run again for more"
        )
    if hessian and kept:
        raise ChainorderError(f"{kept[0]}: --hessian makes reports; the Jacobian is kept without it")
    drawable = [CHARTS] * (not hessian)
    report_file, kept_file = (next(iter(names), None) for names in (reported, kept))
    to = Destination.of(format_name, report_file, force=force, drawable=drawable, kept=kept_file)
    to.protect([chain])
    if hessian:
        problems = [hessian_of(each, chain, seed) for each in read_chains(chain, memory)]
        checks = [each.checks(tolerance or TOLERANCE) for each in problems]
        to.write([hessian_report(*each) for each in zip(problems, checks, strict=True)])
        sys.exit(0 if all(check.passed for each in checks for check in each) else 1)

    def check(problems: Sequence[Problem]) -> None:
        if kept and len(problems) > 1:
            raise ExecutionError(
                f"{chain} holds {len(problems)} chains but {kept[0]} keeps one Jacobian; run one"
            )
        to.check(problems, drawable * any(map(has_chart, problems)))

    reports, passed = [], True
    for best in read_plans(chain, solver, order, memory, machines, check, **options):
        settings = {"seed": seed, "verify": not no_verify, "tolerance": tolerance}
        executions, skipped = _run_orders(best, all_orders, scheduler, settings)
        for name in kept:
            save_matrix(executions[-1][1].jacobian, name)
        make = execution_report if isinstance(best, Plan) else graph_execution_report
        reports.append(make(executions, skipped))
        passed = passed and all(execution.passed for _, execution in executions)
    to.write(reports)
    sys.exit(0 if passed else 1)


def _run_orders(
    best: AnyPlan, all_orders: bool, scheduler: str | None, settings: dict[str, Any]
) -> tuple[list[tuple[str, Any]], list[str]]:
    """Run a plan, and the baselines before it if asked; those that cannot be are skipped, and why."""
    from chainorder import execute
    from chainorder.comparison import baselines
    from chainorder.execution.run import check_memory

    problem = problem_of(best)
    others = ("forward", "reverse") if isinstance(problem, Graph) else baselines(problem)
    executions, skipped = [], []
    for label in (*(others if all_orders else ()), ""):
        try:
            each = _baseline(label, best) if label else best
            check_memory(each.peak_memory)
        except (ExecutionError, SolverError) as error:
            if not label:
                raise
            skipped.append(f"{label} skipped: {error}")
            continue
        if (place := where(each, scheduler)) is not None:
            settings = settings | {"scheduler": place}
        done = execute(each, **settings)
        executions.append((label or ("best" if all_orders else best.solver), done))
    return executions, skipped


def _baseline(label: str, best: AnyPlan) -> AnyPlan:
    from chainorder.comparison import baseline

    return baseline(label, best) if isinstance(best, Plan) else plan(problem_of(best), solver=label)


def where(found: AnyPlan, scheduler: str | None) -> str | None:
    """Where a plan is run: None for here.

    Raises
    ------
    ExecutionError
        If a graph is to be run on workers.
    """
    if not isinstance(found, Plan):
        if scheduler not in (None, HERE):
            raise ExecutionError("plans of graphs run here; leave --scheduler out")
        return None
    if scheduler is not None:
        return None if scheduler == HERE else scheduler
    if found.machines == 1:
        return None
    if find_spec("distributed") is None:
        click.echo("run here: for workers, pip install 'chainorder[distributed]'", err=True)
        return None
    return LOCAL
