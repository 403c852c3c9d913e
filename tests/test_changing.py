"""Jacobians of functions that change between calls are those of what the function is when it is called."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

from chainorder.autodiff import captures
from chainorder.autodiff.captures import PATIENCE, Budget
from chainorder.autodiff.choice import Choice
from tests.changing import ARGUMENTS, CASES, RANDOM, WRITING, handled, suppressed


@dataclass(frozen=True)
class Framework:
    """What the tests need of a framework."""

    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    choice_of: Callable[..., Any]
    point: Any

    def same(self, mine: Any, other: Any) -> bool:
        """Whether two Jacobians are equal, up to rounding."""
        return bool(np.allclose(np.asarray(mine), np.asarray(other), rtol=1e-6, atol=0))


@pytest.fixture(params=["jax", "torch"])
def framework(request: pytest.FixtureRequest) -> Framework:
    """JAX or PyTorch."""
    package = pytest.importorskip(request.param)
    if request.param == "jax":
        import chainorder.jax as ours

        return Framework(ours.jacobian, package.jacrev, ours.api.choice_of, package.numpy.arange(1.0, 3.0))
    import chainorder.torch as theirs

    return Framework(theirs.jacobian, package.func.jacrev, theirs.api.choice_of, package.arange(1.0, 3.0))


@pytest.mark.parametrize("name", CASES)
def test_what_changed_is_seen(framework: Framework, name: str) -> None:
    function, change = CASES[name]()
    ours, theirs = framework.ours(function, solver="dynamic"), framework.theirs(function)
    for _ in range(4):
        for _ in range(2):
            assert framework.same(ours(framework.point), theirs(framework.point))
        change()


@pytest.mark.parametrize("name", RANDOM)
def test_another_function_in_every_call(framework: Framework, name: str) -> None:
    outcomes = []
    for jac in (framework.theirs, framework.ours):
        random.seed(0)
        np.random.seed(0)
        jacobian = jac(RANDOM[name]())
        outcomes.append([float(jacobian(framework.point)[0, 0]) for _ in range(4)])
    steps = np.diff(outcomes, axis=1)  # a global may have been changed before
    assert np.allclose(*steps, rtol=1e-5)
    assert np.abs(steps).min() > 0


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_are_told_apart(framework: Framework, name: str) -> None:
    function, values = ARGUMENTS[name]
    ours, theirs = framework.ours(function, solver="dynamic"), framework.theirs(function)
    for value in [*values, *values]:
        assert framework.same(ours(framework.point, value), theirs(framework.point, value))


@pytest.mark.parametrize("name", WRITING)
def test_arguments_are_changed_as_often_as_by_the_framework(framework: Framework, name: str) -> None:
    function, make = WRITING[name]
    outcomes = []
    for jac in (framework.theirs(function), framework.ours(function, solver="dynamic")):
        argument = make()
        jacobians = [float(jac(framework.point, argument)[0, 0]) for _ in range(3)]
        outcomes.append((jacobians, str(argument)))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("function", [handled, suppressed])
def test_exceptions_while_tracing_are_not_handled_by_the_function(
    framework: Framework, function: Callable[..., Any]
) -> None:
    scalar = framework.point[1]
    ours, theirs = framework.ours(function, solver="dynamic"), framework.theirs(function)
    for _ in range(2):
        assert framework.same(ours(framework.point, scalar), theirs(framework.point, scalar))


def test_what_is_captured(framework: Framework) -> None:
    """The other ones are left to the framework, because they may change unseen."""
    left = {
        name
        for name, make in CASES.items()
        if not isinstance(framework.choice_of(make()[0], (framework.point,)), Choice)
    }
    assert left == {
        *("array of objects", "bytes", "large array"),
        *("context variable", "environment", "imported when called", "module in a list"),
        *("dictionary of another class", "metaclass"),
        *("eval", "globals"),
    }


class Scaled:
    """A function with a number of its own."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, x: Any) -> Any:
        return x * self.factor

    def method(self, x: Any) -> Any:
        return x * self.factor


def scaled(x: Any, factor: float) -> Any:
    return x * factor


FRESH: dict[str, Callable[[int], Any]] = {
    "lambda": lambda step: lambda x: x * step,
    "default": lambda step: lambda x, factor=step: x * factor,
    "eval": lambda step: eval(f"lambda x: x * {step}"),
    "object": Scaled,
    "bound method": lambda step: Scaled(step).method,
    "partial": lambda step: partial(scaled, factor=step),
    "sequence": lambda step: [lambda x: x * step],
}
"""What makes a new function of every number."""


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that it is looked at what a function depends on."""
    seen: list[int] = []

    def counted(*args: Any) -> Any:
        seen.append(1)
        return look(*args)

    look = captures.dependencies
    monkeypatch.setattr(captures, "dependencies", counted)
    return seen


@pytest.mark.parametrize("name", FRESH)
def test_a_new_function_in_every_call_is_given_up_without_a_look(
    framework: Framework, name: str, looks: list[int]
) -> None:
    Budget.known.clear()
    for step in range(30):
        function = FRESH[name](step)
        assert framework.same(framework.ours(function)(framework.point), np.eye(2) * step)
    assert len(looks) == PATIENCE
    assert len(Budget.known) == 1


def test_what_changes_in_every_call_is_looked_at_ever_more_rarely(
    framework: Framework, looks: list[int]
) -> None:
    """An argument, an attribute; what then stays as it is is captured nevertheless."""
    Budget.known.clear()
    number = Scaled(0)
    with_argument, with_attribute = framework.ours(scaled), framework.ours(lambda x: x * number.factor)
    for step in range(40):
        number.factor = step
        assert framework.same(with_argument(framework.point, step), np.eye(2) * step)
        assert framework.same(with_attribute(framework.point), np.eye(2) * step)
    assert len(looks) < 18
    for budget in Budget.known.values():
        assert budget.made == PATIENCE
    for _ in range(100):
        assert framework.same(with_argument(framework.point, 39), np.eye(2) * 39)
        assert framework.same(with_attribute(framework.point), np.eye(2) * 39)
    for budget in Budget.known.values():
        assert budget.made == PATIENCE + 1
        assert budget.used > 40


def test_what_is_kept_is_bounded(framework: Framework, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[captures.Captures] = []
    make = captures.Captures.__post_init__
    monkeypatch.setattr(captures.Captures, "__post_init__", lambda each: (kept.append(each), make(each))[1])
    monkeypatch.setattr(captures, "MOST", 3)
    monkeypatch.setattr(captures, "MOST_BUDGETS", 5)
    ours = framework.ours(scaled, solver="dynamic")
    for step in range(6):
        ours(framework.point, step)
        framework.ours(eval(compile("lambda x: x", f"<cell {step}>", "eval")))
    assert len(kept[0].kept) == 3
    assert len(Budget.known) == 5
