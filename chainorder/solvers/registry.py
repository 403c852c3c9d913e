"""The one registry of solvers: a name, a function from a chain to a plan, and what it claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.reading.wording import nearest_of, shortened
from chainorder.solvers.options import Options

Solve = Callable[..., Plan]
"""Takes a chain (and `Options`, if registered with ``options=True``) and returns a plan for it; raises
`SolverError` for a chain that it cannot take."""


@dataclass(frozen=True)
class Solver:
    """A registered solver.

    Attributes
    ----------
    name
        What ``--solver`` and `plan` call it.
    solve
        The function; with one argument it stands for default options.
    summary
        What it does and claims, in a line, for help texts.
    options
        Whether the function takes `Options` after the chain.
    schedules
        Whether it plans for several machines; the order of one that does not is scheduled on them.
    """

    name: str
    solve: Solve
    summary: str
    options: bool = False
    schedules: bool = False

    def __call__(self, chain: Chain, options: Options) -> Plan:
        """Solve, with the options if the function takes them."""
        return self.solve(chain, options) if self.options else self.solve(chain)


_SOLVERS: dict[str, Solver] = {}


def register(
    name: str, solve: Solve, summary: str = "", *, options: bool = False, schedules: bool = False
) -> None:
    """Make a solver known under a name: ``register("mine", my_solve)``.

    Raises
    ------
    SolverError
        If the name is taken.
    """
    if name in _SOLVERS:
        raise SolverError(f"solver {name!r} is registered already; choose another name")
    what = summary or (solve.__doc__ or "").partition("\n")[0]
    _SOLVERS[name] = Solver(name, solve, what, options or schedules, schedules)


def find_solver(name: str) -> Solver:
    """The solver of that name.

    Raises
    ------
    SolverError
        If there is none; names the nearest, and all that there are.
    """
    try:
        return _SOLVERS[name]
    except KeyError:
        raise SolverError(f"unknown solver {shortened(name)}; {nearest_of(name, _SOLVERS)}") from None


def all_solvers() -> list[Solver]:
    """All solvers, in the order of registration."""
    return list(_SOLVERS.values())
