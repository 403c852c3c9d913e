"""Time as a cost: exact in the model, whatever the profile says; profiles, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.sparse import eye_array

import chainorder as co
from chainorder.cli import calibrate, cli
from chainorder.costs.grids import Grid, rising
from chainorder.costs.machine import Machine
from chainorder.costs.profile import DENSE, KERNELS, Profile, profiles_json, profiles_of_json
from chainorder.costs.profiles import SHIPPED, VARIABLE, current, kept_at, read_profile
from chainorder.costs.seconds import Seconds
from chainorder.costs.timing import step_times
from chainorder.errors import PlanError, ProfileError, SolverError
from chainorder.execution import calibration, kernel_cases
from chainorder.problems.random_chains import Ranges, random_chains
from chainorder.solvers import plan, plan_in_order
from chainorder.structures.catalogue import STRUCTURES
from chainorder.structures.dense import DensePattern
from tests.chains import MIXES
from tests.chains import random_chains as chains_of


@pytest.fixture(autouse=True)
def no_profile_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(VARIABLE, raising=False)


def drawn_profile(seed: int) -> Profile:
    """One whose rates mean nothing, some of them 0: other orders are the best."""
    generator = np.random.default_rng(seed)

    def rate() -> int:
        return int(10 ** generator.integers(0, 9)) * int(generator.integers(0, 10))

    cube = rising((10 ** generator.integers(1, 9, (3, 3, 3))).tolist())
    kernels = {kernel: {count: rate() for count in counts} for kernel, counts in KERNELS.items()}
    errors = dict.fromkeys((DENSE, *KERNELS), 0.0)
    return Profile(f"drawn {seed}", Machine.here(), Grid((1, 4, 50), cube), kernels, errors)


PROFILES = [read_profile(SHIPPED), drawn_profile(1), drawn_profile(2)]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda each: each.name)
@pytest.mark.parametrize("mix", MIXES)
def test_the_dynamic_program_is_exact_as_exhaustive_search_is(mix: str, profile: Profile) -> None:
    for chain in chains_of(mix, 10, seed=14, longest=7):
        best = plan(chain, solver="exhaustive", objective="seconds", profile=profile)
        for solver in ("dynamic", "auto"):
            found = plan(chain, solver=solver, objective="seconds", profile=profile)
            assert found.optimal
            assert found.cost == found.lower_bound == best.cost
            found.validate()
        times = step_times(chain, best.operations.steps, profile)
        assert sum(times) == best.cost
        for solver in ("forward", "reverse", "auto"):
            order = plan(chain, solver=solver)
            assert sum(step_times(chain, order.operations.steps, profile)) >= best.cost


@pytest.mark.parametrize("profile", PROFILES[:2], ids=lambda each: each.name)
def test_every_structure_that_is_drawn_has_a_time(profile: Profile) -> None:
    names = tuple(STRUCTURES)
    for chain in random_chains(3, 20, (2, 6), Ranges(sizes=(1, 30), structures=names)):
        best = plan(chain, solver="exhaustive", objective="seconds", profile=profile)
        found = plan(chain, solver="dynamic", objective="seconds", profile=profile)
        assert found.cost == best.cost
        found.validate()


def test_solves_are_timed_and_accumulating_them_competes() -> None:
    step = co.Solve(eye_array(30).tocsc() * 2.0)
    chain = co.Chain([co.Elemental(4, 30), co.Elemental(30, 30, step), co.Elemental(30, 2)])
    for profile in PROFILES:
        best = plan(chain, solver="exhaustive", objective="seconds", profile=profile)
        assert plan(chain, solver="dynamic", objective="seconds", profile=profile).cost == best.cost


def test_the_order_of_the_fewest_fma_need_not_be_the_quickest() -> None:
    """Two outer products cost fewer fma than one larger product, and take longer where writing is slow."""
    cube = np.full((2, 2, 2), 1000)
    cube[1, 0, 1] = cube[1, 1, 1] = 10**9  # whatever writes a large result
    slow = replace(PROFILES[0], dense=Grid((1, 1000), rising(cube.tolist())))
    chain = co.Chain.from_dims([1000, 1, 1000, 1, 1000])
    by_time = plan(chain, objective="seconds", profile=slow)
    assert by_time.optimal and by_time.objective == "seconds"
    assert by_time.fma >= plan(chain).fma
    assert by_time.predicted is not None and by_time.predicted.seconds == by_time.cost / 1e12
    assert f"optimal in the model of {slow.name}" == by_time.claim


def test_other_solvers_give_orders_that_are_timed_and_claim_nothing() -> None:
    chain = co.Chain.from_dims([50, 20, 30, 10])
    best = plan(chain, objective="seconds")
    for solver in ("forward", "reverse", "hu-shing", "estimated", "contraction"):
        found = plan(chain, solver=solver, objective="seconds")
        assert found.solver in (solver, "hu-shing")
        assert not found.optimal and found.lower_bound is None
        assert found.cost >= best.cost
        found.validate()
    given = plan_in_order(chain, "F3 (F2 F1)", objective="seconds")
    assert given.cost == plan(chain, solver="forward", objective="seconds").cost


def test_long_chains_get_the_order_of_the_fewest_fma_and_say_so() -> None:
    turn = [co.Elemental(7, 3), co.Elemental(3, 3, co.Diagonal()), co.Elemental(3, 7)]
    found = plan(co.Chain(turn * 40), objective="seconds")
    assert not found.optimal and "longer than 100 elementals" in found.why
    found.validate()


def test_plans_are_made_for_a_type_of_numbers() -> None:
    chain = co.Chain.from_dims([300, 200, 300])
    double, single = (plan(chain, objective="seconds", dtype=dtype).cost for dtype in ("float64", "float32"))
    assert single < double
    with pytest.raises(SolverError, match="seconds of 'float16' are not known; did you mean 'float64'"):
        plan(chain, objective="seconds", dtype="float16")
    with pytest.raises(SolverError, match="the profile is of float64"):
        plan(chain, objective="seconds", dtype="float32", profile=PROFILES[0])


def test_memory_that_is_short_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(kernel_cases.Cases, "_drawn", no_memory)
    with pytest.raises(ProfileError, match="not enough memory to calibrate; --quick takes less"):
        calibration.calibrate("short", quick=True)


def test_what_has_no_time_is_refused_in_a_line() -> None:
    free = co.Chain([co.Elemental(3, 4), co.Elemental(4, 2, tangent=7)])
    with pytest.raises(SolverError, match="elemental 2: seconds need the time of its tangent"):
        plan(free, objective="seconds")
    with pytest.raises(SolverError, match="at most 12"):
        plan(co.Chain.from_dims([2] * 20), objective="seconds", solver="exhaustive")


def test_plans_keep_their_prediction_and_its_profile() -> None:
    made = plan(co.Chain.from_dims([30, 4, 20, 3]), objective="seconds")
    again = co.Plan.from_json(made.to_json())
    assert again.predicted == made.predicted and again.claim == made.claim
    again.validate()
    wrong = json.loads(made.to_json())
    wrong["predicted"]["times"][0] -= 1
    with pytest.raises(PlanError, match=r"predicted.picoseconds is \d+; its times say \d+"):
        co.Plan.from_json(json.dumps(wrong))
    wrong["predicted"]["picoseconds"] -= 1
    with pytest.raises(PlanError, match=r"its time in picoseconds is stated as \d+; recounted it is \d+"):
        co.Plan.from_json(json.dumps(wrong)).validate()
    del wrong["predicted"]["profile"]["types"]["float64"]["kernels"]["axes"]
    with pytest.raises(PlanError, match=r"predicted\.profile: types\.float64\.kernels\.axes\.call is mis"):
        co.Plan.from_json(json.dumps(wrong))
    del wrong["predicted"]
    starts = [operation["start"] + operation["fma"] for operation in wrong["operations"]]
    wrong["makespan"] = max(starts)
    with pytest.raises(PlanError, match="no prediction is stated"):
        co.Plan.from_json(json.dumps(wrong)).validate()


def test_grids_are_exact_where_measured_and_rise() -> None:
    grid = PROFILES[0].dense
    for m, k, n in ((0, 0, 0), (2, 5, 3), (-1, 0, -1), (-1, -1, -1)):
        sizes = grid.sizes[m], grid.sizes[k], grid.sizes[n]
        assert grid.time(*sizes) == pytest.approx(grid.picoseconds[m][k][n], rel=1e-9)
    times = [grid.time(size, size, size) for size in range(1, 3000, 7)]
    assert all(before <= after for before, after in pairwise(times))
    largest = grid.sizes[-1]
    assert grid.time(3 * largest, largest, 1) == pytest.approx(3 * grid.time(largest, largest, 1), rel=0.1)
    assert grid.time(10**40, 10**40, 10**40) > 10**100
    assert isinstance(grid.time(10**40, 3, 3), int)
    assert grid.time(5, 0, 5) == grid.picoseconds[0][0][0]


def test_disturbed_measurements_are_taken_out() -> None:
    cube = [[[5, 6], [7, 8]], [[9, 500], [11, 12]]]
    assert rising(cube) == (((5, 6), (7, 8)), ((9, 12), (11, 12)))


def test_thin_products_are_no_small_products() -> None:
    model = Seconds(PROFILES[0])
    thin = model.product(DensePattern(1000, 1), DensePattern(1, 1000))
    small = model.product(DensePattern(100, 100), DensePattern(100, 100))
    assert thin > 2 * small  # of as many fma: it writes a hundred times as much


DOUBLE = "types.float64"
TWO_TYPES = ("float64", "float32")


def _with(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    *path, last = key.split(".")

    def change(data: dict[str, Any]) -> None:
        for part in path:
            data = data[part]
        if value is None:
            del data[last]
        else:
            data[last] = value

    return change


BAD = {
    "schema is 'chainorder-profile-1', not 'chainorder-profile-3'": _with("schema", "chainorder-profile-1"),
    "types is ['float8']; it should be some of float64, float32": _with("types", {"float8": {}}),
    f"{DOUBLE}.kernels.axes.entries is -3; it should be pic": _with(f"{DOUBLE}.kernels.axes.entries", -3),
    f"{DOUBLE}.kernels.solve.call is missing": _with(f"{DOUBLE}.kernels.solve.call", None),
    f"{DOUBLE}.kernels.axes.call is missing": _with(f"{DOUBLE}.kernels.axes", None),
    f"{DOUBLE}.kernels.band_band.call is 1.5": _with(f"{DOUBLE}.kernels.band_band.call", 1.5),
    f"{DOUBLE}.dense.sizes is [3, 1]": _with(f"{DOUBLE}.dense.sizes", [3, 1]),
    f"{DOUBLE}.dense.picoseconds is [[1]]": _with(f"{DOUBLE}.dense.picoseconds", [[1]]),
    "machine.threads is True; it should be a whole number": _with("machine.threads", True),
    f"{DOUBLE}.errors.dense is 'x'; it should be a relative error": _with(f"{DOUBLE}.errors.dense", "x"),
    "name is missing; it should be a text": _with("name", None),
}


@pytest.mark.parametrize("fault", BAD)
def test_what_is_wrong_with_a_profile_is_one_line(fault: str, tmp_path: Path) -> None:
    data = json.loads(SHIPPED.read_text(encoding="utf-8"))
    BAD[fault](data)
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    done = CliRunner().invoke(cli, ["plan", "3,4,5", "--objective", "seconds", "--profile", str(file)])
    assert isinstance(done.exception, ProfileError)
    text = str(done.exception)
    assert text.startswith(f"{file}: {fault}")
    assert text.endswith("make one with: chainorder calibrate") and "\n" not in text


@pytest.mark.parametrize("content", [b"", b'{"schema": "chainorder-pro', b"\xff\xfe", b"[]", b"null"])
def test_files_that_are_no_profiles(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_bytes(content)
    with pytest.raises(ProfileError, match=r"broken\.json: .*chainorder calibrate") as caught:
        read_profile(file)
    assert "\n" not in str(caught.value)
    with pytest.raises(ProfileError, match="cannot be read"):
        read_profile(tmp_path / "nowhere.json")


def test_profiles_come_back_from_json() -> None:
    single = replace(PROFILES[1], dtype="float32", name=PROFILES[2].name)
    held = profiles_of_json(profiles_json([PROFILES[2], single]))
    assert held == {"float64": PROFILES[2], "float32": single}


def test_which_profile_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert current() == read_profile(SHIPPED)
    kept_at().parent.mkdir(parents=True)
    kept_at().write_text(profiles_json([PROFILES[1]]), encoding="utf-8")
    assert current() == PROFILES[1]
    named = tmp_path / "named.json"
    named.write_text(profiles_json([PROFILES[2]]), encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(named))
    assert current() == PROFILES[2]
    shown = CliRunner().invoke(cli, ["calibrate", "--show", "--profile", str(SHIPPED)])
    assert "the shipped profile" in shown.output and f"file: {SHIPPED}" in shown.output.replace("\n", "")
    assert current() == PROFILES[2]  # an option of one call only


def test_foreign_and_stale_profiles_are_said_to_be_such() -> None:
    here = Machine.here()
    mine = replace(PROFILES[0], machine=here)
    assert mine.notes(here) == []
    old = replace(mine, machine=replace(here, numpy="1.0"))
    assert "is stale (numpy 1.0, not" in old.notes(here)[0]
    other = replace(mine, machine=replace(here, processor="Z80", threads=99))
    assert "is of another machine (processor Z80, not" in other.notes(here)[0]
    assert "; threads 99, not" in other.notes(here)[0]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibration of a few small products."""
    monkeypatch.setattr(calibrate, "DTYPES", TWO_TYPES)
    monkeypatch.setattr(kernel_cases, "FEW_SIZES", (1, 5, 40))
    monkeypatch.setattr(kernel_cases, "FEW_LARGE", 400)
    monkeypatch.setattr(calibration, "PATIENCE", 0.0)


