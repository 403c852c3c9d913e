"""The slow, obvious check of a plan: every claim recomputed without the code that made it.

Patterns are expanded to sets of positions here, so it is for small chains, tests and saved plans; where a
pattern is too large to expand, the closed forms of `chainorder.pattern` are used.
"""

from __future__ import annotations

from chainorder.errors import PlanError
from chainorder.pattern import Pattern, fma
from chainorder.plan import Action, Plan

EXPAND = 10_000
"""Entries up to which a pattern is expanded position by position."""


def validate(plan: Plan) -> None:
    """Recheck shapes, use-once, order, costs, memory, schedule and bound of a plan from scratch.

    Raises
    ------
    PlanError
        Names the first operation that is wrong, the stated and the right value.
    """
    live = {(n, n): plan.chain.pattern(n) for n in range(1, len(plan.chain) + 1)}
    ready = dict.fromkeys(live, 0)
    busy_until: dict[int, int] = {}
    stored = peak = sum(pattern.entries for pattern in live.values())
    for number, operation in enumerate(plan.operations, 1):
        here = f"operation {number} ({operation.action} {operation.j}, {operation.k}, {operation.i})"
        j, k, i = operation.j, operation.k, operation.i
        if operation.action is not Action.MULTIPLY or k is None or not i <= k < j:
            raise PlanError(f"{here}: a product needs i ≤ k < j")
        operands = [(j, k + 1), (k, i)]
        for operand in operands:
            if operand not in live:
                raise PlanError(f"{here}: F'{operand} is not there: never made, or used before")
            if operation.start < ready[operand]:
                raise PlanError(f"{here}: starts at {operation.start}, operand ready at {ready[operand]}")
        left, right = (live.pop(operand) for operand in operands)
        _expect(here, "fma", operation.fma, _slow_fma(left, right))
        if operation.start < busy_until.get(operation.machine, 0):
            raise PlanError(f"{here}: machine {operation.machine} is busy at {operation.start}")
        live[j, i] = result = left @ right
        ready[j, i] = busy_until[operation.machine] = operation.start + operation.fma
        peak = max(peak, stored + result.entries)
        stored += result.entries - left.entries - right.entries
    if list(live) != [(len(plan.chain), 1)]:
        raise PlanError(
            f"the plan ends with {len(live)} Jacobians; it should end with that of the whole chain"
        )
    _expect("plan", "fma", plan.fma, sum(operation.fma for operation in plan.operations))
    _expect("plan", "makespan", plan.makespan, max(busy_until.values(), default=0))
    _expect("plan", "peak_memory", plan.peak_memory, peak)
    if plan.lower_bound is not None and plan.lower_bound > plan.fma:
        raise PlanError(f"plan: the lower bound {plan.lower_bound} is above the cost {plan.fma}")
    if plan.optimal:
        _expect("plan", "lower_bound", plan.lower_bound or 0, plan.fma)


def _expect(here: str, name: str, stated: int, right: int) -> None:
    if stated != right:
        raise PlanError(f"{here}: {name} is stated as {stated}; recounted it is {right}")


def _slow_fma(left: Pattern, right: Pattern) -> int:
    """Count every pair of positions (r, l) and (l, c) that a product multiplies."""
    if left.free or right.free:
        return 0
    if left.nnz > EXPAND or right.nnz > EXPAND:
        return fma(left, right)
    columns = [0] * left.shape[1]
    for column in left.csr().indices.tolist():
        columns[column] += 1
    rows = right.csr().indptr.tolist()
    return sum(count * (rows[row + 1] - rows[row]) for row, count in enumerate(columns))
