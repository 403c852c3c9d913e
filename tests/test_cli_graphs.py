"""The command line on graphs: every command on a residual block, a parameter graph and bad input."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path

import networkx as nx
import pytest

from chainorder import GraphPlan
from tests.graphs import random_graph
from tests.processes import Command, wait_until
from tests.slow import slow_but
from tests.test_cli import DATA, fail, run, succeed

BLOCK = DATA / "residual-block.yaml"
TRAINING = DATA / "mnist-training.yaml"


def test_plan_of_a_residual_block() -> None:
    data = json.loads(succeed("plan", BLOCK, "--format", "json"))
    assert (data["fma"], data["optimal"], data["adds"]) == (98_304, True, 64)
    assert data["graph"]["spec"]["vertices"] == {"x": 64, "h": 16, "a": 16, "y": 64}
    assert "∂a/∂h · ∂h/∂x by adjoints" in succeed("plan", BLOCK)
    assert json.loads(succeed("plan", BLOCK, "--order", "h a", "--format", "json"))["fma"] == 98_304


def test_a_saved_plan_of_a_graph_runs(tmp_path: Path) -> None:
    file, kept = tmp_path / "plan.json", tmp_path / "J.npz"
    succeed("plan", BLOCK, "-o", file)
    assert "passed" in succeed("run", file, "-o", kept)
    assert kept.exists()
    file.write_text(file.read_text().replace('"fma": 98304,', '"fma": 98303,', 1))
    done = run("run", file)
    assert done.returncode == 2
    assert "the operations say 98304" in done.stderr


@pytest.mark.parametrize(
    "spec", slow_but({BLOCK}, [BLOCK, TRAINING, DATA / "stepper.yaml"]), ids=lambda path: path.stem
)
def test_drawings(tmp_path: Path, spec: Path) -> None:
    dot, graphml = tmp_path / "plan.dot", tmp_path / "plan.graphml"
    succeed("plan", spec, "-o", dot)
    succeed("plan", spec, "-o", graphml)
    assert dot.read_text().startswith("digraph")
    assert nx.is_directed_acyclic_graph(nx.read_graphml(graphml))


def test_backpropagation_is_compared() -> None:
    text = succeed("compare", TRAINING, "--exact")
    for line in ("reverse accumulation is optimal", "finite differences", "566,528", "1,133,952", "2.00 P²"):
        assert line in text
    data = json.loads(succeed("compare", TRAINING, "--format", "json"))
    assert data["methods"][0]["name"] == "forward pass"
    assert data["plans"][-1]["optimal"]


def test_a_network_whose_backward_pass_is_free(tmp_path: Path) -> None:
    spec = tmp_path / "small.json"
    spec.write_text('{"layers": [1, 1], "parameters": true}')
    assert "the backward pass costs 0.00 forward passes" in succeed("compare", spec)


@pytest.mark.slow
def test_a_gradient_is_run() -> None:
    data = json.loads(succeed("run", TRAINING, "--format", "json"))
    assert data["passed"]
    assert {block["source"] for block in data["runs"][0]["blocks"]} >= {"x", "W1", "b1", "W4", "b4"}


@pytest.mark.slow
def test_hessians() -> None:
    assert "tangents from two adjoints" in succeed("compare", "--hessian", DATA / "hessian.yaml")
    assert "symmetry" in succeed("run", "--hessian", DATA / "hessian.yaml")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("compare", "--hessian", BLOCK), "--hessian is for layers with parameters"),
        (("compare", "--memory-sweep", BLOCK), "this is a graph"),
        (("plan", BLOCK, "--transfer", "2"), "graphs are planned by fma on one machine"),
        (
            ("plan", BLOCK, "--solver", "hu-shing"),
            "unknown solver 'hu-shing' for graphs; the known ones are",
        ),
        (("plan", BLOCK, "--order", "h"), "the order lacks 'a'"),
        (("compare", "3,4,5", "--format", "dot"), "dot and graphml draw one plan"),
    ],
)
def test_wrong_calls(call: tuple[str, ...], message: str) -> None:
    done = run(*call)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_batch_takes_graphs(tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    succeed("batch", BLOCK, DATA / "mnist.yaml", "-o", file)
    first, second = (json.loads(line) for line in file.read_text().splitlines())
    assert (first["fma"], first["model"]) == (98_304, "vertex")
    assert "chain" in second


def hard_graph(path: Path) -> Path:
    """A graph whose best order of vertices takes minutes to prove."""
    graph = random_graph(random.Random(3), 60, ends=6, density=0.15, largest=30)
    path.write_text(json.dumps(graph.to_spec()))
    return path


@pytest.mark.slow
def test_ctrl_c_ends_a_search_with_the_best_so_far(tmp_path: Path) -> None:
    spec, out = hard_graph(tmp_path / "hard.json"), tmp_path / "plan.json"
    command = Command(("plan", spec, "--solver", "annealing", "--time-limit", 300, "-o", out))
    assert wait_until(command.ready)
    time.sleep(6)
    command.send(signal.SIGINT)
    status, errors = command.end()
    assert (status, errors.splitlines()[-1]) == (130, "interrupted")
    GraphPlan.from_json(out.read_text()).validate()


def test_a_search_starts_from_a_saved_plan(tmp_path: Path) -> None:
    graph = random_graph(random.Random(8), 9, ends=3)
    spec, first, better = (tmp_path / name for name in ("graph.json", "first.json", "better.json"))
    spec.write_text(json.dumps(graph.to_spec()))
    succeed("plan", spec, "--solver", "forward", "-o", first)
    succeed("plan", spec, "--solver", "annealing", "-o", better)
    best = GraphPlan.from_json(better.read_text())
    assert best.fma < GraphPlan.from_json(first.read_text()).fma
    for solver in ("annealing", "lookahead", "forward", "vertex"):
        found = json.loads(succeed("plan", spec, "--solver", solver, "--start", better, "--format", "json"))
        assert (found["fma"], found["solver"]) == (best.fma, solver)
    again = json.loads(succeed("plan", spec, "--solver", "forward", "--start", better, "--format", "json"))
    assert again["why"] == "nothing cheaper was found than the plan to start from"


def test_a_start_that_is_none_is_refused(tmp_path: Path) -> None:
    other, saved = tmp_path / "other.json", tmp_path / "plan.json"
    other.write_text(json.dumps(random_graph(random.Random(8), 4).to_spec()))
    succeed("plan", BLOCK, "-o", saved)
    assert "is for residual-block: 4 vertices" in fail("plan", other, "--start", saved)
    assert "holds no single saved plan of a graph" in fail("plan", other, "--start", other)
    assert "leave start out" in fail("plan", "3,4,5", "--start", saved)
