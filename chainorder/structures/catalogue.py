"""All structures by the name that specs use."""

from __future__ import annotations

from chainorder.structures.banded import Banded, Diagonal, Identity
from chainorder.structures.dense import Dense
from chainorder.structures.selection import Selection
from chainorder.structures.solve import Solve
from chainorder.structures.sparse import Sparse
from chainorder.structures.structure import Structure

STRUCTURES: dict[str, type[Structure]] = {
    structure.name: structure for structure in (Dense, Diagonal, Identity, Banded, Sparse, Selection, Solve)
}
