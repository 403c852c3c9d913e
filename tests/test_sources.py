"""Where the Jacobians of a run came from: known, said wherever a result is shown or kept, no surprise."""

from __future__ import annotations

import csv
import gzip
import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from click.testing import CliRunner, Result

from chainorder import (
    Chain,
    Diagonal,
    Edge,
    Elemental,
    ExecutionError,
    Graph,
    GraphPlan,
    Identity,
    Plan,
    Solve,
    SpecError,
    execute,
    load,
    plan,
)
from chainorder.cli import cli
from chainorder.problems.load import from_data

DATA = Path(__file__).parent.parent / "data"
A, B, C = (np.random.default_rng(n).random(shape) for n, shape in enumerate([(4, 3), (4, 4), (2, 4)]))
SPARSE = sp.csr_array(np.triu(B))
STAND_INS = "random stand-ins"
SENTENCE = "the numbers of the result mean nothing; the costs do"
TRIANGLE = {"x": 3, "h": 4, "y": 2}


def command(*arguments: object) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)))


def edges(**first: Any) -> Graph:
    return Graph(
        TRIANGLE, [Edge("x", "h", **first), Edge("h", "y", matrix=C), Edge("x", "y", matrix=C @ B @ A)]
    )


IN_MEMORY: dict[str, Chain | Graph] = {
    "dense": Chain.from_matrices([A, B, C]),
    "sparse": Chain.from_matrices([A, SPARSE, C]),
    "repeated": Chain.from_matrices([A, SPARSE, SPARSE, SPARSE, C]),
    "solve": Chain.from_matrices([A, Solve(B + 4 * np.eye(4)), C]),
    "solve in a structure": Chain([Elemental(4, 4, Solve(B + 4 * np.eye(4))), Elemental(4, 2)]),
    "some": Chain([Elemental(3, 4), Elemental(4, 4, Diagonal())], matrices={1: np.ones(4)}),
    "named": Chain.from_matrices([A, B, C]).named("x").within(100).on(2),
    "matrix-free": Chain([Elemental(3, 4, tangent=9)], matrices={0: sp.linalg.aslinearoperator(A)}),
    "graph": edges(matrix=A),
    "graph with a model": edges(matrix=sp.linalg.aslinearoperator(A), tangent=5),
    "graph of a chain": Graph.from_chain(Chain.from_matrices([A, B, C])),
    "chain of a graph": Graph({"x": 3, "y": 4}, [Edge("x", "y", matrix=A)]).chain(),
}


@pytest.mark.parametrize("name", IN_MEMORY)
def test_a_saved_plan_whose_matrices_were_in_memory_does_not_run_on_random_ones(name: str) -> None:
    problem = IN_MEMORY[name]
    best: Any = plan(problem)
    assert execute(best).source == (STAND_INS if name in ("some", "solve in a structure") else "given")
    again = type(best).from_json(best.to_json())
    assert again.to_json() == best.to_json()
    for saved in (again, type(best).from_json(again.to_json()), pickle.loads(pickle.dumps(again))):
        with pytest.raises(ExecutionError, match="stand_ins=True, --stand-ins"):
            execute(saved)
        run = execute(saved, stand_ins=True)
        assert run.passed
        assert run.source == STAND_INS
    rebuilt = from_data(problem.to_spec(), Path())
    with pytest.raises(ExecutionError, match="stand-ins"):
        execute(plan(rebuilt))


def test_given_matrices_make_a_saved_plan_run() -> None:
    saved = Plan.from_json(plan(IN_MEMORY["dense"]).to_json())
    run = execute(saved, [A, B, C])
    np.testing.assert_allclose(run.jacobian, C @ B @ A)
    assert run.source == "given"
    graph = GraphPlan.from_json(plan(IN_MEMORY["graph"]).to_json())
    given = {("x", "h"): A, ("h", "y"): C, ("x", "y"): C @ B @ A}
    assert execute(graph, given).source == "given"


def test_a_refusal_lists_what_is_missing() -> None:
    saved = Plan.from_json(plan(Chain.from_matrices([A, B, SPARSE, C])).to_json())
    with pytest.raises(ExecutionError, match="of F1–F4 were in memory when the plan was saved"):
        execute(saved)
    with pytest.raises(ExecutionError, match="of x → h, h → y, x → y were in memory"):
        execute(GraphPlan.from_json(plan(IN_MEMORY["graph"]).to_json()))
    apart = Chain([Elemental(3, 3)] * 5, matrices={0: np.eye(3), 2: np.eye(3), 3: np.eye(3)})
    with pytest.raises(ExecutionError, match="of F1, F3–F4 were"):
        execute(Plan.from_json(plan(apart).to_json()))


