"""What reading a matrix file takes with all checks, beside SciPy's readers, which have none.

Milliseconds of CPU time (SciPy reads large texts on several threads), the best of some runs; both make
compressed rows.

    python scripts/bench_reading.py [--quick] [--markdown]
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import scipy.io
import scipy.sparse as sp
from sparse_cases import random_sparse
from tables import show

from chainorder.reading.matrices import read_matrix
from chainorder.report.model import Report

RUNS = 5


def best(read: Callable[[Path], Any], path: Path) -> float:
    """Milliseconds of the best of some runs."""
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        read(path)
        times.append(time.process_time() - started)
    return min(times) * 1e3


def with_scipy(path: Path) -> Any:
    """Without checks."""
    csr = sp.csr_array(sp.load_npz(path) if path.suffix == ".npz" else scipy.io.mmread(path))
    csr.sum_duplicates()
    return csr


def write(folder: Path, entries: int) -> dict[str, Path]:
    """A random matrix in every format."""
    matrix = random_sparse(entries // 10, entries // 10, 10, 0)
    real, fortran, pattern, npz = (folder / name for name in ("real.mtx", "d.mtx", "pattern.mtx", "csr.npz"))
    scipy.io.mmwrite(real, matrix, symmetry="general")
    fortran.write_bytes(real.read_bytes().replace(b"E", b"D"))
    scipy.io.mmwrite(pattern, matrix, symmetry="general", field="pattern")
    sp.save_npz(npz, matrix, compressed=False)
    return {"real": real, "real, with D exponents": fortran, "pattern": pattern, "csr, .npz": npz}


@click.command(help="Reading matrix files with and without checks.")
@click.option("--quick", is_flag=True, help="Small files only: a smoke test of a few seconds.")
@click.option("--markdown", is_flag=True, help="Print Markdown instead of tables for the terminal.")
def main(quick: bool, markdown: bool) -> None:
    entries, rows = 10**4 if quick else 10**6, []
    with tempfile.TemporaryDirectory() as folder:
        for name, path in write(Path(folder), entries).items():
            theirs, ours = best(with_scipy, path), best(read_matrix, path)
            rows.append((name, round(theirs, 1), round(ours, 1), round(ours / theirs, 2)))
    heads = ("file", "scipy ms", "chainorder ms", "times")
    show([Report(f"Reading {entries:,} entries", heads, rows)], markdown, ("numpy", "scipy"))


if __name__ == "__main__":
    main()
