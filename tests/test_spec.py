"""Specs that are valid, and the chains they make."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chainorder.errors import ChainError, SpecError
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import Elemental, Elementals
from chainorder.problems.inline_dims import looks_like_dims, parse_dims
from chainorder.problems.load import from_data, iter_chains, load
from chainorder.problems.matrix_files import MatrixFile
from chainorder.problems.schema import SCHEMA
from chainorder.structures.banded import Banded, Diagonal, Identity
from chainorder.structures.dense import Dense
from chainorder.structures.sparse import Sparse

STEP = sp.csr_array(np.array([[1.0, 0, 0], [0, 0, 2], [0, 3, 0]]))
LOWER = np.tri(3)

E = Elemental
PATTERN = "structure: sparse, pattern: {indptr: [0, 1, 2, 3], indices: [0, 2, 1]}"

VALID: dict[str, Chain] = {
    "dims: [1000, 100, 10, 1]": Chain.from_dims([1000, 100, 10, 1]),
    "dims:\n- 2\n- 3\nname: '7'": Chain.from_dims([2, 3], "7"),
    "{dims: [2, 3], description: any text}": Chain.from_dims([2, 3]),
    '{"dims": [2, 3], "name": "\\ud83d\\ude00"}': Chain.from_dims([2, 3], "😀"),
    "\ufeffdims: [2, 3]\r\nname: x\r\n": Chain.from_dims([2, 3], "x"),
    "name: no\ndims: [2, 3]": Chain.from_dims([2, 3], "no"),
    "name: 2024-01-01\ndims: [2, 3]": Chain.from_dims([2, 3], "2024-01-01"),
    f"dims: [{10**18}, 3, {10**30}]": Chain.from_dims([10**18, 3, 10**30]),
    "name: &n x\ndims: [&a 2, *a, 3]\ndescription: *n": Chain.from_dims([2, 2, 3], "x"),
    "layers: [4, 3, 2]": Chain.from_layers([4, 3, 2]),
    "layers: [4, 3, 2]\nactivation: tanh\noutput_activation: softmax\nloss: squared_error": Chain.from_layers(
        [4, 3, 2], "tanh", output_activation="softmax", loss="squared_error"
    ),
    "layers: [4, 3, 2]\nactivation: none\noutput_activation: null\nloss: none": Chain.from_layers([4, 3, 2]),
    "elementals: [{inputs: 3, outputs: 5, name: a}, {outputs: 2}]": Chain([E(3, 5, name="a"), E(5, 2)]),
    "elementals: [{inputs: 3, structure: diagonal}, {structure: identity}]": Chain(
        [E(3, 3, Diagonal()), E(3, 3, Identity())]
    ),
    "elementals: [{inputs: 4, structure: banded, lower: 1, upper: 0, repeat: 3}]": Chain(
        [E(4, 4, Banded(1, 0))] * 3
    ),
    f"elementals: [{{inputs: 3, outputs: 3, {PATTERN}}}]": Chain([E(3, 3, Sparse(STEP))]),
    f"elementals: [{{inputs: {10**30}, structure: identity}}]": Chain([E(10**30, 10**30, Identity())]),
    "elementals: [{matrix: lower.npy}]": Chain([E(3, 3)]),
    "elementals: [{matrix: step.npz}, {outputs: 1}]": Chain([E(3, 3, Sparse(STEP)), E(3, 1)]),
    "elementals: [{matrix: step.mtx, inputs: 3, outputs: 3}]": Chain([E(3, 3, Sparse(STEP))]),
    "elementals: [{matrix: lower.npy, structure: sparse}]": Chain([E(3, 3, Sparse(LOWER))]),
    "elementals: [{matrix: step.npz, structure: dense}]": Chain([E(3, 3, Dense())]),
    "elementals: [{matrix: step.npz, structure: banded, lower: 1, upper: 1}]": Chain([E(3, 3, Banded(1, 1))]),
    "elementals: [{matrix: eye.npy, structure: identity}]": Chain([E(3, 3, Identity())]),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "lower.npy", LOWER)
    np.save(tmp_path / "eye.npy", np.eye(3))
    sp.save_npz(tmp_path / "step.npz", STEP)
    scipy.io.mmwrite(tmp_path / "step.mtx", STEP)
    return tmp_path


@pytest.mark.parametrize("text", VALID)
def test_a_valid_spec_makes_its_chain(folder: Path, text: str) -> None:
    (folder / "spec.yaml").write_text(text, newline="")
    assert load(folder / "spec.yaml") == [VALID[text]]


@pytest.mark.parametrize("text", VALID)
def test_a_chain_survives_its_spec(folder: Path, text: str) -> None:
    (folder / "spec.yaml").write_text(text, newline="")
    (chain,) = load(folder / "spec.yaml")
    data = json.loads(json.dumps(chain.to_spec()))
    again = from_data(data, Path("elsewhere"))
    assert again == chain
    assert again.matrices == chain.matrices
    Draft202012Validator(SCHEMA).validate(data)


def test_matrices_go_by_their_places(folder: Path) -> None:
    items = "{matrix: lower.npy}, {structure: identity}, {matrix: eye.npy, repeat: 2}, {matrix: lower.npy}"
    (folder / "spec.yaml").write_text(f"elementals: [{items}]")
    (chain,) = load(folder / "spec.yaml")
    lower, eye = MatrixFile(folder / "lower.npy"), MatrixFile(folder / "eye.npy")
    assert chain.matrices == {0: lower, 2: eye, 3: eye, 4: lower}
    assert from_data(chain.to_spec(), Path()).matrices == chain.matrices


CHAINS = [Chain.from_dims([2, 3]), Chain.from_dims([4, 5], "x"), Chain.from_layers([2, 3, 4], "relu")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "s.yaml",
            "chains:\n- dims: [2, 3]\n- {dims: [4, 5], name: x}\n- layers: [2, 3, 4]\n  activation: relu",
        ),
        ("s.json", json.dumps({"description": "three", "chains": [chain.to_spec() for chain in CHAINS]})),
        ("s.jsonl", "\n\n".join(json.dumps(chain.to_spec()) for chain in CHAINS)),
    ],
)
def test_several_chains_keep_their_order(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert load(str(tmp_path / name)) == CHAINS
    sources = [f"{tmp_path / name}#{index}" for index in range(3)]
    assert list(iter_chains(tmp_path / name)) == list(zip(sources, CHAINS, strict=True))


@pytest.mark.parametrize(
    ("name", "text", "good"),
    [
        ("s.yaml", "chains:\n- dims: [2, 3]\n- dim: 1\n- dims: [4, 5]\n- {dims: [0, 1]}\n- 5\n", {0, 2}),
        ("s.jsonl", '{"dims": [2, 3]}\n{"dims"\n{"dims": [4, 5]}\n{"dims": [0, 1]}\n5\n', {0, 2}),
        ("s.jsonl", b'{"dims": [2, 3]}\n\xff\n{"dims": [4, 5]}\n{"dims": [0, 1]}\n', {0, 2}),
    ],
)
def test_a_broken_chain_does_not_stop_the_others(
    tmp_path: Path, name: str, text: str | bytes, good: set[int]
) -> None:
    content = text.encode() if isinstance(text, str) else text
    (tmp_path / name).write_bytes(content)
    chains = [chain for _, chain in iter_chains(tmp_path / name)]
    lines = content.count(b"\n")
    offset = 2 if name == "s.yaml" else 1
    for index, chain in enumerate(chains):
        assert isinstance(chain, Chain) == (index in good)
        if isinstance(chain, SpecError):
            assert (chain.file, chain.line) == (tmp_path / name, index + offset)
    assert len(chains) == lines - (offset - 1)


@pytest.mark.parametrize("text", ["1000,100,10,1", " 1000 , 100,10, 1 "])
def test_inline_dims(text: str) -> None:
    assert looks_like_dims(text)
    assert parse_dims(text) == Chain.from_dims([1000, 100, 10, 1])


@pytest.mark.parametrize(
    ("text", "dims"),
    [("10", True), ("10,x", True), ("-1,2", True), ("", False), ("a.yaml", False), ("a,b.yaml", False)],
)
def test_what_looks_like_inline_dims(text: str, dims: bool) -> None:
    assert looks_like_dims(text) == dims


@given(st.lists(st.integers(1, 10**40), min_size=2), st.sampled_from(["yaml", "json"]))
def test_yaml_and_json_read_the_same(tmp_path_factory: Any, sizes: list[int], form: str) -> None:
    path = tmp_path_factory.mktemp("same") / f"s.{form}"
    path.write_text(json.dumps({"dims": sizes}))
    assert load(path)[0].sizes.tolist() == sizes


def test_the_published_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_the_published_schema_refuses_what_is_refused() -> None:
    for data in ({"dim": [1, 2]}, {"chains": []}, {"dims": [1, 0]}, {"dims": [1, 2], "loss": "none"}, 5):
        assert not Draft202012Validator(SCHEMA).is_valid(data)


@pytest.mark.parametrize("form", ['{{"dims": [{}]}}', "dims: [{}]"])
def test_a_million_sizes(tmp_path: Path, form: str) -> None:
    path = tmp_path / "million"
    path.write_text(form.format(",".join(["10"] * 1_000_000)))
    assert len(load(path)[0]) == 999_999


def test_a_long_repeat_is_two_columns(tmp_path: Path) -> None:
    path = tmp_path / "repeat.yaml"
    path.write_text("elementals: [{inputs: 9, structure: banded, lower: 1, upper: 1, repeat: 1000000}]")
    (chain,) = load(path)
    assert len(chain) == 1_000_000
    assert len(chain.elementals.kinds) == 1


def test_runs_that_no_memory_could_hold_are_refused() -> None:
    with pytest.raises(ChainError, match="100,000,001 elementals"):
        Elementals.from_runs([(E(3, 3), 10**8), (E(3, 2), 1)])


def test_importing_loads_no_library() -> None:
    libraries = {"yaml", "jsonschema", "scipy", "networkx"}
    code = f"import chainorder.problems.load, sys; print(*{libraries} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
