"""Which order: one registry of solvers, one signature (a chain in, a plan out).

A new solver is a file here and a line below; from outside it is a call of `register`.
"""

from __future__ import annotations

from chainorder.chain import Chain
from chainorder.errors import SolverError
from chainorder.plan import Plan
from chainorder.solvers import auto, contraction, dynamic, exhaustive, hu_shing, sweeps
from chainorder.solvers.registry import Solve, Solver, all_solvers, find_solver, register

__all__ = ["Solve", "Solver", "all_solvers", "find_solver", "plan", "register"]

register("auto", auto.solve, "picks one of the others and says why")
register("forward", sweeps.forward, "the tangent sweep, input first; no claim")
register("reverse", sweeps.reverse, "the adjoint sweep, output first; no claim")
register(
    "preaccumulation", sweeps.preaccumulation, "accumulates all, then multiplies in the best order; no claim"
)
register("hu-shing", hu_shing.solve, "dense explicit chains of any length in O(n log n); optimal")
register("dynamic", dynamic.solve, "any structures and models, within the memory, in O(n³); optimal")
register("exhaustive", exhaustive.solve, "all bracketings of up to 12 elementals; optimal")
register("contraction", contraction.solve, "long structured chains; heuristic with a lower bound")


def plan(chain: Chain, *, solver: str = "auto", memory: int | None = None) -> Plan:
    """Find the order in which to multiply a chain.

    Parameters
    ----------
    chain
        What to multiply.
    solver
        A registered name; ``auto`` picks, and `Plan.why` says what and why.
    memory
        Entries that the tape of one elemental may take, instead of the chain's own limit.

    Returns
    -------
    Plan
        Says by `Plan.optimal` whether its cost is proved to be the least.

    Raises
    ------
    SolverError
        If the solver is unknown, or cannot take this chain.
    InfeasibleError
        If the memory admits no plan.
    """
    if not isinstance(chain, Chain):
        raise SolverError(f"a {type(chain).__name__} is no chain; make one with Chain, or Chain.from_dims")
    return find_solver(solver).solve(chain if memory is None else chain.within(memory))
