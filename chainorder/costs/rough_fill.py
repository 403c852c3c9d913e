"""Fill guessed from sizes and numbers of entries: in microseconds, without a look at most patterns.

Positions are taken to lie anywhere, each as likely as any other. Where matrices have no structure that is
near the truth; bands and grids fill in more slowly. So a matrix that comes again and again, as a step of a
simulation does, is asked how a few of its rows spread. What multiplies something full is exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from chainorder.costs.growth import Growth
from chainorder.costs.guesses import Guess, Stated, look_of
from chainorder.costs.pricing import Results
from chainorder.costs.product_facts import Facts, Look
from chainorder.costs.steps import Step
from chainorder.problems.chain import Chain
from chainorder.structures.banded import BandPattern, IdentityPattern
from chainorder.structures.dense import DensePattern
from chainorder.structures.pattern import Pattern, fma
from chainorder.structures.positions import SparsePattern

AGAIN = 8
"""How often a matrix stands in a chain whose spreading is looked at."""

CLOSED = DensePattern, BandPattern, IdentityPattern
"""Patterns whose products with each other take no listing."""


class RoughFill(Results):
    """Results of steps by sizes and entries.

    Attributes
    ----------
    guessed
        Whether anything so far was not known exactly.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.guessed = False
        self.deviation = 0.0
        self._own: dict[Hashable, Pattern] = {}
        self._made: dict[Hashable, Look] = {}
        self._steps: set[int] = set()
        self._growths: dict[int, Growth] = {}
        self._codes = chain.elementals.codes.tolist()
        self._times = Counter(self._codes)
        self._sizes = chain.sizes.tolist()

    def own(self, number: int) -> Pattern:
        """The pattern of an elemental; one object for all that are alike."""
        key = self._codes[number - 1], self._sizes[number - 1], self._sizes[number]
        found = self._own.get(key)
        if found is None:
            found = self._own[key] = self.chain.pattern(number)
            if self._times[key[0]] >= AGAIN and isinstance(found, SparsePattern) and key[1] == key[2]:
                self._steps.add(id(found))
        return found

    def afresh(self) -> RoughFill:
        """One that was asked for nothing, and knows the same of the matrices."""
        other = RoughFill(self.chain)
        other._own, other._steps, other._growths = self._own, self._steps, self._growths
        return other

    def _growth(self, look: Look) -> Growth | None:
        """How positions spread along a matrix that comes again and again; None of other factors."""
        if id(look) not in self._steps or not isinstance(look, SparsePattern):
            return None
        if id(look) not in self._growths:
            self._growths[id(look)] = Growth.of(look)
        return self._growths[id(look)]

    def product(self, j: int, k: int, i: int, left: Look, right: Look) -> Look:
        """What comes of a product, one object for equal ones; exact where there is a closed form."""
        key = id(left), id(right)  # both are kept: by `_own`, or here
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._interned(self._product(left, right))
        return found

    def _interned(self, look: Look) -> Look:
        return self._made.setdefault(look, look) if isinstance(look, Guess | DensePattern) else look

    def _product(self, left: Look, right: Look) -> Look:
        if isinstance(left, Pattern) and left.neutral:
            return right
        if isinstance(right, Pattern) and right.neutral:
            return left
        if isinstance(left, Pattern) and isinstance(right, Pattern) and _closed(left, right):
            return left @ right
        shape = left.shape[0], right.shape[1]
        if isinstance(left, DensePattern) or isinstance(right, DensePattern):
            self.guessed = True
            return DensePattern(*shape)
        self.guessed = True
        cells, multiplied = shape[0] * shape[1], _multiplied(left, right)
        # As chance has it, in whole numbers: at first nearly all are new, at last all cells are hit.
        positions = cells if multiplied >= 4 * cells else cells * multiplied // (cells + multiplied)
        for growth, other, lines in (
            (self._growth(right), left, shape[0]),
            (self._growth(left), right, shape[1]),
        ):
            if growth is not None:
                return self._spread(other, lines, growth, shape, positions)
        return look_of(shape, positions, _each(positions, shape[0]))

    def _spread(self, look: Look, lines: int, growth: Growth, shape: tuple[int, int], most: int) -> Look:
        """What comes of one more product with a step, where that has no more positions than by chance."""
        if isinstance(look, Guess):
            seeds = look.seeds
        else:
            seeds = 1 if id(look) in self._steps else _each(look.nnz, lines)
        positions = round(lines * seeds * growth.after(look.nnz / lines / seeds))
        return look_of(shape, max(look.nnz, min(most, positions)), seeds)

    def fma(self, j: int, k: int, i: int, left: Look, right: Look) -> int:
        """What a product costs."""
        if left.free or right.free:
            return 0
        if isinstance(left, Pattern) and isinstance(right, Pattern) and _closed(left, right):
            return fma(left, right)
        return _multiplied(left, right)

    def facts(self, j: int, k: int, i: int, left: Look, right: Look, made: Look) -> Facts:
        """What its time depends on."""
        return Stated(self.fma(j, k, i, left, right), made.nnz)

    def evaluations(self, step: Step, j: int, i: int, result: Look) -> int:
        """Of something full: all columns, or rows, of the result."""
        return result.shape[1 if step.by_tangents else 0]


def _closed(left: Pattern, right: Pattern) -> bool:
    """Whether what comes of a product is known at once: by a look at empty rows and columns, at most."""
    both = isinstance(left, CLOSED) and isinstance(right, CLOSED)
    return both or isinstance(left, DensePattern) or isinstance(right, DensePattern)


def _each(positions: int, lines: int) -> int:
    """How many positions a row, or a column, has."""
    return max(1, positions // max(1, lines))


def _multiplied(left: Look, right: Look) -> int:
    """Pairs of positions that meet; exact where one factor is full."""
    return left.nnz * right.nnz // left.shape[1]
