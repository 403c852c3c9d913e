"""What holds operators against the frameworks finds what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scripts.peers.comparing import Case, Peer, Verdict

POINT = np.array([0.5, 0.25])
RIGHT, FULL = np.diag([1.0, np.nan]), np.diag([1.0, 2.0])
FAR, BLURRED = np.array([[1.0, np.inf]]), np.array([[1.0, np.nan], [0.0, np.nan]])


def failing(function: Any) -> Any:
    raise TypeError("no rule\nat all")


def returning(*results: Any) -> Callable[..., Any]:
    made = iter(results)
    return lambda function, solver=None: lambda point: next(made)


@pytest.mark.parametrize(
    ("own", "ours", "why", "verdict"),
    [
        ((returning(RIGHT, RIGHT), failing), returning(RIGHT, RIGHT), None, Verdict.RIGHT),
        ((returning(RIGHT, RIGHT), failing), returning(RIGHT, RIGHT), "random", Verdict.OWN),
        ((failing, returning(RIGHT, RIGHT)), returning(RIGHT, RIGHT), None, Verdict.RIGHT),
        ((failing, failing), returning(RIGHT, RIGHT), None, Verdict.SKIPPED),
        ((returning(RIGHT, 2 * RIGHT), failing), returning(RIGHT, RIGHT), None, Verdict.SKIPPED),
        ((returning(RIGHT, RIGHT), failing), lambda function, solver: failing(function), None, Verdict.CRASH),
        ((returning(RIGHT, RIGHT), failing), returning(*[RIGHT.astype("f4")] * 2), None, Verdict.WRONG),
        ((returning(RIGHT, RIGHT), failing), returning(RIGHT[:1], RIGHT[:1]), None, Verdict.WRONG),
        ((returning(RIGHT, RIGHT), failing), returning(*[RIGHT + 1e-8] * 2), None, Verdict.WRONG),
        ((returning(RIGHT, RIGHT), failing), returning(FULL, FULL), None, Verdict.WRONG),
        ((returning(FAR, FAR), failing), returning(-FAR, -FAR), None, Verdict.WRONG),
        ((returning(BLURRED, BLURRED), failing), returning(RIGHT, RIGHT), None, Verdict.RIGHT),
        ((returning(FULL, FULL), failing), returning(RIGHT, RIGHT), None, Verdict.WRONG),
    ],
)
def test_verdicts(own: Any, ours: Any, why: str | None, verdict: Verdict) -> None:
    peer = Peer(own, ours, lambda function, point: why, lambda numbers, like: numbers)
    found = peer.compare(Case("an operator", "float64", lambda x: x, POINT))
    assert {outcome.verdict for _, outcome in found} == {verdict}


def test_an_operator_in_a_waist_is_applied_to_the_same() -> None:
    peer = Peer((), failing, lambda function, point: None, lambda numbers, like: np.asarray(numbers))
    taken = []
    waist = peer.waist(Case("an operator", "float64", lambda x: (taken.append(x), x**2)[1], POINT))
    assert waist.function(waist.point).shape == (7,)
    assert np.array_equal(taken[-1], POINT)
