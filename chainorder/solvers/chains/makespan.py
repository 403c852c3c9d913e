"""The least makespan on several machines: a heuristic, an exact search, and which of them when.

The model is that of S. Märtens & U. Naumann, *Scheduled Jacobian Chaining*, 2025 (arXiv 2505.06056):
identical machines, each for one operation at a time and without interruption. On one machine, and on as
many as there are elementals without transfer, the dynamic program is exact; in between, the search is.
"""

from __future__ import annotations

from dataclasses import replace

from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.plans.chain_times import timed
from chainorder.plans.scheduling import plan_of_schedule, scheduled
from chainorder.problems.chain import Chain
from chainorder.solvers.chains import dynamic, hu_shing
from chainorder.solvers.machines import kernel
from chainorder.solvers.machines.alternatives import Alternatives
from chainorder.solvers.machines.bounds import lower_bound
from chainorder.solvers.machines.deadline_search import Answer, hunt
from chainorder.solvers.machines.splits import best_schedule
from chainorder.solvers.options import Options
from chainorder.system.installation import how_to_add

MAX_LENGTH = 64
"""The alternatives for all subchains of longer chains, n³/6 of them, would take seconds to list."""

DEFAULT_LIMIT = 10.0
"""Seconds that `anytime` takes at most if it is not told."""


def list_scheduling(chain: Chain, options: Options | None = None) -> Plan:
    """The best list schedule of some good trees. Heuristic, with a lower bound; O(n³) for few machines.

    Without transfer it is never worse than the dynamic program over splits of machines of Märtens & Naumann,
    where that does not take too long.

    Raises
    ------
    InfeasibleError
        If the memory admits no plan.
    SolverError
        If the chain has more than 64 elementals.
    """
    options = Options() if options is None else options
    if _polynomial(chain, options.transfer):
        return _by_dynamic_program(chain, options)
    alternatives = _alternatives(chain, "list-scheduling", options)
    jobs, schedule = best_schedule(alternatives, _machines(chain), options.transfer)
    answer = Answer(jobs, schedule, lower_bound(alternatives, chain.machines, schedule.makespan))
    return _plan(chain, answer, "list-scheduling", "the best list schedule of some good trees", options)


def exact(chain: Chain, options: Options | None = None) -> Plan:
    """Search for the least makespan until it is proved, or the time limit is over. Optimal in the first case.

    Exponential in the worst case; see docs/machines.md for what to expect.

    Raises
    ------
    InfeasibleError
        If the memory admits no plan.
    SolverError
        If the chain has more than 64 elementals.
    """
    return _search(chain, Options() if options is None else options, "exact", None)


def anytime(chain: Chain, options: Options | None = None) -> Plan:
    """As `exact`, but for 10 seconds if there is no other time limit: the best so far, with a lower bound."""
    return _search(chain, Options() if options is None else options, "anytime", DEFAULT_LIMIT)


def searchable(chain: Chain, transfer: int) -> bool:
    """Whether these solvers take a chain: it is short, or needs no search."""
    return len(chain) <= MAX_LENGTH or _polynomial(chain, transfer)


def schedule_order(one: Plan, machines: int, options: Options) -> Plan:
    """Without search: an order for one machine, or that of the shortest critical path, scheduled."""
    chain = one.chain
    plans = [_scheduled(one, machines, options)]
    bound = plans[0].lower_bound
    if one.estimate is None and len(chain) <= _longest(options):
        unlimited = _solve_unlimited(chain, options)
        plans.append(_scheduled(unlimited, machines, options))
        shortest = _scheduled(unlimited, len(chain), replace(options, transfer=0)).makespan
        bound = shortest if bound is None else max(bound, shortest)
    best = min(plans, key=lambda plan: plan.makespan)
    why = f"too long or too large to search: the order of {best.solver}, scheduled"
    return replace(best, lower_bound=bound, optimal=best.makespan == bound, why=why)


def _longest(options: Options) -> int:
    """Elementals up to which the dynamic program over critical paths is quick: times are asked one by one."""
    return dynamic.QUICK_LENGTH if options.model.cubic else MAX_LENGTH


def _solve_unlimited(chain: Chain, options: Options) -> Plan:
    """The plan of the shortest critical path."""
    shortest = dynamic.solve_unlimited(chain, options.model)
    return shortest if options.model.profile is None else timed(shortest, options.model.profile)


def _scheduled(plan: Plan, machines: int, options: Options) -> Plan:
    return scheduled(plan, machines, options.objective or "makespan", options.transfer)


def _search(chain: Chain, options: Options, solver: str, limit: float | None) -> Plan:
    if _polynomial(chain, options.transfer):
        return _by_dynamic_program(chain, options)
    if options.time_limit is None and limit is not None:
        options = options.within(limit)
    alternatives = _alternatives(chain, solver, options)
    for last in hunt(alternatives, _machines(chain), options.transfer, options.until):
        options.report(last.schedule.makespan, last.bound)
    if last.proved:
        why = "searched until it was proved"
    elif options.time_limit is None:
        why = "broken off before it was proved"
    else:
        why = f"the best after {options.time_limit:g} s; "
        why += "with a higher time limit, or none, exact may find a better one"
        if kernel.fast() is None:
            why += f"; tens of times faster with Numba: {how_to_add('machines')}"
    return _plan(chain, last, solver, why, options)


def _polynomial(chain: Chain, transfer: int) -> bool:
    """Whether the dynamic program is exact: one machine, or as many as can be used."""
    return chain.machines == 1 or len(chain) == 1 or (chain.machines >= len(chain) and not transfer)


def _by_dynamic_program(chain: Chain, options: Options) -> Plan:
    """The best plan for one machine, or for any number, in O(n³)."""
    one = chain.on(1)
    if chain.machines == 1:
        best = hu_shing.solve(one) if one.dense and not one.modelled else dynamic.solve(one)
        return replace(best, objective="makespan")
    shortest = _scheduled(_solve_unlimited(one, options), chain.machines, options)
    why = "as many machines as elementals: the dynamic program over critical paths is exact"
    return replace(shortest, optimal=True, lower_bound=shortest.makespan, why=why)


def _alternatives(chain: Chain, solver: str, options: Options) -> Alternatives:
    if len(chain) > MAX_LENGTH:
        raise SolverError(
            f"{solver} takes at most {MAX_LENGTH} elementals on several machines; the chain has "
            f"{len(chain):,}: use auto"
        )
    return Alternatives.of_chain(chain, options.model)


def _machines(chain: Chain) -> int:
    """Machines that can be of use: a plan has less than two operations for each elemental."""
    return min(chain.machines, 2 * len(chain))


def _plan(chain: Chain, answer: Answer, solver: str, why: str, options: Options) -> Plan:
    return plan_of_schedule(
        chain,
        answer.jobs,
        answer.schedule,
        solver=solver,
        lower_bound=answer.bound,
        why=why,
        transfer=options.transfer,
        objective=options.objective or "makespan",
        profile=options.model.profile,
    )
