"""Planning in proportion: what may be spent on looking for an order, and what is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import chainorder as co
from chainorder.costs.growth import Growth
from chainorder.costs.profiles import SHIPPED, read_profile
from chainorder.costs.prospects import Prospect
from chainorder.costs.rough_fill import RoughFill
from chainorder.costs.seconds import Seconds
from chainorder.costs.timing import step_times
from chainorder.solvers.chains.sweeps import outward_steps
from chainorder.structures.positions import SparsePattern
from tests.chains import random_chains

SHIPPED_PROFILE = read_profile(SHIPPED)


def by_seconds(chain: co.Chain, solver: str = "auto") -> co.Plan:
    return co.plan(chain, solver=solver, objective="seconds", profile=SHIPPED_PROFILE)


def sparse(rows: int, columns: int, degree: float, seed: int) -> Any:
    return sp.random_array((rows, columns), density=min(1, degree / columns), rng=seed, format="csr")


def steps_between(first: Any, last: Any, count: int = 50, size: int = 4_096) -> co.Chain:
    step = sparse(size, size, 5, 1) + sp.eye_array(size)  # nothing gets lost
    return co.Chain.from_matrices([first, *[step] * count, last])


def test_guesses_are_exact_where_nothing_fills_in() -> None:
    chain = steps_between(np.ones((4_096, 3)), sparse(5, 4_096, 1, 2))
    rough = RoughFill(chain)
    steps = outward_steps(len(chain), 0)
    guessed = step_times(chain, steps, SHIPPED_PROFILE, rough)
    assert not rough.guessed
    assert guessed == step_times(chain, steps, SHIPPED_PROFILE)
    assert (
        co.Plan.of(chain, steps, solver="forward", results=RoughFill(chain)).fma
        == co.plan(chain, solver="forward").fma
    )


@pytest.mark.parametrize("mix", ["sparse", "all", "symbolic"])
def test_guesses_are_of_the_size_of_what_there_is(mix: str) -> None:
    for chain in random_chains(mix, 20, seed=4, longest=6):
        rough = RoughFill(chain)
        look, pattern = rough.own(1), chain.pattern(1)
        for number in range(2, len(chain) + 1):
            own = chain.pattern(number)
            look, pattern = rough.product(0, 0, 0, rough.own(number), look), own @ pattern
            assert look.shape == pattern.shape
            assert 0 <= look.nnz <= look.shape[0] * look.shape[1]


def test_short_sweeps_are_taken_without_a_look() -> None:
    chain = steps_between(sparse(4_096, 3, 0.001, 3), sparse(3, 4_096, 1, 2))
    found = by_seconds(chain)
    assert found.solver in ("forward", "reverse") and "as far as it pays to look" in found.why
    assert found.estimate is not None and found.estimate.samples == 0
    assert found.claim == "heuristic: costs guessed from sizes and entries"
    found.validate()
    assert co.Plan.from_json(found.to_json()) == found
    assert co.execute(found).passed


def test_what_pays_is_looked_at() -> None:
    """A tenth of the time is on the way that fills in less; sizes and entries do not tell which that is."""
    wide = [sparse(3_000, 3_000, 4, seed) for seed in range(5)]
    found = by_seconds(co.Chain.from_matrices([*wide, *wide]))
    assert found.estimate is not None and found.estimate.samples
    assert "as far as it pays to look" in found.why or "estimates of fill-in" in found.why


def test_little_chains_are_planned_by_proof() -> None:
    for chain in random_chains("sparse", 20, seed=5, longest=5):
        found = by_seconds(chain)
        assert found.optimal and found.cost == by_seconds(chain, "exhaustive").cost


def test_prospects_take_no_patterns() -> None:
    """Bounds of a chain of large matrices come from numbers: nothing is multiplied."""
    chain = co.Chain.from_matrices([sparse(30_000, 30_000, 30, seed) for seed in range(5)])
    prospect = Prospect(chain, Seconds(SHIPPED_PROFILE))
    assert prospect.guessed and not prospect.exact_pays
    assert set(prospect.outwards) == {0, 5}
    assert prospect.exact() > prospect.looking


def test_quickest_is_another_name_of_the_objective() -> None:
    chain = co.Chain.from_dims([30, 4, 20, 3])
    assert co.plan(chain, solver="quickest") == co.plan(chain, objective="seconds")
    assert co.plan(chain, solver="quickest", objective="seconds") == co.plan(chain, objective="seconds")
    with pytest.raises(co.SolverError, match="quickest plans by seconds; leave the objective fma out"):
        co.plan(chain, solver="quickest", objective="fma")
    assert co.plan(chain, solver="quickest", machines=2).objective == "seconds"


def stencil(side: int, dimension: int) -> Any:
    """What a cell of a grid and its neighbours are, in so many dimensions."""
    line, eye = sp.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(side, side)), sp.eye_array(side)
    made = sp.csr_array((side**dimension,) * 2)
    for axis in range(dimension):
        factors = [line if other == axis else eye for other in range(dimension)]
        product: Any = factors[0]
        for factor in factors[1:]:
            product = sp.kron(product, factor)
        made = made + product
    return sp.csr_array(made)


@pytest.mark.parametrize(("side", "dimension", "powers"), [(2_000, 1, 200), (60, 2, 40), (12, 3, 12)])
def test_positions_spread_on_grids_as_guessed(side: int, dimension: int, powers: int) -> None:
    step = stencil(side, dimension)
    growth = Growth.of(SparsePattern.of(step))
    guessed, rows = 1.0, sp.eye_array(side**dimension, format="csr")[:: side**dimension // 40 + 1]
    for _ in range(powers):
        guessed, rows = growth.after(guessed), (rows @ step).astype(bool)
        assert 0.7 <= guessed / (rows.nnz / rows.shape[0]) <= 1.4


def test_what_does_not_spread_stays() -> None:
    growth = Growth.of(SparsePattern.of(sp.eye_array(50, format="csr")))
    assert growth.after(3.0) == 3.0
    assert Growth.of(SparsePattern.of(sp.csr_array((50, 50)))).after(2.0) == 2.0


@pytest.mark.parametrize("sensors", [1, 3, 40])
@pytest.mark.parametrize(("parameters", "dense"), [(5, True), (40, True), (5, False), (40, False)])
def test_the_better_sweep_of_a_stepper_is_found(parameters: int, dense: bool, sensors: int) -> None:
    """Priced exactly, what is chosen by guesses takes hardly longer than the better sweep."""
    side, steps = 60, 30
    generator = np.random.default_rng(parameters + sensors)

    def points(count: int) -> Any:
        places = generator.choice(side**2, count, replace=False)
        return sp.csr_array((np.ones(count), (np.arange(count), places)), shape=(count, side**2))

    first = generator.random((side**2, parameters)) if dense else points(parameters).T.tocsr()
    chain = co.Chain.from_matrices([first, *[stencil(side, 2)] * steps, points(sensors)])
    found = by_seconds(chain)
    orders = [found.operations.steps, *(outward_steps(len(chain), place) for place in (0, len(chain)))]
    taken, *sweeps = (sum(step_times(chain, order, SHIPPED_PROFILE)) for order in orders)
    assert taken <= 1.3 * min(sweeps)
