"""Chains of dense explicit elementals: what most people begin with."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains import hu_shing

MOST_REUSED = 400
"""Elementals of a chain up to which products that come again are looked for."""


def is_plain(chain: Chain) -> bool:
    """Whether all elementals are dense and explicit, without tangents and adjoints."""
    return chain.dense and not chain.modelled


def solve_plain(chain: Chain) -> Plan:
    """The best order of a plain chain, by proof."""
    return replace(hu_shing.solve(chain), why="all elementals are dense and explicit: hu-shing is exact")


def repeats(chain: Chain) -> bool:
    """Whether some product of two neighbours comes twice."""
    if chain.modelled or not 4 <= len(chain) <= MOST_REUSED:
        return False
    letters = chain.sameness()
    pairs = list(pairwise(letters))
    return len(set(pairs)) < len(pairs)
