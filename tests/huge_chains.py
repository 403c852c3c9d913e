"""Random chains with sizes up to 10^20, and what they cost at least, from small Boolean matrices.

The cost of every operation is a polynomial in the sizes, as soon as these are so large that what is near the
first rows and what is near the last ones do not meet. So each huge size is replaced by some small ones, costs
are counted on Boolean matrices as in `tests.oracle`, and the polynomial through them is evaluated at the huge
size, in fractions. Nothing is shared with the patterns of the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import scipy.sparse as sp

from chainorder import Banded, Chain, Dense, Diagonal, Elemental, Identity, Selection, Solve, Sparse
from tests.oracle import colours

HUGE = (2**31 - 1, 2**31 + 1, 2**61, 10**18, 10**20)
SMALL = (24, 25, 26, 27, 28)
"""What huge sizes are replaced by: one more than a cubic polynomial needs, as a check."""

COSTS = (0, 1, 7, 2**31, 10**18)

Array = np.ndarray
Build = Callable[[int, int], Array]


@dataclass(frozen=True)
class Piece:
    """An elemental, and how its Boolean matrix looks for other outputs and inputs."""

    elemental: Elemental
    build: Build


def place_of(generator: np.random.Generator, size: int) -> int:
    """A row near the first or the last one: below 0, counted from the end. Others do not fit int64."""
    near = int(generator.integers(min(size, 6)))
    return near - min(size, 6) if size < 2**63 and generator.random() < 0.4 else near


def random_piece(generator: np.random.Generator, rows: int, columns: int) -> Piece:
    """A random elemental between two sizes."""
    structure, build = _structure(generator, rows, columns)
    models: dict[str, Any] = {}
    if not isinstance(structure, Selection | Solve) and generator.random() < 0.3:
        names = ("tangent", "adjoint", "tape", "overhead")
        models = {name: int(generator.choice(COSTS)) for name in names}
        models |= {generator.choice(["tangent", "adjoint", "tape"]): 0, "explicit": generator.random() < 0.3}
        if not models["explicit"] and generator.random() < 0.3:
            models[str(generator.choice(["tangent", "adjoint"]))] = None
    return Piece(Elemental(columns, rows, structure, **models), build)


def _structure(generator: np.random.Generator, rows: int, columns: int) -> tuple[Any, Build]:
    options = ["dense", "sparse", *(["diagonal", "identity", "banded", "banded", "solve"] * (rows == columns))]
    options += ["select"] * 3 * (min(rows, columns) <= 5)
    match generator.choice(options):
        case "sparse":
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


def _sparse(generator: np.random.Generator, rows: int, columns: int) -> tuple[Any, Build]:
    if max(rows, columns) >= 2**63:  # SciPy has no such matrices
        return Dense(), lambda m, n: np.ones((m, n), bool)
    count = int(generator.integers(7))
    places = [(place_of(generator, rows), place_of(generator, columns)) for _ in range(count)]

    def build(m: int, n: int) -> Array:
        filled = np.zeros((m, n), bool)
        for row, column in places:
            filled[row, column] = True
        return filled

    at = [[place % size for place in axis] for axis, size in zip(zip(*places), (rows, columns))]
    at = at or [[], []]
    return Sparse(sp.coo_array((np.ones(count), tuple(np.array(each, np.int64) for each in at)), (rows, columns))), build


def _selection(generator: np.random.Generator, rows: int, columns: int) -> tuple[Any, Build]:
    few, size = min(rows, columns), max(rows, columns)
    chosen: dict[int, int] = {}
    while len(chosen) < few:
        place = place_of(generator, size) if size > 5 else int(generator.integers(size))
        chosen.setdefault(place % size, place)
    by_rows = rows <= columns

    def build(m: int, n: int) -> Array:
        picked = np.zeros((few, max(m, n)), bool)
        picked[range(few), list(chosen.values())] = True
        return picked if by_rows else picked.T

    return Selection(list(chosen), "rows" if by_rows else "columns"), build


@dataclass
class Case:
    """A chain and its pieces."""

    chain: Chain
    pieces: list[Piece]
    _counted: dict[Any, Any] = field(default_factory=dict)

    @property
    def huge(self) -> list[int]:
        """The huge sizes, each once."""
        return sorted({size for size in self.chain.sizes.tolist() if size > 5})

    def least(self) -> int | None:
        """The least fma; None if there is no plan."""
        small = [self._operations(dict(zip(self.huge, sizes))) for sizes in product(SMALL, repeat=len(self.huge))]
        costs = {key: self._at_huge([each[key] for each in small]) for key in small[0]}
        return _least(costs, len(self.pieces))

    def _at_huge(self, values: list[int]) -> int:
        """The polynomial through values at all combinations of small sizes, at the huge ones."""
        grid = np.array([Fraction(value) for value in values], object).reshape([len(SMALL)] * len(self.huge))
        for size in self.huge:  # the first axis goes each time
            known, last = grid[:-1], grid[-1]
            assert np.all(_interpolated(known, SMALL[:-1], SMALL[-1]) == last), "no polynomial: enlarge SMALL"
            grid = _interpolated(known, SMALL[:-1], size)
        value = Fraction(grid[()] if isinstance(grid, np.ndarray) else grid)
        assert value.denominator == 1
        return int(value)

    def _operations(self, small: Mapping[int, int]) -> dict[Any, int]:
        """fma of every operation at small sizes; elementals counted from 0."""
        sizes = [small.get(size, size) for size in self.chain.sizes.tolist()]
        own = [p.build(m, n) for p, (n, m) in zip(self.pieces, pairwise(sizes), strict=True)]
        kinds = [piece.elemental for piece in self.pieces]
        free = [isinstance(kind.structure, Identity | Selection) for kind in kinds]
        fits = [self.chain.memory is None or kind.tape <= self.chain.memory for kind in kinds]
        found: dict[Any, int] = {}
        patterns = {}
        for j in range(len(own)):
            for i in range(j, -1, -1):
                patterns[i, j] = own[j] if i == j else (own[j].astype(int) @ patterns[i, j - 1].astype(int)) > 0
        for (i, j), result in patterns.items():
            for k in range(i, j):
                cost = int(patterns[k + 1, j].sum(axis=0) @ patterns[i, k].sum(axis=1))
                found["join", i, k, j] = 0 if all(free[i : k + 1]) or all(free[k + 1 : j + 1]) else cost
            first, last = kinds[i], kinds[j]
            if last.tangent is not None:
                found["tangent", i, j] = colours(result) * last.tangent + last.overhead
            if first.adjoint is not None and fits[i]:
                found["adjoint", i, j] = colours(result.T) * first.adjoint + first.overhead
            if i == j and first.explicit:
                found["explicit", i] = 0
        return found


def _interpolated(values: Any, at: tuple[int, ...], size: int) -> Any:
    """Lagrange's formula along the first axis."""
    total = 0
    for place, x in enumerate(at):
        weight = Fraction(1)
        for other in at:
            weight *= Fraction(size - other, x - other) if other != x else 1
        total = total + values[place] * weight
    return total


