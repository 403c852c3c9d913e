"""Several machines: what a plan says, and the validator that rechecks it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from chainorder import Chain, ChainError, Elemental, Graph, Plan, PlanError, SolverError, plan, register
from chainorder.solvers import plan_in_order
from chainorder.solvers.options import Options
from chainorder.solvers.registry import _SOLVERS
from tests.chains import MIXES, random_chains

CHAIN = Chain.from_dims([30, 20, 50, 3, 40, 20, 20, 60])


@pytest.mark.parametrize("mix", MIXES)
def test_one_machine_orders_are_scheduled_and_come_back_from_json(mix: str) -> None:
    for limited in random_chains(mix, 20, seed=21, matrix_free=0.4):
        chain = limited.within(None)
        one = plan(chain)
        for machines, transfer in ((2, 0), (3, 2), (1_000_000, 1)):
            several = plan(chain, solver="dynamic", machines=machines, transfer=transfer)
            several.validate()
            assert Plan.from_json(several.to_json()) == several
            assert (several.machines, several.objective, several.transfer) == (machines, "makespan", transfer)
            assert several.lower_bound is not None
            assert several.lower_bound <= several.makespan
            assert several.fma == one.fma
            if not transfer:
                assert several.makespan <= one.makespan


def test_the_objective_fma_keeps_its_optimum_on_several_machines() -> None:
    best = plan(CHAIN, machines=2, objective="fma")
    assert (best.optimal, best.cost, best.fma) == (True, plan(CHAIN).fma, plan(CHAIN).fma)
    assert best.makespan < best.fma
    best.validate()


def test_the_makespan_on_one_machine_is_its_fma() -> None:
    best = plan(CHAIN, objective="makespan")
    assert (best.objective, best.makespan, best.optimal) == ("makespan", plan(CHAIN).fma, True)


def test_machines_belong_to_the_chain_and_its_spec() -> None:
    chain = Chain(CHAIN.elementals, machines=3)
    assert plan(chain).machines == chain.machines == 3
    assert plan(chain, machines=2).chain == CHAIN.on(2) != CHAIN
    assert chain.to_spec() == {"machines": 3, "dims": CHAIN.sizes.tolist()}


def test_orders_of_ones_own_run_on_the_machines_of_the_problem() -> None:
    chain = Chain.from_dims([3, 4, 5, 6])
    one = plan_in_order(chain, "F3 (F2 F1)")
    two = plan_in_order(chain.on(2), "F3 (F2 F1)", transfer=1)
    assert (one.fma, one.machines) == (3 * 4 * 5 + 3 * 5 * 6, 1)
    assert (two.fma, two.machines, two.objective, two.transfer) == (one.fma, 2, "makespan", 1)
    graph = Graph.from_chain(chain)
    assert plan_in_order(graph, "x2 x1").fma == 4 * 5 * 6 + 3 * 4 * 6
    with pytest.raises(SolverError, match="graphs are planned by fma on one machine"):
        plan_in_order(graph, "x1 x2", transfer=1)
    with pytest.raises(SolverError, match="transfer is -1"):
        plan_in_order(chain, "F3 (F2 F1)", transfer=-1)


def test_a_solver_may_ask_for_options_or_not() -> None:
    seen: list[Options] = []

    def asks(chain: Chain, options: Options) -> Plan:
        seen.append(options)
        return plan(chain)

    try:
        register("plain", lambda chain: plan(chain, solver="forward"))
        register("asks", asks, options=True)
        assert plan(CHAIN, solver="plain", machines=2).solver == "forward"
        plan(CHAIN, solver="asks", time_limit=3, transfer=2)
        assert seen == [Options(time_limit=3, transfer=2)]
    finally:
        for name in ("plain", "asks"):
            _SOLVERS.pop(("chain", name), None)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"machines": 0}, ChainError, "machines is 0"),
        ({"machines": -1}, ChainError, "machines is -1"),
        ({"machines": 2.0}, ChainError, "machines is 2.0"),
        ({"machines": True}, ChainError, "machines is True"),
        ({"machines": 10**12}, ChainError, "at most 1,000,000"),
        ({"time_limit": 0}, SolverError, "time_limit is 0"),
        ({"time_limit": float("nan")}, SolverError, "time_limit is nan"),
        ({"time_limit": "1"}, SolverError, "time_limit is '1'"),
        ({"transfer": -1}, SolverError, "transfer is -1"),
        ({"transfer": 0.5}, SolverError, "transfer is 0.5"),
        ({"objective": "time"}, SolverError, "fma, makespan"),
        ({"machines": 2, "memory": 1}, SolverError, "least memory that would do is 7"),
    ],
)
def test_wrong_calls_are_named(arguments: dict[str, object], error: type[Exception], words: str) -> None:
    chain = Chain([Elemental(3, 4), Elemental(4, 2, adjoint=3, tape=7)])
    with pytest.raises(error, match=words):
        plan(chain, **arguments)


SCHEDULED = plan(CHAIN, machines=2, transfer=1, solver="hu-shing")


@pytest.mark.parametrize(
    ("operation", "column", "value", "words"),
    [
        (0, "machine", 2, "there are 2"),
        (1, "machine", 0, "machine 0 is busy"),
        (2, "start", 2399, "operand ready at 2400"),
        (5, "machine", 1, "operand ready at 7380"),  # 60 × 3 entries come from machine 0
    ],
)
def test_the_validator_rechecks_schedules(operation: int, column: str, value: int, words: str) -> None:
    SCHEDULED.validate()
    assert [o.machine for o in SCHEDULED.operations] == [0, 1, 0, 1, 0, 0]
    changed = np.array(getattr(SCHEDULED.operations, column))
    changed[operation] = value
    wrong = replace(SCHEDULED, operations=replace(SCHEDULED.operations, **{column: changed}))
    with pytest.raises(PlanError, match=words):
        wrong.validate()


def test_the_validator_rechecks_bounds_of_the_makespan() -> None:
    for change in ({"lower_bound": SCHEDULED.makespan + 1}, {"optimal": True}, {"objective": "speed"}):
        with pytest.raises(PlanError):
            replace(SCHEDULED, **change).validate()


def test_transfer_and_starts_are_part_of_the_json() -> None:
    data = json.loads(SCHEDULED.to_json())
    assert (data["machines"], data["transfer"], data["makespan"]) == (2, 1, SCHEDULED.makespan)
    assert [o["start"] for o in data["operations"]] == [o.start for o in SCHEDULED.operations]
    del data["transfer"]  # a plan saved before there were transfers
    assert Plan.from_json(json.dumps(data)).transfer == 0
