"""Files that hold no spec: no YAML or JSON, or none that is plain data of a bounded size."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chainorder.errors import SpecError
from chainorder.problems.chain import Chain
from chainorder.problems.load import iter_chains, load
from chainorder.reading import document, files
from tests.specs import LONG, SIZE, Case, refuses


def bomb(levels: int) -> str:
    """Ten aliases of ten aliases of … : 10^levels values."""
    lines = ["- &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"- &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(levels - 1)]
    return "dims:\n" + "\n".join(lines)


YAML: list[Case] = [
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
]

JSON: list[Case] = [
    ("", "1:1", "", ("not JSON",)),
    ('{"dims": [1, 2],}', "1:17", "", ("not JSON",)),
    ('{"dims": [1, 2], "dims": [1, 2]} }', "1:34", "", ("not JSON", "extra data")),
    ('{"chains": [{"name": "a", "name": "b"} {}]}', "1:40", "", ("not JSON", "','")),
    ('{"dims": [1, 2]\n', "2:1", "", ("not JSON",)),
    ('{"dims": [1, NaN]}', "1:14", "dims[1]", ("dims[1] is nan", SIZE)),
    ('{"dims": [1, Infinity]}', "1:14", "dims[1]", ("dims[1] is inf", SIZE)),
    ('{"dims": [1, 2.5]}', "1:14", "dims[1]", ("dims[1] is 2.5", SIZE)),
    ('{"dims": [1, 1e999999999]}', "1:14", "", ("1,000,000,000 digits",)),
    ('{"dims": [1, 1_000]}', "1:15", "", ("not JSON",)),
    ('{"dims": [1, 2],\n "dims": [1, 2]}', "2:2", "dims", ("'dims'", "second time")),
    ('{"name": "\\ud83d\\ude00 \\"[",\n\t"dims": [1, 0]}', "2:14", "dims[1]", ("dims[1] is 0",)),
    ('{"name": "\\ud800", "dims": [1, 2]}', "1:10", "name", (r"'\ud800'",)),
    ('{"dims": [1, ' + LONG + "]}", "1:14", "", ("5,000 digits",)),
    ("[" * 100_000, "1:65", "", ("nested",)),
    ("[" * 100 + "]" * 100, "1:65", "", ("nested",)),
]


@pytest.mark.parametrize("case", YAML, ids=range(len(YAML)))
def test_bad_yaml_says_where_and_what(tmp_path: Path, case: Case) -> None:
    refuses(tmp_path / "spec.yaml", case)


@pytest.mark.parametrize("case", JSON, ids=range(len(JSON)))
def test_bad_json_says_where_and_what(tmp_path: Path, case: Case) -> None:
    refuses(tmp_path / "spec.json", case)


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
