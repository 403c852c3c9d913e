"""Specs with wrong keys or values: each gives one line that says where, what, and what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainorder.errors import SpecError
from chainorder.problems.inline_dims import parse_dims
from chainorder.problems.load import from_data, load
from tests.specs import LONG, SIZE, Case, items, refuses

SPARSE = "inputs: 3, outputs: 2, structure: sparse, pattern: {{indptr: {}, indices: {}}}"

BAD: list[Case] = [
    # which keys there are
    ("dim: [1, 2]", "1:1", "dim", ("unknown key 'dim'", "did you mean 'dims'?")),
    ("dims: [1, 2]\nqwertz: 1", "2:1", "qwertz", ("unknown key 'qwertz'", "dims, layers")),
    ("dims: [1, 2]\n'a\\nb': 1", "2:1", "'a\\\\nb'", ("unknown key",)),
    ("name: x", "1:1", "", ("no dims, layers, elementals or vertices",)),
    ("dims: [1, 2]\nlayers: [1, 2]", "2:1", "layers", ("dims and layers", "keep one")),
    ("elementals: [{inputs: 1}]\ndims: [1, 2]", "2:1", "dims", ("elementals and dims", "keep one")),
    ("dims: [1, 2]\nloss: squared_error", "2:1", "loss", ("only layers",)),
    ("chains: []", "1:9", "chains", ("chains has 0 entries", "at least 1 chain")),
    ("chains: 5", "1:9", "chains", ("chains is 5", "a list")),
    ("chains: [{dims: [1, 2]}]\nname: x", "2:1", "name", ("unknown key 'name'",)),
    ("chains:\n- dims: [1, 2]\n- dims: [1, 0]", "3:13", "chains[1].dims[1]", (SIZE,)),
    ("chains:\n- dims: [1, 2]\n- {}", "3:3", "chains[1]", ("no dims, layers, elementals or vertices",)),
    ("chains:\n- dims: [1, 2]\n-\n  - 5", "4:3", "chains[1]", ("is a list of 1",)),
    ("chains: [&a {dims: [1, 0]}, *a]", "1:24", "chains[0].dims[1]", (SIZE,)),
    # sizes and names
    ("dims: [1, 2, ten]", "1:14", "dims[2]", ("dims[2] is 'ten'", SIZE)),
    ("dims:\n- 1\n- 0", "3:3", "dims[1]", ("dims[1] is 0", SIZE)),
    ("dims: [1, -3]", "1:11", "dims[1]", ("dims[1] is -3", SIZE)),
    ("dims: [1, 2.5]", "1:11", "dims[1]", ("dims[1] is 2.5", SIZE)),
    ("dims: [1, 1e-3]", "1:11", "dims[1]", ("dims[1] is 0.001", SIZE)),
    ("dims: [1, 1e-400]", "1:11", "dims[1]", ("dims[1] is '1e-400'", SIZE)),
    ("dims: [1, 1e400]", "1:11", "dims[1]", ("at most 1e+100",)),
    ("dims: [1, 1e999999999]", "1:11", "", ("1,000,000,000 digits",)),
    ("dims: [1, .nan]", "1:11", "dims[1]", ("dims[1] is nan", SIZE)),
    ("dims: [1, -.inf]", "1:11", "dims[1]", ("dims[1] is -inf", SIZE)),
    ("dims: [true, 1]", "1:8", "dims[0]", ("dims[0] is true", SIZE)),
    ("dims: [1, ~]", "1:11", "dims[1]", ("dims[1] is null", SIZE)),
    ("dims: [1, '2']", "1:11", "dims[1]", ("dims[1] is '2'", SIZE)),
    ("dims: [1, 010]", "1:11", "dims[1]", ("dims[1] is '010'", SIZE)),
    ("dims: [1, 0x10]", "1:11", "dims[1]", ("dims[1] is '0x10'", SIZE)),
    ("dims: [1, 1_00]", "1:11", "dims[1]", ("dims[1] is '1_00'", SIZE)),
    ("dims: [1, 1:30]", "1:11", "dims[1]", ("dims[1] is '1:30'", SIZE)),
    ("dims: [1, [2]]", "1:11", "dims[1]", ("dims[1] is a list of 1", SIZE)),
    ("dims: [1, &a {b: 1}]", "1:11", "dims[1]", ("dims[1] is a mapping", SIZE)),
    (f"dims: [1, {'x' * 999}]", "1:11", "dims[1]", ("…", SIZE)),
    (f"dims: [1, {LONG}]", "1:11", "", ("5,000 digits",)),
    (f"dims: [1, {10**101}]", "1:11", "dims[1]", ("at most 1e+100",)),
    ("dims: [1]", "1:7", "dims", ("dims has 1 entry", "at least 2 sizes")),
    ("layers: [1]", "1:9", "layers", ("layers has 1 entry", "at least 2 sizes")),
    ("dims: 5", "1:7", "dims", ("dims is 5", "a list")),
    ("dims: [1, 2]\nname: 5", "2:7", "name", ("name is 5", "a string")),
    ('dims: [1, 2]\nname: "a\\nb"', "2:7", "name", (r"'a\nb'", "line breaks")),
    ("name: 5\ndims: [0, 1]", "1:7", "name", ("name is 5",)),
    ("dims: [0, 1]\nname: 5", "1:8", "dims[0]", ("dims[0] is 0",)),
    ("layers: [1, 2]\nactivation: tan", "2:13", "activation", ("'tan'", "did you mean 'tanh'?")),
    ("layers: [1, 2]\nloss: 5", "2:7", "loss", ("loss is 5", "squared_error")),
    ("dims: [1, 2]\nmachines: 0", "2:11", "machines", ("machines is 0", "at least 1")),
    ("dims: [1, 2]\nmachines: 2.5", "2:11", "machines", ("2.5", "whole number")),
    ("dims: [1, 2]\nmachines: 1000000000", "2:11", "machines", ("1000000000", "at most 1e+06")),
    # elementals
    ("elementals: []", "1:13", "elementals", ("0 entries", "at least 1 elemental")),
    ("elementals: {}", "1:13", "elementals", ("a mapping", "a list")),
    ("elementals: [5]", "1:14", "elementals[0]", ("elementals[0] is 5", "a mapping")),
    (items("input: 3"), "2:4", "elementals[0].input", ("'input'", "did you mean 'inputs'?")),
    (items("inputs: 3, outputs: 0"), "2:24", "elementals[0].outputs", ("outputs is 0", SIZE)),
    (items("inputs: 3, outputs: 3", "inputs: 3, outputs: 0"), "3:24", "elementals[1].outputs", (SIZE,)),
    (items("inputs: 3"), "2:3", "elementals[0]", ("outputs is missing", "square")),
    (items("outputs: 3"), "2:3", "elementals[0]", ("inputs is missing",)),
    (
        items("inputs: 3, outputs: 4", "inputs: 5, outputs: 2"),
        "3:12",
        "elementals[1].inputs",
        ("inputs is 5", "4 outputs"),
    ),
    (
        items("inputs: 3, outputs: 4, structure: diagonal"),
        "2:24",
        "elementals[0].outputs",
        ("4 × 3", "square"),
    ),
    (items("inputs: 3, outputs: 4, structure: bandd"), "2:38", "elementals[0].structure", ("'banded'?",)),
    (
        items("inputs: 3, structure: banded, lower: 3, upper: 0"),
        "2:41",
        "elementals[0].lower",
        ("lower is 3", "at most 2"),
    ),
    (
        items("inputs: 3, structure: banded, lower: 0, upper: 9"),
        "2:51",
        "elementals[0].upper",
        ("upper is 9", "at most 2"),
    ),
    (items("inputs: 3, structure: banded, lower: 1"), "2:3", "elementals[0]", ("upper is missing",)),
    (
        items("inputs: 3, structure: diagonal, lower: 1"),
        "2:36",
        "elementals[0].lower",
        ("only a banded elemental",),
    ),
    (
        items("inputs: 3, structure: banded, lower: -1, upper: 0"),
        "2:41",
        "elementals[0].lower",
        ("lower is -1", "at least 0"),
    ),
    (
        items("inputs: 3, outputs: 4, repeat: 2"),
        "2:35",
        "elementals[0].repeat",
        ("repeat is 2", "3 inputs", "4 outputs"),
    ),
    (
        items("inputs: 3, outputs: 3, repeat: 0"),
        "2:35",
        "elementals[0].repeat",
        ("repeat is 0", "at least 1"),
    ),
    (
        items("inputs: 3, outputs: 3, repeat: 99999999", "outputs: 3, repeat: 2"),
        "3:24",
        "elementals[1].repeat",
        ("100,000,001", "100,000,000"),
    ),
    (
        items("inputs: 3, outputs: 3, repeat: 100000001"),
        "2:35",
        "elementals[0].repeat",
        ("100,000,001", "100,000,000"),
    ),
    # patterns
    (
        items("inputs: 3, outputs: 2, structure: sparse"),
        "2:3",
        "elementals[0]",
        ("no pattern or matrix",),
    ),
    (
        items("inputs: 3, outputs: 1, pattern: {indptr: [0, 0], indices: []}"),
        "2:27",
        "elementals[0].pattern",
        ("only a sparse",),
    ),
    (
        items("inputs: 1, outputs: 1, structure: sparse, pattern: {indptr: [0, 0]}"),
        "2:55",
        "elementals[0].pattern",
        ("indices is missing",),
    ),
    (
        items(SPARSE.format([0, 1], [0])),
        "2:64",
        "elementals[0].pattern.indptr",
        ("2 entries", "outputs is 2"),
    ),
    (items(SPARSE.format([0, 5, 1], [0])), "2:64", "elementals[0].pattern.indptr", ("from 0 to 1",)),
    (items(SPARSE.format([1, 1, 1], [0])), "2:64", "elementals[0].pattern.indptr", ("from 0 to 1",)),
    (
        items(SPARSE.format([0, 1, 2], [0, 3])),
        "2:88",
        "elementals[0].pattern.indices[1]",
        ("indices[1] is 3", "inputs is 3"),
    ),
    (
        items(SPARSE.format([0, 0, 2], [1, 1])),
        "2:88",
        "elementals[0].pattern.indices[1]",
        ("1 after 1", "rise"),
    ),
    (
        items(SPARSE.format([0, 0, 2], [1, 2**63])),
        "2:88",
        "elementals[0].pattern.indices[1]",
        ("at most 9.223e+18",),
    ),
    (
        items(SPARSE.replace("3", "10000000000000").format([0, 0, 2], [1, 2])),
        "2:12",
        "elementals[0].inputs",
        ("10000000000000", "200,000,000"),
    ),
]


@pytest.mark.parametrize("case", BAD, ids=range(len(BAD)))
def test_a_bad_spec_says_where_and_what(tmp_path: Path, case: Case) -> None:
    refuses(tmp_path / "spec.yaml", case)


@pytest.mark.parametrize(
    ("text", "key", "part"),
    [
        ("10,x,3", "dims[1]", "dims[1] is 'x'; " + SIZE),
        ("10,,3", "dims[1]", "dims[1] is ''"),
        ("10,-3", "dims[1]", "dims[1] is -3"),
        ("10", "dims", "dims has 1 entry"),
        ("10," + LONG, "dims", "digits"),
    ],
)
def test_bad_inline_dims(text: str, key: str, part: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_dims(text)
    assert (caught.value.key, caught.value.line, caught.value.file) == (key, None, None)
    assert part in caught.value.message


@pytest.mark.parametrize("key", [5, None, 1.5, (1, 2)])
def test_data_with_a_key_that_is_no_word(key: Any) -> None:
    with pytest.raises(SpecError, match="unknown key"):
        from_data({"dims": [1, 2], key: 3}, Path())


def test_data_that_holds_itself() -> None:
    data: dict[str, Any] = {}
    data["dims"] = [1, data]
    with pytest.raises(SpecError, match="nested"):
        from_data(data, Path())


VOCABULARY = """
dims layers elementals chains name inputs outputs structure banded lower upper repeat matrix pattern indptr
indices sparse - : [ ] { } , & * a !! ' " # | > 1 0 -1 1.5 .nan true ~ ? << % same memory 1_000 1e3 2GiB 1e999
vertices edges source target x
"""
WORDS = st.sampled_from([*VOCABULARY.split(), "\n", "\t", "\0", ""])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS
NESTED = st.recursive(LEAVES, lambda s: st.lists(s, max_size=4) | st.dictionaries(WORDS, s, max_size=5))


def only_spec_errors(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        load(path)
    except SpecError as error:
        assert all(line.splitlines() == [line] for line in error.lines())


@given(st.lists(WORDS | st.text(max_size=3), max_size=30).map(" ".join) | st.text())
def test_random_text_is_a_chain_or_a_spec_error(tmp_path_factory: Any, text: str) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    for name in ("f.yaml", "f.json", "f.jsonl"):
        only_spec_errors(folder / name, text.encode(errors="surrogatepass"))


@given(st.binary(max_size=200))
def test_random_bytes_are_a_chain_or_a_spec_error(tmp_path_factory: Any, content: bytes) -> None:
    only_spec_errors(tmp_path_factory.mktemp("fuzz") / "f.yaml", content)


ELEMENTAL = st.fixed_dictionaries(
    {},
    optional={
        "inputs": st.integers(-1, 4),
        "outputs": st.integers(0, 4),
        "structure": st.sampled_from(["dense", "diagonal", "identity", "banded", "sparse", "x"]),
        "lower": st.integers(-1, 4),
        "upper": st.integers(0, 4),
        "repeat": st.integers(0, 3),
        "pattern": st.fixed_dictionaries(
            {
                "indptr": st.lists(st.integers(0, 4), max_size=5),
                "indices": st.lists(st.integers(0, 4), max_size=4),
            }
        ),
        "name": LEAVES,
        "same": st.sampled_from(["v", "w"]),
    },
)


@given(NESTED | st.fixed_dictionaries({"elementals": st.lists(ELEMENTAL, max_size=3)}))
def test_random_data_is_a_chain_or_a_spec_error(data: Any) -> None:
    try:
        chain = from_data(data, Path())
    except SpecError as error:
        assert all(line.splitlines() == [line] for line in error.lines())
    else:
        assert from_data(chain.to_spec(), Path()) == chain
