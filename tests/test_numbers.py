"""Numbers as people write them, in specs, inline and as options."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chainorder.cli import cli
from chainorder.cli.options import number_range
from chainorder.cli.values import Memory, Whole
from chainorder.errors import ChainError, SpecError
from chainorder.problems.chain import Chain
from chainorder.problems.inline_dims import looks_like_dims, parse_dims
from chainorder.problems.load import from_data, load
from chainorder.problems.random_chains import Ranges, random_chains
from chainorder.problems.schema import SCHEMA
from chainorder.reading.numerals import as_bytes, as_number, memory_entries

WHOLE = {
    "1_000": 1000,
    "1_000_000": 10**6,
    "12_345.0": 12345,
    "1e3": 1000,
    "1E+3": 1000,
    "50e6": 50_000_000,
    "1.5e3": 1500,
    "0.1e1": 1,
    ".5e1": 5,
    "2.0": 2,
    "2.": 2,
    "100e-2": 1,
    "1e100": 10**100,
    "9007199254740993.0": 2**53 + 1,  # no float on the way
}

NOT_WHOLE = [
    *("010", "0x10", "1:30", "1__000", "1_00", "_1000", "1_000_", "1000_000", "01e3", "1e", "e3", "1,000"),
    *("1e-3", "2.5", "1e-400", "0.99999999999999999999", "1.0001e3", ".inf", ".nan", "-1e3", "0.0", "1e101"),
    *("1e400", "1e999999999", "1e-999999999", "1e9999999999999999999999", "true", "1k"),
]

JSON_NUMBERS = [text for text in WHOLE if "_" not in text and text[0] != "." and text[-1] != "."]


@pytest.mark.parametrize("text", WHOLE)
def test_a_whole_number_is_one_however_it_is_written(tmp_path: Path, text: str) -> None:
    chain = Chain.from_dims([WHOLE[text], 7])
    (tmp_path / "s.yaml").write_text(f"dims: [{text}, 7]")
    assert load(tmp_path / "s.yaml") == [chain]
    if text in JSON_NUMBERS:
        for name in ("s.json", "s.jsonl"):
            (tmp_path / name).write_text(f'{{"dims": [{text}, 7]}}')
            assert load(tmp_path / name) == [chain]
    assert looks_like_dims(text)
    assert parse_dims(f"{text}, 7") == chain
    assert Whole(1).convert(text, None, None) == WHOLE[text]
    assert number_range(f"{text}:{text}") == (WHOLE[text], WHOLE[text])


@pytest.mark.parametrize("text", NOT_WHOLE)
def test_what_is_no_whole_number_or_looks_like_another_is_refused_at_once(tmp_path: Path, text: str) -> None:
    began = time.perf_counter()
    (tmp_path / "s.yaml").write_text(f"dims: [7, {text}]" if text != "1,000" else "dims: [7, '1,000']")
    with pytest.raises(SpecError) as caught:
        load(tmp_path / "s.yaml")
    assert (caught.value.line, caught.value.column) == (1, 11)
    if text != "1,000":
        with pytest.raises(SpecError):
            parse_dims(f"7,{text}")
    with pytest.raises(click.BadParameter):
        Whole(1).convert(text, None, None)
    assert time.perf_counter() - began < 2


def test_words_in_quotes_stay_words(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("name: '1e3'\ndescription: \"1_000\"\ndims: [2, 3]")
    assert load(tmp_path / "s.yaml") == [Chain.from_dims([2, 3], "1e3")]
    (tmp_path / "s.yaml").write_text("vertices: {'1e3': 2, 1_2: 1e1}\nedges: [{source: '1e3', target: 1_2}]")
    (graph,) = load(tmp_path / "s.yaml")
    assert graph.vertices == {"1e3": 2, "1_2": 10}
    for quoted in ("'4'", "'1e3'", '"1_000"'):
        (tmp_path / "s.yaml").write_text(f"dims: [2, {quoted}]")
        with pytest.raises(SpecError, match="whole number"):
            load(tmp_path / "s.yaml")


@given(st.from_regex(r"[-+]?(0|[1-9][0-9]{0,30})?(\.[0-9]{0,30})?([eE][-+]?[0-9]{1,2})?", fullmatch=True))
@example("00e1")
def test_numbers_are_exact(text: str) -> None:
    value = as_number(text)
    if isinstance(value, (int, str)):
        exact = Fraction(text.replace(".e", "e").replace(".E", "e").rstrip("."))
        assert exact == value if isinstance(value, int) else exact.denominator > 1


MEMORY = {
    "0": 0,
    "100000": 100_000,
    "1_000": 1000,
    "1e5": 100_000,
    "100k": 100_000,
    "1.5k": 1500,
    "5M": 5_000_000,
    "1G": 10**9,
    "2GiB": 2**31 // 8,
    "2 GiB": 2**31 // 8,
    "1.5KiB": 192,
    "64B": 8,
    "100B": 12,  # an entry that does not fit is none
    "800kB": 100_000,
    "1MB": 125_000,
    "1TiB": 2**37,
}

NO_MEMORY = [
    "2gb",
    "100m",
    "1.0005k",
    "-1k",
    "-5",
    "GiB",
    "k",
    "0x10k",
    "010k",
    "1e999999999k",
    "5 5k",
    "2.5",
    "",
]


@pytest.mark.parametrize("text", MEMORY)
def test_memory_with_units(tmp_path: Path, text: str) -> None:
    assert memory_entries(text) == MEMORY[text]
    assert Memory().convert(text, None, None) == MEMORY[text]
    for body in ("dims: [2, 3]", "vertices: {x: 2, y: 3}\nedges: [{source: x, target: y}]"):
        (tmp_path / "s.yaml").write_text(f"memory: {text}\n{body}")
        (problem,) = load(tmp_path / "s.yaml")
        assert problem.memory == MEMORY[text]
    if not text.isdigit():
        assert (
            Draft202012Validator(SCHEMA).is_valid({"memory": text, "dims": [2, 3]})
            or "_" in text
            or "e" in text
        )


@pytest.mark.parametrize("text", NO_MEMORY)
def test_what_is_no_amount_of_memory(tmp_path: Path, text: str) -> None:
    with pytest.raises(click.BadParameter):
        Memory().convert(text, None, None)
    (tmp_path / "s.yaml").write_text(f"memory: '{text}'\ndims: [2, 3]")
    with pytest.raises(SpecError) as caught:
        load(tmp_path / "s.yaml")
    assert caught.value.key == "memory"


def test_memory_in_words() -> None:
    assert [as_bytes(n) for n in (3, 128, 2**28, 10**9, 10**15)] == [
        "24 bytes",
        "1.0 KiB",
        "2.0 GiB",
        "7.4 GiB",
        "7,275.9 TiB",
    ]


def test_the_published_schema_takes_what_is_taken() -> None:
    schema = Draft202012Validator(SCHEMA)
    for text in JSON_NUMBERS:
        if text != "1e100":  # which is more than 10**100 as a float, as the standard's tools read it
            assert schema.is_valid(json.loads(f'{{"dims": [{text}, 7]}}'))
    assert "1_000" in SCHEMA["description"]
    for data in ({"dims": [2.5, 3]}, {"dims": [2, "3"]}, {"dims": [2, 3], "memory": "2gb"}):
        assert not schema.is_valid(data)
        with pytest.raises(SpecError):
            from_data(data, Path())


def test_random_chains_of_any_size() -> None:
    vast = Ranges(sizes=(10**30, 10**31), structures=("dense", "banded", "diagonal"), tangent=(1, 10**25))
    chains = list(random_chains(3, 20, (2, 4), vast))
    assert all(10**30 <= size <= 10**31 for chain in chains for size in chain.sizes.tolist())
    assert chains == list(random_chains(3, 20, (2, 4), vast))
    assert len({chain.inputs for chain in chains}) == 20
    for structures in (("sparse",), ("selection",)):
        with pytest.raises(ChainError, match="30,000"):
            Ranges(sizes=(1, 10**9), structures=structures)
    with pytest.raises(ChainError, match="at most 100,000,000"):
        list(random_chains(0, 1, (1, 10**9), Ranges()))


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan"])
@pytest.mark.parametrize("call", ["run 3,4 --tolerance", "generate 1 --matrix-free"])
def test_nan_is_in_no_range(call: str, text: str) -> None:
    done = CliRunner().invoke(cli, [*call.split(), text])
    assert (done.exit_code, f"{text!r} is no number" in done.stderr) == (2, True)
