"""Which solver for which chain, if it is not plain."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from chainorder.costs import guessed_fill
from chainorder.costs.evaluations import check_feasible
from chainorder.costs.exact_fill import OverBudgetError
from chainorder.costs.known_costs import Outline
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains import contraction, dynamic, estimated, makespan, reuse
from chainorder.solvers.chains.plain import is_plain, repeats, solve_plain
from chainorder.solvers.options import Options

WORK = 2_000_000
"""fma of a sweep up to which its fill-in is worked out exactly: some hundredths of a second."""

LARGE = 100_000
"""Length times size from which looking for the best order takes some hundredths of a second."""

DEAR = 100
"""fma that take ten times as long as planning does for each elemental and size."""

PROOF = 4
"""How many times as many symbolic multiply–adds a proof may take."""


def solve(chain: Chain, options: Options | None = None) -> Plan:
    """hu-shing where it applies, dynamic where it is fast enough, contraction beyond; `Plan.why` says so.

    Sparse chains are planned exactly where that is little work, else by estimates. Where products of the same
    matrices come again and again, they are reused if that is cheaper.

    On several machines: a search for the least makespan, for a time; or the order for one machine,
    scheduled, where the chain is too long for that or its fill-in takes too long to make.
    """
    if chain.machines > 1:
        options = Options() if options is None else options
        if makespan.searchable(chain, options.transfer) and not heavy(chain):
            return makespan.anytime(chain, options)
        return makespan.schedule_order(_choose(chain.on(1)), chain.machines, options)
    best = _choose(chain)
    if not repeats(chain) or _cheap(chain, best.fma):
        return best
    reused = reuse.improve(best)
    return best if reused is None else reused


def _choose(chain: Chain) -> Plan:
    if is_plain(chain):
        return solve_plain(chain)
    if Outline.pays(chain) and len(chain) <= dynamic.MAX_LENGTH and guessed_fill.estimable(chain):
        return _sparse(chain)
    what = "matrix-free" if chain.matrix_free else "structured"
    length = dynamic.QUICK_LENGTH
    if len(chain) <= length:
        return replace(dynamic.solve(chain), why=f"{what}, at most {length:,} elementals: dynamic is exact")
    why = f"{what} and longer than {length:,} elementals, too long for O(n³): contracted first"
    return replace(contraction.solve(chain), why=why)


def heavy(chain: Chain) -> bool:
    """Whether making the fill-in of all subchains takes more work than planning should."""
    if not Outline.pays(chain) or not guessed_fill.estimable(chain):
        return False
    check_feasible(chain)
    return Outline(chain).sampled.sweep() > WORK


def _cheap(chain: Chain, fma: float) -> bool:
    """Whether so many fma take less time than looking for fewer; never in small chains."""
    size = len(chain) * int(chain.sizes.max())
    return size > LARGE and fma < DEAR * size


def _sparse(chain: Chain) -> Plan:
    """Exact where that takes little work, else estimated."""
    check_feasible(chain)
    outline = Outline(chain)
    if chain.modelled or outline.sampled.sweep() <= WORK:
        with suppress(OverBudgetError):
            why = f"the exact fill-in takes at most {PROOF * WORK:,} symbolic multiply–adds: dynamic is exact"
            return replace(dynamic.solve_within(outline, PROOF * WORK), why=why)
    why = "the exact fill-in takes too many symbolic multiply–adds: estimated"
    return replace(estimated.solve_outline(outline), why=why)
