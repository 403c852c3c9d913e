"""All bracketings: the oracle that the other solvers are held against."""

from __future__ import annotations

from collections.abc import Iterator

from chainorder.costs.evaluations import check_feasible
from chainorder.costs.steps import Steps
from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains.given import Product, cheapest_ways
from chainorder.structures.pattern import Pattern, fma

MAX_LENGTH = 12
"""58,786 bracketings; each further elemental makes them nearly four times as many."""


def solve(chain: Chain) -> Plan:
    """Price every one of the Catalan(q − 1) bracketings of up to 12 elementals. Optimal.

    Raises
    ------
    SolverError
        If the chain is longer.
    """
    if len(chain) > MAX_LENGTH:
        raise SolverError(
            f"exhaustive takes at most {MAX_LENGTH} elementals; the chain has {len(chain)}: use dynamic"
        )
    why = "all bracketings compared"
    if chain.modelled:
        check_feasible(chain)
        known: dict[Product, Pattern] = {}
        ways = (cheapest_ways(chain, products, known) for products in bracketings(1, len(chain)))
        steps, _ = min(ways, key=lambda way: way[1])
        return Plan.of(chain, steps, solver="exhaustive", optimal=True, why=why)
    prices = _product_prices(chain)
    best = min(bracketings(1, len(chain)), key=lambda products: sum(prices[product] for product in products))
    return Plan.of(chain, Steps.of_products(list(best)), solver="exhaustive", optimal=True, why=why)


def bracketings(i: int, j: int) -> Iterator[tuple[Product, ...]]:
    """Every bracketing of the factors i..j, as its products (j, k, i)."""
    if i == j:
        yield ()
    for k in range(i, j):
        for right in bracketings(i, k):
            for left in bracketings(k + 1, j):
                yield (*right, *left, (j, k, i))


def _product_prices(chain: Chain) -> dict[Product, int]:
    patterns = {}
    for i in range(len(chain), 0, -1):
        patterns[i, i] = chain.pattern(i)
        for j in range(i + 1, len(chain) + 1):
            patterns[j, i] = patterns[j, i + 1] @ patterns[i, i]
    return {(j, k, i): fma(patterns[j, k + 1], patterns[k, i]) for (j, i) in patterns for k in range(i, j)}
