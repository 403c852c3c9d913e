"""Ways that are timed in JAX: the quickest is kept, found again, and right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="needs the extra 'jax'")

import jax.numpy as jnp  # noqa: E402

from chainorder.autodiff.captures import Budget  # noqa: E402
from chainorder.autodiff.choice import Mode  # noqa: E402
from chainorder.jax import jacobian, tuning  # noqa: E402

DOWN, UP = jnp.ones((3, 60)) / 60, jnp.ones((50, 3))
X = jnp.linspace(-1.0, 1.0, 60)


def function(x: Any) -> Any:
    return jnp.sin(UP @ jnp.tanh(DOWN @ x))


def tuned(function: Any) -> Any:
    """Its Jacobian as in another process: nothing is known of how often it was made."""
    Budget.known.clear()
    return jacobian(function, tune=True)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainorder.autodiff.tuned.cache_folder", lambda: tmp_path)


def timed(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> list[Mode]:
    """Let ways take so many seconds, others 1; the ways that are asked for."""
    asked: list[Mode] = []

    def stated(task: Any, call: Any, arrays: Any) -> float:
        asked.append(task.mode)
        return seconds.get(task.mode.name, 1.0)

    monkeypatch.setattr(tuning, "_seconds", stated)
    return asked


@pytest.mark.parametrize("quickest", ["PLAN", "FORWARD", "REVERSE"])
def test_the_quickest_is_kept_and_used(
    quickest: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = timed(monkeypatch, **{quickest: 0.1})
    wanted = jax.jacrev(function)(X)
    np.testing.assert_allclose(tuned(function)(X), wanted, rtol=1e-5, atol=1e-6)
    assert sorted(asked) == sorted([Mode.PLAN, Mode.FORWARD, Mode.REVERSE])
    (note,) = (tmp_path / "tuned").iterdir()
    assert json.loads(note.read_text())["quickest"] == Mode[quickest]
    again = tuned(function)  # as in another process
    np.testing.assert_allclose(again(X), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(jax.jit(again)(X), wanted, rtol=1e-5, atol=1e-6)
    assert len(asked) == 3
    tuned(lambda x: function(2 * x))(X)  # another program
    assert len(asked) == 6


def test_a_damaged_note_is_made_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = timed(monkeypatch, PLAN=0.1)
    tuned(function)(X)
    (note,) = (tmp_path / "tuned").iterdir()
    for content in ("", "{}", '{"quickest": "magic"}', "[1]", "null"):
        note.write_text(content)
        before = len(asked)
        tuned(function)(X)
        assert len(asked) == before + 3
        assert json.loads(note.read_text())["quickest"] == "plan"


def test_where_nothing_can_be_kept_it_is_timed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tuned").write_text("a file where the folder should be")
    asked = timed(monkeypatch)
    np.testing.assert_allclose(tuned(function)(X), jax.jacrev(function)(X), rtol=1e-5, atol=1e-6)
    assert len(asked) == 3


def test_within_a_transformation_nothing_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = timed(monkeypatch)
    many = jax.vmap(tuned(function))(jnp.stack([X, 2 * X]))
    np.testing.assert_allclose(many[1], jax.jacrev(function)(2 * X), rtol=1e-5, atol=1e-6)
    assert not asked


def test_ways_are_really_timed() -> None:
    np.testing.assert_allclose(tuned(function)(X), jax.jacrev(function)(X), rtol=1e-5, atol=1e-6)
