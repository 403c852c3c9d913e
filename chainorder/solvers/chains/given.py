"""The order that a user writes down."""

from __future__ import annotations

from collections.abc import Iterable

from chainorder.costs.bracketing import parse_bracketing
from chainorder.costs.evaluations import check_feasible
from chainorder.costs.fma import FMA
from chainorder.costs.model import CostModel
from chainorder.costs.steps import Row, Step, Steps
from chainorder.plans.chain_plan import Plan
from chainorder.plans.names import Names
from chainorder.problems.chain import Chain
from chainorder.structures.pattern import Pattern

Product = tuple[int, int, int]


def plan_in_order(chain: Chain, text: str) -> Plan:
    """The cheapest plan with a given bracketing: of the steps that multiply a pair, the cheapest.

    O(length): what a pair costs does not depend on other pairs, except that a step by a model spares
    accumulating its elemental.

    Raises
    ------
    PlanError
        If the text is no bracketing of the chain.
    InfeasibleError
        If the memory admits no plan.
    """
    check_feasible(chain)
    order = parse_bracketing(text, len(chain), Names(chain).numbers)
    steps, _ = cheapest_steps(chain, ((j, k, i) for _, j, k, i in order), {})
    return Plan.of(chain, steps, solver="order", why="the order that was given")


def cheapest_steps(
    chain: Chain, products: Iterable[Product], known: dict[Product, Pattern], model: CostModel = FMA
) -> tuple[Steps, int]:
    """The steps that make the products of a bracketing most cheaply, and what they cost.

    `products` stand in an executable order. `known` keeps the patterns of results (by j, 0, i) from one call
    to the next.
    """
    made: dict[tuple[int, int], tuple[Pattern, int]] = {}
    rows: dict[tuple[int, int], Row] = {}
    for number in range(1, len(chain) + 1):
        pattern = known.setdefault((number, 0, number), chain.pattern(number))
        found = (
            None
            if chain.kind_of(number).explicit
            else model.accumulation(chain.kind_of(number), pattern, chain.memory)
        )
        made[number, number] = pattern, 0 if found is None else found.cost
        if found is not None:
            rows[number, number] = found.step, number, 0, number
    for j, k, i in products:
        left, right = made.pop((j, k + 1)), made.pop((k, i))
        if (j, 0, i) not in known:
            known[j, 0, i] = left[0] @ right[0]
        result = known[j, 0, i]
        costs = {Step.MULTIPLY: left[1] + right[1] + model.product(left[0], right[0])}
        for step, number, fits, other in (
            (Step.TANGENT, j, k == j - 1, right),
            (Step.ADJOINT, i, k == i, left),
        ):
            cost = model.evaluation(chain.kind_of(number), step, result, chain.memory) if fits else None
            if cost is not None:  # takes the place of its elemental's own Jacobian
                costs[step] = other[1] + cost
        step = min(costs, key=costs.__getitem__)
        made[j, i] = result, costs[step]
        rows[j, i] = step, j, k, i
    return Steps.of_rows(_needed(rows, len(chain))), made[len(chain), 1][1]


def _needed(made: dict[tuple[int, int], Row], length: int) -> list[Row]:
    """The steps that the whole chain needs; those that others spare are left out."""
    rows: list[Row] = []
    pending = [(length, 1)]
    while pending:
        place = pending.pop()
        if place not in made:
            continue
        step, j, k, i = made[place]
        rows.append(made[place])
        if step in (Step.MULTIPLY, Step.TANGENT):
            pending.append((k, i))
        if step in (Step.MULTIPLY, Step.ADJOINT):
            pending.append((j, k + 1))
    return rows
