"""``chainorder run``: the Jacobian itself, counted and checked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from chainorder.cli.completion import FileName
from chainorder.cli.helping import Command
from chainorder.cli.options import (
    chain_argument,
    force_option,
    format_option,
    hessian_option,
    machines_option,
    memory_option,
    order_option,
    scheduler_option,
    scheduling_options,
    screen_options,
    solver_option,
)
from chainorder.cli.reading import AnyPlan, Request, hessian_of, read_inputs, read_plans
from chainorder.cli.values import Real, Whole
from chainorder.cli.writing import Destination, Look
from chainorder.errors import ChainorderError, ExecutionError
from chainorder.execution.cluster import LOCAL
from chainorder.problems.problem import Problem
from chainorder.report.model import PICTURE
from chainorder.solvers.foretelling import foretold
from chainorder.system.installation import how_to_add
from chainorder.system.phases import counted, phase, watched
from chainorder.system.signals import end_if_asked

if TYPE_CHECKING:
    from chainorder.execution.graph_result import GraphExecution
    from chainorder.execution.result import Execution

HERE = "here"


@click.command(cls=Command)
@chain_argument
@solver_option
@order_option
@machines_option
@memory_option
@scheduling_options
@scheduler_option
@click.option("--compare", "all_orders", is_flag=True, help="Forward and reverse, too, beside the best.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=Whole(0),
    metavar="NUMBER",
    help="Of all that is random: weights, probes.",
)
@click.option(
    "--tolerance",
    type=Real(0),
    metavar="ERROR",
    help="Largest relative error that passes; by default 1e-9, more for float32.",
)
@hessian_option
@click.option(
    "--measure",
    is_flag=True,
    help="Time the models first, and plan by these seconds.",
)
@click.option(
    "--stand-ins",
    is_flag=True,
    help="Random Jacobians for matrices that a saved plan does not keep.",
)
@click.option("--no-verify", is_flag=True, help="Do not check the result.")
@format_option(PICTURE)
@click.option(
    "-o",
    "--output",
    type=FileName(),
    multiple=True,
    metavar="FILE",
    help="The Jacobian, J.npz .npy .mtx, or the report, or both.",
)
@force_option
@screen_options
def run(
    chain: tuple[str, ...],
    solver: str,
    order: str | None,
    machines: int | None,
    memory: int | None,
    scheduler: str | None,
    all_orders: bool,
    seed: int,
    tolerance: float | None,
    hessian: bool,
    measure: bool,
    stand_ins: bool,
    no_verify: bool,
    format_name: str | None,
    output: tuple[str, ...],
    force: bool,
    screen: Look,
    **options: Any,
) -> None:
    """Multiply each CHAIN in the best order, and check the result.

    A CHAIN may also be a saved plan. The Jacobians are those of matrix files or of the network; elsewhere
    random stand-ins of the declared structures, which the report and the kept Jacobian say: only the costs
    mean something then.

    The operations of a plan for several machines run on workers: each machine is a process, or a worker of
    the Dask cluster at --scheduler.
    """
    from chainorder.execution.checks import Tolerances
    from chainorder.execution.save import check_dense
    from chainorder.report.progress import Account
    from chainorder.report.results import execution_report

    account = Account()
    click.get_current_context().with_resource(watched(account))
    Tolerances.of(tolerance, 0)  # a wrong one is refused before the work
    report_file, kept = _files(output)
    if hessian and kept is not None:
        raise ChainorderError(f"{kept}: --hessian makes reports; the Jacobian is kept without it")
    drawable = (PICTURE,)
    to = Destination.of(format_name, report_file, force=force, screen=screen, drawable=drawable, kept=kept)
    to.protect(chain)
    if hessian:
        from chainorder.report.graphs import hessian_report

        problems = [hessian_of(each, seed) for each in read_inputs(chain, Request(memory=memory))]
        found = [each.executed(tolerance) for each in counted(problems, "chain", len(problems))]
        to.write(list(map(hessian_report, found)))
        sys.exit(0 if all(each.passed for each in found) else 1)

    def check(problems: Sequence[Problem]) -> None:
        if kept is not None and len(problems) > 1:
            raise ExecutionError(
                f"{' '.join(chain)}: {len(problems)} chains but {kept} keeps one Jacobian; run one"
            )
        if kept is not None:
            check_dense(kept, *problems[0].shape)
        to.check(problems, (PICTURE,))

    reports, passed = [], True
    request = Request(solver, order, memory, machines, options)
    if measure:
        timed = partial(_measured, seed=seed)
        request = replace(request, options=options | {"objective": "seconds"}, measure=timed)
    plans = read_plans(chain, request, check, recheck=True)
    end_if_asked()
    for best in counted(plans, "chain", len(plans)):
        settings = {"seed": seed, "verify": not no_verify, "tolerance": tolerance, "stand_ins": stand_ins}
        executions, skipped = _run_orders(best, all_orders, scheduler, settings)
        if kept is not None:
            _keep(executions[-1][1], kept)
        reports.append(execution_report(executions, skipped))
        passed = passed and all(execution.passed for _, execution in executions)
    reports[-1] = replace(reports[-1], notes=(*reports[-1].notes, account.note()))
    to.write(reports)
    sys.exit(0 if passed else 1)


def _measured(problem: Problem, seed: int) -> Problem:
    """The chain with the times of its models; shows what is measured."""
    from chainorder.execution.measuring import measure

    found: Any = problem
    return measure(found, watch=lambda names: counted(names, "measuring", len(names)), seed=seed)


def _files(output: Sequence[str]) -> tuple[str | None, str | None]:
    """The file of the report and that of the Jacobian, so far as -o names them."""
    from chainorder.execution.save import ENDINGS

    kept = [name for name in output if name.lower().endswith(ENDINGS)]
    reported = [name for name in output if name not in kept]
    if len(reported) > 1 or len(kept) > 1:
        raise ChainorderError(
            f"-o {' -o '.join(output)}: one report and one Jacobian at most; run again for more"
        )
    return next(iter(reported), None), next(iter(kept), None)


def _keep(run: Execution | GraphExecution, file: str) -> None:
    """Save a Jacobian; where the file cannot say that its numbers are random, stderr does."""
    from chainorder.execution.provenance import Source
    from chainorder.execution.save import save_matrix

    save_matrix(run.jacobian, file, run.provenance)
    if file.lower().endswith(".npy") and run.source is Source.STAND_INS:
        click.echo(f"{file}: {run.provenance}", err=True)


def _run_orders(
    best: AnyPlan, all_orders: bool, scheduler: str | None, settings: dict[str, Any]
) -> tuple[list[tuple[str, Any]], list[str]]:
    """Run a plan, and the baselines before it if asked; those that cannot be are skipped, and why."""
    from chainorder.comparison.compare import RANKINGS
    from chainorder.execution.execute import execute
    from chainorder.execution.memory import check_memory

    ranking = RANKINGS[best.kind]
    executions, skipped = [], []
    for label in (*(ranking.sweeps(best) if all_orders else ()), ""):
        try:
            each = ranking.baseline(label, best) if label else best
            check_memory(each.peak_memory)
        except ChainorderError as error:
            if not label:
                raise
            skipped.append(f"{label} skipped: {error}")
            continue
        if (place := where(each, scheduler)) is not None:
            settings = settings | {"scheduler": place}
        with phase(label or "best"):
            done = execute(foretold(each), **settings)
        executions.append((label or ("best" if all_orders else best.solver), done))
    return executions, skipped


def where(found: AnyPlan, scheduler: str | None) -> str | None:
    """Where a plan is run: None for here."""
    if scheduler == HERE:
        return None
    if scheduler is not None:
        return scheduler
    if found.machines == 1:
        return None
    if find_spec("distributed") is None:
        click.echo(f"run here: for workers, {how_to_add('distributed')}", err=True)
        return None
    return LOCAL
