"""Which solver for which chain."""

from __future__ import annotations

from dataclasses import replace

from chainorder.chain import Chain
from chainorder.plan import Plan
from chainorder.solvers import contraction, dynamic, hu_shing, makespan
from chainorder.solvers.options import Options


def solve(chain: Chain, options: Options | None = None) -> Plan:
    """hu-shing where it applies, dynamic where it is fast enough, contraction beyond; `Plan.why` says so.

    On several machines: a search for the least makespan, for a time.
    """
    if chain.machines > 1:
        return makespan.choose(chain, options or Options())
    if chain.dense and not chain.modelled:
        return replace(hu_shing.solve(chain), why="all elementals are dense and explicit: hu-shing is exact")
    what = "matrix-free" if chain.matrix_free else "structured"
    length = dynamic.QUICK_LENGTH
    if len(chain) <= length:
        return replace(dynamic.solve(chain), why=f"{what}, at most {length:,} elementals: dynamic is exact")
    why = f"{what} and longer than {length:,} elementals, too long for O(n³): contracted first"
    return replace(contraction.solve(chain), why=why)
