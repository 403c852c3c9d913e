"""The slow, obvious check of a plan: costs, order, memory and schedule recounted, one operation at a time.

Estimated costs are estimated again with the same seed. Patterns of products come from
`chainorder.structures.pattern`. Their costs are recounted position by position, except where a pattern is
too large for that. A bound is checked against the cost, but not proved again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, assert_never

from chainorder.costs.guessed_fill import guesses_again
from chainorder.costs.prediction import Prediction
from chainorder.costs.pricing import Results
from chainorder.costs.steps import Action, Shares, Step, Steps, source_of
from chainorder.errors import PlanError
from chainorder.plans.base import BasePlan
from chainorder.plans.chain_operations import OBJECTIVES, Operation
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import Kind
from chainorder.structures.colouring import colour_columns, column_colours
from chainorder.structures.pattern import Pattern, counted_fma, fma

EXPAND = 10_000
"""Entries up to which a pattern is expanded position by position."""

COUNTED = 1_000_000
"""Inner sizes up to which positions are counted one row and column after the other."""


def validate(chain: Chain, operations: Sequence[Operation], plan: BasePlan) -> None:  # noqa: C901 -- the whole of a plan's life in one place
    """Recheck shapes, use-once, order, costs, memory, schedule and what a plan claims from scratch.

    Raises
    ------
    PlanError
        Names the first operation that is wrong, the stated and the right value.
    """
    guesses = None if plan.estimate is None else guesses_again(chain, plan.estimate)
    own = chain.pattern if guesses is None else guesses.own
    live: dict[tuple[int, int], Any] = {
        (n, n): own(n) for n in range(1, len(chain) + 1) if chain.kind_of(n).explicit
    }
    ready = dict.fromkeys(live, 0)
    maker: dict[tuple[int, int], int] = {}
    shares = Shares()
    busy_until: dict[int, int] = {}
    held = {number: chain.kind_of(number).held for number in range(1, len(chain) + 1)}
    stored = peak = sum(pattern.entries for pattern in live.values()) + sum(held.values())
    for number, (operation, lasts) in enumerate(zip(operations, plan.durations, strict=True), 1):
        j, k, i = operation.j, operation.k, operation.i
        here = f"operation {number} ({operation.action} {j}, {k}, {i})"
        operands = _operands(operation, chain, here)
        if missing := [operand for operand in operands if operand not in live]:
            raise PlanError(f"{here}: F'{missing[0]} is not there: never made, or used before")
        if not 0 <= operation.machine < plan.machines:
            raise PlanError(f"{here}: runs on machine {operation.machine}; there are {plan.machines}, from 0")
        for operand in operands:
            moved = maker.get(operand, operation.machine) != operation.machine
            at = ready[operand] + (plan.transfer * live[operand].entries if moved else 0)
            if operation.start < at:
                raise PlanError(f"{here}: starts at {operation.start}, operand ready at {at}")
        if operation.action is Action.REUSE:
            _expect(here, "fma", operation.fma, 0)
            shares.share(operands[0], (j, i))
            live[j, i], ready[j, i] = live[operands[0]], ready[operands[0]]
            stored -= sum(live.pop((n, n)).entries for n in range(i, j + 1))  # not needed any more
            continue
        patterns = [live.pop(operand) for operand in operands]
        kept = sum(p.entries for o, p in zip(operands, patterns, strict=True) if not shares.last(o))
        result, cost = _result(operation, chain, patterns, here, guesses)
        _expect(here, "fma", operation.fma, cost)
        if operation.start < busy_until.get(operation.machine, 0):
            raise PlanError(f"{here}: machine {operation.machine} is busy at {operation.start}")
        if (j, i) in live:
            raise PlanError(f"{here}: F'{(j, i)} is there already")
        # A step through an explicit elemental by its model makes the matrix useless.
        unused = {Action.TANGENT: (j, j), Action.ADJOINT: (i, i)}.get(operation.action)
        if unused in live and unused is not None:
            patterns.append(live.pop(unused))
        live[j, i] = result
        maker[j, i] = operation.machine
        ready[j, i] = busy_until[operation.machine] = operation.start + lasts
        peak = max(peak, stored + result.entries)
        stored += kept + result.entries - sum(pattern.entries for pattern in patterns)
        stored -= held.pop(_stepped(operation), 0)  # a solve's factors have done their work
    if list(live) != [(len(chain), 1)]:
        raise PlanError(
            f"the plan ends with {len(live)} Jacobians; it should end with that of the whole chain"
        )
    _expect("plan", "makespan", plan.makespan, max(busy_until.values(), default=0))
    _expect("plan", "peak_memory", plan.peak_memory, peak)
    _expect("plan", "fma", plan.fma, sum(operation.fma for operation in operations))
    _check_claims(plan, chain, operations, guesses)


def _stepped(operation: Operation) -> int:
    """The elemental whose model an operation evaluates; 0 if none."""
    match operation.action:
        case Action.MULTIPLY | Action.REUSE:
            return 0
        case Action.ADJOINT:
            return operation.i
        case Action.TANGENT | Action.ACCUMULATE:
            return operation.j
        case _:
            assert_never(operation.action)


def _check_claims(
    plan: BasePlan, chain: Chain, operations: Sequence[Operation], guesses: Results | None
) -> None:
    if plan.objective not in OBJECTIVES:
        raise PlanError(
            f"plan: the objective is {plan.objective!r}; it should be one of {', '.join(OBJECTIVES)}"
        )
    if plan.objective == "seconds" and plan.predicted is None:
        raise PlanError("plan: the objective is seconds, but no prediction is stated; plan it again")
    if plan.lower_bound is not None and plan.lower_bound > plan.cost:
        raise PlanError(f"plan: the lower bound {plan.lower_bound} is above the cost {plan.cost}")
    if plan.optimal:
        _expect("plan", "lower_bound", plan.lower_bound, plan.cost)
    _check_prediction(plan, chain, operations, guesses)


def _check_prediction(
    plan: BasePlan, chain: Chain, operations: Sequence[Operation], guesses: Results | None
) -> None:
    """Recount the time that a plan states, by the profile that it carries."""
    if plan.predicted is None:
        return
    rows = [(Step.of(str(o.action), o.mode), o.j, o.split, o.i) for o in operations]
    found = Prediction.of(chain, Steps.as_listed(rows), plan.predicted.profile, guesses)
    for number, (stated, right) in enumerate(zip(plan.predicted.times, found.times, strict=True), 1):
        _expect(f"operation {number}", "its time in picoseconds", stated, right)


def _operands(operation: Operation, chain: Chain, here: str) -> list[tuple[int, int]]:
    """The Jacobians that an operation needs; those of models are not among them."""
    j, k, i = operation.j, operation.k, operation.i
    match operation.action:
        case Action.ACCUMULATE:
            if j != i or k is not None or chain.kind_of(i).explicit:
                raise PlanError(f"{here}: only one matrix-free elemental is accumulated")
            return []
        case Action.MULTIPLY:
            if k is None or not i <= k < j:
                raise PlanError(f"{here}: a product needs i ≤ k < j")
            return [(j, k + 1), (k, i)]
        case Action.TANGENT:
            if k != j - 1 or k < i:
                raise PlanError(f"{here}: a tangent step needs k = j − 1 ≥ i")
            return [(k, i)]
        case Action.ADJOINT:
            if k != i or j <= i:
                raise PlanError(f"{here}: an adjoint step needs k = i < j")
            return [(j, i + 1)]
        case Action.REUSE:
            return [_same_product(chain, j, operation.split, i, here)]
        case _:
            assert_never(operation.action)


def _same_product(chain: Chain, j: int, k: int, i: int, here: str) -> tuple[int, int]:
    """What is reused, after seeing that it is a product of the same matrices."""
    last, first = source = source_of(j, k, i)
    if source == (j, i) or first < 1 or j <= i:
        raise PlanError(f"{here}: a reuse needs another product of as many elementals that ends at k")
    letters = chain.sameness()
    if letters[i - 1 : j] != letters[first - 1 : last]:
        raise PlanError(f"{here}: F'{source} is not known to be the same product")
    return source


def _result(
    operation: Operation, chain: Chain, operands: list[Any], here: str, guesses: Results | None
) -> tuple[Any, int]:
    """The pattern of the result (or what is guessed of it), and what making it costs."""
    if guesses is not None:
        return _guessed(operation, chain, operands, here, guesses)
    number = _stepped(operation)
    match operation.action:
        case Action.MULTIPLY:
            left, right = operands
            return left @ right, recounted_fma(left, right)
        case Action.REUSE:
            return operands[0], 0
        case Action.ACCUMULATE:
            result = chain.pattern(number)
        case Action.TANGENT:
            result = chain.pattern(number) @ operands[0]
        case Action.ADJOINT:
            result = operands[0] @ chain.pattern(number)
        case _:
            assert_never(operation.action)
    evaluated = result if _by_tangents(operation) else result.transposed()
    kind, cost = _model(operation, chain, here)
    return result, _checked_colours(evaluated, here) * cost + kind.overhead


def _by_tangents(operation: Operation) -> bool:
    return Step.of(str(operation.action), operation.mode).by_tangents


def _model(operation: Operation, chain: Chain, here: str) -> tuple[Kind, int]:
    """The elemental whose model an operation evaluates, and what one evaluation costs."""
    number = _stepped(operation)
    kind = chain.kind_of(number)
    cost = kind.tangent if _by_tangents(operation) else kind.adjoint
    if cost is None:
        raise PlanError(f"{here}: elemental {number} has no such model")
    if not _by_tangents(operation) and chain.memory is not None and kind.tape > chain.memory:
        raise PlanError(f"{here}: a tape of {kind.tape} exceeds the memory of {chain.memory}")
    return kind, cost


def _guessed(
    operation: Operation, chain: Chain, operands: list[Any], here: str, guesses: Results
) -> tuple[Any, int]:
    """What an operation yields and costs by the estimate that the plan says it was made with."""
    j, k, i = operation.j, operation.split, operation.i
    if operation.action is Action.MULTIPLY:
        return guesses.product(j, k, i, *operands), guesses.fma(j, k, i, *operands)
    kind, cost = _model(operation, chain, here)
    step = Step.of(str(operation.action), operation.mode)
    own = guesses.own(_stepped(operation))
    factors = (own, *operands) if step.by_tangents else (*operands, own)
    result = own if i == j else guesses.product(j, k, i, *factors)
    return result, guesses.evaluations(step, j, i, result) * cost + kind.overhead


def _checked_colours(pattern: Pattern, here: str) -> int:
    """The colours of the columns, after seeing that no two columns of a colour share a row."""
    count = column_colours(pattern)
    if pattern.closed_colour_count() is None:
        pattern = pattern.compact
    if pattern.nnz <= EXPAND and pattern.shape[1] <= EXPAND:
        rows, columns = pattern.coordinates()
        colours = colour_columns(pattern)[columns].tolist()
        places = list(zip(rows.tolist(), colours, strict=True))
        if len(set(places)) != len(places) or len(set(colours)) != count:
            raise PlanError(f"{here}: columns of one colour share a row")
    return count


def _expect(here: str, name: str, stated: int | None, right: int) -> None:
    if stated != right:
        raise PlanError(f"{here}: {name} is stated as {stated}; recounted it is {right}")


def recounted_fma(left: Pattern, right: Pattern) -> int:
    """Every pair of positions (r, l) and (l, c) that a product multiplies, or what large ones cost by counts.

    In closed form only where that takes too much memory.
    """
    if left.free or right.free:
        return 0
    if left.nnz > EXPAND or right.nnz > EXPAND:
        return counted_fma(left, right) if left.shape[1] <= COUNTED else fma(left, right)
    columns = Counter(left.coordinates()[1].tolist())
    return sum(columns[row] for row in right.coordinates()[0].tolist())
