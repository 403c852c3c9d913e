"""What products take in each format: the rates behind the storage formats.

Nanoseconds, the best of three runs on one thread: of an fma between two compressed matrices, and of a stored
entry for each column where one of them is dense; then dense products, products by rows and by columns, and
right-hand sides of SuperLU one by one and together.

    python scripts/bench_formats.py [--quick] [--markdown]
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import time
from collections.abc import Callable, Iterator
from operator import matmul
from typing import Any

import click
import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu
from sparse_cases import heat_step, random_sparse, sources
from tables import show

from chainorder.report.model import Report
from chainorder.report.numbers import Cell
from chainorder.structures.pattern import fma
from chainorder.structures.positions import SparsePattern

RUNS = 3


def best(product: Callable[..., Any], *operands: Any) -> float:
    """Nanoseconds of the best of some runs."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        product(*operands)
        times.append(time.perf_counter() - started)
    return 1e9 * min(times)


def pairs(quick: bool) -> Iterator[tuple[str, Any, Any]]:
    """Products of a sparse matrix with one that fills in."""
    n, side = (400, 20) if quick else (5_000, 64)
    step, power, reached = heat_step(side), heat_step(side), 1
    for steps in (1, 5, 10, 20, 40):
        while reached < steps:
            power, reached = step @ power, reached + 1
        yield f"heat {side}²: step · step^{steps}", step, power
    for degree in (3, n // 100, n // 20, n // 8, n // 3):
        yield (
            f"random {n:,}², 5 a row · {degree:,} a row",
            random_sparse(n, n, 5, 1),
            random_sparse(n, n, degree, 2),
        )


def densities(quick: bool) -> Report:
    """Sparse times sparse, beside sparse times the same as a dense array."""
    rows: list[tuple[Cell, ...]] = []
    for name, left, right in pairs(quick):
        count = fma(SparsePattern.of(left), SparsePattern.of(right))
        dense = right.toarray()
        apart, beside, written = best(matmul, left, right), best(matmul, left, dense), best(right.toarray)
        cells = left.nnz * right.shape[1]
        density = right.nnz / np.prod(right.shape)
        ratio = round(apart / beside, 2)
        row = (name, f"{density:.1%}", apart / count, beside / cells, written / right.nnz)
        rows.append((*row[:2], *(round(each, 2) for each in row[2:]), ratio))
    columns = (
        "product",
        "density",
        "ns/fma sparse",
        "ns/cell dense",
        "ns/entry written out",
        "sparse ÷ dense",
    )
    return Report("Where a sparse factor fills in: as compressed rows, and as a dense array", columns, rows)


def dense(quick: bool) -> Report:
    """Dense products, and a dense matrix left of a sparse one: by rows and by columns."""
    size = 200 if quick else 3_000
    full, sparse = np.random.default_rng(0).random((size, size)), random_sparse(size, size, 5, 1)
    cells = sparse.nnz * size
    taken = (
        ("dense · dense, an fma", best(matmul, full, full) / size**3),
        ("dense by rows · sparse, a cell", best(matmul, full, sparse) / cells),
        ("the same, by columns", best(matmul, np.asfortranarray(full), sparse) / cells),
    )
    rows = [(name, round(each, 3)) for name, each in taken]
    return Report(f"Dense matrices of size {size:,}", ("product", "ns"), rows)


def orientations(quick: bool) -> Report:
    """A tall sparse matrix by rows and by columns."""
    side = 32 if quick else 256
    step, rows = heat_step(side), list[tuple[Cell, ...]]()
    turned = step.tocsc()
    for count in (3, 30, 300):
        for steps in (3, 20):
            tall = sources(side, count).tocsr()
            for _ in range(steps):
                tall = step @ tall
            taken = best(matmul, step, tall), best(matmul, turned, tall.tocsc())
            rows.append((*tall.shape, tall.nnz, *(round(each / 1e6, 3) for each in taken)))
    return Report(
        "By rows and by columns", ("rows", "columns", "entries", "ms by rows", "ms by columns"), rows
    )


def solves(quick: bool) -> Report:
    """Right-hand sides of SuperLU, by how many it is given at once."""
    side, count = (12, 64) if quick else (54, 2_048)
    factors = splu((sp.eye_array(side * side) + heat_step(side)).tocsc())
    sides = np.asfortranarray(np.random.default_rng(0).standard_normal((side * side, count)))
    rows: list[tuple[Cell, ...]] = []
    for together in (1, 4, 16, 64, 256, count):
        taken = best(solve_together, factors, sides, together)
        rows.append((together, round(taken / count / 1e3, 2)))
    return Report(f"A grid of {side}² solved with {count:,} right-hand sides", ("together", "µs each"), rows)


def solve_together(factors: Any, sides: Any, together: int) -> None:
    """All right-hand sides, some at a time."""
    for at in range(0, sides.shape[1], together):
        factors.solve(sides[:, at : at + together])


@click.command(help="Rates of products in each format.")
@click.option("--quick", is_flag=True, help="Small matrices only: a smoke test of a few seconds.")
@click.option("--markdown", is_flag=True, help="Print Markdown instead of tables for the terminal.")
def main(quick: bool, markdown: bool) -> None:
    show([densities(quick), dense(quick), orientations(quick), solves(quick)], markdown, ("numpy", "scipy"))


if __name__ == "__main__":
    main()
