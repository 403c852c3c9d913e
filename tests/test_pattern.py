"""Patterns against Boolean matrices: positions, counts, products and their cost."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from chainorder import Banded, Diagonal, Sparse, StructureError
from chainorder.execution.storing import random_operand
from chainorder.structures import pattern as pattern_module
from chainorder.structures.banded import BandPattern, IdentityPattern, band, band_fma
from chainorder.structures.colouring import column_colours
from chainorder.structures.dense import DensePattern
from chainorder.structures.index_sets import listed
from chainorder.structures.pattern import Pattern, counted_fma, fma
from chainorder.structures.positions import SparsePattern


def random_pattern(generator: np.random.Generator, rows: int, columns: int) -> Pattern:
    kind = generator.integers(6 if rows == columns else 3)
    match kind:
        case 0:
            return DensePattern(rows, columns)
        case 1 | 2:
            filled = generator.random((rows, columns)) < generator.choice([0.05, 0.2, 0.5, 0.95])
            return SparsePattern.of(filled).reduced
        case 3:
            return IdentityPattern(rows)
        case 4:
            return BandPattern(rows, 0, 0)
        case _:
            return band(rows, *(int(width) for width in generator.integers(rows, size=2)))


def positions(pattern: Pattern) -> np.ndarray:
    return pattern.csr().toarray().astype(int)


def test_products_of_patterns_equal_boolean_products() -> None:
    generator = np.random.default_rng(1)
    for _ in range(3000):
        rows, inner, columns = generator.choice([1, 2, 3, 5, 5, 5, 7], size=3).tolist()
        left, right = random_pattern(generator, rows, inner), random_pattern(generator, inner, columns)
        a, b = positions(left), positions(right)
        product = left @ right
        assert np.array_equal(positions(product), a @ b > 0)
        expected = 0 if left.free or right.free else int(a.sum(axis=0) @ b.sum(axis=1))
        assert fma(left, right) == counted_fma(left, right) == expected
        for pattern, matrix in ((left, a), (product, (a @ b > 0).astype(int))):
            assert pattern.nnz == matrix.sum()
            assert np.array_equal(pattern.row_counts(), matrix.sum(axis=1))
            assert np.array_equal(pattern.column_counts(), matrix.sum(axis=0))
            if pattern.row_count is not None:
                assert set(matrix.sum(axis=1)) == {pattern.row_count}
            if pattern.column_count is not None:
                assert set(matrix.sum(axis=0)) == {pattern.column_count}


def test_pattern_of_a_subchain_does_not_depend_on_the_bracketing() -> None:
    generator = np.random.default_rng(2)
    for _ in range(500):
        sizes = generator.integers(1, 6, size=4).tolist()
        c, b, a = (random_pattern(generator, m, n) for n, m in pairwise(sizes))
        assert np.array_equal(positions((a @ b) @ c), positions(a @ (b @ c)))


def test_band_products_in_closed_form() -> None:
    for size in range(1, 7):
        widths = [(lower, upper) for lower in range(size) for upper in range(size)]
        for lower1, upper1 in widths:
            for lower2, upper2 in widths:
                left, right = BandPattern(size, lower1, upper1), BandPattern(size, lower2, upper2)
                assert band_fma(size, lower1, upper1, lower2, upper2) == counted_fma(left, right)


def test_band_products_of_huge_matrices_are_exact() -> None:
    size = 10**18
    # Tridiagonal times tridiagonal: 9 per row, fewer at the corners, as for any size.
    small = band_fma(100, 1, 1, 1, 1) - 9 * 100
    assert fma(BandPattern(size, 1, 1), BandPattern(size, 1, 1)) == 9 * size + small


@pytest.mark.parametrize(
    ("size", "left", "right", "expected"),
    [
        (5_000_000, (2_000_000, 0), (0, 2_000_000), 14666680666670000000),
        (10_000_000, (1_000_000, 1_000_000), (1_000_000, 1_000_000), 36666701666675000000),
    ],
)
def test_band_products_beyond_int64_are_exact(size, left, right, expected) -> None:
    assert fma(BandPattern(size, *left), BandPattern(size, *right)) == expected


def test_a_million_wide_diagonal_is_never_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("expanded")

    monkeypatch.setattr(pattern_module, "bool_csr", refuse)
    wide = Diagonal().pattern(10**6, 10**6)
    dense = DensePattern(10**6, 10)
    assert (wide @ dense).nnz == fma(wide, dense) == 10**7
    assert (wide @ wide).nnz == fma(wide, wide) == 10**6


def test_explicit_zeros_belong_to_the_pattern_and_duplicates_count_once() -> None:
    from scipy.sparse import coo_array

    matrix = coo_array(([0.0, 1.0, 2.0], ([0, 1, 1], [0, 1, 1])), shape=(2, 2))
    assert Sparse(matrix).positions.nnz == 2


@pytest.mark.parametrize(
    ("structure", "shape", "words"),
    [
        (Diagonal(), (3, 4), "3 × 4"),
        (Banded(3, 0), (3, 3), "lower is 3"),
        (Sparse(np.eye(2)), (3, 3), "2 × 2"),
    ],
)
def test_structures_that_do_not_fit(structure, shape, words) -> None:
    with pytest.raises(StructureError, match=words):
        structure.pattern(*shape)


def test_an_explicit_pattern_has_a_limit() -> None:
    with pytest.raises(StructureError, match="more than"):
        BandPattern(10**9, 5, 5).csr()


@dataclass(frozen=True)
class Listed(Pattern):
    """A pattern of which nothing is known but where its positions are."""

    height: int
    width: int
    places: tuple[tuple[int, int], ...]

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    def coordinates(self) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = np.array(self.places, np.int64).reshape(-1, 2).T
        return rows, columns

    @classmethod
    def like(cls, pattern: Pattern) -> Listed:
        rows, columns = pattern.coordinates()
        return cls(*pattern.shape, tuple(zip(rows.tolist(), columns.tolist(), strict=True)))


def test_what_a_pattern_does_not_override_follows_from_its_positions() -> None:
    generator = np.random.default_rng(3)
    for _ in range(1500):
        rows, inner, columns = generator.choice([1, 2, 3, 5, 5, 7], size=3).tolist()
        left, other = (random_pattern(generator, rows, inner) for _ in range(2))
        right = random_pattern(generator, inner, columns)
        if left.free or right.free:
            continue
        plain = Listed.like(left)
        some = np.flatnonzero(generator.random(rows) < 0.5)
        bits = generator.integers(2**60, size=inner).astype(np.uint64)
        assert plain.nnz == plain.entries == left.nnz
        assert np.array_equal(plain.row_counts(), left.row_counts())
        assert np.array_equal(plain.column_counts(), left.column_counts())
        assert np.array_equal(listed(inner, plain.columns_from(some)), listed(inner, left.columns_from(some)))
        assert np.array_equal(listed(rows, plain.rows_into(None)), listed(rows, left.rows_into(None)))
        assert np.array_equal(positions(plain.transposed()), positions(left).T)
        assert np.array_equal(positions(plain | Listed.like(other)), positions(left) | positions(other))
        assert np.array_equal(positions(plain | other), positions(other | plain))
        assert np.array_equal(positions(plain @ right), positions(left @ right))
        assert np.array_equal(positions(right.transposed() @ plain.transposed()), positions(plain @ right).T)
        assert fma(plain, right) == fma(plain, Listed.like(right)) == fma(left, right)
        assert column_colours(plain) >= int(left.row_counts().max(initial=0))
        assert np.array_equal(random_operand(plain, generator).matrix().toarray() != 0, positions(left) > 0)
        reach = left.closed_reach(bits)
        if reach is not None:
            by_rows = [np.bitwise_or.reduce(bits[row > 0]) for row in positions(left)]
            assert reach.tolist() == [int(value) for value in by_rows]
