"""Specs that are wrong: each gives one line that says where, what, and what would be right."""

from __future__ import annotations

import gzip
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from chainorder.chain import Chain
from chainorder.errors import SpecError
from chainorder.inline import parse_dims
from chainorder.spec import document, files, from_data, iter_chains, load

HEADER = "%%MatrixMarket matrix coordinate real general\n"


class Bomb:
    """Unpickling it would be noticed."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("unpickled",)


def hollow_npz(path: Path, form: str, index: int) -> None:
    """A sparse matrix with an index that is out of range."""
    arrays = {"data": np.ones(2), "indices": np.array([0, index]), "indptr": np.array([0, 1, 2])}
    np.savez(path, format=np.array(form.encode()), shape=np.array([2, 2]), **arrays)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "tri.npy", np.tri(3))
    np.save(tmp_path / "flat.npy", np.ones(3))
    np.save(tmp_path / "empty.npy", np.ones((0, 3)))
    np.save(tmp_path / "text.npy", np.array([["a"]]))
    np.save(tmp_path / "object.npy", np.array([[Bomb()]], object), allow_pickle=True)
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Bomb()))
    np.savez(tmp_path / "two.npz", a=np.eye(2), b=np.eye(2))
    sp.save_npz(tmp_path / "wide.npz", sp.csr_array(np.eye(3, 5)))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "wide.npz").read_bytes()[:-30])
    (tmp_path / "cut.npy").write_bytes((tmp_path / "tri.npy").read_bytes()[:-8])
    (tmp_path / "header.npy").write_bytes(b"\x93NUMPY\x01\x00\x0e\x00{'descr': '''L\n")
    (tmp_path / "garbage.npz").write_bytes(b"PK\3\4 and so on")
    (tmp_path / "garbage.mtx").write_bytes(b"\xff\x00garbage")
    (tmp_path / "cut.mtx").write_text(HEADER + "3 3 3\n1 1 1\n")
    (tmp_path / "cut.mtx.gz").write_bytes(gzip.compress((HEADER + "3 3 1\n1 1 1\n").encode())[:-12])
    (tmp_path / "tall.mtx").write_text(HEADER + "1000000000000 3 1\n1 1 1\n")
    hollow_npz(tmp_path / "csr.npz", "csr", 10**8)
    hollow_npz(tmp_path / "csc.npz", "csc", -(10**8))
    return tmp_path


def bomb(levels: int) -> str:
    """Ten aliases of ten aliases of … : 10^levels values."""
    lines = ["- &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"- &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(levels - 1)]
    return "dims:\n" + "\n".join(lines)


def items(*elementals: str) -> str:
    return "elementals:\n" + "\n".join(f"- {{{elemental}}}" for elemental in elementals)


SPARSE = "inputs: 3, outputs: 2, structure: sparse, pattern: {{indptr: {}, indices: {}}}"
LONG = "9" * 5000
SIZE = "a size is a whole number of at least 1"

# text (str: of a YAML file), place as line:column, key, parts of the message
BAD: list[tuple[str | bytes, str, str, tuple[str, ...]]] = [
    # no YAML, or none that is a spec
    ("", "1:1", "", ("nothing in it", "dims: [1000, 100, 1]")),
    ("# nothing\n", "1:1", "", ("nothing in it",)),
    ("dims: [1, 2", "1:12", "", ("not YAML", "','")),
    ("dims: [1, 2]\na: b: c", "2:5", "", ("not YAML",)),
    ("'", "1:2", "", ("not YAML",)),
    ("\t%", "1:1", "", ("not YAML",)),
    (b"dims: [1, 2]\nname: caf\xe9", "2:10", "", ("0xE9", "UTF-8")),
    (b"\xff\xfed\x00", "1:1", "", ("0xFF", "UTF-8")),
    ("dims: [1, 2]\nname: a\0b", "2:8", "", ("U+0000",)),
    ("name: \x1b[2J", "1:7", "", ("U+001B",)),
    ("[" * 100_000, "1:65", "", ("nested", "64 levels")),
    ("- " * 100_000, "1:129", "", ("nested", "64 levels")),
    ("dims: [1, 2]\n---\ndims: [3, 4]", "2:1", "", ("second document", "chains:", "JSON Lines")),
    ("dims: [1, 2]\nmachines: 0", "2:11", "machines", ("machines is 0", "at least 1")),
    ("dims: [1, 2]\nmachines: 2.5", "2:11", "machines", ("2.5", "whole number")),
    ("dims: [1, 2]\nmachines: 1000000000", "2:11", "machines", ("1000000000", "at most 1e+06")),
    ("hello", "1:1", "", ("the chain is 'hello'", "a mapping", "dims")),
    ("- 1\n- 2", "1:1", "", ("the chain is a list of 2",)),
    ("null", "1:1", "", ("the chain is null",)),
    # tags, aliases, keys
    ("dims: !!python/object/apply:os.system ['x']", "1:7", "", ("!!python/object/apply:os.system",)),
    ("dims: [1, !size 2]", "1:11", "", ("!size",)),
    ("name: !!str 5", "1:7", "", ("!!str", "plain value")),
    (bomb(9), "9:8", "dims[7][0]", ("aliases", "20,000,000")),
    ("dims: &a [1, *a]", "1:14", "dims[1]", ("*a", "inside")),
    ("dims: [1, *b]", "1:11", "dims[1]", ("*b", "&b")),
    ("dims: [1, 2]\ndims: [3, 4]", "2:1", "dims", ("'dims'", "second time")),
    ("chains:\n- dims: [1, 2]\n  name: a\n  name: b", "4:3", "chains[0].name", ("'name'", "second time")),
    ("5: 1", "1:1", "", ("key is 5",)),
    ("true: 1", "1:1", "", ("key is true",)),
    ("? [1]\n: 2", "1:3", "", ("key is a list",)),
    ("a: &x {b: 1}\n<<: *x", "1:1", "a", ("unknown key 'a'",)),
    ("<<: {dims: [1, 2]}", "1:1", "'<<'", ("unknown key '<<'",)),
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
    ("dims: [1, 2.0]", "1:11", "dims[1]", ("dims[1] is 2.0", SIZE)),
    ("dims: [1, 1e3]", "1:11", "dims[1]", ("dims[1] is 1000.0", SIZE)),
    ("dims: [1, .nan]", "1:11", "dims[1]", ("dims[1] is nan", SIZE)),
    ("dims: [1, -.inf]", "1:11", "dims[1]", ("dims[1] is -inf", SIZE)),
    ("dims: [true, 1]", "1:8", "dims[0]", ("dims[0] is true", SIZE)),
    ("dims: [1, ~]", "1:11", "dims[1]", ("dims[1] is null", SIZE)),
    ("dims: [1, '2']", "1:11", "dims[1]", ("dims[1] is '2'", SIZE)),
    ("dims: [1, 010]", "1:11", "dims[1]", ("dims[1] is '010'", SIZE)),
    ("dims: [1, 0x10]", "1:11", "dims[1]", ("dims[1] is '0x10'", SIZE)),
    ("dims: [1, 1_000]", "1:11", "dims[1]", ("dims[1] is '1_000'", SIZE)),
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
    # matrices
    (items("matrix: none.mtx"), "2:12", "elementals[0].matrix", ("there is no file", "none.mtx")),
    (items("matrix: tri.txt"), "2:12", "elementals[0].matrix", ("tri.txt", ".mtx.gz")),
    (items("matrix: 5"), "2:12", "elementals[0].matrix", ("matrix is 5", "a string")),
    (items("matrix: ''"), "2:12", "elementals[0].matrix", ("no matrix file",)),
    (items('matrix: "a\\nb.npy"'), "2:12", "elementals[0].matrix", (r"a\nb.npy",)),
    (items('matrix: "a\\0b.npy"'), "2:12", "elementals[0].matrix", (r"a\x00b.npy",)),
    (items("matrix: wide.npz, inputs: 4"), "2:30", "elementals[0].inputs", ("3 × 5", "inputs is 4")),
    (items("matrix: wide.npz, outputs: 4"), "2:31", "elementals[0].outputs", ("3 × 5", "outputs is 4")),
    (
        items("inputs: 1, outputs: 4", "matrix: wide.npz"),
        "3:12",
        "elementals[1].matrix",
        ("3 × 5", "4 outputs"),
    ),
    (items("matrix: wide.npz, structure: identity"), "2:33", "elementals[0].structure", ("3 × 5", "square")),
    (
        items("matrix: tri.npy, structure: banded, lower: 1, upper: 0"),
        "2:32",
        "elementals[0].structure",
        ("row 3, column 1", "banded(1,0)"),
    ),
    (
        items("matrix: tri.npy, structure: diagonal"),
        "2:32",
        "elementals[0].structure",
        ("row 2, column 1", "diagonal"),
    ),
    *(
        (items(f"inputs: 3, matrix: {name}"), "2:23", "elementals[0].matrix", (name, part))
        for name, part in (
            ("flat.npy", "two-dimensional"),
            ("empty.npy", "0 × 3"),
            ("text.npy", "numeric"),
            ("object.npy", "cannot be read"),
            ("pickle.npz", "cannot be read"),
            ("two.npz", "2 arrays"),
            ("cut.npz", "cannot be read"),
            ("cut.npy", "cannot be read"),
            ("header.npy", "cannot be read"),
            ("garbage.npz", "cannot be read"),
            ("garbage.mtx", "cannot be read"),
            ("cut.mtx", "cannot be read"),
            ("cut.mtx.gz", "cannot be read"),
            ("tall.mtx", "1000000000000 × 3"),
            ("csr.npz", "cannot be read"),
            ("csc.npz", "cannot be read"),
        )
    ),
]

BAD_JSON: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("", "1:1", "", ("not JSON",)),
    ('{"dims": [1, 2],}', "1:17", "", ("not JSON",)),
    ('{"dims": [1, 2]\n', "2:1", "", ("not JSON",)),
    ('{"dims": [1, NaN]}', "1:14", "dims[1]", ("dims[1] is nan", SIZE)),
    ('{"dims": [1, Infinity]}', "1:14", "dims[1]", ("dims[1] is inf", SIZE)),
    ('{"dims": [1, 2.0]}', "1:14", "dims[1]", ("dims[1] is 2.0", SIZE)),
    ('{"dims": [1, 2],\n "dims": [1, 2]}', "2:2", "dims", ("'dims'", "second time")),
    ('{"name": "\\ud83d\\ude00 \\"[",\n\t"dims": [1, 0]}', "2:14", "dims[1]", ("dims[1] is 0",)),
    ('{"name": "\\ud800", "dims": [1, 2]}', "1:10", "name", (r"'\ud800'",)),
    ('{"dims": [1, ' + LONG + "]}", "1:14", "", ("5,000 digits",)),
    ("[" * 100_000, "1:65", "", ("nested",)),
    ("[" * 100 + "]" * 100, "1:65", "", ("nested",)),
]


def check(error: SpecError, place: str, key: str, parts: tuple[str, ...]) -> None:
    assert f"{error.line}:{error.column}" == place
    assert error.key == key
    assert not [part for part in parts if part not in error.message]
    assert str(error).splitlines() == [str(error)]
    assert str(error).isprintable()
    assert len(str(error)) < 600


@pytest.mark.parametrize(("content", "place", "key", "parts"), BAD, ids=range(len(BAD)))
def test_a_bad_spec_says_where_and_what(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: str | bytes, place: str, key: str, parts: Any
) -> None:
    monkeypatch.chdir(folder)
    path = folder / "spec.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SpecError) as caught:
        load(path)
    assert caught.value.file == path
    check(caught.value, place, key, parts)
    assert not (folder / "unpickled").exists()


@pytest.mark.parametrize(("content", "place", "key", "parts"), BAD_JSON, ids=range(len(BAD_JSON)))
def test_bad_json_says_where_and_what(tmp_path: Path, content: str, place: str, key: str, parts: Any) -> None:
    path = tmp_path / "spec.json"
    path.write_text(content)
    with pytest.raises(SpecError) as caught:
        load(path)
    check(caught.value, place, key, parts)


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


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    for path, part in ((tmp_path / "no.yaml", "no such file"), (tmp_path, "folder"), ("a\0b", "null byte")):
        with pytest.raises(SpecError, match=part) as caught:
            load(path)
        assert (caught.value.file, caught.value.line) == (Path(path), None)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text("dims: [1, 2]")
    path.chmod(0)
    with pytest.raises(SpecError, match="permission"):
        load(path)


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("dims: [1, 2]")
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    with pytest.raises(SpecError, match=r"12 bytes, more than the 10 .* repeat"):
        load(path)


def test_a_line_that_is_too_long_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.jsonl"
    path.write_text('{"dims": [1, 2]}\n{"dims": [1, 2' + 99 * ", 3" + ']}\n{"dims": [3, 4]}')
    monkeypatch.setattr(files, "MAX_BYTES", 20)
    first, second, third = (chain for _, chain in iter_chains(path))
    assert (first, third) == (Chain.from_dims([1, 2]), Chain.from_dims([3, 4]))
    assert isinstance(second, SpecError)
    assert second.line == 2
    assert "314 bytes, more than the 20" in second.message


def test_json_lines_hold_one_chain_each(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"chains": [{"dims": [1, 2]}]}')
    with pytest.raises(SpecError, match="unknown key 'chains'"):
        load(path)
    path.write_text("\n")
    with pytest.raises(SpecError, match="one chain per line"):
        load(path)


def test_an_alias_bomb_within_bounds_is_refused_in_time(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(bomb(6))
    with pytest.raises(SpecError, match=r"dims\[0\] is a list of 10"):
        load(path)


def test_aliases_may_not_nest_deeper_than_lists(tmp_path: Path) -> None:
    lists = "\n".join(f"- &a{n + 1} [*a{n}]" for n in range(document.MAX_DEPTH + 1))
    (tmp_path / "deep.yaml").write_text(f"- &a0 1\n{lists}")
    with pytest.raises(SpecError, match="nested"):
        load(tmp_path / "deep.yaml")


@pytest.mark.parametrize("key", [5, None, 1.5, (1, 2)])
def test_data_with_a_key_that_is_no_word(key: Any) -> None:
    with pytest.raises(SpecError, match="unknown key"):
        from_data({"dims": [1, 2], key: 3}, Path())


def test_data_that_holds_itself() -> None:
    data: dict[str, Any] = {}
    data["dims"] = [1, data]
    with pytest.raises(SpecError, match="nested"):
        from_data(data, Path())


def test_places_of_many_broken_chains_are_found_in_one_replay(tmp_path: Path) -> None:
    replays = []
    text = "chains:\n" + "- {dims: [1, 0], name: x}\n" * 50
    read = document.parse(text)
    tokens = read.tokens
    read.tokens = lambda: replays.append(1) or tokens()  # type: ignore[func-returns-value]
    marks = [read.locate(("chains", index, "dims", 1)) for index in range(50)]
    assert [mark.line for mark in marks] == list(range(1, 51))
    assert {mark.column for mark in marks} == {13}
    assert len(replays) == 1


VOCABULARY = """
dims layers elementals chains name inputs outputs structure banded lower upper repeat matrix pattern indptr
indices sparse - : [ ] { } , & * a !! ' " # | > 1 0 -1 1.5 .nan true ~ ? << %
"""
WORDS = st.sampled_from([*VOCABULARY.split(), "\n", "\t", "\0", ""])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS
NESTED = st.recursive(LEAVES, lambda s: st.lists(s, max_size=4) | st.dictionaries(WORDS, s, max_size=5))


def only_spec_errors(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        load(path)
    except SpecError as error:
        assert str(error).splitlines() == [str(error)]


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
    },
)


@given(NESTED | st.fixed_dictionaries({"elementals": st.lists(ELEMENTAL, max_size=3)}))
def test_random_data_is_a_chain_or_a_spec_error(data: Any) -> None:
    try:
        chain = from_data(data, Path())
    except SpecError as error:
        assert str(error).splitlines() == [str(error)]
    else:
        assert from_data(chain.to_spec(), Path()) == chain
