"""Equal labels mean equal Jacobians: refused where they cannot, however a chain is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from chainorder import (
    Banded,
    Chain,
    Diagonal,
    Edge,
    Elemental,
    Graph,
    Plan,
    Selection,
    Sparse,
    execute,
    load,
    plan,
)
from chainorder.errors import ChainError, GraphError, SpecError
from chainorder.execution.graph import gather
from chainorder.problems.load import from_data
from chainorder.problems.matrix_files import MatrixFile

W = {"same": "w"}

SPECS = {
    "sizes": ("{inputs: 2, outputs: 2, same: w}, {outputs: 2, same: w}, {outputs: 3, same: w}", 2, "3 × 2"),
    "sizes the other way": ("{inputs: 2, outputs: 3, same: w}, {outputs: 2, same: w}", 1, "2 × 3"),
    "structures": ("{inputs: 3, outputs: 3, same: w}, {structure: diagonal, same: w}", 1, "diagonal"),
    "bandwidths": (
        "{inputs: 3, structure: banded, lower: 1, upper: 1, same: w}, "
        "{structure: banded, lower: 1, upper: 0, same: w}",
        1,
        "banded(1,0)",
    ),
    "after repeats": (
        "{inputs: 2, outputs: 2, same: w, repeat: 9}, {outputs: 5}, {outputs: 2, same: w}",
        2,
        "2 × 5",
    ),
    "matrices": ("{matrix: a.npy, same: w}, {matrix: b.npy, same: w}", 1, "b.npy"),
    "a matrix and none": ("{matrix: a.npy, same: w}, {outputs: 2, same: w}", 1, "without a matrix"),
    "none and a matrix": ("{inputs: 2, outputs: 2, same: w}, {matrix: a.npy, same: w}", 1, "a.npy"),
    "patterns": (
        "{matrix: c.npz, same: w}, {matrix: d.npz, same: w}",
        1,
        "is d.npz and that one c.npz",
    ),
    "solves": ("{solve: a.npy, same: w}, {solve: b.npy, same: w}", 1, "is b.npy and that one a.npy"),
    "selections": (
        "{inputs: 2, select: [0, 1], same: w}, {select: [1, 0], same: w}",
        1,
        "this one is selection(2 rows) and that one selection(2 rows) with other positions or entries",
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "a.npy", np.array([[1.0, 2], [3, 4]]))
    np.save(tmp_path / "b.npy", np.array([[5.0, 6], [7, 9]]))
    sp.save_npz(tmp_path / "c.npz", sp.csr_array(np.eye(2)))
    sp.save_npz(tmp_path / "d.npz", sp.csr_array(np.eye(2)[::-1]))
    return tmp_path


@pytest.mark.parametrize("case", SPECS)
def test_equal_labels_of_unlike_elementals_are_refused(folder: Path, case: str) -> None:
    elementals, place, words = SPECS[case]
    (folder / "s.yaml").write_text(f"elementals: [{elementals}]")
    with pytest.raises(SpecError) as caught:
        load(folder / "s.yaml")
    error = caught.value
    assert (error.key, error.line, error.faults) == (f"elementals[{place}].same", 1, 1)
    assert "elementals[0]" in error.message
    assert words in error.message
    assert "equal labels mean equal Jacobians" in error.message


A, B = np.eye(2), np.ones((2, 2))
CSR = sp.csr_array(A)
LABELLED = [Elemental(2, 2, same="w")] * 2


@pytest.mark.parametrize(
    ("elementals", "matrices"),
    [
        ([Elemental(2, 2, **W), Elemental(2, 3, **W)], {}),
        ([Elemental(3, 2, **W), Elemental(2, 2, **W)], {}),
        ([Elemental(2, 2, **W), Elemental(2, 2, Diagonal(), **W)], {}),
        ([Elemental(2, 2, Sparse(A), **W), Elemental(2, 2, Sparse(A[::-1]), **W)], {}),
        ([Elemental(3, 2, Selection([0, 1]), **W), Elemental(2, 2, Selection([0, 1]), **W)], {}),
        ([Elemental(2, 2, Banded(1, 1), **W), Elemental(2, 2), Elemental(2, 2, Banded(0, 1), **W)], {}),
        (LABELLED, {0: A, 1: B}),
        (LABELLED, {0: A}),
        (LABELLED, {1: CSR}),
        (LABELLED, {0: CSR, 1: sp.csr_array(B)}),
        (LABELLED, {0: MatrixFile(Path("a.npy")), 1: MatrixFile(Path("b.npy"))}),
    ],
)
def test_in_python(elementals: list[Elemental], matrices: dict) -> None:
    with pytest.raises(ChainError, match=r"elementals 1 and [23] are both labelled 'w'.*equal Jacobians"):
        Chain(elementals, matrices=matrices)


@pytest.mark.parametrize("second", [A, A.copy(), CSR.copy(), (lambda v: v, lambda u: u)])
def test_equal_matrices_may_have_a_label(second: object) -> None:
    first = CSR if second is not A and hasattr(second, "tocsr") else A
    assert len(Chain(LABELLED, matrices={0: first, 1: second})) == 2


def test_other_names_and_costs_are_no_other_jacobians() -> None:
    chain = Chain([Elemental(2, 2, name="a", **W), Elemental(2, 2, name="b", **W)] * 4)
    assert len(set(chain.sameness())) == 1
    answer = plan(chain, solver="reuse")
    assert answer.fma == 3 * 8
    run = execute(answer)
    assert run.passed
    assert run.fma == answer.fma


def test_a_matrix_that_is_there_twice_keeps_its_label() -> None:
    matrix = np.random.default_rng(0).random((3, 3))
    chain = Chain.from_matrices([matrix] * 4 + [np.ones((5, 3))])
    loaded = Plan.from_json(plan(chain, solver="reuse").to_json())
    assert loaded.chain == chain
    assert loaded.chain.sameness()[:4] == ["matrix 1"] * 4
    loaded.validate()


def test_a_saved_plan_keeps_labels_and_says_where_they_are_wrong() -> None:
    answer = plan(Chain(LABELLED * 4), solver="reuse")
    data = json.loads(answer.to_json())
    assert Plan.from_json(answer.to_json()) == answer
    spec = data["chain"]["spec"]
    spec["elementals"] = [{"inputs": 2, "outputs": 2, "same": "w"}, {"outputs": 3, "same": "w"}]
    with pytest.raises(SpecError, match=r"elementals\[1\].same"):
        Plan.from_json(json.dumps(data))
    with pytest.raises(SpecError, match=r"elementals\[1\].same"):
        from_data(spec, Path())


def test_a_chain_keeps_its_labels_as_a_graph() -> None:
    chain = Chain([Elemental(3, 3, Banded(1, 1), same="A"), Elemental(3, 3, Banded(1, 1), same="A")])
    graph = Graph.from_chain(chain)
    assert [edge.same for edge in graph.edges] == ["A", "A"]
    assert graph.chain() == chain
    assert Graph.from_spec(graph.to_spec()) == graph == Graph.from_networkx(graph.to_networkx())
    run = execute(plan(graph))
    assert run.passed
    jacobians = [gather(graph, None, 0).operands[place].matrix().toarray() for place in (0, 1)]
    np.testing.assert_array_equal(*jacobians)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"structure": Diagonal()},
            "x → y and y → z are both labelled 'A' but are dense and diagonal; equal",
        ),
        ({"matrix": np.eye(2)}, "x → y and y → z are both labelled 'A' but have unlike matrices; equal"),
    ],
)
def test_equal_labels_of_unlike_edges_are_refused(other: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        Graph({"x": 2, "y": 2, "z": 2}, [Edge("x", "y", same="A"), Edge("y", "z", same="A", **other)])
