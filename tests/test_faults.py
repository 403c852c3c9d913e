"""All that is wrong with a spec in one go."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from chainorder import Edge, Graph, GraphError, SpecError, load
from chainorder.errors import MAX_FAULTS, SHOWN
from chainorder.problems.load import from_data, iter_chains

GRAPH = "vertices: {x: 2, h: 3, y: 2}\n"

FAULTS = {
    "sizes": ("dims: [1, 0, two, 3, 4.5, ~]", ["dims[1]", "dims[2]", "dims[4]", "dims[5]"]),
    "unknown keys": ("dims: [1, 2]\nnam: x\nmachine: 2", ["nam", "machine"]),
    "missing keys": (
        "elementals: [{inputs: 3, structure: banded}, {structure: sparse, outputs: 3}]",
        ["elementals[0]", "elementals[1]"],
    ),
    "one key with two rules": ("elementals: [{inputs: 3, outputs: 3, tape: 4}]", ["elementals[0].tape"]),
    "too many keys": (
        "dims: [1, 2]\nlayers: [1, 2]\nelementals: [{}]",
        ["layers", "elementals", "elementals[0]"],
    ),
    "repeated keys": ("name: a\nname: b\ndims: [1, 2]\ndims: [3, 0]", ["name", "dims"]),
    "repeated keys and values": (
        "name: 5\nname: b\nchains:\n- dims: [0, 1]",
        ["name", "name", "chains[0].dims[0]"],
    ),
    "elementals that do not fit": (
        "elementals: [{inputs: 3, outputs: 4}, {inputs: 5, outputs: 2, structure: diagonal}, "
        "{matrix: no.npy}, {inputs: 3, outputs: 4, repeat: 2}, "
        "{inputs: 5, outputs: 5, structure: banded, lower: 7, upper: 0}]",
        [
            f"elementals[{key}"
            for key in ("1].inputs", "1].outputs", "2].matrix", "3].repeat", "4].inputs", "4].lower")
        ],
    ),
    "an elemental after a broken one": (
        "elementals: [{inputs: 3, outputs: 4, structure: x}, {inputs: 5, outputs: 2}, "
        "{inputs: 1, outputs: 0}, {outputs: 4}, {inputs: 5, outputs: 5}]",
        ["elementals[0].structure", "elementals[1].inputs", "elementals[2].outputs", "elementals[4].inputs"],
    ),
    "memory beside elementals": (
        "memory: 1.0001k\nelementals: [{inputs: 3, outputs: 4}, {inputs: 5, outputs: 2}]",
        ["memory", "elementals[1].inputs"],
    ),
    "chains of a file": (
        "nam: x\nchains:\n- dims: [1, 0]\n- dims: [2, 3]\n- layers: [4]\n- 7",
        ["nam", "chains[0].dims[1]", "chains[2].layers", "chains[3]"],
    ),
    "edges": (
        GRAPH + "edges: [{source: x, target: z}, {source: q, target: h}, {source: x}, {source: h, target: y, "
        "structure: diagonal}, {source: x, target: y, tangent: -1}]",
        ["edges[0].target", "edges[1].source", "edges[2]", "edges[3].structure", "edges[4].tangent"],
    ),
    "vertices and edges": (
        "vertices: {x: two, h: 3, y: 0}\nedges: [{source: x, target: z}, {source: h, target: x}, "
        "{source: h, target: y, structure: diagonal}]",
        ["vertices.x", "vertices.y", "edges[0].target"],
    ),
    "edges together": (
        "vertices: {x: 2, h: 3, y: 2, z: 1, w: 1}\n"
        "edges: [{source: x, target: h}, {source: h, target: y}, {source: y, target: h}]",
        ["vertices.z", "vertices.w", "edges[2]"],
    ),
    "edges twice": (
        GRAPH + "edges: [{source: x, target: h}, {source: h, target: y}, {source: x, target: h}, "
        "{source: h, target: y}]",
        ["edges[2]", "edges[3]"],
    ),
    "inputs and outputs": (
        GRAPH + "inputs: [h, q]\noutputs: []\nedges: [{source: x, target: h}, {source: h, target: y}]",
        ["outputs"],
    ),
    "ends": (
        GRAPH + "inputs: [h, q]\noutputs: [y, x]\nedges: [{source: x, target: h}, {source: h, target: y}]",
        ["inputs", "inputs[0]", "inputs[1]", "outputs[1]"],
    ),
}

CONSEQUENCES = {
    "a structure that is square": (
        "elementals: [{inputs: 3, structure: diagnal}]",
        "elementals[0].structure",
    ),
    "a misspelt key": ("elementals: [{inputs: 3, output: 4}, {outputs: 4}]", "elementals[0].output"),
    "a misspelt structure": (
        "elementals: [{inputs: 3, structure: bandd, lower: 1}]",
        "elementals[0].structure",
    ),
    "no dims": ("dim: [1, 2]", "dim"),
    "a matrix that is not there": (
        "elementals: [{matrix: no.npy}, {structure: diagonal}]",
        "elementals[0].matrix",
    ),
    "no mapping": ("[1, 2]", ""),
}


def faults_of(path: Path) -> SpecError:
    with pytest.raises(SpecError) as caught:
        load(path)
    return caught.value


@pytest.mark.parametrize("case", FAULTS)
def test_all_faults_are_found_at_once(tmp_path: Path, case: str) -> None:
    text, keys = FAULTS[case]
    file = tmp_path / "s.yaml"
    file.write_text(text)
    error = faults_of(file)
    assert [each.key for each in (error, *error.others)] == keys
    assert (error.more, error.faults) == (0, len(keys))
    assert all(each.file == file and each.line and each.column for each in (error, *error.others))
    assert error.lines() == [str(each) for each in (error, *error.others)]
    assert all(line.isprintable() for line in error.lines())


@pytest.mark.parametrize("case", CONSEQUENCES)
def test_what_only_follows_is_not_said(tmp_path: Path, case: str) -> None:
    text, key = CONSEQUENCES[case]
    (tmp_path / "s.yaml").write_text(text)
    error = faults_of(tmp_path / "s.yaml")
    assert ([error.key], error.faults) == ([key], 1)


def test_ten_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("dims: [" + "0, " * 24 + "1]")
    error = faults_of(file)
    assert [each.key for each in (error, *error.others)] == [f"dims[{at}]" for at in range(SHOWN)]
    assert error.lines()[-1] == "… and 14 more"
    assert pickle.loads(pickle.dumps(error)).lines() == error.lines()
    file.write_text("dims: [" + "0, " * 100_000 + "1]")
    assert faults_of(file).lines()[-1] == f"… and at least {MAX_FAULTS - SHOWN} more"
    lines = "".join('{"elementals": [{"inputs": 0}, {"outputs": 1}, 5]}\n' for _ in range(6))
    (tmp_path / "s.jsonl").write_text(lines)
    error = faults_of(tmp_path / "s.jsonl")
    assert [each.line for each in (error, *error.others)] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4]
    assert error.faults == 18


def test_a_chain_of_a_file_has_its_own_faults(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("chains:\n- dims: [0, 0]\n- dims: [1, 2]\n- dims: [1, 0, 0, 0]")
    found = [each for _, each in iter_chains(tmp_path / "s.yaml")]
    assert [each.faults if isinstance(each, SpecError) else 0 for each in found] == [2, 0, 3]


def test_in_python() -> None:
    with pytest.raises(SpecError) as caught:
        from_data({"dims": [0, 1, -1]}, Path())
    assert [caught.value.key, *(each.key for each in caught.value.others)] == ["dims[0]", "dims[2]"]
    with pytest.raises(GraphError, match=r"x → h is edges\[0\]") as graph_error:
        Graph({"x": 1, "h": 1, "y": 1}, [Edge("x", "h"), Edge("h", "y"), Edge("x", "h"), Edge("h", "z")])
    assert "no vertex 'z'" in str(graph_error.value.others[0])


@pytest.mark.parametrize("value", ["1", "0", "yes", "'true'", "~", "[true]"])
def test_explicit_and_parameters_are_true_or_false(tmp_path: Path, value: str) -> None:
    for text in (
        "elementals: [{{inputs: 2, outputs: 3, tangent: 4, explicit: {}}}]",
        "layers: [2, 3]\nparameters: {}",
    ):
        (tmp_path / "s.yaml").write_text(text.format(value))
        assert faults_of(tmp_path / "s.yaml").message.endswith("; it is true or false")


def test_many_broken_elementals_are_quick(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.eye(3))
    items = [{"matrix": "m.npy", "outputs": 4}, {"inputs": 3, "outputs": 2, "nam": 1}] * 5_000
    (tmp_path / "s.json").write_text(json.dumps({"elementals": items}))
    assert faults_of(tmp_path / "s.json").faults == MAX_FAULTS


def test_many_chains_of_many_faults_are_located_in_time(tmp_path: Path) -> None:
    chains = "".join("- dims: [0, 1, 0]\n  name: 5\n" for _ in range(1_000))
    (tmp_path / "s.yaml").write_text("chains:\n" + chains)
    found = [error for _, error in iter_chains(tmp_path / "s.yaml") if isinstance(error, SpecError)]
    assert [(each.line, each.column) for error in found for each in (error, *error.others)] == [
        (2 + 2 * at + line, column) for at in range(1_000) for line, column in ((0, 10), (0, 16), (1, 9))
    ]
