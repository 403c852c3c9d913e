"""Factors and products of which only the numbers of positions are known, about."""

from __future__ import annotations

from dataclasses import dataclass

from chainorder.costs.product_facts import Look
from chainorder.structures.dense import DensePattern


@dataclass(frozen=True, slots=True)
class Stated:
    """Facts that are known, about."""

    multiplied: int
    nnz: int

    @property
    def entries(self) -> int:
        return self.nnz


@dataclass(frozen=True, slots=True)
class Guess:
    """A factor of which only the number of positions is known, about.

    Attributes
    ----------
    shape
        Rows and columns.
    nnz
        Positions.
    seeds
        From how many places those of a row, or of a column, have spread.
    """

    shape: tuple[int, int]
    nnz: int
    seeds: int = 1

    @property
    def entries(self) -> int:
        return self.nnz

    @property
    def free(self) -> bool:
        return False


def look_of(shape: tuple[int, int], positions: int, seeds: int = 1) -> Look:
    """What so many positions are: all of the matrix, or a guess."""
    return DensePattern(*shape) if positions >= shape[0] * shape[1] else Guess(shape, positions, seeds)
