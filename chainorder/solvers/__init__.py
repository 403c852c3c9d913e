"""Which order: one registry of solvers, one signature (a chain in, a plan out).

A new solver is a file here and a line below; from outside it is a call of `register`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, overload

from chainorder.costs.steps import Step
from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.plans.scheduling import scheduled
from chainorder.problems.chain import Chain
from chainorder.problems.graph import Graph
from chainorder.solvers.options import Options, Progress
from chainorder.solvers.registry import Solve, Solver, all_solvers, find_solver, register
from chainorder.system.later import later

if TYPE_CHECKING:
    from chainorder.plans.graph_plan import GraphPlan

__all__ = ["Options", "Progress", "Solve", "Solver", "all_solvers", "find_solver", "plan", "register"]

register("auto", later("solvers.chains.auto"), "picks one of the others and says why", schedules=True)
register("forward", later("solvers.chains.sweeps", "forward"), "the tangent sweep, input first; no claim")
register("reverse", later("solvers.chains.sweeps", "reverse"), "the adjoint sweep, output first; no claim")
register(
    "preaccumulation",
    later("solvers.chains.sweeps", "preaccumulation"),
    "accumulates all, then multiplies in the best order; no claim",
)
register(
    "hu-shing",
    later("solvers.chains.hu_shing"),
    "dense explicit chains of any length in O(n log n); optimal",
)
register(
    "dynamic",
    later("solvers.chains.dynamic"),
    "any structures and models, within the memory, in O(n³); optimal",
)
register(
    "estimated",
    later("solvers.chains.estimated"),
    "large sparse chains by an estimate of the fill-in; heuristic",
)
register(
    "quickest",
    later("solvers.chains.quickest"),
    "large sparse chains by estimates of time, formats considered; heuristic",
)
register(
    "reuse",
    later("solvers.chains.reuse"),
    "chains with the same matrices again and again: equal products once; no claim",
)
register("exhaustive", later("solvers.chains.exhaustive"), "all bracketings of up to 12 elementals; optimal")
register(
    "contraction",
    later("solvers.chains.contraction"),
    "long structured chains; heuristic with a lower bound",
)
register(
    "list-scheduling",
    later("solvers.chains.makespan", "list_scheduling"),
    "several machines: good trees, list-scheduled; heuristic with a lower bound",
    schedules=True,
)
register(
    "exact",
    later("solvers.chains.makespan", "exact"),
    "several machines: searches until the makespan is proved, or the time limit is over; optimal if proved",
    schedules=True,
)
register(
    "anytime",
    later("solvers.chains.makespan", "anytime"),
    "as exact, for 10 seconds if there is no other time limit; the best so far with a lower bound",
    schedules=True,
)


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
    start: GraphPlan | None = ...,
) -> GraphPlan: ...
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
) -> Plan: ...
def plan(
    chain: Chain | Graph,
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
) -> Plan | GraphPlan:
    """Find the order in which to multiply a chain or eliminate a graph; on several machines, where and when.

    Parameters
    ----------
    chain
        What to multiply. A graph takes no objective and no transfer: see `plan_graph`.
    solver
        A registered name; ``auto`` picks, and `Plan.why` says what and why. On several machines, the order of
        a solver that plans for one is scheduled on them.
    machines
        Identical machines, each for one operation at a time, instead of the chain's own number.
    memory
        Entries that the tape of one elemental may take on its machine, instead of the chain's own limit.
    objective
        ``fma`` or ``makespan``; by default fma on one machine and makespan on several.
    transfer
        Delay, in fma for each stored entry, of an operand that was made on another machine. Explicit matrices
        are everywhere from the start.
    time_limit
        Seconds after which a solver that searches returns its best plan; without, it runs to its proof.
    progress
        Called with every improvement of such a solver.
    seed
        Of the random choices of a graph's solver.
    start
        A plan of a graph that the search for a better one begins with.

    Returns
    -------
    Plan
        Says by `Plan.optimal` whether its cost is proved to be the least.

    Raises
    ------
    SolverError
        If the solver or the objective is unknown, or it cannot take this chain.
    InfeasibleError
        If the memory admits no plan.
    """
    if isinstance(chain, Graph):
        from chainorder.solvers.graphs import plan_graph

        machines = 1 if machines is None else machines
        wanted = "fma" if machines == 1 else "makespan"
        if objective not in (None, wanted) or transfer:
            raise SolverError(
                f"a graph on {machines} machines is planned by {wanted}, without transfer; leave "
                "objective and transfer out"
            )
        return plan_graph(
            chain,
            solver=solver,
            memory=memory,
            time_limit=time_limit,
            seed=seed,
            progress=progress,
            start=start,
            machines=machines,
        )
    if start is not None:
        raise SolverError("a search for a chain's order starts from nothing; leave start out")
    if not isinstance(chain, Chain):
        raise SolverError(f"a {type(chain).__name__} is no chain; make one with Chain, or Chain.from_dims")
    chain = chain if memory is None else chain.within(memory)
    chain = chain if machines is None else chain.on(machines)
    options = Options(objective, transfer, time_limit, progress)
    chosen = find_solver(solver)
    if chain.machines == 1:
        found = chosen(chain, options)
        return found if objective is None else replace(found, objective=objective)
    if chosen.schedules and objective != "fma":
        return chosen(chain, options)
    order = chosen(chain.on(1), options)
    if (order.operations.step == Step.REUSE).any():
        from chainorder.solvers.chains import dynamic

        order = dynamic.solve(chain.on(1))  # machines share trees of operations, not what is reused
    objective = "makespan" if objective is None else objective
    return scheduled(order, chain.machines, objective, options.transfer)