@pytest.mark.usefixtures("hurried")
def test_calibrate_keeps_what_it_measures_and_plans_go_by_it() -> None:
    done = CliRunner().invoke(cli, ["calibrate", "--quick"], catch_exceptions=False)
    assert "error of the fit" in done.output
    here = Machine.here()
    for threads, dtype in product({1, here.threads}, TWO_TYPES):
        made = read_profile(kept_at(replace(here, threads=threads)), dtype)
        assert made.machine == replace(here, threads=threads) and set(made.kernels) == set(KERNELS)
    made = current()
    assert made == read_profile(kept_at()) and made.machine == here
    single = CliRunner().invoke(cli, ["calibrate", "--show", "--dtype", "float32"], catch_exceptions=False)
    assert "; float32" in single.output
    report = CliRunner().invoke(cli, ["plan", "30,4,20,3", "--objective", "seconds"]).output
    assert f"by {made.name}" in report and "another machine" not in report


@pytest.mark.usefixtures("hurried")
def test_a_cache_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    done = CliRunner().invoke(cli, ["calibrate", "--quick"])
    assert isinstance(done.exception, co.ChainorderError)
    assert str(done.exception).endswith("keep the profile elsewhere with -o FILE")
    kept = tmp_path / "mine.json"
    CliRunner().invoke(cli, ["calibrate", "--quick", "-o", str(kept)], catch_exceptions=False)
    assert read_profile(kept).machine == Machine.here()
    spec = tmp_path / "spec.yaml"
    spec.write_text("dims: [3, 4]\n", encoding="utf-8")
    lost = CliRunner().invoke(cli, ["calibrate", "--quick", "-o", str(spec)])
    assert isinstance(lost.exception, co.ChainorderError) and "would be lost" in str(lost.exception)