def test_plans_saved_before_say_nothing_of_memory_and_still_load() -> None:
    data = json.loads(plan(IN_MEMORY["dense"]).to_json())
    for item in data["chain"]["spec"]["elementals"]:
        del item["in_memory"]
    assert execute(Plan.from_json(json.dumps(data))).source == STAND_INS


def test_a_matrix_in_a_file_was_not_in_memory() -> None:
    with pytest.raises(SpecError, match="in_memory is here but its matrix is at hand"):
        from_data({"elementals": [{"matrix": "a.mtx", "in_memory": True}]}, Path())


@pytest.fixture
def files(tmp_path: Path) -> Path:
    np.save(tmp_path / "a.npy", A)
    sp.save_npz(tmp_path / "b.npz", SPARSE)
    (tmp_path / "loaded.yaml").write_text("elementals: [{matrix: a.npy}, {matrix: b.npz}, {matrix: b.npz}]")
    (tmp_path / "mixed.yaml").write_text("elementals: [{matrix: a.npy}, {outputs: 4}, {outputs: 2}]")
    (tmp_path / "costs.yaml").write_text("elementals: [{inputs: 3, outputs: 4, tangent: 9}, {outputs: 2}]")
    (tmp_path / "network.yaml").write_text("layers: [4, 3, 2]\nactivation: tanh")
    (tmp_path / "training.yaml").write_text("layers: [4, 3, 2]\nparameters: true\nloss: squared_error")
    (tmp_path / "graph.yaml").write_text("vertices: {x: 3, y: 4}\nedges: [{source: x, target: y}]")
    return tmp_path


