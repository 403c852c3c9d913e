"""Products of arrays, by whichever calls, against sums that no library of products makes."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest

from chainorder.execution import calibration, kernel_cases
from chainorder.execution.dense_calls import FEW, LEAST_ENTRIES, LEAST_INNER, array_product

LAYOUTS = {"rows": np.ascontiguousarray, "columns": np.asfortranarray, "parts": lambda each: each[::-1]}


@pytest.mark.parametrize("dtypes", list(product(("float64", "complex64"), repeat=2)))
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_few_vectors_are_multiplied_one_by_one(layout: str, dtypes: tuple[str, str]) -> None:
    generator, many = np.random.default_rng(4), LEAST_ENTRIES // LEAST_INNER + 1
    inner = LEAST_INNER
    for few, wide in product((0, 1, FEW - 1, FEW, FEW + 1), (many, 5)):
        for rows, columns in ((few, wide), (wide, few)):
            shapes = zip(((rows, inner), (inner, columns)), dtypes, strict=True)
            left, right = (LAYOUTS[layout](_drawn(generator, *each)) for each in shapes)
            made, out = array_product(left, right), np.empty((rows, columns), np.result_type(*dtypes))
            assert array_product(left, right, out) is out and made.dtype == out.dtype
            np.testing.assert_array_equal(made, out)
            np.testing.assert_allclose(made, np.einsum("mk,kn->mn", left, right), rtol=1e-3, atol=1e-4)


def _drawn(generator: np.random.Generator, shape: tuple[int, int], dtype: str) -> Any:
    return generator.standard_normal(shape).astype(dtype)


def test_products_too_large_to_measure_take_time_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_cases, "MOST_FMA", 8_000)
    cases = kernel_cases.Cases("float64", quick=True)
    measured = [(case, 10 * prod(case.counts)) for case in cases.dense()]
    assert max(taken for _, taken in measured) <= 80_000
    made = calibration._grid(cases.sizes, measured)
    assert np.array_equal(made.picoseconds, 10 * np.multiply.outer(np.outer(*[cases.sizes] * 2), cases.sizes))
