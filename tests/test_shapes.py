"""Specs of a shape that was valid before are not validated again: faults are found and said all the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chainorder.problems import messages, validator
from chainorder.problems.messages import validate
from chainorder.problems.shapes import shape_of_chain

GOOD = [
    {"dims": [3, 4, 5]},
    {"name": "a", "dims": [3, 4]},
    {"dims": [3, 4], "memory": 0},
    {"elementals": [{"inputs": 3, "outputs": 4}, {"outputs": 5, "tangent": 7, "tape": 0}]},
    {"elementals": [{"inputs": 3, "outputs": 3, "structure": "banded", "lower": 1, "upper": 1}]},
]

BAD = [
    [],
    None,
    {},
    {"dims": []},
    {"dims": [3]},
    {"dims": [3, 0]},
    {"dims": [3, True]},
    {"dims": [3, 4.0]},
    {"dims": [3, "4"]},
    {"dims": [3, 10**101]},
    {"dims": "3,4"},
    {"dims": [3, 4], "name": 5},
    {"dims": [3, 4], "name": "a\nb"},
    {"dims": [3, 4], "memory": -1},
    {"dims": [3, 4], "memory": True},
    {"dims": [3, 4], "elementals": [{"inputs": 3, "outputs": 4}]},
    {"dims": [3, 4], "dim": [3, 4]},
    {"elementals": []},
    {"elementals": [{"inputs": 3, "outputs": 0}]},
    {"elementals": [{"inputs": 3, "outputs": 4, "structure": "bandet"}]},
    {"elementals": [{"inputs": 3, "outputs": 4, "tangents": 7}]},
    {"elementals": [{"inputs": 3, "outputs": 4, "tangent": -7}]},
    {"elementals": [{"inputs": 3, "outputs": 4}, 5]},
    {"elementals": {"inputs": 3, "outputs": 4}},
    {"name": "a"},
]


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known to be valid at the start."""
    monkeypatch.setattr(messages, "_VALID", set())


def said(data: Any) -> tuple[list[str], bool]:
    faults, complete = validate(data, "chain")
    return [f"{fault.path} {fault.message}" for fault in faults], complete


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: json.dumps(bad)[:60])
def test_a_fault_is_found_whatever_was_valid_before(bad: Any) -> None:
    alone = said(bad)
    assert alone[0]
    for good in GOOD:
        assert said(good) == ([], True)
    assert said(bad) == alone == said(bad)


@pytest.mark.usefixtures("forgetful")
def test_what_was_valid_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    for good in GOOD:
        assert said(good) == ([], True)
    monkeypatch.setattr(messages, "validator", lambda _: pytest.fail("looked at again"))
    for good in GOOD:
        assert said(good) == ([], True)
    assert said({"dims": [30, 40, 50, 60], "name": "another"}) == ([], True)


@pytest.mark.usefixtures("forgetful")
def test_shapes_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_SHAPES", 1)
    for good in GOOD:
        assert said(good) == ([], True)
    assert len(messages._VALID) == 1


@pytest.mark.parametrize(
    "data",
    [
        {"layers": [3, 4]},
        {"dims": [3, 4], "machines": 2},
        {"dims": [3, 2**63]},
        {"dims": [3, 4], "memory": "2GiB"},
        {"dims": [3, 4], "description": "words"},
        {"elementals": [{"inputs": 3, "outputs": 1, "structure": "selection", "select": [2]}]},
        {"vertices": {"x": 3, "y": 4}, "edges": [{"source": "x", "target": "y"}]},
    ],
)
def test_what_is_out_of_the_ordinary_has_no_shape(data: Any) -> None:
    assert shape_of_chain(data) is None
    assert not list(validator.validator("chain").iter_errors(data))
