"""Saved plans on the command line: moved with their matrices or alone, shown, compared, refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainorder import PlanError, load, plan
from tests.running import Run, packed

DATA = Path(__file__).parent.parent / "data"


def spec_with_matrices(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    rng = np.random.default_rng(0)
    np.save(folder / "data" / "m.npy", rng.random((4, 3)))
    np.save(folder / "data" / "A.npy", np.eye(4) + rng.random((4, 4)) / 9)
    spec = folder / "data" / "sim.yaml"
    spec.write_text("elementals: [{matrix: m.npy}, {solve: A.npy}, {outputs: 1}]\n")
    return spec


@pytest.mark.parametrize("place", ["data/sim.plan.json", "sim.json", "plans/deep/sim.json"])
def test_a_saved_plan_moves_with_its_matrices(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    spec, saved = spec_with_matrices(tmp_path / "here"), tmp_path / "here" / place
    saved.parent.mkdir(parents=True, exist_ok=True)
    assert run("plan", spec, "-o", saved).status == 0
    items = json.loads(saved.read_text())["chain"]["spec"]["elementals"]
    assert not Path(items[0]["matrix"]).is_absolute()
    assert not Path(items[1]["solve"]).is_absolute()
    assert (saved.parent / items[0]["matrix"]).samefile(spec.parent / "m.npy")
    shutil.move(tmp_path / "here", tmp_path / "there")
    monkeypatch.chdir("/")
    moved = tmp_path / "there" / place
    done = run("run", moved, "--format", "json")
    assert json.loads(done.out)["passed"], done.err
    assert (
        json.loads(run("plan", moved, "--format", "json").out)["fma"] == json.loads(moved.read_text())["fma"]
    )


def test_a_saved_plan_moves_alone_where_its_matrices_stay(run: Run, tmp_path: Path) -> None:
    spec, saved = spec_with_matrices(tmp_path / "here"), tmp_path / "here" / "data" / "sim.json"
    run("plan", spec, "-o", saved)
    moved = tmp_path / "elsewhere" / "far" / "sim.json"
    moved.parent.mkdir(parents=True)
    shutil.move(saved, moved)
    assert "passed" in run("run", moved).out
    (spec.parent / "m.npy").unlink()
    done = run("run", moved)
    assert done.status == 2
    assert done.err.startswith(f"error: {moved}: chain.spec.elementals[0].matrix: there is no file")


def test_a_matrix_that_was_lost_on_the_way_is_not_taken_from_where_the_plan_was(
    run: Run, tmp_path: Path
) -> None:
    spec = spec_with_matrices(tmp_path)
    saved = spec.with_name("sim.json")
    assert run("plan", spec, "-o", saved).status == 0
    copied = tmp_path / "copied"
    shutil.copytree(spec.parent, copied)
    (copied / "A.npy").unlink()
    done = run("run", copied / "sim.json")
    assert done.status == 2
    assert f"there is no file {copied / 'A.npy'}" in done.err


def test_paths_stay_absolute_where_nothing_is_shared(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chainorder.plans.saved_paths import relocated

    spec = spec_with_matrices(tmp_path)
    data = json.loads(plan(load(spec)[0]).to_json())
    before = json.loads(json.dumps(data))
    assert relocated(data, Path("/nowhere/else")) == before
    link = tmp_path / "link"
    (tmp_path / "a" / "b").mkdir(parents=True)
    link.symlink_to(tmp_path / "a" / "b")
    assert relocated(data, link) == before


def test_a_saved_plan_of_a_graph_moves_too(run: Run, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    np.save(here / "m.npy", np.eye(2))
    text = (
        "vertices: {x: 2, h: 2, y: 2}\nedges: [{source: x, target: h, matrix: m.npy}, {source: h, target: y}]"
    )
    (here / "g.yaml").write_text(text)
    run("plan", here / "g.yaml", "-o", here / "g.json")
    shutil.move(here, tmp_path / "there")
    assert "passed" in run("run", tmp_path / "there" / "g.json").out


def test_a_saved_plan_is_shown(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = tmp_path / "sim.plan.json"
    run("plan", "1000,1,1000,1,1000", "--solver", "forward", "-o", saved)
    monkeypatch.setattr("chainorder.cli.reading.plan", None)  # nothing is planned
    text = run("plan", saved, "--no-legend").out
    assert "3,000,000 fma" in text
    assert "solver: forward" in text
    assert json.loads(run("plan", saved, "--format", "json").out) == json.loads(saved.read_text())
    packed(tmp_path / "sim.json.gz", saved.read_text())
    assert run("plan", tmp_path / "sim.json.gz", "--no-legend").out == text
    assert run("plan", "-", "--no-legend", stdin=saved.read_text()).out == text
    run("plan", saved, saved, "-o", tmp_path / "two.jsonl")
    assert run("plan", tmp_path / "two.jsonl", "--no-legend").out == text + text
    assert run("plan", "-", "--no-legend", stdin=(tmp_path / "two.jsonl").read_text()).out == text + text


def test_a_saved_plan_is_compared(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "sim.plan.json"
    run("plan", "1000,100,10,1", "--order", "F3 (F2 F1)", "-o", saved)
    data = json.loads(run("compare", saved, "--format", "json").out)
    assert [each["fma"] for each in data["plans"]] == [1_010_000, 101_000, 1_010_000]
    run("plan", DATA / "residual-block.yaml", "--solver", "forward", "-o", saved)
    data = json.loads(run("compare", saved, "--format", "json").out)
    assert data["plans"][0]["fma"] == data["plans"][-1]["fma"]


@pytest.mark.parametrize(
    "flags",
    [
        ("--solver", "forward"),
        ("--order", "F2 F1"),
        ("--machines", "2"),
        ("--memory", "0"),
        ("--objective", "fma"),
        ("--transfer", "3"),
        ("--estimate",),
    ],
)
def test_flags_that_ask_for_another_plan_are_refused(
    run: Run, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    saved = tmp_path / "sim.plan.json"
    run("plan", "3,4,5", "-o", saved)
    for command in ("plan", "compare", "run"):
        if command == "compare" and flags[0] == "--order":
            continue
        done = run(command, saved, *flags)
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert "is a saved plan, but --" in done.err
    for flag in ("--memory-sweep", "--hessian"):
        assert "saved plan" in run("compare", saved, flag).err


def test_only_saved_plans_are_planned_again(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chainorder.cli import reading

    calls: list[Any] = []
    monkeypatch.setattr(reading, "_check_optimal", calls.append)
    run("plan", "3,4,5", "-o", tmp_path / "sim.json")
    run("run", "3,4,5", "4,5,6")
    assert calls == []
    run("run", tmp_path / "sim.json")
    assert len(calls) == 1


def test_names_with_line_breaks_are_shown_on_one_line(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "a\nb.json"
    run("plan", "3,4,5", "-o", saved)
    for arguments in ((saved, "--solver", "x\ny"), ("3,4", "--solver", "x\ny"), (tmp_path / "c\nd.yaml",)):
        done = run("plan", *arguments)
        assert (done.status, done.err.count("\n")) == (2, 1)
    assert run("plan", "3,4", "--solver", "x\ny", "--estimate").err.count("\n") == 4  # click's own form
    (tmp_path / "e\nf.yaml").write_text("dims: [3, 4]")
    assert "e?f: 1 elemental" in run("plan", tmp_path / "e\nf.yaml").out


def test_a_saved_plan_that_is_wrong_says_where(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "sim.plan.json"
    run("plan", "3,4,5,6", "-o", saved)
    data = json.loads(saved.read_text())
    data["operations"][0]["fma"] += 1
    saved.write_text(json.dumps(data))
    assert run("plan", saved).err.startswith(f"error: {saved}: fma is ")
    saved.write_text(json.dumps(data | {"chain": {"spec": {"dims": [3, 0]}}}))
    assert run("plan", saved).err.startswith(f"error: {saved}: chain.spec.dims[1]: dims[1] is 0")
    with pytest.raises(PlanError):
        from chainorder import Plan

        Plan.from_json(json.dumps(data))
