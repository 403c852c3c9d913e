"""All bracketings: the oracle that the other solvers are held against."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

from chainorder.costs.evaluations import check_feasible
from chainorder.costs.fma import FMA
from chainorder.costs.model import CostModel
from chainorder.costs.steps import Steps
from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains.given import Product, cheapest_steps
from chainorder.structures.pattern import Pattern

MAX_LENGTH = 12
"""58,786 bracketings; each further elemental makes them nearly four times as many."""


def solve(chain: Chain) -> Plan:
    """Price every one of the Catalan(q − 1) bracketings of up to 12 elementals. Optimal.

    Raises
    ------
    SolverError
        If the chain is longer.
    """
    check_length(chain)
    steps, _ = best_steps(chain)
    return Plan.of(chain, steps, solver="exhaustive", optimal=True, why="all bracketings compared")


def check_length(chain: Chain) -> None:
    """Raise `SolverError` if there are too many bracketings."""
    if len(chain) > MAX_LENGTH:
        raise SolverError(
            f"exhaustive takes at most {MAX_LENGTH} elementals; the chain has {len(chain)}: use dynamic"
        )


def best_steps(chain: Chain, model: CostModel = FMA) -> tuple[Steps, int]:
    """The steps of a best plan by a cost model, and what they cost."""
    check_feasible(chain)
    orders = bracketings(len(chain), 1)
    if chain.modelled:
        known: dict[Product, Pattern] = {}
        return min((cheapest_steps(chain, order, known, model) for order in orders), key=itemgetter(1))
    prices = _product_prices(chain, model)
    costs = ((sum(prices[product] for product in order), order) for order in orders)
    cost, best = min(costs, key=itemgetter(0))
    return Steps.of_products(list(best)), cost


def bracketings(j: int, i: int) -> Iterator[tuple[Product, ...]]:
    """Every bracketing of the factors j to i, as its products (j, k, i)."""
    if i == j:
        yield ()
    for k in range(i, j):
        for right in bracketings(k, i):
            for left in bracketings(j, k + 1):
                yield (*right, *left, (j, k, i))


def _product_prices(chain: Chain, model: CostModel) -> dict[Product, int]:
    patterns = {}
    for i in range(len(chain), 0, -1):
        patterns[i, i] = chain.pattern(i)
        for j in range(i + 1, len(chain) + 1):
            patterns[j, i] = patterns[j, i + 1] @ patterns[i, i]
    return {
        (j, k, i): model.product(patterns[j, k + 1], patterns[k, i])
        for (j, i) in patterns
        for k in range(i, j)
    }
