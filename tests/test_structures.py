"""Every line of the catalogue, alone and beside all others: patterns, operands, chains, graphs, specs."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from chainorder import GraphPlan, execute, plan
from chainorder.execution.kernels import multiply
from chainorder.execution.model import transpose
from chainorder.execution.operand import Operand
from chainorder.execution.storing import random_operand
from chainorder.execution.sums import add
from chainorder.problems.random_chains import Ranges, random_chain
from chainorder.structures.catalogue import STRUCTURES
from chainorder.structures.pattern import Pattern
from chainorder.structures.structure import Structure
from tests.graph_oracle import cheapest_faces
from tests.graphs import random_graph
from tests.structures import check_chains, check_pair, check_pattern, check_spec

KINDS = [name for name, kind in STRUCTURES.items() if not kind.modelled]
"""Structures that have matrices."""


def drawn(kind: type[Structure], generator: np.random.Generator, rows: int, columns: int) -> Structure:
    return kind.drawn(generator, rows, columns, (0.2, 0.7))


def patterns(generator: np.random.Generator, count: int, *kinds: str) -> list[Pattern]:
    """Patterns of some kinds and the sizes 2, 4 and 6."""
    made = []
    for name, _ in product(kinds, range(count)):
        rows, columns = generator.choice([2, 4, 6], size=2).tolist()
        columns = rows if STRUCTURES[name].square else columns
        made.append(drawn(STRUCTURES[name], generator, rows, columns).pattern(rows, columns))
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_patterns_are_those_of_their_positions(kind: str) -> None:
    generator = np.random.default_rng(61)
    mine, all_kinds = patterns(generator, 12, kind), patterns(generator, 6, *KINDS)
    for pattern in mine:
        check_pattern(pattern, generator)
    for left, right in product(mine, all_kinds):
        check_pair(left, right)
        check_pair(right, left)


def matrix(operand: Operand) -> np.ndarray:
    found = operand.matrix()
    return found if isinstance(found, np.ndarray) else found.toarray()


@pytest.mark.parametrize("kind", KINDS)
def test_operands_are_multiplied_and_added_as_planned(kind: str) -> None:
    generator = np.random.default_rng(62)
    for a, b in product(patterns(generator, 8, kind), patterns(generator, 6, *KINDS)):
        first, second = random_operand(a, generator), random_operand(b, generator)
        if a.shape[1] == b.shape[0]:
            result, turned = multiply(first, second), multiply(transpose(second), transpose(first))
            np.testing.assert_allclose(matrix(result), matrix(first) @ matrix(second), atol=1e-12)
            np.testing.assert_allclose(matrix(turned), matrix(result).T, atol=1e-12)
            expected = a @ b
            for found in (result.pattern, turned.pattern):
                assert (found.nnz, found.entries) == (expected.nnz, expected.entries)
        if a.shape == b.shape:
            total, both = add(first, second), a | b
            np.testing.assert_allclose(matrix(total), matrix(first) + matrix(second), atol=1e-12)
            assert (total.pattern.nnz, total.pattern.entries) == (both.nnz, both.entries)


@pytest.mark.parametrize("kind", KINDS)
def test_chains_of_it_and_all_others_are_planned_exactly(kind: str, tmp_path: Path) -> None:
    check_chains((kind, kind, *KINDS), 6, 63, matrix_free=0.3)
    generator = np.random.default_rng(64)
    check_spec(tmp_path, random_chain(generator, 6, Ranges((1, 5), (kind, *KINDS), matrix_free=0.5)))


@pytest.mark.parametrize("kind", KINDS)
def test_graphs_of_it_and_all_others_are_planned_exactly(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def structure(generator: random.Random, rows: int, columns: int, _: bool) -> Structure:
        fitting = [name for name in (kind, kind, *KINDS) if rows == columns or not STRUCTURES[name].square]
        numbers = np.random.default_rng(generator.randrange(2**31))
        return drawn(STRUCTURES[generator.choice(fitting)], numbers, rows, columns)

    monkeypatch.setattr("tests.graphs._structure", structure)
    generator = random.Random(65)
    compared = 0
    while compared < 4:
        graph = random_graph(generator, generator.randint(1, 3), matrix_free=0.3, structured=True)
        if len(graph.edges) <= 7:
            best = plan(graph, solver="face")
            best.validate()
            assert best.fma == cheapest_faces(graph)
            assert GraphPlan.from_json(best.to_json()) == best
            assert execute(best, seed=compared).passed
            compared += 1
