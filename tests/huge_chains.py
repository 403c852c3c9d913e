"""Random chains with sizes up to 10^20, and what they cost at least, from small Boolean matrices.

The cost of every operation is a polynomial in the sizes, as soon as these are so large that what is near the
first rows and what is near the last ones do not meet. So each huge size is replaced by some small ones, costs
are counted on Boolean matrices by `tests.oracle`, and the polynomial through them is evaluated at the huge
size, in fractions. Nothing is shared with the patterns of the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import scipy.sparse as sp

from chainorder import Banded, Chain, Dense, Diagonal, Elemental, Identity, Selection, Solve, Sparse
from tests.oracle import Operations, least_total

HUGE = (2**31 - 1, 2**31 + 1, 2**61, 10**18, 10**20)
SMALL = (24, 25, 26, 27, 28)
"""What huge sizes are replaced by: one more than a cubic polynomial needs, as a check."""

LISTED = 5
"""Greatest size that is not huge."""

COSTS = (0, 1, 7, 2**31, 10**18)

Build = Callable[[int, int], np.ndarray]
Made = tuple[Any, Build]
"""A structure, and its Boolean matrix for given outputs and inputs."""


def huge_chains(count: int, seed: int, longest: int = 5) -> Iterator[tuple[Chain, list[Build]]]:
    """Chains of all structures with at most two huge sizes, and what their elementals look like."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        pool = [int(generator.integers(1, LISTED + 1)) for _ in range(2)]
        pool += [HUGE[int(generator.integers(len(HUGE)))] for _ in range(2)]
        yield random_chain(generator, pool, int(generator.integers(1, longest + 1)))


def random_chain(
    generator: np.random.Generator, pool: Sequence[int], length: int
) -> tuple[Chain, list[Build]]:
    """A chain between sizes of a pool, some of it matrix-free."""
    sizes = [pool[int(generator.integers(len(pool)))] for _ in range(length + 1)]
    made = [random_structure(generator, m, n) for n, m in pairwise(sizes)]
    memory = int(generator.choice(COSTS)) if generator.random() < 0.3 else None
    elementals = [
        Elemental(n, m, structure, **_models(generator, structure))
        for (n, m), (structure, _) in zip(pairwise(sizes), made, strict=True)
    ]
    return Chain(elementals, memory=memory), [build for _, build in made]


def _models(generator: np.random.Generator, structure: Any) -> dict[str, Any]:
    if isinstance(structure, Selection | Solve) or generator.random() < 0.7:
        return {}
    names = ("tangent", "adjoint", "tape", "overhead")
    models: dict[str, Any] = {name: int(generator.choice(COSTS)) for name in names}
    if generator.random() < 0.3:
        models[str(generator.choice(["tangent", "adjoint"]))] = None
    return models | {"explicit": bool(generator.random() < 0.3)}


def random_structure(generator: np.random.Generator, rows: int, columns: int) -> Made:
    """A random structure between two sizes."""
    options = [
        "dense",
        "sparse",
        *(["diagonal", "identity", "banded", "banded", "solve"] * (rows == columns)),
    ]
    options += ["select"] * 3 * (min(rows, columns) <= LISTED)
    match generator.choice(options):
        case "sparse" if max(rows, columns) < 2**63:  # SciPy has no larger matrices
            return _sparse(generator, rows, columns)
        case "select":
            return _selection(generator, rows, columns)
        case "diagonal":
            return Diagonal(), lambda m, _: np.eye(m, dtype=bool)
        case "identity":
            return Identity(), lambda m, _: np.eye(m, dtype=bool)
        case "banded":
            lower, upper = (int(width) for width in generator.integers(min(rows, 3), size=2))
            return Banded(lower, upper), lambda m, _: np.tri(m, m, upper, bool) & np.tri(m, m, lower, bool).T
        case "solve":
            return Solve(factors=int(generator.choice(COSTS[1:]))), lambda m, n: np.ones((m, n), bool)
        case _:
            return Dense(), lambda m, n: np.ones((m, n), bool)


