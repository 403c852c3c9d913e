"""The one registry of solvers for graphs: a name, a function from a graph to a plan, and what it claims."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chainorder.errors import SolverError
from chainorder.problems.graph import Graph
from chainorder.reading.wording import nearest_of, shortened
from chainorder.solvers.options import Progress
from chainorder.system.signals import asked_to_end

if TYPE_CHECKING:
    from chainorder.plans.graph_plan import GraphPlan


@dataclass(frozen=True)
class Search:
    """How long, and from which seed, a solver may search.

    Attributes
    ----------
    time_limit
        Seconds; None: to the proof, or as long as the solver does by itself.
    seed
        Of random choices.
    progress
        Called with every improvement.
    start
        An order of the inner vertices, by their places, to begin with; empty if there is none.
    """

    time_limit: float | None = None
    seed: int = 0
    progress: Callable[[Progress], None] | None = field(default=None, compare=False)
    start: tuple[int, ...] = ()
    started: float = field(default_factory=time.monotonic, compare=False)

    def __post_init__(self) -> None:
        limit = self.time_limit
        if limit is not None and not limit > 0:
            raise SolverError(f"time_limit is {limit}; it is a positive number of seconds, or None")

    @property
    def over(self) -> bool:
        """Whether the time is up, or Ctrl-C asks for what there is."""
        return asked_to_end() or (self.time_limit is not None and self.seconds > self.time_limit)

    @property
    def left(self) -> float | None:
        """Seconds that are left."""
        if self.time_limit is None:
            return None
        return max(0.0, self.time_limit - self.seconds)

    @property
    def seconds(self) -> float:
        """How long it has been searching."""
        return time.monotonic() - self.started

    def within(self, seconds: float) -> Search:
        """The same search, which ends in so many seconds at the latest."""
        until = self.seconds + seconds
        return replace(self, time_limit=until if self.time_limit is None else min(until, self.time_limit))

    def report(self, best: int, lower_bound: int) -> None:
        """Tell whoever watches how far it is."""
        if self.progress is not None:
            self.progress(Progress(best, lower_bound, self.seconds))


Solve = Callable[[Graph, Search], "GraphPlan"]


@dataclass(frozen=True)
class GraphSolver:
    """A registered solver: its name, the function, and what it does and claims in a line."""

    name: str
    solve: Solve
    summary: str


_SOLVERS: dict[str, GraphSolver] = {}


def register(name: str, solve: Solve, summary: str) -> None:
    """Make a solver for graphs known under a name; raises `SolverError` if it is taken."""
    if name in _SOLVERS:
        raise SolverError(f"graph solver {name!r} is registered already; choose another name")
    _SOLVERS[name] = GraphSolver(name, solve, summary)


def find_solver(name: str) -> GraphSolver:
    """The solver of that name; raises `SolverError` that names the nearest and all if there is none."""
    try:
        return _SOLVERS[name]
    except KeyError:
        raise SolverError(f"no solver {shortened(name)} for graphs; {nearest_of(name, _SOLVERS)}") from None


def all_solvers() -> list[GraphSolver]:
    """All solvers for graphs, in the order of registration."""
    return list(_SOLVERS.values())
