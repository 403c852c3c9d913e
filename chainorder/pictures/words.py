"""What pictures say of plans, the same in all of them."""

from __future__ import annotations

from chainorder.costs.steps import OF_CODE
from chainorder.pictures.colours import ACTIONS
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain

LONG = 80
"""Characters of an order that a caption quotes."""


def order_caption(plan: Plan) -> str:
    """What an order costs, and whether that is proved to be the least."""
    about = "" if plan.estimate is None else "about "
    order = plan.names.order(plan.operations) if len(plan.chain) < LONG else ""
    quoted = f", order {order}" if 0 < len(order) <= LONG else ""
    return f"{plan.solver}: {about}{plan.fma:,} fma ({plan.claim}){quoted}."


def actions_of(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The legend of a plan's actions, if it has several."""
    found = {str(OF_CODE[code].action) for code in set(plan.operations.step.tolist())}
    return tuple((name, name) for name in ACTIONS if name in found) if len(found) > 1 else ()


def waist(chain: Chain) -> int | None:
    """The elemental behind which the chain is narrowest, if that is narrower than both its ends."""
    inner = chain.sizes[1:-1]
    if not len(inner) or inner.min() >= min(chain.inputs, chain.outputs):
        return None
    return int(inner.argmin()) + 1
