"""Stored entries over the operations of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from chainorder.costs.pricing import price
from chainorder.elimination.replay import Replay
from chainorder.errors import PlanError
from chainorder.pictures.scene import Area, Axis, Mark, Path, Scene, Text, extent
from chainorder.plans.chain_plan import Plan
from chainorder.plans.graph_plan import GraphPlan
from chainorder.plans.graph_validation import find_move
from chainorder.reading.magnitudes import short
from chainorder.reading.numerals import as_bytes

MOST = 400
"""Steps of a curve that are drawn; of more, the greatest of each stretch."""

HEIGHT = 0.3


def of_chain(plan: Plan) -> Scene:
    """The live entries of a chain's plan; it is priced again for that, so that estimated ones have none.

    Raises
    ------
    PlanError
        If its fill is estimated.
    """
    if plan.estimate is not None:
        raise PlanError("the memory of estimated fill is known at its peak only; plan with exact fill")
    return curve(plan.problem.title, price(plan.chain, plan.operations.steps).live.tolist())


def of_graph(plan: GraphPlan) -> Scene:
    """The live entries of a graph's plan."""
    replay, live = Replay(plan.graph), []
    for number, operation in enumerate(plan.operations, 1):
        replay.run(find_move(replay, operation, f"operation {number}"))
        live.append(replay.live)
    return curve(plan.problem.title, live)


def curve(title: str, live: Sequence[int]) -> Scene:
    """Entries live during each operation, the peak named."""
    count = max(1, len(live))
    peak = max(live, default=0)
    stretch = -(-count // MOST)
    steps = [(place, max(live[place : place + stretch])) for place in range(0, len(live), stretch)]
    edge = [(float(x), float(y)) for place, y in steps for x in (place, min(place + stretch, count))]
    marks: list[Mark] = [Area([[(0.0, 0.0), *edge, (float(count), 0.0)]], "shade"), Path(edge, "multiply")]
    if live:
        at = live.index(peak)
        anchor = "start" if at < count / 2 else "end"
        marks.append(Text(at + 0.5, peak * 1.06, f"peak {peak:,}", anchor, "strong"))
    x = Axis(0, count, "operations, in the order of the plan", None if count > 1 else ((0.5, "1"),))
    y = Axis(0, 1.15 * extent(live), "entries")
    caption = f"Stored entries of Jacobians during each operation; at most {short(peak)} ({as_bytes(peak)})."
    return Scene(f"{title}: memory", tuple(marks), x, y, caption, HEIGHT)
