"""All structures by the name that specs use."""

from __future__ import annotations

from chainorder.selections import Selection
from chainorder.solves import Solve
from chainorder.structure import Banded, Dense, Diagonal, Identity, Sparse, Structure

STRUCTURES: dict[str, type[Structure]] = {
    structure.name: structure for structure in (Dense, Diagonal, Identity, Banded, Sparse, Selection, Solve)
}
