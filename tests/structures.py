"""What holds for every structure: its closed forms against Boolean matrices, its specs, plans and runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chainorder import Chain, Plan, execute, load, plan
from chainorder.execution.storing import random_operand
from chainorder.problems.random_chains import Ranges, random_chain
from chainorder.structures.colouring import colour_columns, column_colours, row_colours
from chainorder.structures.index_sets import listed
from chainorder.structures.pattern import Pattern, counted_fma, fma
from tests.oracle import colours


def positions(pattern: Pattern) -> np.ndarray:
    """The pattern as a matrix of 0 and 1."""
    return pattern.csr().toarray().astype(int)


def check_pattern(pattern: Pattern, generator: np.random.Generator) -> None:
    """All that a pattern says of itself follows from its positions."""
    filled = positions(pattern)
    rows, columns = (np.flatnonzero(generator.random(size) < 0.5) for size in filled.shape)
    assert pattern.nnz == filled.sum()
    assert np.array_equal(np.stack(pattern.coordinates()), np.stack(np.nonzero(filled)))
    assert np.array_equal(pattern.row_counts(), filled.sum(axis=1))
    assert np.array_equal(pattern.row_counts(rows), filled.sum(axis=1)[rows])
    assert np.array_equal(pattern.column_counts(), filled.sum(axis=0))
    assert np.array_equal(pattern.column_counts(columns), filled.sum(axis=0)[columns])
    assert pattern.row_count in (None, *set(filled.sum(axis=1)))
    assert pattern.column_count in (None, *set(filled.sum(axis=0)))
    reached, reaching = pattern.columns_from(rows), pattern.rows_into(columns)
    assert np.array_equal(listed(filled.shape[1], reached), np.flatnonzero(filled[rows].any(axis=0)))
    assert np.array_equal(listed(filled.shape[0], reaching), np.flatnonzero(filled[:, columns].any(axis=1)))
    assert np.array_equal(positions(pattern.transposed()), filled.T)
    assert (column_colours(pattern), row_colours(pattern)) == (colours(filled > 0), colours(filled.T > 0))
    by_column = colour_columns(pattern)
    assert all(filled[:, by_column == colour].sum(axis=1).max() <= 1 for colour in set(by_column.tolist()))
    assert not pattern.full_diagonal or filled.shape[0] == filled.shape[1] == np.trace(filled)
    places = tuple(generator.integers(size, size=20) for size in filled.shape)
    assert np.array_equal(pattern.holds(*places), filled[places] > 0)
    bits = generator.integers(2**60, size=filled.shape[1]).astype(np.uint64)
    reach = pattern.closed_reach(bits)
    if reach is not None:
        assert reach.tolist() == [int(np.bitwise_or.reduce(bits[row > 0])) for row in filled]
    operand = random_operand(pattern, generator)
    matrix = np.asarray(getattr(operand.matrix(), "toarray", operand.matrix)())
    assert np.array_equal(matrix != 0, filled > 0) and operand.pattern.entries == pattern.entries


def check_pair(left: Pattern, right: Pattern) -> None:
    """Product, its fma, and the union are those of compressed rows."""
    a, b = positions(left), positions(right)
    if a.shape[1] == b.shape[0]:
        assert np.array_equal(positions(left @ right), (a @ b > 0).astype(int))
        expected = 0 if left.free or right.free else int(a.sum(axis=0) @ b.sum(axis=1))
        assert fma(left, right) == counted_fma(left, right) == expected
    if a.shape == b.shape:
        assert np.array_equal(positions(left | right), a | b)


def check_chains(kinds: Sequence[str], count: int, seed: int, matrix_free: float) -> None:
    """Chains of such kinds: the optimum is that of exhaustive search; saved, run and recounted it holds."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        ranges = Ranges((1, int(generator.choice([3, 6, 9]))), kinds, matrix_free=matrix_free, tangent=(0, 9))
        chain = random_chain(generator, int(generator.integers(1, 6, endpoint=True)), ranges)
        best = plan(chain, solver="dynamic")
        assert best.fma == plan(chain, solver="exhaustive").fma
        for solver in ("dynamic", "contraction", "auto"):
            found = plan(chain, solver=solver)
            found.validate()
            assert best.fma <= found.fma and (found.lower_bound or 0) <= best.fma
            assert Plan.from_json(found.to_json()) == found
        done = execute(best, seed=int(generator.integers(99)), stand_ins=True)
        assert (done.fma, done.peak_memory) == (best.fma, best.peak_memory)
        assert all(check.passed for check in done.checks)
        machines = plan(chain.on(2), transfer=1, time_limit=0.05)
        machines.validate()


def check_spec(tmp_path: Path, chain: Chain) -> None:
    """What a chain says of itself in YAML (JSON is YAML) is the chain again."""
    file = tmp_path / "chain.yaml"
    file.write_text(json.dumps(chain.to_spec()))
    assert load(file) == [chain]
