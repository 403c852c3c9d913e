"""Random chains with stated ranges: for tests, benchmarks and the agreement of solvers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainorder.chain import Chain, Elemental
from chainorder.errors import ChainError
from chainorder.structure import STRUCTURES, Banded, Dense, Diagonal, Identity, Sparse, Structure

SQUARE = ("diagonal", "identity", "banded")


def random_chain(
    generator: np.random.Generator,
    length: int,
    *,
    sizes: tuple[int, int] = (1, 10),
    structures: Sequence[str] = ("dense",),
    density: tuple[float, float] = (0.05, 0.6),
    name: str | None = None,
) -> Chain:
    """A chain of `length` elementals, each of a structure drawn from `structures`.

    Parameters
    ----------
    generator
        Where the chance comes from; seed it to get the same chain again.
    sizes
        Least and greatest size, both included, drawn uniformly. A square structure keeps its size.
    structures
        Names of structures, equally likely; repeat one to make it likelier.
    density
        Range of the density of sparse elementals. Empty rows and columns occur.

    Raises
    ------
    ChainError
        If a range is empty or a structure is not known.
    """
    low, high = sizes
    if length < 1 or not 1 <= low <= high or not structures:
        raise ChainError(f"length {length}, sizes {low} to {high}: both start at 1; a range is not empty")
    for structure in structures:
        if structure not in STRUCTURES:
            raise ChainError(f"unknown structure {structure!r}; the known ones are {', '.join(STRUCTURES)}")
    elementals = []
    inputs = int(generator.integers(low, high, endpoint=True))
    for _ in range(length):
        kind = structures[int(generator.integers(len(structures)))]
        outputs = inputs if kind in SQUARE else int(generator.integers(low, high, endpoint=True))
        elementals.append(Elemental(inputs, outputs, _structure(generator, kind, outputs, inputs, density)))
        inputs = outputs
    return Chain(elementals, name)


def _structure(
    generator: np.random.Generator, kind: str, rows: int, columns: int, density: tuple[float, float]
) -> Structure:
    match kind:
        case "diagonal":
            return Diagonal()
        case "identity":
            return Identity()
        case "banded":
            return Banded(*(int(width) for width in generator.integers(rows, size=2)))
        case "sparse":
            return Sparse(generator.random((rows, columns)) < generator.uniform(*density))
        case _:
            return Dense()
