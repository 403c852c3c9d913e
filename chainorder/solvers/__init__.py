"""Which order: one registry of solvers, one signature (a problem in, a plan out).

A new solver is a file and a line in `chains` or `graphs`; from outside it is a call of `register`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack, overload

import chainorder.solvers.chains
import chainorder.solvers.graphs  # noqa: F401 -- these two register what they have
from chainorder.costs.steps import Step
from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.given import Stated, problem_of
from chainorder.problems.problem import Problem
from chainorder.solvers.options import Options, Progress
from chainorder.solvers.registry import SEARCHED, WEIGHED, Solver, all_solvers, find_solver, register
from chainorder.system.later import later

if TYPE_CHECKING:
    from chainorder.costs.profile import Profile
    from chainorder.plans.graph_plan import GraphPlan
    from chainorder.problems.chain import Chain
    from chainorder.problems.graph import Graph
    from chainorder.solvers.options import GraphSettings, Settings

__all__ = ["Options", "Progress", "Solver", "all_solvers", "find_solver", "plan", "plan_in_order", "register"]

SCHEDULING, AT_LEAST = 0.1, 0.25
"""Of a time limit what is kept for scheduling the order that is found on several machines: a tenth; of short
ones so many seconds, or a fifth."""


@overload
def plan(chain: Chain | Stated, **settings: Unpack[Settings]) -> Plan: ...
@overload
def plan(chain: Graph, **settings: Unpack[GraphSettings]) -> GraphPlan: ...
@overload
def plan(chain: Problem | str | Path, **settings: Unpack[Settings]) -> Plan | GraphPlan: ...
def plan(
    chain: Problem | str | Path | Stated,
    *,
    solver: str = "auto",
    machines: int | None = None,
    memory: int | None = None,
    objective: str | None = None,
    transfer: int = 0,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    seed: int = 0,
    start: GraphPlan | None = None,
    profile: Profile | None = None,
    dtype: str | None = None,
) -> Plan | GraphPlan:
    """Find the order in which to multiply a chain or eliminate a graph; on several machines, where and when.

    Parameters
    ----------
    chain
        What to differentiate: a chain or a graph, sizes as ``[1000, 100, 1]``, Jacobians, or the path of a
        spec. A graph takes no transfer.
    solver
        A name that is registered for its kind; ``auto`` picks, and the plan's ``why`` says what and why. On
        several machines, the order of a solver that plans for one is scheduled on them.
    machines
        Identical machines, each for one operation at a time, instead of the chain's own number.
    memory
        Entries that the tape of one elemental may take on its machine, instead of the problem's own limit.
    objective
        ``fma``, ``makespan`` (of fma), or ``seconds``: the time, or the makespan, by a profile. By default
        fma on one machine and makespan on several.
    transfer
        Delay of an operand that was made on another machine, for each stored entry, in fma or, by seconds, in
        picoseconds. Explicit matrices are everywhere from the start.
    time_limit
        Seconds after which a solver that searches returns its best plan; without, it runs to its proof.
    progress
        Called with every improvement of such a solver.
    seed
        Of random choices.
    start
        A plan of the same graph that the search begins with; what is returned does not cost more.
    profile
        Of the machine that seconds are meant of; by default the one that ``chainorder calibrate`` kept.
    dtype
        Of the numbers that seconds are meant of, ``float32``; by default that of the profile, or float64.

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
    given = problem_of(chain)
    if given is None:
        raise SolverError(
            f"a {type(chain).__name__} is no chain and no graph; make one with Chain.from_dims or Graph"
        )
    problem = given if memory is None else given.within(memory)
    problem = problem if machines is None else problem.on(machines)
    options = Options(objective, transfer, time_limit, progress, seed, profile=profile, dtype=dtype)
    _check_scheduling(problem, options)
    chosen = find_solver(solver, problem.kind)
    alone = problem.machines == 1 or (chosen.schedules and objective != "fma")
    if not alone:
        options = _before_scheduling(options)
    if start is not None:
        found: Plan | GraphPlan = _started(chosen, problem, options, start)
    elif objective == "seconds":
        found = _BY_SECONDS[problem.kind](problem, chosen, options)
    elif alone:
        found = chosen(problem, options)
    else:
        found = chosen(problem.on(1), options)
    if found.machines < problem.machines:
        return _scheduled(found, problem.machines, options)
    return found if objective in (None, found.objective) else replace(found, objective=objective)


