"""Orders by time: the least seconds in the model of a machine."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

from chainorder.costs import guessed_fill
from chainorder.costs.dense_times import DenseTimes, least_time
from chainorder.costs.evaluations import check_feasible
from chainorder.costs.known_costs import Outline
from chainorder.costs.prospects import Prospect
from chainorder.costs.seconds import check_timed
from chainorder.costs.steps import Steps
from chainorder.errors import SolverError
from chainorder.plans import chain_times
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains import choice, dynamic, exhaustive, in_proportion, makespan
from chainorder.solvers.chains.plain import is_plain
from chainorder.solvers.options import Options
from chainorder.solvers.registry import Solver, find_solver

LONGEST = 100
"""Elementals up to which `auto` runs the dynamic program, which asks for the time of every product."""

LONGEST_DENSE, LONGEST_PLAIN = 1_000, 600
"""The same of dense chains, whose times fill tables at once: by a compiled loop, and by NumPy alone."""


def plan_by_seconds(chain: Chain, solver: Solver, options: Options) -> Plan:
    """The plan of a solver by time: ``dynamic`` and ``exhaustive`` exactly, of others the order they find.

    Exact means the least time in the model: every operation is priced, in whole picoseconds, and these are
    added up and compared as integers. The order of another solver is priced, and claims nothing. Solvers that
    plan for several machines do so by the same prices.

    Raises
    ------
    SolverError
        If an elemental has neither a matrix nor known times, or the solver cannot take this chain.
    ProfileError
        If the profile that is asked for is none.
    """
    check_feasible(chain)
    check_timed(chain)
    if chain.machines > 1 and solver.schedules:
        return _on_machines(chain, solver, options)
    one = chain.on(1)
    match solver.name:
        case "exhaustive":
            exhaustive.check_length(one)
            steps, _ = exhaustive.best_steps(one, options.model)
            return _proved(one, steps, options, "exhaustive", "all bracketings compared")
        case "auto" | "quickest":
            return _auto(one, options)
        case name if name == "dynamic" or solver.schedules:
            return _dynamic(one, options)
        case _:
            return timed(solver(one, replace(options, objective=None)), options)


def quickest(chain: Chain, options: Options | None = None) -> Plan:
    """What ``objective="seconds"`` finds: another name of it, from before it was an objective."""
    options = Options() if options is None else options
    if options.objective == "fma":
        raise SolverError("quickest plans by seconds; leave the objective fma out, or take another solver")
    return plan_by_seconds(chain, find_solver("auto"), replace(options, objective="seconds"))


def timed(order: Plan, options: Options) -> Plan:
    """The same order, with its time; no claim."""
    return chain_times.timed(order, options.the_profile)


def _on_machines(chain: Chain, solver: Solver, options: Options) -> Plan:
    """The least makespan that a search finds; of chains that are too long for it, one order, scheduled."""
    if solver.name != "auto":
        found: Plan = solver(chain, options)
        return found
    if makespan.searchable(chain, options.transfer) and not choice.heavy(chain):
        return makespan.anytime(chain, options)
    return makespan.schedule_order(_auto(chain.on(1), options), chain.machines, options)


def _dynamic(chain: Chain, options: Options) -> Plan:
    dynamic.check_length(chain, "dynamic")
    steps, _ = dynamic.exact_steps(chain, options.model)
    return _proved(chain, steps, options, "dynamic", "the dynamic program is exact for every cost model")


def _auto(chain: Chain, options: Options) -> Plan:
    """Exactly where that takes no longer than planning should; else what is quick by other means."""
    longest = _longest(chain, options)
    what = f"longer than {longest:,} elementals"
    if Outline.pays(chain) and guessed_fill.estimable(chain):
        prospect = Prospect(chain, options.seconds)
        if not prospect.exact_pays:
            if not chain.modelled:
                return in_proportion.solve(prospect)
            what = "to make all fill-in takes too long"
        elif len(chain) <= longest:
            return _dynamic(chain, options)
    elif len(chain) <= longest:
        return _dynamic(chain, options)
    order = find_solver("auto")(chain, replace(options, objective=None))
    why = f"{what}: the order of {order.solver}, with its time; --solver dynamic looks at all"
    bound = least_time(chain, options.the_profile.dense) if is_plain(chain) else None
    return replace(timed(order, options), why=why, lower_bound=bound)


def _longest(chain: Chain, options: Options) -> int:
    """Elementals up to which the dynamic program takes some seconds."""
    if not chain.dense or not DenseTimes.fits(options.the_profile.dense, chain):
        return LONGEST
    return LONGEST_DENSE if find_spec("numba") is not None else LONGEST_PLAIN


def _proved(chain: Chain, steps: Steps, options: Options, solver: str, why: str) -> Plan:
    plan = timed(Plan.of(chain, steps, solver=solver, why=why), options)
    return replace(plan, optimal=True, lower_bound=plan.cost)
