"""What steps mean, said once: instructions, the loop that carries them out, and the entries that are live."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainorder import Chain, Elemental, ExecutionError, execute, plan
from chainorder.costs.steps import How, Instruction, Ledger, Step, instruction_of, replay


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((Step.MULTIPLY, 5, 3, 2), (How.MULTIPLY, ((5, 4), (3, 2)), None, (5, 2), ((5, 4), (3, 2)))),
        ((Step.TANGENT, 5, 4, 2), (How.TANGENTS, ((4, 2),), 5, (5, 2), ((4, 2), (5, 5)))),
        ((Step.ADJOINT, 5, 2, 2), (How.ADJOINTS, ((5, 3),), 2, (5, 2), ((5, 3), (2, 2)))),
        ((Step.ACCUMULATE_TANGENT, 4, 0, 4), (How.TANGENTS, (), 4, (4, 4), ((4, 4),))),
        ((Step.ACCUMULATE_ADJOINT, 4, 0, 4), (How.ADJOINTS, (), 4, (4, 4), ((4, 4),))),
        ((Step.REUSE, 5, 2, 4), (How.REUSE, ((2, 1),), None, (5, 4), ((4, 4), (5, 5)))),
    ],
)
def test_what_a_step_does(row: tuple[Step, int, int, int], expected: tuple[Any, ...]) -> None:
    assert instruction_of(*row, 7) == Instruction(*expected, 7)


def test_replay_spells_the_product() -> None:
    chain = Chain.from_dims([3, 4, 5, 6, 7, 8])
    for solver in ("forward", "reverse", "dynamic"):
        live: dict[Any, str] = {(n, n): f"F{n}" for n in range(1, 6)}
        steps = plan(chain, solver=solver).operations.steps
        made = [result for _, result in replay(steps.instructions(), live, lambda _, o: " ".join(o))]
        assert made[-1] == "F5 F4 F3 F2 F1"
        assert live == {(5, 1): made[-1]}


def test_entries_that_are_shared_are_counted_once() -> None:
    ledger = Ledger({"a": 5, "b": 5})
    ledger.enter(Instruction(How.REUSE, ("a",), None, "c", ("b",)), 5)
    assert (ledger.entries, ledger.peak) == (5, 10)
    ledger.enter(Instruction(How.MULTIPLY, ("a", "a"), None, "d", ("a",)), 7)
    assert (ledger.entries, ledger.peak) == (12, 12)
    ledger.enter(Instruction(How.ADD, ("c", "d"), None, "e", ("c", "d")), 8)
    assert (ledger.entries, ledger.peak) == (8, 12)


def test_reused_products_run_on_workers_as_here() -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    matrix = np.random.default_rng(0).random((5, 5))
    answer = plan(Chain.from_matrices([matrix] * 6), solver="reuse")
    assert (answer.operations.step == Step.REUSE).any()
    here, there = execute(answer), execute(answer, scheduler="local")
    assert there.passed
    np.testing.assert_array_equal(there.jacobian, here.jacobian)
    assert (there.fma, there.peak_memory) == (here.fma, here.peak_memory) == (answer.fma, answer.peak_memory)


def test_reuse_of_other_matrices_is_refused() -> None:
    matrix = np.ones((3, 3))
    answer = plan(Chain.from_matrices([matrix] * 4), solver="reuse")
    assert (answer.operations.step == Step.REUSE).any()
    with pytest.raises(ExecutionError, match="their Jacobians differ; plan with the solver dynamic"):
        execute(answer, [matrix, matrix, matrix, 2 * matrix])


def test_models_make_matrices_useless() -> None:
    square = Elemental(4, 4, tangent=1, explicit=True)
    answer = plan(Chain([Elemental(4, 4), square]))
    assert {str(each.action) for each in answer.operations} == {"tangent"}
    done = execute(answer)
    assert done.passed
    assert done.peak_memory == answer.peak_memory == 48
