"""Backends: one registry, one loop; NumPy, JAX, PyTorch and one from outside carry out the same plans."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest

from chainorder import Chain, Elemental, ExecutionError, execute, plan
from chainorder.execution import backends
from chainorder.execution.backends import (
    Backend,
    Evaluated,
    Settings,
    all_backends,
    find_backend,
    register_backend,
)
from chainorder.execution.model import Model
from chainorder.execution.numpy_backend import NumPyBackend
from chainorder.execution.operand import Operand
from chainorder.structures.pattern import Pattern
from tests.chains import MIXES, random_chains
from tests.graphs import random_graph


class Counting(Backend[Operand, Model, Operand]):
    """A backend that lets NumPy do it, and counts what it is asked for."""

    calls: ClassVar[Counter[str]] = Counter()

    def __init__(self, settings: Settings) -> None:
        self.numpy = NumPyBackend(settings)

    def take(self, matrix: Operand) -> Operand:
        self.calls["take"] += 1
        return self.numpy.take(matrix)

    def multiply(self, left: Operand, right: Operand) -> Operand:
        self.calls["multiply"] += 1
        return self.numpy.multiply(left, right)

    def add(self, left: Operand, right: Operand) -> Operand:
        self.calls["add"] += 1
        return self.numpy.add(left, right)

    def tangents(self, model: Model, right: Operand | None, pattern: Pattern) -> Evaluated[Operand]:
        self.calls["tangents"] += 1
        return self.numpy.tangents(model, right, pattern)

    def adjoints(self, model: Model, left: Operand | None, pattern: Pattern) -> Evaluated[Operand]:
        self.calls["adjoints"] += 1
        return self.numpy.adjoints(model, left, pattern)

    def to_host(self, value: Operand) -> Operand:
        self.calls["to_host"] += 1
        return self.numpy.to_host(value)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """The backend of these tests, known as ``counting`` while one of them runs."""
    monkeypatch.setattr(backends, "_BACKENDS", dict(all_backends()))
    register_backend("counting", Counting)
    Counting.calls.clear()
    yield Counting.calls


def as_array(matrix: Any) -> np.ndarray:
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def test_a_backend_from_outside_runs_a_chain(counting: Counter[str]) -> None:
    free = Elemental(4, 4, tangent=1, adjoint=9)
    chain = Chain([Elemental(4, 4), free, Elemental(4, 4), Elemental(4, 1, adjoint=1)])
    answer = plan(chain)
    done = execute(answer, backend="counting", verify=False)
    steps = Counter(str(each.action) for each in answer.operations)
    evaluations = sum(record.evaluations > 0 for record in done.records)
    assert (done.fma, done.peak_memory) == (answer.fma, answer.peak_memory)
    assert counting["take"] == 2
    assert counting["multiply"] == steps["multiply"]
    assert counting["tangents"] + counting["adjoints"] == evaluations > 0
    assert (counting["to_host"], counting["add"]) == (1, 0)
    assert execute(answer, backend="counting").passed


def test_a_backend_from_outside_runs_a_graph(counting: Counter[str]) -> None:
    graph = random_graph(random.Random(3), 4, density=0.8, matrix_free=0.3)
    answer = plan(graph)
    done = execute(answer, backend="counting", verify=False)
    assert (done.fma, done.adds, done.peak_memory) == (answer.fma, answer.adds, answer.peak_memory)
    assert counting["add"] > 0
    assert counting["to_host"] == len(done.blocks)
    assert execute(answer, backend="counting").passed


@pytest.mark.parametrize("name", ["jax", "torch"])
@pytest.mark.parametrize("mix", MIXES)
def test_frameworks_compute_and_count_what_numpy_does(name: str, mix: str) -> None:
    pytest.importorskip(name)
    for chain in random_chains(mix, 6, 5, matrix_free=0.3):
        answer = plan(chain.within(None))
        here, there = execute(answer), execute(answer, backend=name)
        assert there.passed, there.checks
        assert [each.fma for each in there.records] == [each.fma for each in here.records]
        assert there.peak_memory == here.peak_memory == answer.peak_memory
        np.testing.assert_allclose(as_array(there.jacobian), as_array(here.jacobian), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["jax", "torch"])
@pytest.mark.parametrize("seed", range(6))
def test_frameworks_run_graphs(name: str, seed: int) -> None:
    pytest.importorskip(name)
    graph = random_graph(
        random.Random(seed), 3, matrix_free=0.3, structured=seed % 2 == 0, selections=seed % 3 == 0
    )
    answer = plan(graph)
    done = execute(answer, backend=name)
    assert done.passed, done.checks
    expected = execute(answer).jacobian
    np.testing.assert_allclose(as_array(done.jacobian), as_array(expected), rtol=1e-3, atol=1e-3)


def test_a_name_is_taken_once_and_unknown_ones_are_named(counting: Counter[str]) -> None:
    with pytest.raises(ExecutionError, match="backend 'counting' is registered already; choose another name"):
        register_backend("counting", Counting)
    with pytest.raises(ExecutionError, match=r"unknown backend 'nunpy'; did you mean 'numpy'\?.*jax, torch"):
        execute(plan(Chain.from_dims([2, 3, 4])), backend="nunpy")
    with pytest.raises(ExecutionError, match="unknown backend '3'"):
        find_backend(3)  # type: ignore[arg-type]


def test_graphs_count_symbolic_patterns() -> None:
    with pytest.raises(ExecutionError, match="runs of graphs count symbolic patterns"):
        execute(plan(random_graph(random.Random(0), 2)), symbolic=False)


def test_workers_multiply_by_numpy() -> None:
    with pytest.raises(ExecutionError, match="workers multiply by numpy"):
        execute(plan(Chain.from_dims([2, 3, 4])), scheduler="local", backend="torch")


@pytest.mark.parametrize("what", [None, "plan", Chain.from_dims([2, 3])])
def test_what_is_no_plan_is_named(what: Any) -> None:
    with pytest.raises(ExecutionError, match="is no plan; make one with"):
        execute(what)
