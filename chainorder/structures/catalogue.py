"""All structures by the name that specs use. A new one is imported here, and a line in the table."""

from __future__ import annotations

from chainorder.structures.axes import Axes
from chainorder.structures.banded import Banded, Diagonal, Identity
from chainorder.structures.block_diagonal import BlockDiagonal
from chainorder.structures.dense import Dense
from chainorder.structures.selection import Selection
from chainorder.structures.solve import Solve
from chainorder.structures.sparse import Sparse
from chainorder.structures.structure import Structure
from chainorder.structures.triangular import Triangular

STRUCTURES: dict[str, type[Structure]] = {
    structure.name: structure
    for structure in (
        Dense,
        Diagonal,
        Identity,
        Banded,
        Sparse,
        Selection,
        Solve,
        Triangular,
        Axes,
        BlockDiagonal,
    )
}
