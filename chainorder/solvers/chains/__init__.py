"""Orders for chains: a new solver is a file here and a line below."""

from __future__ import annotations

from chainorder.solvers.registry import register
from chainorder.system.later import later

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
    later("solvers.chains.seconds", "quickest"),
    "another name of --objective seconds",
    schedules=True,
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
