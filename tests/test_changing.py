"""Jacobians of functions that change between calls are those of what the function is when it is called."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

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