SOURCES = {
    "loaded": "loaded",
    "mixed": STAND_INS,
    "costs": STAND_INS,
    "network": "network",
    "training": "network",
    "graph": STAND_INS,
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_run_knows_where_its_jacobians_came_from(name: str, files: Path) -> None:
    (problem,) = load(files / f"{name}.yaml")
    run = execute(plan(problem))
    assert run.source == SOURCES[name]
    for text in (str(run), repr(run)):
        assert (SENTENCE in text) == (run.source == STAND_INS)
        assert len(text) < 900
    saved = type(run.plan).from_json(run.plan.to_json())
    assert execute(saved).source == run.source


def test_the_random_ones_of_a_mixed_run_are_named(files: Path) -> None:
    (chain,) = load(files / "mixed.yaml")
    run = execute(plan(chain))
    assert run.provenance.stand_ins == (2, 3)
    assert "the Jacobians of F2–F3 are random stand-ins" in str(run)
    mixed = Graph(TRIANGLE, [Edge("x", "h", matrix=A), Edge("h", "y"), Edge("x", "y")])
    assert execute(plan(mixed)).provenance.stand_ins == (("h", "y"), ("x", "y"))


def test_what_a_structure_says_in_full_is_not_random() -> None:
    chain = Chain([Elemental(3, 3, Identity()), Elemental(3, 3, Identity())])
    assert execute(plan(chain)).source == "given"
    assert execute(Plan.from_json(plan(chain).to_json())).source == "given"


@pytest.mark.parametrize("name", ["a.npy", "b.npz"])
def test_matrices_that_vanished_are_an_error(name: str, files: Path) -> None:
    (chain,) = load(files / "loaded.yaml")
    best = plan(chain)
    (files / name).unlink()
    with pytest.raises(Exception, match="there is no file"):
        execute(best, stand_ins=True)
    with pytest.raises(SpecError, match="there is no file"):
        Plan.from_json(best.to_json())


@pytest.mark.parametrize("name", SOURCES)
def test_every_report_says_it(name: str, files: Path) -> None:
    spec = files / f"{name}.yaml"
    word, random = SOURCES[name], SOURCES[name] == STAND_INS
    for form in ("table", "markdown"):
        text = command("run", spec, "--format", form).stdout
        assert (SENTENCE in text) == random
        assert random or f"elemental Jacobians: {'of the ' if word == 'network' else ''}{word}" in text
    (run,) = json.loads(command("run", spec, "--format", "json").stdout)["runs"]
    assert run["jacobians"] == word
    assert run["stand_ins"] == {"mixed": [2, 3], "costs": [1, 2], "graph": [["x", "y"]]}.get(name, [])
    rows = csv.DictReader(io.StringIO(command("run", spec, "--compare", "--format", "csv").stdout))
    assert {row["jacobians"] for row in rows} == {word}


@pytest.mark.slow
def test_hessians_say_it() -> None:
    spec = DATA / "hessian.yaml"
    assert json.loads(command("run", spec, "--hessian", "--format", "json").stdout)["jacobians"] == "network"
    assert "of the network with random weights" in command("run", spec, "--hessian").stdout
    assert "jacobians" not in json.loads(command("compare", spec, "--hessian", "--format", "json").stdout)


@pytest.mark.parametrize("name", ["costs", "loaded"])
@pytest.mark.parametrize("ending", ["npz", "npy", "mtx"])
def test_a_kept_jacobian_says_it(ending: str, name: str, files: Path) -> None:
    kept, report = files / f"J.{ending}", files / "r.txt"
    done = command("run", files / f"{name}.yaml", "-o", kept, "-o", report)
    assert done.exit_code == 0, done.exception
    random = name == "costs"
    assert (SENTENCE in report.read_text()) == random
    match ending:
        case "npz":
            with np.load(kept) as archive:
                assert str(archive["jacobians"]) == SOURCES[name]
        case "mtx":
            assert kept.read_text().splitlines()[1] == f"%jacobians: {SOURCES[name]}"
    assert done.stderr.splitlines() == (
        [f"{kept}: {execute(plan(load(files / f'{name}.yaml')[0])).provenance}"]
        if random and ending == "npy"
        else []
    )
    (files / "next.yaml").write_text(f"elementals: [matrix: J.{ending}]")
    (chain,) = load(files / "next.yaml")  # a kept Jacobian is a matrix file as any other
    laundered = random and ending == "npy"
    assert execute(plan(chain)).source == ("loaded" if laundered else SOURCES[name])


RENAMED = {
    "J.npz": ["J.NPZ", "J.npy", "J.mtx", "J.mtx.gz"],
    "J.mtx": ["J.MTX", "packed.mtx.gz", "packed.mtx", "remarked.mtx"],
}
"""A kept Jacobian, and what users call copies of it."""


@pytest.mark.parametrize(("kept", "name"), [(kept, name) for kept in RENAMED for name in RENAMED[kept]])
def test_a_kept_jacobian_says_it_under_any_name(kept: str, name: str, files: Path) -> None:
    command("run", files / "costs.yaml", "-o", files / kept)
    content = (files / kept).read_bytes()
    if name.startswith("packed"):
        content = gzip.compress(content)
    elif name.startswith("remarked"):
        content = content.replace(b"\n%", b"\n% by hand\n%  ", 1).replace(b"\n", b"\r\n")
    (files / kept).unlink()
    (files / name).write_bytes(content)
    (files / "next.yaml").write_text(f"elementals: [matrix: {name}]")
    (chain,) = load(files / "next.yaml")
    assert execute(plan(chain)).source == STAND_INS


@pytest.mark.parametrize("note", [np.array(["x", None], object), np.ones(3), np.array(["a", "b"])])
def test_an_array_that_is_called_like_the_note_is_none(note: Any, files: Path) -> None:
    np.savez(files / "a.npz", matrix=A, jacobians=note)
    (files / "next.yaml").write_text("elementals: [matrix: a.npz]")
    (chain,) = load(files / "next.yaml")
    assert execute(plan(chain)).source == "loaded"


def test_the_command_line_refuses_and_allows_stand_ins(tmp_path: Path) -> None:
    saved, kept = tmp_path / "plan.json", tmp_path / "J.npz"
    saved.write_text(plan(IN_MEMORY["dense"]).to_json())
    done = command("run", saved, "-o", kept)
    assert isinstance(done.exception, ExecutionError)
    assert "F1–F3 were in memory when the plan was saved" in str(done.exception)
    assert not kept.exists()
    done = command("run", saved, "--stand-ins", "-o", kept)
    assert done.exit_code == 0
    assert SENTENCE in done.stdout
    with np.load(kept) as archive:
        assert str(archive["jacobians"]) == STAND_INS
