"""Which solver for which chain."""

from __future__ import annotations

from dataclasses import replace

from chainorder.chain import Chain
from chainorder.plan import Plan
from chainorder.solvers import contraction, dynamic, hu_shing

DYNAMIC_LENGTH = 600
"""Elementals up to which `auto` takes O(n³): a second or two."""


def solve(chain: Chain) -> Plan:
    """hu-shing where it applies, dynamic where it is fast enough, contraction beyond; `Plan.why` says so."""
    if chain.dense and not chain.modelled:
        return replace(hu_shing.solve(chain), why="all elementals are dense and explicit: hu-shing is exact")
    what = "matrix-free" if chain.matrix_free else "structured"
    if len(chain) <= DYNAMIC_LENGTH:
        return replace(
            dynamic.solve(chain), why=f"{what}, at most {DYNAMIC_LENGTH:,} elementals: dynamic is exact"
        )
    why = f"{what} and longer than {DYNAMIC_LENGTH:,} elementals, too long for O(n³): contracted first"
    return replace(contraction.solve(chain), why=why)