def test_reports_show_predicted_beside_measured() -> None:
    compared = CliRunner().invoke(cli, ["compare", "300,20,100,10", "--objective", "seconds"]).output
    assert "predicted seconds" in compared and "seconds ÷ best" in compared and "quicker than" in compared
    ran = CliRunner().invoke(cli, ["run", "300,20,100,10", "--objective", "seconds"]).output
    assert "dynamic: measured " in ran and ", predicted " in ran
    assert "predicted" not in CliRunner().invoke(cli, ["compare", "300,20,100,10"]).output


def test_saved_plans_are_rechecked_by_their_own_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = tmp_path / "plan.json"
    saved.write_text(
        plan(co.Chain.from_dims([30, 4, 20, 3]), objective="seconds", profile=PROFILES[1]).to_json(),
        encoding="utf-8",
    )
    cheap = replace(PROFILES[0], dense=Grid((1, 1000), (((1, 1), (1, 1)), ((1, 1), (1, 1)))))
    named = tmp_path / "cheap.json"
    named.write_text(profiles_json([cheap]), encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(named))
    done = CliRunner().invoke(cli, ["run", str(saved)], catch_exceptions=False)
    assert "predicted" in done.output


def test_seconds_stand_beside_fma_where_this_machine_was_calibrated() -> None:
    calls = ["plan", "300,20,100,10"], ["compare", "300,20,100,10"], ["run", "300,20,100,10"]
    kept_at().parent.mkdir(parents=True)
    for mine in (None, replace(PROFILES[1], machine=Machine.here())):
        if mine is not None:
            kept_at().write_text(profiles_json([mine]), encoding="utf-8")
        shown = [CliRunner().invoke(cli, call, catch_exceptions=False).output for call in calls]
        assert ["predicted" in each for each in shown] == [mine is not None] * 3
    assert "hu-shing: measured " in shown[2] and ", predicted " in shown[2]
