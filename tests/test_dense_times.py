"""Times of dense chains in tables: the same integers as one by one, compiled or not, and long chains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import chainorder as co
from chainorder.costs.dense_times import DenseTimes, compiled_fill, least_time
from chainorder.costs.profile import Profile
from chainorder.costs.profiles import SHIPPED, read_profile
from chainorder.costs.seconds import Seconds, TimeTables
from chainorder.solvers.chains import seconds
from tests.test_measuring import drawn_times
from tests.test_seconds import drawn_profile

PROFILES = [read_profile(SHIPPED), drawn_profile(1)]


def drawn_chain(length: int, largest: int, seed: int = 0) -> co.Chain:
    generator = np.random.default_rng(seed)
    return co.Chain.from_dims(np.exp(generator.uniform(0, np.log(largest), length + 1)).astype(int).tolist())


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("profile", PROFILES, ids=lambda each: each.name)
def test_tables_hold_what_single_products_take(profile: Profile, compiled: bool) -> None:
    model = Seconds(profile)
    for largest in (3, 300, 5_000):  # within the grid and beyond
        chain = drawn_chain(12, largest, seed=largest)
        one_by_one, tables = TimeTables(model, chain), DenseTimes(model, profile.dense, chain)
        if compiled:
            pytest.importorskip("numba")
            tables._fill = compiled_fill()
        for d in range(1, len(chain)):
            expected = np.zeros((len(chain) - d, d), object)
            found = np.zeros((len(chain) - d, d), np.int64)
            one_by_one.products(d, expected)
            tables.products(d, found)
            assert (expected == found).all()
            assert (one_by_one.entries(d) == tables.entries(d)).all()


def test_measured_models_are_in_the_tables() -> None:
    generator = np.random.default_rng(5)
    stated = [
        co.Elemental(5, 5, tangent=1, adjoint=1),
        co.Elemental(5, 5, adjoint=2, tape=9),
        co.Elemental(5, 5),
    ]
    chain = drawn_times(co.Chain([*stated, *stated]), generator).within(8)
    chain = chain.made_of([replace(own, tangent=3) if own.adjoint == 2 else own for own in chain.elementals])
    chain = drawn_times(chain, generator).within(8)
    model = Seconds(PROFILES[0])
    one_by_one, tables = TimeTables(model, chain), DenseTimes(model, PROFILES[0].dense, chain)
    assert one_by_one.accumulations == tables.accumulations
    assert one_by_one.leaves().tolist() == tables.leaves().tolist()
    for d in range(1, len(chain)):
        for name in ("tangent_steps", "adjoint_steps"):
            expected, found = getattr(one_by_one, name)(d), getattr(tables, name)(d)
            possible = expected != one_by_one.never
            assert (expected[possible] == found[possible]).all()
            assert (found[~possible] == tables.never).all()


def test_what_could_overflow_is_left_to_exact_integers() -> None:
    grid = PROFILES[0].dense
    assert DenseTimes.fits(grid, drawn_chain(50, 2_000))
    assert DenseTimes.fits(read_profile(SHIPPED).dense, drawn_chain(2_000, 2_000))
    huge = co.Chain.from_dims([10**15, 3, 10**15, 2])
    assert not DenseTimes.fits(grid, huge)
    best = co.plan(huge, objective="seconds", solver="exhaustive", profile=PROFILES[0])
    assert co.plan(huge, objective="seconds", profile=PROFILES[0]).cost == best.cost


def test_longer_chains_get_a_heuristic_with_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = drawn_chain(150, 300)
    exact = co.plan(chain, objective="seconds", profile=PROFILES[0])
    assert exact.optimal and exact.solver == "dynamic"
    assert least_time(chain, PROFILES[0].dense) <= exact.cost
    monkeypatch.setattr(seconds, "LONGEST_DENSE", 100)
    monkeypatch.setattr(seconds, "LONGEST_PLAIN", 100)
    found = co.plan(chain, objective="seconds", profile=PROFILES[0])
    assert not found.optimal and found.lower_bound is not None
    assert found.lower_bound <= exact.cost <= found.cost
    assert "heuristic" in found.claim and "longer than 100 elementals" in found.why


@pytest.mark.slow
def test_a_thousand_elementals_are_planned_by_proof() -> None:
    pytest.importorskip("numba")
    found = co.plan(drawn_chain(1_000, 1_500), objective="seconds", profile=PROFILES[0])
    assert found.optimal


def test_sizes_far_beyond_a_grid_of_equal_times() -> None:
    """A noisy calibration may find no product longer than a call: times stay small, their scales do not."""
    profile = PROFILES[0]
    same = tuple(tuple(tuple(10**7 for _ in row) for row in plane) for plane in profile.dense.picoseconds)
    flat = replace(profile, dense=replace(profile.dense, picoseconds=same))
    chain = co.Chain.from_dims([3_037_000_500, 68_719_476_736, 68_719_476_736, 2])
    found = [
        co.plan(chain, solver=name, objective="seconds", profile=flat) for name in ("auto", "exhaustive")
    ]
    assert found[0].lower_bound == found[1].lower_bound == 2 * 10**7