def _least(costs: dict[Any, int], length: int) -> int | None:
    never = sum(costs.values()) + 1
    best = {}
    for d in range(length):
        for i in range(length - d):
            j = i + d
            if d == 0:
                ways = [costs[key] for key in (("explicit", i), ("tangent", i, i), ("adjoint", i, i)) if key in costs]
                best[i, i] = min(ways, default=never)
                continue
            ways = [best[i, k] + best[k + 1, j] + costs["join", i, k, j] for k in range(i, j)]
            ways += [best[i, j - 1] + costs["tangent", i, j]] if ("tangent", i, j) in costs else []
            ways += [best[i + 1, j] + costs["adjoint", i, j]] if ("adjoint", i, j) in costs else []
            best[i, j] = min(ways)
    whole = best[0, length - 1]
    return whole if whole < never else None


def huge_chains(count: int, seed: int, longest: int = 5) -> Iterator[Case]:
    """Chains of all structures with one or two huge sizes."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        pool = [*generator.integers(1, 6, size=2).tolist(), *generator.choice(len(HUGE), 2).tolist()]
        pool = [*pool[:2], *(HUGE[place] for place in pool[2:])]
        sizes = [pool[int(place)] for place in generator.integers(4, size=int(generator.integers(2, longest + 2)))]
        pieces = [random_piece(generator, m, n) for n, m in pairwise(sizes)]
        memory = int(generator.choice(COSTS)) if generator.random() < 0.3 else None
        yield Case(Chain([piece.elemental for piece in pieces], memory=memory), pieces)
