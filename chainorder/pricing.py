"""What the products of a bracketing cost and store, under the cost model of the patterns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.bracketing import Products
from chainorder.chain import Chain
from chainorder.pattern import Pattern, fma

IntColumn = npt.NDArray[Any]
"""Exact integers: int64, or Python ints in an object array where int64 could overflow."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Costs of the products of a bracketing.

    Attributes
    ----------
    fma
        Shape (products,): fused multiply–adds of each.
    peak_memory
        The most stored matrix entries live at once: all elementals from the start until their use; operands
        and result of a product coexist, operands are freed after it.
    """

    fma: IntColumn
    peak_memory: int


def price(chain: Chain, products: Products) -> Prices:
    """Price a bracketing: O(products), vectorised where all elementals are dense."""
    return _price_dense(chain, products) if chain.dense else _price_patterns(chain, products)


def total(column: IntColumn) -> int:
    """The exact sum of a column."""
    return int(column.sum()) if len(column) else 0


def int_column(values: list[int]) -> IntColumn:
    """A column whose running sums are exact: int64 where they fit, else Python ints."""
    return np.array(values, np.int64 if sum(map(abs, values)) < 2**63 else object)


def starts(costs: IntColumn) -> IntColumn:
    """When each of a row of operations starts if they run one after the other."""
    return np.cumsum(costs, dtype=costs.dtype) - costs


def exact_sizes(chain: Chain) -> npt.NDArray[Any]:
    """Sizes in a type in which sums of `length` products of three of them are exact."""
    sizes = chain.sizes
    fits = 4 * len(chain) * int(sizes.max()) ** 3 < 2**63
    return sizes if fits else sizes.astype(object)


def _price_dense(chain: Chain, products: Products) -> Prices:
    sizes = exact_sizes(chain)
    elementals = sizes[1:] * sizes[:-1]
    if not len(products):
        return Prices(elementals[:0], total(elementals))
    rows, inner, columns = sizes[products.j], sizes[products.k], sizes[products.i - 1]
    result = rows * columns
    released = inner * (rows + columns)
    # Live entries when a product ends, before its operands go.
    live = total(elementals) + np.cumsum(result) - starts(released)
    return Prices(result * inner, int(live.max()))


def _price_patterns(chain: Chain, products: Products) -> Prices:
    live = sum(chain.pattern(number).entries for number in range(1, len(chain) + 1))
    peak = live
    pending: dict[tuple[int, int], Pattern] = {}

    def take(j: int, i: int) -> Pattern:
        return chain.pattern(i) if i == j else pending.pop((j, i))

    costs = []
    for j, k, i in zip(products.j.tolist(), products.k.tolist(), products.i.tolist(), strict=True):
        left, right = take(j, k + 1), take(k, i)
        pending[j, i] = result = left @ right
        costs.append(fma(left, right))
        peak = max(peak, live + result.entries)
        live += result.entries - left.entries - right.entries
    return Prices(int_column(costs), peak)
