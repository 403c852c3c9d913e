"""Jacobians are called as the user calls them, in texts and in orders."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainorder import Chain, Elemental, plan
from chainorder.errors import PlanError
from chainorder.plans.names import Names
from chainorder.solvers import plan_in_order


def named(*names: str | None) -> Chain:
    return Chain([Elemental(2 + n % 3, 2 + (n + 1) % 3, name=name) for n, name in enumerate(names)])


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("in", "law", "out"), ["in", "law", "out"]),
        (("in", "step", "step"), ["in", "step1", "step2"]),
        (("conv2", "conv2"), ["conv2#1", "conv2#2"]),
        (("a", None, "my law", "f(x)"), ["a", "F2", '"my law"', '"f(x)"']),
        (("step1", "step", "step"), ["F1", "F2", "F3"]),  # step1 would mean two of them
        (("F2", "mesh"), ["F1", "F2"]),  # F2 is another elemental to everybody else
        ((None, None), ["F1", "F2"]),
    ],
)
def test_labels_are_names_and_differ(names: tuple[str | None, ...], labels: list[str]) -> None:
    assert Names(named(*names)).labels == labels


def test_layers_are_called_by_their_weights() -> None:
    chain = Chain.from_layers([5, 4, 3, 2], "tanh", output_activation="softmax", loss="squared_error")
    labels = ["W1", "tanh1", "W2", "tanh2", "W3", "softmax3", "squared_error"]
    assert Names(chain).labels == labels


@given(st.lists(st.integers(1, 30), min_size=2, max_size=14), st.booleans())
def test_an_order_by_names_is_read_as_it_is_written(sizes: list[int], called: bool) -> None:
    elementals = [
        Elemental(*pair, name=f"my {n}" if called else None) for n, pair in enumerate(pairwise(sizes))
    ]
    best = plan(Chain(elementals))
    text = best.names.order(best.operations)
    assert "…" in text or plan_in_order(best.chain, text).bracketing == best.bracketing
    assert called or text == best.bracketing


def test_a_long_sweep_lacks_its_middle() -> None:
    chain = named("in", *["step"] * 99, "out")
    order = " ".join(["(" * 99 + "out"] + [f"step{n})" for n in range(99, 0, -1)] + ["in"])
    swept = plan_in_order(chain, order)
    assert swept.names.order(swept.operations) == "(out · step99) … in"


@pytest.mark.parametrize("order", ["out (law in)", "F3 (law in)", "out · (F2 · in)"])
def test_orders_take_names_and_numbers(order: str) -> None:
    assert plan_in_order(named("in", "law", "out"), order).bracketing == "F3 (F2 F1)"


def test_a_wrong_name_is_said() -> None:
    with pytest.raises(PlanError, match=r"character 6: 'lw in\)' is no factor such as F2 or in and no"):
        plan_in_order(named("in", "law", "out"), "out (lw in)")