_begin = later("solvers.graphs.given", "begin_with")
_better = later("solvers.graphs.given", "better_of")


def _started(chosen: Solver, problem: Problem, options: Options, start: GraphPlan) -> Plan | GraphPlan:
    """The plan for one machine that a search finds that begins with another plan, or that one."""
    if problem.kind not in SEARCHED:
        raise SolverError(f"a search for a {problem.kind}'s order starts from nothing; leave start out")
    begun = _begin(start, problem, options)
    if options.objective == "seconds":
        start = _TIMED[problem.kind](start, options)  # type: ignore[assignment]  # of a graph's
    found: Plan | GraphPlan = _better(chosen(problem.on(1), begun), start)
    return found


def _before_scheduling(options: Options) -> Options:
    """The same with time left for a schedule."""
    if options.left is None:
        return options
    left = options.left
    return options.within(left - max(SCHEDULING * left, min(AT_LEAST, 2 * SCHEDULING * left)))


def _scheduled(found: Plan | GraphPlan, machines: int, options: Options) -> Plan | GraphPlan:
    """A plan for one machine on several."""
    made: Plan | GraphPlan = _SCHEDULES[found.kind](found, machines, options)
    return made


def _schedule_chain(order: Plan, machines: int, options: Options) -> Plan:
    if (order.operations.step == Step.REUSE).any():
        # Machines share trees of operations, not what is reused.
        order = find_solver("dynamic")(order.chain, options)
        if options.objective == "seconds":
            order = _TIMED["chain"](order, options)  # type: ignore[assignment]  # a chain's
    made: Plan = _list_chain(order, machines, options.objective or "makespan", options.transfer)
    return made


def _schedule_graph(order: GraphPlan, machines: int, _: Options) -> GraphPlan:
    made: GraphPlan = _list_graph(order, machines)
    return made


_list_chain = later("plans.scheduling", "scheduled")
_list_graph = later("plans.graph_schedules", "scheduled")
_SCHEDULES: dict[str, Callable[..., Plan | GraphPlan]] = {"chain": _schedule_chain, "graph": _schedule_graph}


_BY_SECONDS: dict[str, Callable[..., Plan | GraphPlan]] = {
    "chain": later("solvers.chains.seconds", "plan_by_seconds"),
    "graph": later("solvers.graphs.seconds", "plan_by_seconds"),
}
_TIMED: dict[str, Callable[..., Plan | GraphPlan]] = {
    "chain": later("solvers.chains.seconds", "timed"),
    "graph": later("solvers.graphs.seconds", "timed"),
}

_GIVEN = {
    "chain": later("solvers.chains.given", "plan_in_order"),
    "graph": later("solvers.graphs.given", "eliminate_in_order"),
}


def plan_in_order(
    problem: Problem,
    order: str,
    *,
    objective: str | None = None,
    transfer: int = 0,
    profile: Profile | None = None,
    dtype: str | None = None,
) -> Plan | GraphPlan:
    """The plan of an order that is given as text, on the machines of the problem.

    Parameters
    ----------
    problem
        A chain, or a graph.
    order
        Of a chain its bracketing, ``(F3 F2) F1``; of a graph the names of its inner vertices.
    objective, transfer, profile, dtype
        As of `plan`.

    Raises
    ------
    PlanError
        If the text is no order of this problem.
    SolverError, InfeasibleError
        As `plan`.
    """
    options = Options(objective, transfer, profile=profile, dtype=dtype)
    _check_scheduling(problem, options)
    priced: Plan | GraphPlan = _GIVEN[problem.kind](problem.on(1), order)
    if objective == "seconds":
        priced = _TIMED[problem.kind](priced, options)
    return priced if problem.machines == 1 else _scheduled(priced, problem.machines, options)


def _check_scheduling(problem: Problem, options: Options) -> None:
    """Refuse options that only make sense for kinds of problems whose schedules weigh them."""
    wanted = "fma" if problem.machines == 1 else "makespan"
    if problem.kind not in WEIGHED and (
        options.objective not in (None, wanted, "seconds") or options.transfer
    ):
        raise SolverError(
            f"{problem.kind}s are planned by fma on one machine, by makespan on several, or by seconds, "
            "without transfer; leave objective and transfer out"
        )
