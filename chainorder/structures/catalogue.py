"""All structures by the name that specs use."""

from __future__ import annotations

from chainorder.structures.banded import Banded, Diagonal, Identity
from chainorder.structures.general import Dense, Sparse
from chainorder.structures.selection import Selection
from chainorder.structures.solve import Solve
from chainorder.structures.structure import Structure

STRUCTURES: dict[str, type[Structure]] = {
    structure.name: structure for structure in (Dense, Diagonal, Identity, Banded, Sparse, Selection, Solve)
}
