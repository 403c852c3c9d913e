"""A chain's or a graph's best order beside those that everybody uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from chainorder.comparison.chains import Comparison
from chainorder.comparison.graphs import GraphComparison
from chainorder.comparison.ranking import Ranking
from chainorder.plans.base import BasePlan
from chainorder.plans.chain_plan import Plan
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.chain import Chain
from chainorder.problems.given import Stated
from chainorder.problems.graph import Graph
from chainorder.solvers import Progress, plan

if TYPE_CHECKING:
    from chainorder.costs.profile import Profile
    from chainorder.solvers.options import Settings

RANKINGS: dict[str, type[Ranking[Any]]] = {Chain.kind: Comparison, Graph.kind: GraphComparison}
"""How each kind of problem is compared."""


@overload
def compare(chain: Chain | Stated, **settings: Unpack[Settings]) -> Comparison: ...
@overload
def compare(chain: Graph, **settings: Unpack[Settings]) -> GraphComparison: ...
@overload
def compare(
    chain: Chain | Graph | str | Path, **settings: Unpack[Settings]
) -> Comparison | GraphComparison: ...
def compare(
    chain: Chain | Graph | str | Path | Stated,
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
    dtype: str | None = None,
) -> Comparison | GraphComparison:
    """Plan a chain with the homogeneous orders, a graph with the usual rules, and both with a solver.

    Parameters
    ----------
    chain
        What to multiply: a chain, a graph, or what stands in for one, as in `plan`.
    solver
        A registered name.
    machines
        Instead of the chain's own number; on several, the usual orders are scheduled on them.
    memory
        A limit for tapes instead of the chain's own, in entries.
    objective
        As of `plan`; by default fma on one machine and makespan on several.
    transfer
        Delay, in fma for each stored entry, of an operand that was made on another machine.
    time_limit
        Seconds for each solver that searches.
    progress
        Called with every improvement of the chosen one.
    seed
        Of random choices.
    profile, dtype
        Of what seconds are meant, as of `plan`.

    Raises
    ------
    SolverError
        If the solver is unknown, or cannot take this chain; `InfeasibleError` if there is no plan at all.
    """
    asked: Any = chain
    best: Any = plan(
        asked,
        solver=solver,
        machines=machines,
        memory=memory,
        objective=objective,
        transfer=transfer,
        time_limit=time_limit,
        progress=progress,
        seed=seed,
        profile=profile,
        dtype=dtype,
    )
    compared: Comparison | GraphComparison = beside(best, time_limit=time_limit, seed=seed)
    return compared


@overload
def beside(best: Plan, *, time_limit: float | None = ..., seed: int = ...) -> Comparison: ...
@overload
def beside(best: GraphPlan, *, time_limit: float | None = ..., seed: int = ...) -> GraphComparison: ...
def beside(best: BasePlan, *, time_limit: float | None = None, seed: int = 0) -> Any:
    """The orders that everybody uses beside a plan that is there already.

    Parameters
    ----------
    best
        The plan; its objective, machines and delay hold for the others, too.
    time_limit, seed
        Of those that search: of the rules for graphs, ``lookahead`` does.
    """
    return RANKINGS[best.kind].beside(best, time_limit=time_limit, seed=seed)
