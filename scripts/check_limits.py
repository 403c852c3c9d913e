"""How long every solver takes that is given a time limit, on problems that it cannot finish.

    python scripts/check_limits.py

Nothing else should run meanwhile. Exit status 1 if a limit is exceeded by more than a tenth, or by more than
0.2 s where that is more: what has begun is ended, and the plan written.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from chainorder import ChainorderError, plan
from chainorder.problems.problem import Problem
from chainorder.solvers import Solver, all_solvers

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.unfinished import UNFINISHED


def taken(problem: Problem, solver: str, limit: float) -> tuple[float, str]:
    """Seconds that a solver takes, and what comes of it."""
    started = time.perf_counter()
    try:
        found = plan(problem, solver=solver, time_limit=limit)
        outcome = f"{found.cost:,}, bound {found.lower_bound or 0:,}"
    except ChainorderError as error:
        outcome = str(error).partition(";")[0]
    return time.perf_counter() - started, outcome


def limited(kind: str) -> list[Solver]:
    """The solvers for a kind of problem that are told the time limit."""
    return [
        solver for solver in all_solvers(kind) if (solver.options if kind == "graph" else solver.schedules)
    ]


@click.command()
@click.option("--limit", "limits", multiple=True, default=(1.0, 3.0), show_default=True)
@click.option("--lenient", is_flag=True, help="Exit with 0 all the same: other work is going on.")
@click.option("--only", default="", help="Solvers, separated by commas; all that are told the limit.")
def main(limits: tuple[float, ...], only: str, *, lenient: bool) -> None:
    """Print a table: what was asked of whom, and how long it took."""
    click.echo("| problem | solver | limit, s | taken, s | outcome |")
    click.echo("|---" * 5 + "|")
    late = 0
    for name, make in UNFINISHED.items():
        problem = make()
        for solver in limited(problem.kind):
            if only and solver.name not in only.split(","):
                continue
            taken(problem, solver.name, 0.1)  # what is loaded and compiled once
            for limit in limits:
                seconds, outcome = taken(problem, solver.name, limit)
                late += seconds > limit + max(0.2, 0.1 * limit)
                click.echo(f"| {name} | {solver.name} | {limit:g} | {seconds:.2f} | {outcome} |")
    click.echo(f"\n{late} too late")
    sys.exit(1 if late and not lenient else 0)


if __name__ == "__main__":
    main()