def _place(generator: np.random.Generator, size: int) -> int:
    """A row near the first or the last one: below 0, counted from the end. Others may not fit int64."""
    near = int(generator.integers(min(size, LISTED + 1)))
    return near - min(size, LISTED + 1) if size < 2**63 and generator.random() < 0.4 else near


def _sparse(generator: np.random.Generator, rows: int, columns: int) -> Made:
    count = int(generator.integers(7))
    places = [(_place(generator, rows), _place(generator, columns)) for _ in range(count)]

    def build(m: int, n: int) -> np.ndarray:
        filled = np.zeros((m, n), bool)
        for row, column in places:
            filled[row, column] = True
        return filled

    at = np.array([(row % rows, column % columns) for row, column in places], np.int64).reshape(-1, 2).T
    return Sparse(sp.coo_array((np.ones(count), (at[0], at[1])), (rows, columns))), build


def _selection(generator: np.random.Generator, rows: int, columns: int) -> Made:
    few, size = min(rows, columns), max(rows, columns)
    chosen: dict[int, int] = {}
    while len(chosen) < few:
        place = _place(generator, size)
        chosen.setdefault(place % size, place)

    def build(m: int, n: int) -> np.ndarray:
        picked = np.zeros((few, max(m, n)), bool)
        picked[range(few), list(chosen.values())] = True
        return picked if rows <= columns else picked.T

    return Selection(list(chosen), "rows" if rows <= columns else "columns"), build


@dataclass(frozen=True)
class _Extrapolated:
    """Costs at the huge sizes of a chain."""

    huge: list[int]

    def cost(self, values: list[int | None]) -> int | None:
        """The polynomial through the costs at all combinations of small sizes, at the huge ones."""
        if None in values:
            return None
        grid = np.array([Fraction(value or 0) for value in values], object)
        grid = grid.reshape([len(SMALL)] * len(self.huge))
        for size in self.huge:  # the first axis goes each time
            at, known = SMALL[:-1], grid[:-1]
            assert np.all(_interpolated(known, at, SMALL[-1]) == grid[-1]), "no polynomial: enlarge SMALL"
            grid = np.asarray(_interpolated(known, at, size), object)
        value = Fraction(grid.item())
        assert value.denominator == 1
        return int(value)


def _interpolated(values: Any, at: tuple[int, ...], size: int) -> Any:
    """Lagrange's formula along the first axis."""
    total: Any = 0
    for place, x in enumerate(at):
        weight = Fraction(1)
        for other in at:
            weight *= Fraction(size - other, x - other) if other != x else 1
        total = total + values[place] * weight
    return total


def least_fma(chain: Chain, builds: list[Build]) -> int | None:
    """The least fma of a chain; None if it has no plan."""
    huge = sorted({size for size in chain.sizes.tolist() if size > LISTED})
    tables = [
        _costs(chain, builds, dict(zip(huge, some, strict=True))) for some in product(SMALL, repeat=len(huge))
    ]
    at_huge = _Extrapolated(huge)
    return least_total(chain, {key: at_huge.cost([table[key] for table in tables]) for key in tables[0]})


def _costs(
    chain: Chain, builds: list[Build], small: dict[int, int]
) -> dict[tuple[str, int, int, int], int | None]:
    """What every operation costs at small sizes."""
    sizes = [small.get(size, size) for size in chain.sizes.tolist()]
    own = [build(m, n) for build, (n, m) in zip(builds, pairwise(sizes), strict=True)]
    costs = Operations(chain, own)
    table: dict[tuple[str, int, int, int], int | None] = {}
    for j in range(len(chain)):
        for i in range(j + 1):
            table["tangent", i, j, j], table["adjoint", i, i, j] = costs.tangent(i, j), costs.adjoint(i, j)
            table |= {("product", i, k, j): costs.product(i, k, j) for k in range(i, j)}
    return table
