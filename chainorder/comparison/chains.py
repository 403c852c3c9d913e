"""The orders that everybody uses beside the best one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from chainorder.errors import ChainorderError, InfeasibleError
from chainorder.plans.chain_plan import Plan
from chainorder.plans.scheduling import scheduled
from chainorder.problems.chain import Chain
from chainorder.problems.graph import Graph
from chainorder.solvers import plan

if TYPE_CHECKING:
    from chainorder.comparison.graphs import GraphComparison
    from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.ranking import Infeasible, Ranking


@dataclass(frozen=True)
class Comparison(Ranking[Plan]):
    """Plans for one chain, the baselines first and the best last.

    Attributes
    ----------
    plans
        Baselines by tangents only (forward), by adjoints only (reverse) and, if an elemental is matrix-free,
        by multiplying accumulated Jacobians only (preaccumulation); then the best.
    infeasible
        The baselines that cannot be.
    """

    @property
    def chain(self) -> Chain:
        """The chain they are for."""
        return self.best.chain


def baselines(chain: Chain) -> tuple[str, ...]:
    """The solvers that a chain is compared with."""
    kinds = chain.elementals.kinds
    accumulated = any(not kind.explicit and kind.structure.evaluation is None for kind in kinds)
    # A chain that only solves has no such baseline: nobody should invert.
    return ("forward", "reverse", "preaccumulation") if accumulated else ("forward", "reverse")


@overload
def compare(
    chain: Graph, *, solver: str = ..., memory: int | None = ..., **options: Any
) -> GraphComparison: ...


@overload
def compare(chain: Chain, *, solver: str = ..., memory: int | None = ..., **options: Any) -> Comparison: ...


def compare(
    chain: Chain | Graph, *, solver: str = "auto", memory: int | None = None, **options: Any
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
    options
        Machines and the other arguments of `plan`; on several machines, the orders are scheduled on them.

    Raises
    ------
    SolverError
        If the solver is unknown, or cannot take this chain; `InfeasibleError` if there is no plan at all.
    """
    chain = chain if memory is None else chain.within(memory)
    if isinstance(chain, Graph):
        from chainorder.comparison.graphs import compare_graph

        return compare_graph(chain, solver=solver, **options)
    return _beside(plan(chain, solver=solver, **options), options)


@overload
def beside(best: Plan) -> Comparison: ...


@overload
def beside(best: GraphPlan) -> GraphComparison: ...


def beside(best: Plan | GraphPlan) -> Comparison | GraphComparison:
    """The orders that everybody uses beside a plan that is there already."""
    if isinstance(best, Plan):
        return _beside(best, {"objective": best.objective, "transfer": best.transfer})
    from chainorder.comparison.graphs import beside_graph

    return beside_graph(best)


def _beside(best: Plan, options: dict[str, Any]) -> Comparison:
    plans, infeasible = [], []
    for name in baselines(best.chain):
        try:
            plans.append(baseline(name, best, **options))
        except ChainorderError as error:
            infeasible.append(Infeasible(name, str(error)))
        except MemoryError:
            infeasible.append(Infeasible(name, "its tables do not fit the memory"))
    return Comparison((*plans, best), tuple(infeasible))


def baseline(name: str, best: Plan, **options: Any) -> Plan:
    """A baseline of a chain, estimated where the plan beside it is: exactly, it would take too long."""
    if best.estimate is None:
        return plan(best.chain, solver=name, **options)
    from chainorder.costs.known_costs import Outline
    from chainorder.solvers.chains.estimated import preaccumulation, sweep

    outline = Outline(best.chain.on(1), best.estimate.seed)
    made = preaccumulation(outline) if name == "preaccumulation" else sweep(outline, name)
    return made if best.machines == 1 else scheduled(made, best.machines, best.objective, best.transfer)


def sweep_memory(chain: Chain, *, solver: str = "auto", **options: Any) -> list[tuple[int, Comparison | str]]:
    """Comparisons at every memory limit at which a plan can change: no tape at all, and every distinct tape.

    Where a limit admits no plan, the second is the reason.
    """
    tapes = {kind.tape for kind in chain.elementals.kinds if kind.adjoint is not None}
    points: list[tuple[int, Comparison | str]] = []
    for memory in sorted({0, *tapes}):
        try:
            points.append((memory, compare(chain, solver=solver, memory=memory, **options)))
        except InfeasibleError as error:
            points.append((memory, str(error)))
    return points


@dataclass(frozen=True)
class Scaling:
    """Plans of one chain on several numbers of machines.

    Attributes
    ----------
    one
        The best on one machine, which speed-ups are relative to.
    plans
        One for each number.
    """

    one: Plan
    plans: tuple[Plan, ...]

    def speedup(self, plan: Plan) -> float | None:
        """How many times shorter than on one machine; 1 if both take no time, None if only this does."""
        if plan.makespan == self.one.makespan:
            return 1.0
        return self.one.makespan / plan.makespan if plan.makespan else None

    def efficiency(self, plan: Plan) -> float | None:
        """The speed-up as a share of the number of machines."""
        speedup = self.speedup(plan)
        return None if speedup is None else speedup / plan.machines


def scale(chain: Chain, machines: Iterable[int], *, solver: str = "auto", **options: Any) -> Scaling:
    """Plan a chain on several numbers of machines, and on one.

    Parameters
    ----------
    machines
        Numbers of machines.
    solver, options
        As of `plan`.

    Raises
    ------
    ChainorderError
        As `plan`.
    """
    options["objective"] = "makespan"
    one = plan(chain, machines=1, **options)
    return Scaling(one, tuple(plan(chain, solver=solver, machines=count, **options) for count in machines))
