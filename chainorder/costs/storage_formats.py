"""How a Jacobian of a general pattern is stored: dense, by rows, or by columns.

An fma costs the same wherever it runs, but does not take the same time: on one core 3 to 20 ns where two
compressed matrices are multiplied, 0.7 to 2.5 ns for each cell where one of them is dense, 0.05 ns in a dense
product (`scripts/bench_formats.py`). Identities, selections, diagonals and bands keep their own formats.
"""

from __future__ import annotations

WELL_FILLED = 0.25
"""Density from which a factor of a compressed matrix is quicker as a dense array, zeros included."""

BESIDE_DENSE = 0.1
"""Density from which a factor of a dense matrix is quicker so, too."""

MOST_CELLS = 2**27
"""Entries up to which a sparse matrix is written out: 1 GiB."""


LARGE_BAND = 128
"""Rows from which well-filled bands are multiplied quicker as dense arrays than by diagonals."""


def quicker_dense(shape: tuple[int, int], entries: int, density: float = WELL_FILLED) -> bool:
    """Whether a matrix with so many entries is better multiplied as a dense array."""
    cells = shape[0] * shape[1]
    return density * cells <= entries and cells <= MOST_CELLS


def quicker_by_columns(shape: tuple[int, int], entries: int) -> bool:
    """Whether a product with a right factor of so many entries is: it is tall, most of its rows are empty."""
    return shape[1] < shape[0] and entries < shape[0]
