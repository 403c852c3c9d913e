"""The one registry of solvers: a name, a function from a chain to a plan, and what it claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainorder.chain import Chain
from chainorder.errors import SolverError
from chainorder.plan import Plan

Solve = Callable[[Chain], Plan]
"""Takes a chain and returns a plan for it; raises `SolverError` for a chain that it cannot take."""


@dataclass(frozen=True)
class Solver:
    """A registered solver.

    Attributes
    ----------
    name
        What ``--solver`` and `plan` call it.
    solve
        The function.
    summary
        What it does and claims, in a line, for help texts.
    """

    name: str
    solve: Solve
    summary: str


_SOLVERS: dict[str, Solver] = {}


def register(name: str, solve: Solve, summary: str = "") -> None:
    """Make a solver known under a name: ``register("mine", my_solve)``.

    Raises
    ------
    SolverError
        If the name is taken.
    """
    if name in _SOLVERS:
        raise SolverError(f"solver {name!r} is registered already; choose another name")
    _SOLVERS[name] = Solver(name, solve, summary or (solve.__doc__ or "").partition("\n")[0])


def find_solver(name: str) -> Solver:
    """The solver of that name.

    Raises
    ------
    SolverError
        If there is none; lists those that there are.
    """
    try:
        return _SOLVERS[name]
    except KeyError:
        raise SolverError(f"unknown solver {name!r}; the known ones are {', '.join(_SOLVERS)}") from None


def all_solvers() -> list[Solver]:
    """All solvers, in the order of registration."""
    return list(_SOLVERS.values())
