"""Reports of results, whatever they are of: the kind of a plan says who makes its report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chainorder.plans.base import BasePlan
from chainorder.report.model import Report
from chainorder.system.later import later

if TYPE_CHECKING:
    from chainorder.comparison.ranking import Ranking
    from chainorder.report.common import Run

_PLANS = {
    "chain": later("report.chains", "plan_report"),
    "graph": later("report.graphs", "graph_plan_report"),
}
_COMPARISONS = {
    "chain": later("report.chains", "comparison_report"),
    "graph": later("report.graphs", "graph_comparison_report"),
}
_EXECUTIONS = {
    "chain": later("report.chains", "execution_report"),
    "graph": later("report.graphs", "graph_execution_report"),
}


def plan_report(
    plan: BasePlan, *, verbose: bool = False, sort: str | None = None, every: bool = False
) -> Report:
    """One plan: its operations, its totals, its claim.

    Parameters
    ----------
    verbose
        Show all operations, and why this solver.
    sort
        Show the dearest first: by ``fma``, ``memory`` (of the result) or ``time`` (as predicted).
    every
        Show all operations.

    Raises
    ------
    ChainorderError
        If they cannot be sorted by that.
    """
    made: Report = _PLANS[plan.kind](plan, verbose=verbose, sort=sort, every=every)
    return made


def comparison_report(comparison: Ranking[Any], *, verbose: bool = False) -> Report:
    """The usual orders beside the best: the thing people look at first.

    Parameters
    ----------
    verbose
        Say why this solver.
    """
    made: Report = _COMPARISONS[comparison.best.kind](comparison, verbose=verbose)
    return made


def execution_report(executions: Sequence[tuple[str, Run]], skipped: Sequence[str] = ()) -> Report:
    """One run, or several of one chain or graph, the best last: predicted beside measured.

    Parameters
    ----------
    executions
        With their labels.
    skipped
        What could not be run, and why.
    """
    made: Report = _EXECUTIONS[executions[-1][1].plan.kind](executions, skipped)
    return made


REPORTS: dict[str, Callable[..., Report]] = {
    "Chain": later("report.problems", "chain_report"),
    "Graph": later("report.problems", "graph_report"),
    "Plan": plan_report,
    "GraphPlan": plan_report,
    "Comparison": comparison_report,
    "GraphComparison": comparison_report,
    "Execution": lambda run: execution_report([(run.plan.solver, run)]),
    "GraphExecution": lambda run: execution_report([(run.plan.solver, run)]),
    "Sweep": later("report.scaling", "sweep_report"),
    "Scaling": later("report.scaling", "scaling_report"),
}
"""By the names of classes."""


def report_of(found: object) -> Report:
    """The report of any result."""
    return REPORTS[type(found).__name__](found)


def text(found: object) -> str:
    """What `print` shows of a result: its report without a legend, as wide as the screen."""
    from chainorder.report.screen import Screen, columns
    from chainorder.report.table import render

    return render([report_of(found)], Screen(columns(), legend=False)).rstrip("\n")
