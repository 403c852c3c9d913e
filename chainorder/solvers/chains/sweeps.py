"""The homogeneous orders that everybody uses: the baselines of every report."""

from __future__ import annotations

import numpy as np

from chainorder.costs.evaluations import check_feasible, model_name
from chainorder.costs.fma import FMA
from chainorder.costs.steps import Row, Step, Steps
from chainorder.errors import InfeasibleError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains import dynamic
from chainorder.structures.pattern import Pattern


def forward(chain: Chain) -> Plan:
    """Multiply from the input on, F'_q · (… · (F'_2 · F'_1)); matrix-free elementals by tangents. No claim.

    Raises
    ------
    InfeasibleError
        If a matrix-free elemental has no tangent.
    """
    if not chain.modelled:
        return Plan.of(chain, outward_steps(len(chain), 0), solver="forward", why="asked for")
    rows = _first(chain, 1, Step.ACCUMULATE_TANGENT)
    pattern = chain.pattern(1)
    for j in range(2, len(chain) + 1):
        product = FMA.product(chain.pattern(j), pattern)
        pattern = chain.pattern(j) @ pattern
        rows.append((_cheaper(chain, j, Step.TANGENT, product, pattern), j, j - 1, 1))
    return Plan.of(chain, Steps.of_rows(rows), solver="forward", why="asked for")


def reverse(chain: Chain) -> Plan:
    """Multiply from the output on, ((F'_q · F'_{q−1}) · …) · F'_1; matrix-free by adjoints. No claim.

    Raises
    ------
    InfeasibleError
        If a matrix-free elemental has no adjoint, or its tape exceeds the chain's memory.
    """
    last = len(chain)
    if not chain.modelled:
        return Plan.of(chain, outward_steps(last, last), solver="reverse", why="asked for")
    rows = _first(chain, last, Step.ACCUMULATE_ADJOINT)
    pattern = chain.pattern(last)
    for i in range(last - 1, 0, -1):
        product = FMA.product(pattern, chain.pattern(i))
        pattern = pattern @ chain.pattern(i)
        rows.append((_cheaper(chain, i, Step.ADJOINT, product, pattern), last, i, i))
    return Plan.of(chain, Steps.of_rows(rows), solver="reverse", why="asked for")


def outward_steps(length: int, place: int) -> Steps:
    """Products outwards from the boundary behind so many elementals; forward from 0, in reverse from all."""
    ends, begins = np.arange(place + 2, length + 1), np.arange(place - 1, 0, -1)
    middle = [length] if 0 < place < length else []
    j = np.concatenate([ends, np.full_like(begins, place), np.array(middle, np.int64)])
    k = np.concatenate([ends - 1, begins, np.full(len(middle), place)])
    i = np.concatenate([np.full_like(ends, place + 1), begins, np.ones(len(middle), np.int64)])
    return Steps.ordered(Step.MULTIPLY, j, k, i)


def preaccumulation(chain: Chain) -> Plan:
    """Accumulate every matrix-free elemental in its cheaper mode, then multiply in the best order. No claim.

    Raises
    ------
    InfeasibleError, SolverError
        As `dynamic`.
    """
    dynamic.check_length(chain, "preaccumulation")
    check_feasible(chain)
    steps, results = dynamic.exact_steps(chain, stepping=False)
    return Plan.of(chain, steps, solver="preaccumulation", why="asked for", results=results)


def _first(chain: Chain, number: int, step: Step) -> list[Row]:
    """How a sweep comes by its first Jacobian: it is at hand, or accumulated in the mode of the sweep."""
    if chain.kind_of(number).explicit:
        return []
    return [(_cheaper(chain, number, step, 0, chain.pattern(number)), number, 0, number)]


def _cheaper(chain: Chain, number: int, step: Step, product: int, result: Pattern) -> Step:
    """Multiply by an elemental if it is explicit, or take a step by its model, whichever costs less."""
    kind = chain.kind_of(number)
    by_model = FMA.evaluation(kind, step, result, chain.memory)
    if by_model is None and not kind.explicit:
        raise InfeasibleError(f"elemental {number} has no {model_name(step)}")
    return step if by_model is not None and (not kind.explicit or by_model < product) else Step.MULTIPLY
