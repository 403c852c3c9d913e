"""What each step of a plan takes, by a profile."""

from __future__ import annotations

from typing import Any

from chainorder.costs.pricing import PatternResults, Results
from chainorder.costs.profile import Profile
from chainorder.costs.seconds import Seconds, check_timed, name_of, unknown_time
from chainorder.costs.steps import How, Instruction, Place, Step, Steps, replay
from chainorder.problems.chain import Chain


def step_times(chain: Chain, steps: Steps, profile: Profile, results: Results | None = None) -> list[int]:
    """Picoseconds of every step, in their executable order.

    By default products are made for what comes of them; `results` knows, or guesses, it otherwise.

    Raises
    ------
    SolverError
        If a step evaluates a model whose time nobody states.
    """
    check_timed(chain)
    times: list[int] = []
    model = Seconds(profile)
    known = PatternResults(chain) if results is None else results

    def make(instruction: Instruction[Place], operands: list[Any]) -> Any:
        how, number, (j, i) = instruction.how, instruction.through, instruction.result
        if how is How.REUSE:
            times.append(0)
            return operands[0]
        if number is None:
            (left, right), k = operands, instruction.operands[1][0]
            made: Any = known.product(j, k, i, left, right)
            times.append(model.product_of(left, right, known.facts(j, k, i, left, right, made)))
            return made
        forward = how is How.TANGENTS
        result: Any = known.own(number)
        if operands:
            factors = (result, operands[0]) if forward else (operands[0], result)
            result = known.product(j, j - 1 if forward else i, i, *factors)
        step = Step.TANGENT if forward else Step.ADJOINT
        cost = model.evaluation(chain.kind_of(number), step, result, chain.memory)
        if cost is None:
            raise unknown_time(name_of(chain, number), "tangent" if forward else "adjoint")
        times.append(cost)
        return result

    explicit = (n for n in range(1, len(chain) + 1) if chain.kind_of(n).explicit)
    for _ in replay(steps.instructions(), {(n, n): known.own(n) for n in explicit}, make):
        pass
    return times
