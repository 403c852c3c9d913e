"""Time on several machines: makespans in picoseconds, of chains and of graphs."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

import chainorder as co
from chainorder.cli import cli
from chainorder.costs.profile import Profile
from chainorder.costs.seconds import Seconds
from chainorder.plans.graph_plan import GraphPlan
from chainorder.solvers import plan, plan_in_order
from chainorder.solvers.machines.alternatives import Alternatives
from chainorder.solvers.machines.bounds import critical_paths
from tests.chains import MIXES
from tests.chains import random_chains as chains_of
from tests.test_seconds import PROFILES
from tests.test_seconds_graphs import timed_graphs

SOLVERS = ("exact", "anytime", "auto", "list-scheduling", "dynamic", "forward")


@pytest.mark.parametrize("profile", PROFILES[:2], ids=lambda each: each.name)
@pytest.mark.parametrize("mix", MIXES)
def test_the_least_makespan_of_a_chain_is_found_and_proved(mix: str, profile: Profile) -> None:
    for chain in chains_of(mix, 5, seed=3, longest=6):
        alternatives = Alternatives.of_chain(chain, Seconds(profile))
        path = critical_paths(alternatives)[alternatives.whole]
        one = plan(chain, objective="seconds", profile=profile)
        least = plan(chain, solver="exact", machines=2, objective="seconds", profile=profile)
        assert least.optimal and path <= least.cost <= one.cost <= 2 * least.cost
        assert least.claim == f"optimal in the model of {profile.name}"
        for solver in SOLVERS:
            found = plan(chain, solver=solver, machines=2, objective="seconds", profile=profile)
            assert found.unit == "ps" and found.cost == found.makespan >= least.cost
            found.validate()
            assert co.Plan.from_json(found.to_json()) == found
        many = plan(chain, machines=len(chain), objective="seconds", profile=profile)
        assert many.optimal and many.cost == path


def test_what_is_moved_is_delayed_by_picoseconds() -> None:
    chain = co.Chain.from_dims([40, 30, 50, 20, 60, 10])
    near, far = (
        plan(chain, machines=2, objective="seconds", transfer=each, solver="exact") for each in (0, 10**6)
    )
    assert far.optimal and near.cost <= far.cost <= plan(chain, objective="seconds").cost
    far.validate()


def test_long_chains_and_given_orders_are_scheduled_by_their_times() -> None:
    found = plan(co.Chain.from_dims([7, 3, 9] * 30), machines=3, objective="seconds")
    assert found.makespan < sum(found.durations) and found.lower_bound is not None
    found.validate()
    given = plan_in_order(co.Chain.from_dims([9, 8, 7, 6, 5]).on(2), "(F4 F3) (F2 F1)", objective="seconds")
    assert given.makespan < sum(given.durations)
    given.validate()


@pytest.mark.parametrize("profile", PROFILES[:2], ids=lambda each: each.name)
def test_schedules_of_graphs_hold_and_keep_their_bounds(profile: Profile) -> None:
    for graph in timed_graphs(4, 4, 3):
        options: Any = {"solver": "lookahead", "objective": "seconds", "profile": profile}
        one = plan(graph, **options)
        for machines in (2, 5):
            found = plan(graph, machines=machines, **options)
            assert found.lower_bound is not None and found.objective == "seconds"
            assert found.lower_bound <= found.makespan <= one.cost == sum(found.durations)
            found.validate()
            assert GraphPlan.from_json(found.to_json()) == found


def test_charts_are_drawn_in_seconds() -> None:
    drawn = (
        CliRunner().invoke(cli, ["plan", "300,20,100,10", "--machines", "2", "--objective", "seconds"]).output
    )
    assert "seconds" in drawn and "makespan" in drawn and "s on 2 machines" in drawn
