"""What each step of a plan takes, by a profile."""

from __future__ import annotations

from chainorder.costs.profile import Profile
from chainorder.costs.seconds import Seconds, check_timed, unknown_time
from chainorder.costs.steps import How, Instruction, Place, Step, Steps, replay
from chainorder.problems.chain import Chain
from chainorder.structures.pattern import Pattern


def step_times(chain: Chain, steps: Steps, profile: Profile) -> list[int]:
    """Picoseconds of every step, in their executable order.

    Raises
    ------
    SolverError
        If a step evaluates a model whose time nobody states.
    """
    check_timed(chain)
    times: list[int] = []
    model = Seconds(profile)

    def make(instruction: Instruction[Place], operands: list[Pattern]) -> Pattern:
        how, number = instruction.how, instruction.through
        if how is How.REUSE:
            times.append(0)
            return operands[0]
        if number is None:
            left, right = operands
            made = left @ right
            times.append(model.product_into(left, right, made))
            return made
        forward = how is How.TANGENTS
        kind, own = chain.kind_of(number), chain.pattern(number)
        result = (own @ operands[0] if forward else operands[0] @ own) if operands else own
        step = Step.TANGENT if forward else Step.ADJOINT
        cost = model.evaluation(kind, step, result, chain.memory)
        if cost is None:
            raise unknown_time(chain, number, "tangent" if forward else "adjoint")
        times.append(cost)
        return result

    explicit = (n for n in range(1, len(chain) + 1) if chain.kind_of(n).explicit)
    live = {(n, n): chain.pattern(n) for n in explicit}
    for _ in replay(steps.instructions(), live, make):
        pass
    return times
