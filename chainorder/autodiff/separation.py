"""Partially separable functions: what is not linear stands between two constant linear maps.

Forces of particles, elements of a mesh or edges of a network: what belongs to each is gathered, evaluated
apart, and added up. The Jacobian is J = R·D·S + C, where R, S and C are the same wherever the function is
differentiated, and D, the Jacobian of what lies between, has small blocks and few colours, though J itself
may be full. Every entry of J is then a sum of entries of D with constant coefficients (A. Griewank &
Ph. L. Toint, *On the unconstrained optimization of partially separable functions*, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainorder.autodiff.colours import Colouring, Positions
from chainorder.autodiff.footprints import Labels
from chainorder.autodiff.pieces import AnyPiece

MOST = 2**19
"""Terms of all sums up to which these are worked out: some hundredths of a second."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Entries as sums of others with constant coefficients, plus constants.

    Attributes
    ----------
    targets, others, coefficients
        Of every term: the entry that it is added to, rising; the one it is of; what that is multiplied by.
    constants
        Of every entry.
    """

    targets: Labels
    others: Labels
    coefficients: npt.NDArray[Any]
    constants: npt.NDArray[Any]

    @property
    def count(self) -> int:
        """How many terms there are."""
        return len(self.targets)


@dataclass(frozen=True, eq=False)
class Separation:
    """What of a Jacobian is evaluated, and how its entries are made of that.

    Attributes
    ----------
    middle
        Where D may be nonzero.
    whole
        Where J may be nonzero.
    sums
        The entries of J, of those of D.
    piece, program
        What lies between the ends, and what evaluates it in its framework.
    colouring
        By which D is evaluated, when it has been chosen.
    """

    middle: Positions
    whole: Positions
    sums: Sums
    piece: AnyPiece
    program: Any
    colouring: Colouring | None = None

    def __str__(self) -> str:
        return f"{self.colouring} of what is not linear, {self.sums.count:,} terms"


def summed(middle: Positions, left: Any, right: Any, constant: Any) -> tuple[Positions, Sums] | None:
    """Where R·D·S + C may be nonzero, and its entries by those of D; None if there are too many terms.

    Parameters
    ----------
    middle
        Where D may be nonzero.
    left, right, constant
        The sparse matrices R, S and C.
    """
    left, right, constant = left.tocsc(), right.tocsr(), constant.tocoo()
    across = np.diff(right.indptr)[middle.columns]
    counts = np.diff(left.indptr)[middle.rows] * across
    if counts.sum() + constant.nnz > MOST:
        return None
    others = np.repeat(np.arange(middle.count), counts)
    numbers = np.arange(len(others)) - np.repeat(np.cumsum(counts) - counts, counts)
    along, beside = np.divmod(numbers, across[others])
    along += left.indptr[middle.rows][others]
    beside += right.indptr[middle.columns][others]
    shape = left.shape[0], right.shape[1]
    keys = left.indices[along] * np.int64(shape[1]) + right.indices[beside]
    fixed = constant.coords[0] * np.int64(shape[1]) + constant.coords[1]
    known = np.unique(np.concatenate([keys, fixed]))
    targets = np.searchsorted(known, keys)
    order = np.argsort(targets, kind="stable")
    constants = np.zeros(len(known))
    np.add.at(constants, np.searchsorted(known, fixed), constant.data)
    coefficients = left.data[along] * right.data[beside]
    whole = Positions(shape, *np.divmod(known, shape[1]), np.arange(shape[0]))
    return whole, Sums(targets[order], others[order], coefficients[order], constants)
