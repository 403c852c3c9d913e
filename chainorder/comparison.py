"""The orders that everybody uses beside the best one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from chainorder.chain import Chain
from chainorder.errors import InfeasibleError, SolverError
from chainorder.graph.graph import Graph
from chainorder.plan import Plan
from chainorder.solvers import plan

if TYPE_CHECKING:
    from chainorder.graph.comparison import GraphComparison


@dataclass(frozen=True)
class Infeasible:
    """A baseline that this chain does not have, and why."""

    solver: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """Plans for one chain, the baselines first and the best last.

    Attributes
    ----------
    plans
        Baselines by tangents only (forward), by adjoints only (reverse) and, if an elemental is matrix-free,
        by multiplying accumulated Jacobians only (preaccumulation); then the best.
    infeasible
        The baselines that cannot be.
    """

    plans: tuple[Plan, ...]
    infeasible: tuple[Infeasible, ...] = ()

    @property
    def chain(self) -> Chain:
        """The chain they are for."""
        return self.best.chain

    @property
    def best(self) -> Plan:
        """The plan of the chosen solver."""
        return self.plans[-1]

    @property
    def labels(self) -> tuple[str, ...]:
        """What reports call the plans: the baselines by their names, the last one ``best``."""
        return (*(each.solver for each in self.plans[:-1]), "best")

    def ratio(self, other: Plan) -> float | None:
        """How many times the cost of the best it costs: 1 if both are 0, None if only the best is."""
        return ratio(other.fma, self.best.fma)


def ratio(cost: int, least: int) -> float | None:
    """How many times the least a cost is: 1 if both are 0, None if only the least is."""
    if cost == least:
        return 1.0
    return cost / least if least else None


def baselines(chain: Chain) -> tuple[str, ...]:
    """The solvers that a chain is compared with."""
    return ("forward", "reverse", "preaccumulation") if chain.matrix_free else ("forward", "reverse")


@overload
def compare(chain: Graph, *, solver: str = ..., memory: int | None = ...) -> GraphComparison: ...
@overload
def compare(chain: Chain, *, solver: str = ..., memory: int | None = ...) -> Comparison: ...
def compare(
    chain: Chain | Graph, *, solver: str = "auto", memory: int | None = None
) -> Comparison | GraphComparison:
    """Plan a chain with the homogeneous orders, a graph with the usual rules, and both with a solver.

    Parameters
    ----------
    chain
        What to multiply.
    solver
        A registered name.
    memory
        A limit for tapes instead of the chain's own.

    Raises
    ------
    SolverError
        If the solver is unknown, or cannot take this chain; `InfeasibleError` if there is no plan at all.
    """
    chain = chain if memory is None else chain.within(memory)
    if isinstance(chain, Graph):
        from chainorder.graph.comparison import compare_graph

        return compare_graph(chain, solver=solver)
    plans, infeasible = [], []
    for name in baselines(chain):
        try:
            plans.append(plan(chain, solver=name))
        except SolverError as error:
            infeasible.append(Infeasible(name, str(error)))
    return Comparison((*plans, plan(chain, solver=solver)), tuple(infeasible))


def sweep_memory(chain: Chain, *, solver: str = "auto") -> list[tuple[int, Comparison | str]]:
    """Comparisons at every memory limit at which a plan can change: no tape at all, and every distinct tape.

    Where a limit admits no plan, the second is the reason.
    """
    tapes = {kind.tape for kind in chain.elementals.kinds if kind.adjoint is not None}
    points: list[tuple[int, Comparison | str]] = []
    for memory in sorted({0, *tapes}):
        try:
            points.append((memory, compare(chain, solver=solver, memory=memory)))
        except InfeasibleError as error:
            points.append((memory, str(error)))
    return points
