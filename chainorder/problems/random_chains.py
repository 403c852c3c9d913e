"""Random chains with stated ranges: for tests, benchmarks and the agreement of solvers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainorder.errors import ChainError
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import Elemental, check_length
from chainorder.reading.wording import nearest_of, shortened
from chainorder.structures.catalogue import STRUCTURES
from chainorder.structures.structure import draw

MAX_ENUMERATED = 30_000
"""Rows or columns of structures that are drawn position by position."""


@dataclass(frozen=True)
class Ranges:
    """What random chains are drawn from; every range includes both ends and is drawn from uniformly.

    Attributes
    ----------
    sizes
        A square structure keeps the size before it.
    structures
        Names, equally likely; repeat one to make it likelier.
    density
        Of sparse elementals. Empty rows and columns occur.
    matrix_free
        The share of elementals that have no matrix at hand.
    tangent, adjoint, tape, overhead
        Costs of matrix-free elementals.
    one_sided
        The share of matrix-free elementals that lack the tangent or the adjoint.

    Raises
    ------
    ChainError
        If a range is empty or a structure is not known.
    """

    sizes: tuple[int, int] = (1, 10)
    structures: Sequence[str] = ("dense",)
    density: tuple[float, float] = (0.05, 0.6)
    matrix_free: float = 0.0
    tangent: tuple[int, int] = (1, 1000)
    adjoint: tuple[int, int] = (1, 1000)
    tape: tuple[int, int] = (0, 0)
    overhead: tuple[int, int] = (0, 0)
    one_sided: float = 0.0

    def __post_init__(self) -> None:
        for key, least in (("sizes", 1), ("tangent", 0), ("adjoint", 0), ("tape", 0), ("overhead", 0)):
            low, high = getattr(self, key)
            if not least <= low <= high:
                raise ChainError(f"{key} from {low} to {high} is no range of numbers from {least} on")
        for structure in self.structures:
            if structure not in STRUCTURES:
                raise ChainError(
                    f"unknown structure {shortened(structure)}; {nearest_of(structure, STRUCTURES)}"
                )
            if STRUCTURES[structure].enumerated and self.sizes[1] > MAX_ENUMERATED:
                raise ChainError(
                    f"sizes go up to {self.sizes[1]:,}; a random {structure} Jacobian has at most "
                    f"{MAX_ENUMERATED:,} rows and columns"
                )
        if not self.structures:
            raise ChainError("there is no structure to draw from; name one")


def random_chain(
    generator: np.random.Generator, length: int, ranges: Ranges, name: str | None = None
) -> Chain:
    """A chain of `length` elementals; the same generator state gives the same chain.

    Raises
    ------
    ChainError
        If the length is less than 1.
    """
    elementals = []
    inputs = draw(generator, ranges.sizes)
    for _ in range(length):
        kind = STRUCTURES[ranges.structures[int(generator.integers(len(ranges.structures)))]]
        outputs = inputs if kind.square else draw(generator, ranges.sizes)
        structure = kind.drawn(generator, outputs, inputs, ranges.density)
        matrix_free = generator.random() < ranges.matrix_free and not kind.modelled
        models = _models(generator, ranges) if matrix_free else {}
        elementals.append(Elemental(inputs, outputs, structure, **models))
        inputs = outputs
    return Chain(elementals, name)


def random_chains(seed: int, count: int, length: tuple[int, int], ranges: Ranges) -> Iterator[Chain]:
    """`count` chains named by seed and number, of lengths within a range; the same seed gives the same ones.

    Raises
    ------
    ChainError
        If the range of lengths is empty, or longer chains are in it than are planned.
    """
    if not 1 <= length[0] <= length[1]:
        raise ChainError(f"length from {length[0]} to {length[1]} is no range of numbers from 1 on")
    check_length(length[1])
    generator = np.random.default_rng(seed)
    for number in range(count):
        yield random_chain(generator, draw(generator, length), ranges, f"random-{seed}-{number}")


def is_generated(path: Path) -> bool:
    """Whether a file holds random chains alone, which the same seed makes again."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return all(line.startswith(b'{"name": "random-') for line in file)


def _models(generator: np.random.Generator, ranges: Ranges) -> dict[str, Any]:
    """Costs of a matrix-free elemental, with one of its two models missing now and then."""
    keys = ("tangent", "adjoint", "tape", "overhead")
    costs: dict[str, Any] = {key: draw(generator, getattr(ranges, key)) for key in keys}
    if generator.random() < ranges.one_sided:
        costs["tangent" if generator.random() < 0.5 else "adjoint"] = None
    return costs
