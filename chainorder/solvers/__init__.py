"""Which order: one registry of solvers, one signature (a problem in, a plan out).

A new solver is a file and a line in `chains` or `graphs`; from outside it is a call of `register`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, overload

import chainorder.solvers.chains
import chainorder.solvers.graphs  # noqa: F401 -- these two register what they have
from chainorder.costs.steps import Step
from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.plans.scheduling import scheduled
from chainorder.problems.problem import Problem
from chainorder.solvers.options import Options, Progress
from chainorder.solvers.registry import SCHEDULED, Solver, all_solvers, find_solver, register
from chainorder.system.later import later

if TYPE_CHECKING:
    from chainorder.costs.profile import Profile
    from chainorder.plans.graph_plan import GraphPlan
    from chainorder.problems.chain import Chain
    from chainorder.problems.graph import Graph

__all__ = ["Options", "Progress", "Solver", "all_solvers", "find_solver", "plan", "plan_in_order", "register"]


@overload
def plan(
    chain: Chain,
    *,
    solver: str = ...,
    machines: int | None = ...,
    memory: int | None = ...,
    objective: str | None = ...,
    transfer: int = ...,
    time_limit: float | None = ...,
    progress: Callable[[Progress], None] | None = ...,
    seed: int = ...,
    profile: Profile | None = ...,
) -> Plan: ...
@overload
def plan(
    chain: Graph,
    *,
    solver: str = ...,
    machines: int | None = ...,
    memory: int | None = ...,
    objective: str | None = ...,
    transfer: int = ...,
    time_limit: float | None = ...,
    progress: Callable[[Progress], None] | None = ...,
    seed: int = ...,
    profile: Profile | None = ...,
) -> GraphPlan: ...
@overload
def plan(
    chain: Problem,
    *,
    solver: str = ...,
    machines: int | None = ...,
    memory: int | None = ...,
    objective: str | None = ...,
    transfer: int = ...,
    time_limit: float | None = ...,
    progress: Callable[[Progress], None] | None = ...,
    seed: int = ...,
    profile: Profile | None = ...,
) -> Plan | GraphPlan: ...
def plan(
    chain: Problem,
    *,
    solver: str = "auto",
    machines: int | None = None,
    memory: int | None = None,
    objective: str | None = None,
    transfer: int = 0,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    seed: int = 0,
    profile: Profile | None = None,
) -> Plan | GraphPlan:
    """Find the order in which to multiply a chain or eliminate a graph; on several machines, where and when.

    Parameters
    ----------
    chain
        What to differentiate: a chain, or a graph. A graph is planned for one machine, by fma.
    solver
        A name that is registered for its kind; ``auto`` picks, and the plan's ``why`` says what and why. On
        several machines, the order of a solver that plans for one is scheduled on them.
    machines
        Identical machines, each for one operation at a time, instead of the chain's own number.
    memory
        Entries that the tape of one elemental may take on its machine, instead of the problem's own limit.
    objective
        ``fma``, ``makespan``, or ``seconds`` for chains on one machine; by default fma on one machine and
        makespan on several.
    transfer
        Delay, in fma for each stored entry, of an operand that was made on another machine. Explicit matrices
        are everywhere from the start.
    time_limit
        Seconds after which a solver that searches returns its best plan; without, it runs to its proof.
    progress
        Called with every improvement of such a solver.
    seed
        Of random choices.
    profile
        Of the machine that seconds are meant of; by default the one that ``chainorder calibrate`` kept.

    Returns
    -------
    Plan or GraphPlan
        Of a chain a `Plan`, of a graph a `GraphPlan`; ``optimal`` says whether its cost is proved to be the
        least.

    Raises
    ------
    SolverError
        If the solver or the objective is unknown, another option makes no sense, or the solver cannot take
        this problem.
    InfeasibleError
        If the memory admits no plan.
    """
    if not isinstance(chain, Problem):
        raise SolverError(
            f"a {type(chain).__name__} is no chain and no graph; make one with Chain.from_dims or Graph"
        )
    _check_scheduling(chain, machines, objective, transfer)
    problem = chain if memory is None else chain.within(memory)
    problem = problem if machines is None else problem.on(machines)
    options = Options(objective, transfer, time_limit, progress, seed, profile)
    chosen = find_solver(solver, problem.kind)
    if objective == "seconds":
        by_time: Plan = _BY_SECONDS(problem, chosen, options)
        return by_time
    if problem.machines == 1 or (chosen.schedules and objective != "fma"):
        found: Plan | GraphPlan = chosen(problem, options)
        return found if objective in (None, found.objective) else replace(found, objective=objective)
    order: Plan = chosen(problem.on(1), options)
    if (order.operations.step == Step.REUSE).any():
        # Machines share trees of operations, not what is reused.
        order = find_solver("dynamic")(problem.on(1), options)
    return scheduled(order, problem.machines, objective or "makespan", transfer)


_BY_SECONDS = later("solvers.chains.seconds", "plan_by_seconds")
_TIMED = later("solvers.chains.seconds", "timed")

_GIVEN = {
    "chain": later("solvers.chains.given", "plan_in_order"),
    "graph": later("solvers.graphs.given", "eliminate_in_order"),
}


def plan_in_order(
    problem: Problem, order: str, *, objective: str | None = None, transfer: int = 0
) -> Plan | GraphPlan:
    """The plan of an order that is given as text, on the machines of the problem.

    Parameters
    ----------
    problem
        A chain, or a graph.
    order
        Of a chain its bracketing, ``(F3 F2) F1``; of a graph the names of its inner vertices.
    objective, transfer
        As of `plan`.

    Raises
    ------
    PlanError
        If the text is no order of this problem.
    SolverError, InfeasibleError
        As `plan`.
    """
    _check_scheduling(problem, None, objective, transfer)
    options = Options(objective, transfer)
    priced = _GIVEN[problem.kind](problem.on(1), order)
    if problem.machines > 1:
        priced = scheduled(priced, problem.machines, options.objective or "makespan", options.transfer)
    if objective == "seconds":
        priced = _TIMED(priced, options)
    made: Plan | GraphPlan = priced
    return made


def _check_scheduling(problem: Problem, machines: int | None, objective: str | None, transfer: int) -> None:
    """Refuse options that only make sense for kinds of problems that are planned for several machines."""
    stated = machines not in (None, 1) or objective not in (None, "fma") or transfer
    if stated and problem.kind not in SCHEDULED:
        raise SolverError(
            f"{problem.kind}s are planned for one machine, by fma; leave machines, objective and transfer out"
        )
    several = problem.machines if machines is None else machines
    if objective == "seconds" and several > 1:
        raise SolverError(
            f"seconds are planned for one machine, not {several}; take the objective makespan, or one machine"
        )
