"""Triangular Jacobians: closed forms, products that stay triangles, specs, plans and runs."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from chainorder import (
    Banded,
    Chain,
    Dense,
    Diagonal,
    Elemental,
    ExecutionError,
    Identity,
    Sparse,
    SpecError,
    StructureError,
    Triangular,
    execute,
    load,
    plan,
)
from chainorder.structures.pattern import Pattern, counted_fma, fma
from tests.structures import check_chains, check_pair, check_pattern, check_spec

SIDES = [Triangular(lower, unit) for lower, unit in product((True, False), repeat=2)]


def some(generator: np.random.Generator, size: int) -> list[Pattern]:
    """Triangles, and what they are multiplied by."""
    lower, upper = generator.integers(size, size=2).tolist()
    sparse = Sparse(generator.random((size, size)) < 0.4)
    structures = (*SIDES, Dense(), Diagonal(), Identity(), Banded(lower, upper), Banded(lower, 0), sparse)
    return [structure.pattern(size, size) for structure in structures]


def test_closed_forms_are_those_of_compressed_rows() -> None:
    generator = np.random.default_rng(41)
    for size in (1, 2, 3, 6, 9):
        patterns = some(generator, size)
        for triangle in patterns[: len(SIDES)]:
            check_pattern(triangle, generator)
        for left, right in product(patterns, repeat=2):
            check_pair(left, right)


def test_the_pattern_of_a_subchain_does_not_depend_on_the_bracketing() -> None:
    generator = np.random.default_rng(42)
    for _ in range(300):
        patterns = some(generator, int(generator.integers(1, 7)))
        c, b, a = (patterns[int(place)] for place in generator.integers(len(patterns), size=3))
        left, right = (a @ b) @ c, a @ (b @ c)
        assert np.array_equal(left.csr().toarray(), right.csr().toarray())
        assert left.entries == right.entries


@pytest.mark.parametrize("size", [10**6, 10**18])
def test_products_of_one_side_stay_triangles_at_any_size(size: int) -> None:
    for triangle in SIDES:
        pattern = triangle.pattern(size, size)
        assert pattern @ pattern == pattern
        assert pattern.nnz == size * (size + 1) // 2
        assert pattern.nnz - pattern.entries == (size if triangle.unit else 0)
        assert fma(pattern, pattern) == size * (size + 1) * (size + 2) // 6
        assert fma(pattern, Dense().pattern(size, 3)) == 3 * pattern.nnz
        assert fma(pattern, Diagonal().pattern(size, size)) == pattern.nnz
        other = Triangular(not triangle.lower, triangle.unit).pattern(size, size)
        assert pattern.transposed() == other
        assert (pattern @ other).full
    unit, plain = (Triangular(True, unit).pattern(size, size) for unit in (True, False))
    assert unit @ plain == plain @ unit == unit @ Diagonal().pattern(size, size) == plain
    assert unit @ Identity().pattern(size, size) == unit


def test_triangles_times_bands_are_counted_exactly() -> None:
    for size, lower, upper in ((7, 2, 1), (7, 6, 0), (5, 0, 3)):
        band, triangle = Banded(lower, upper).pattern(size, size), Triangular().pattern(size, size)
        assert fma(triangle, band) == counted_fma(triangle, band)
        assert fma(band, triangle) == counted_fma(band, triangle)


@pytest.mark.parametrize("matrix_free", [0.0, 0.5])
def test_optima_hold_in_chains_of_all_kinds(matrix_free: float) -> None:
    kinds = ("triangular", "triangular", "dense", "diagonal", "identity", "banded", "sparse", "selection")
    check_chains(kinds, 25, 43, matrix_free)
    check_chains(("triangular",), 10, 44, matrix_free)


def test_a_run_on_stand_ins_and_one_on_matrices_count_what_was_planned() -> None:
    generator = np.random.default_rng(45)
    size = 200
    chain = Chain([Elemental(size, size, each) for each in (*SIDES, Dense(), *SIDES)])
    matrices = []
    for elemental in chain.elementals:
        matrix = (
            generator.standard_normal((size, size)) * elemental.structure.pattern(size, size).csr().toarray()
        )
        if isinstance(elemental.structure, Triangular) and elemental.structure.unit:
            np.fill_diagonal(matrix, 1)
        matrices.append(matrix)
    best = plan(chain)
    for given in (None, matrices):
        done = execute(best, given)
        assert (done.fma, done.peak_memory) == (best.fma, best.peak_memory)
        assert all(check.passed for check in done.checks)
    whole = np.linalg.multi_dot(matrices[::-1])
    np.testing.assert_allclose(done.jacobian, whole, rtol=1e-8, atol=1e-8 * np.abs(whole).max())


def test_a_matrix_that_is_no_unit_triangle_is_refused() -> None:
    chain = Chain([Elemental(3, 3, Triangular(unit=True)), Elemental(3, 2)])
    with pytest.raises(ExecutionError, match="elemental 1 is not the unit triangle that is declared"):
        execute(plan(chain), [2 * np.eye(3), np.ones((2, 3))])
    with pytest.raises(ExecutionError, match="row 0, column 2, outside the declared structure"):
        execute(plan(chain), [np.eye(3) + np.eye(3, k=2), np.ones((2, 3))])


def test_specs(tmp_path: Path) -> None:
    (tmp_path / "chain.yaml").write_text(
        "elementals:\n"
        "  - {inputs: 4, structure: triangular}\n"
        "  - {structure: triangular, side: upper, unit: true, tangent: 20, repeat: 3}\n"
        "  - {outputs: 2}\n"
    )
    (chain,) = load(tmp_path / "chain.yaml")
    upper = Elemental(4, 4, Triangular(lower=False, unit=True), tangent=20)
    assert chain == Chain([Elemental(4, 4, Triangular()), upper, upper, upper, Elemental(4, 2)])
    check_spec(tmp_path, chain)


@pytest.mark.parametrize(
    ("elemental", "words"),
    [
        ("inputs: 3, structure: triangular, side: left", "side is 'left'; .*lower"),
        ("inputs: 3, structure: triangular, unit: 1", "unit is 1; it is true or false"),
        (
            "inputs: 3, structure: banded, lower: 1, upper: 0, unit: true",
            "only a triangular elemental has it",
        ),
        ("inputs: 3, structure: triangular, lower: 1", "only a banded elemental has it"),
        ("inputs: 3, outputs: 2, structure: triangular", "triangular but 2 × 3"),
        ("matrix: full.npy, structure: triangular", "row 1, column 2, outside of lower triangular"),
        ("matrix: twice.npy, structure: triangular, unit: true", "not the unit triangle; leave out unit"),
    ],
)
def test_what_is_wrong_in_a_spec_is_said_at_its_place(tmp_path: Path, elemental: str, words: str) -> None:
    np.save(tmp_path / "full.npy", np.ones((2, 2)))
    np.save(tmp_path / "twice.npy", np.diag([2.0, 2.0]))
    (tmp_path / "bad.yaml").write_text(f"elementals: [{{{elemental}}}]\n")
    with pytest.raises(SpecError, match=words):
        load(tmp_path / "bad.yaml")


def test_arguments_are_checked() -> None:
    for arguments in ({"lower": "yes"}, {"unit": 1}):
        with pytest.raises(StructureError, match="it is True or False"):
            Triangular(**arguments)
