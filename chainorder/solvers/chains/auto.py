"""Which solver for which chain: what is soon said, before what takes tables, samples and searches."""

from __future__ import annotations

from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains.plain import is_plain, repeats, solve_plain
from chainorder.solvers.options import Options


def solve(chain: Chain, options: Options | None = None) -> Plan:
    """hu-shing for dense explicit chains on one machine, of others what `choice.solve` says."""
    if chain.machines == 1 and is_plain(chain) and not repeats(chain):
        return solve_plain(chain)
    from chainorder.solvers.chains import choice  # start-up for plain chains does without

    return choice.solve(chain, options)
