"""The one registry of solvers: a kind of problem and a name, a function to a plan, and what it claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chainorder.errors import SolverError
from chainorder.problems.problem import Problem
from chainorder.reading.wording import nearest_of, shortened
from chainorder.solvers.options import Options

SolveFunction = Callable[..., Any]
"""Takes a problem (and `Options`, if registered with ``options=True``) and returns a plan for it; raises
`SolverError` for one that it cannot take."""

KINDS = ("chain", "graph")
"""Kinds of problems that there are solvers for."""

WEIGHED = ("chain",)
"""Those whose plans for several machines have an objective, and a delay of what is moved."""

SEARCHED = ("graph",)
"""Those whose searches may begin with a plan, and end with the best so far when they are asked to."""


@dataclass(frozen=True)
class Solver:
    """A registered solver.

    Attributes
    ----------
    kind
        What it plans for: ``chain`` or ``graph``.
    name
        What ``--solver`` and `plan` call it; the same name may stand for one solver of each kind.
    solve
        The function; with one argument it stands for default options.
    summary
        What it does and claims, in a line, for help texts.
    options
        Whether the function takes `Options` after the problem.
    schedules
        Whether it plans for several machines; the order of one that does not is scheduled on them.
    """

    kind: str
    name: str
    solve: SolveFunction
    summary: str
    options: bool = False
    schedules: bool = False

    def __call__(self, problem: Problem, options: Options) -> Any:
        """Solve, with the options if the function takes them."""
        return self.solve(problem, options) if self.options else self.solve(problem)


_SOLVERS: dict[tuple[str, str], Solver] = {}


def register(
    name: str,
    solve: SolveFunction,
    summary: str = "",
    *,
    options: bool = False,
    schedules: bool = False,
    kind: str = "chain",
) -> None:
    """Make a solver known under a name: ``register("mine", my_solve)``.

    Parameters
    ----------
    name
        What ``--solver`` and `plan` are to call it.
    solve
        Takes a problem and returns a plan for it; raises `SolverError` for one that it cannot take.
    summary
        What it does and claims, for help texts; by default the first line of the function's docstring.
    options
        Whether the function takes `Options` after the problem.
    schedules
        Whether it plans for several machines, with options.
    kind
        What it plans for: ``chain`` or ``graph``.

    Raises
    ------
    SolverError
        If the name is taken, or there is no such kind.
    """
    if kind not in KINDS:
        raise SolverError(f"there are no problems of kind {shortened(kind)}; {nearest_of(kind, KINDS)}")
    if (kind, name) in _SOLVERS:
        raise SolverError(f"a solver {name!r} for {kind}s is registered already; choose another name")
    what = summary or (solve.__doc__ or "").partition("\n")[0]
    _SOLVERS[kind, name] = Solver(kind, name, solve, what, options or schedules, schedules)


def find_solver(name: str, kind: str = "chain") -> Solver:
    """The solver of that name for a kind of problem.

    Raises
    ------
    SolverError
        If there is none; names the nearest, and all that there are.
    """
    known = {solver.name: solver for solver in all_solvers(kind)}
    if name in list(known):  # a list: what is no text may not be hashable
        return known[name]
    raise SolverError(f"unknown solver {shortened(name)} for {kind}s; {nearest_of(name, known)}")


def all_solvers(kind: str = "chain") -> list[Solver]:
    """All solvers for a kind of problem, in the order of registration."""
    return [solver for solver in _SOLVERS.values() if solver.kind == kind]
