"""Make the matrices of data/heat.yaml: refinement, a heat step and readings on square grids.

python scripts/make_heat.py
"""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
from scipy import io as matrices
from scipy import sparse

FOLDER = Path(__file__).parent.parent / "data" / "heat"
FINE = 32
CONDUCTION = 0.2
"""Fraction of a cell's temperature difference that a step evens out; explicit steps are stable to 0.25."""
READ = ((5, 5), (5, 26), (26, 5), (16, 16))
"""Cells that are read, (row, column)."""


def refine_line(size: int) -> sparse.csr_array:
    """Linear interpolation from `size` cells to twice as many, shape (2·size, size)."""
    fine = (np.arange(2 * size) + 0.5) / 2 - 0.5
    left = np.clip(np.floor(fine), 0, size - 2).astype(int)
    right_weight = np.clip(fine - left, 0, 1)
    rows = np.arange(2 * size)
    weights = np.concatenate([1 - right_weight, right_weight])
    matrix = sparse.coo_array((weights, (np.tile(rows, 2), np.concatenate([left, left + 1]))))
    matrix.eliminate_zeros()
    return sparse.csr_array(matrix)


def refine(size: int) -> sparse.csr_array:
    """Bilinear interpolation between square grids, shape (4·size², size²)."""
    return sparse.csr_array(sparse.kron(refine_line(size), refine_line(size)))


def step(size: int) -> sparse.csr_array:
    """One explicit step of the heat equation with insulated edges, shape (size², size²)."""
    off = np.ones(size - 1)
    line = sparse.diags_array([off, np.r_[-1, np.full(size - 2, -2), -1], off], offsets=[-1, 0, 1])
    identity = sparse.eye_array(size)
    laplacian = sparse.kron(line, identity) + sparse.kron(identity, line)
    return sparse.csr_array(sparse.eye_array(size * size) + CONDUCTION * laplacian)


def read(size: int) -> sparse.csr_array:
    """The mean of each cell that is read and its right neighbour, shape (len(READ), size²)."""
    cells = np.array([row * size + column for row, column in READ])
    rows = np.repeat(np.arange(len(cells)), 2)
    columns = np.stack([cells, cells + 1], axis=1).ravel()
    return sparse.csr_array((np.full(len(rows), 0.5), (rows, columns)), shape=(len(cells), size * size))


def write(name: str, matrix: sparse.csr_array) -> None:
    """Write a matrix, compressed, without the time of writing in it."""
    text = io.BytesIO()
    matrices.mmwrite(text, matrix)
    (FOLDER / name).write_bytes(gzip.compress(text.getvalue(), mtime=0))


def main() -> None:
    """Write all four."""
    FOLDER.mkdir(exist_ok=True)
    write("refine-8.mtx.gz", refine(FINE // 4))
    write("refine-16.mtx.gz", refine(FINE // 2))
    write("step.mtx.gz", step(FINE))
    write("read.mtx.gz", read(FINE))


if __name__ == "__main__":
    main()
