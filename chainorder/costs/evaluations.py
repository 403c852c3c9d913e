"""The tangents and adjoints of a chain, and whether they suffice within its memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainorder.costs.steps import Step
from chainorder.errors import InfeasibleError
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import ModelCosts
from chainorder.structures.colouring import column_colours, row_colours
from chainorder.structures.pattern import Pattern


def check_feasible(chain: Chain) -> None:
    """Raise `InfeasibleError` if a matrix-free elemental can neither be accumulated nor stepped through.

    That is so just where it has no tangent and its tape exceeds the memory; if there is none such, every
    matrix can be accumulated, so there is a plan.
    """
    if chain.memory is None or not chain.matrix_free:
        return
    stuck = [
        kind
        for kind in chain.elementals.kinds
        if not kind.explicit and kind.tangent is None and kind.adjoint_within(chain.memory) is None
    ]
    if stuck:
        tapes = {id(kind): kind.tape for kind in stuck}
        number = next(n for n in range(1, len(chain) + 1) if id(chain.kind_of(n)) in tapes)
        raise InfeasibleError(
            f"elemental {number} has only adjoints and its tape of {chain.kind_of(number).tape:,} entries "
            f"exceeds the memory of {chain.memory:,}; the least memory that would do is "
            f"{max(tapes.values()):,}"
        )


def check_models(chain: Chain, step: Step) -> None:
    """Raise `InfeasibleError` if a matrix-free elemental has no model for a step of this mode."""
    for number in range(1, len(chain) + 1):
        kind = chain.kind_of(number)
        cost = kind.tangent if step.by_tangents else kind.adjoint_within(chain.memory)
        if cost is None and not kind.explicit:
            raise InfeasibleError(f"elemental {number} has no {model_name(step)}")


def model_name(step: Step) -> str:
    """What a step evaluates, in words."""
    return "tangent" if step.by_tangents else "adjoint within the memory"


def evaluations(step: Step, result: Pattern) -> int:
    """How many tangents or adjoints a step evaluates: the colours of its result."""
    return column_colours(result) if step.by_tangents else row_colours(result)


def least_evaluations(step: Step, result: Pattern) -> int:
    """How many a step evaluates at least if the result has these positions, and perhaps others.

    A colouring of any more positions has as many colours as a row, or column, has of these.
    """
    pattern = result if step.by_tangents else result.transposed()
    closed = pattern.closed_colour_count()
    return int(pattern.compact.row_counts().max(initial=0)) if closed is None else closed


def evaluations_fma(kind: ModelCosts, step: Step, result: Pattern, memory: int | None) -> int | None:
    """What the evaluations of a step cost; None if there is no such model, or its tape exceeds the memory."""
    cost = kind.tangent if step.by_tangents else kind.adjoint_within(memory)
    return None if cost is None else evaluations(step, result) * cost + kind.overhead


Evaluation = Callable[[ModelCosts, Step, Pattern, "int | None"], "int | None"]
"""What prices a step by its kind, the step, its result and the memory, as `evaluations_fma`."""


@dataclass(frozen=True)
class Accumulation:
    """An accumulation of an elemental, and what it costs."""

    step: Step
    cost: int


def accumulation(
    kind: ModelCosts, pattern: Pattern, memory: int | None, evaluation: Evaluation = evaluations_fma
) -> Accumulation | None:
    """The cheaper accumulation of an elemental of this kind and pattern; None if there is none."""
    possible = []
    for step in (Step.ACCUMULATE_TANGENT, Step.ACCUMULATE_ADJOINT):
        cost = evaluation(kind, step, pattern, memory)
        if cost is not None:
            possible.append(Accumulation(step, cost))
    return min(possible, key=lambda each: each.cost, default=None)
