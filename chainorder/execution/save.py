"""Jacobians to files that say where their elementals came from."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import numpy as np

from chainorder.errors import ExecutionError
from chainorder.execution.memory import ENTRY_BYTES, physical_memory
from chainorder.execution.provenance import Provenance
from chainorder.reading.words import JACOBIANS
from chainorder.system.output import Output

ENDINGS = (".npz", ".npy", ".mtx")
"""Of files that keep a Jacobian."""


def check_dense(path: str, rows: int, columns: int) -> None:
    """Raise `ExecutionError` if a Jacobian would not fit this machine in the format of the path's ending."""
    needed, there = rows * columns * ENTRY_BYTES, physical_memory()
    if Path(path).suffix.lower() == ".npy" and needed > there:
        raise ExecutionError(
            f"{path} would hold {rows:,} × {columns:,} entries one by one, {needed / 2**30:,.1f} GiB; this "
            f"machine has {there / 2**30:,.1f} GiB: keep it as .npz or .mtx"
        )


def save_matrix(matrix: Any, path: str, provenance: Provenance) -> None:
    """Keep a Jacobian in the format of the path's ending.

    ``.npz`` is NumPy's format with the key ``jacobian``, SciPy's for sparse ones, and has one more array: the
    word for where the elemental Jacobians came from, under ``jacobians``. ``.mtx`` has that as a comment;
    ``.npy`` is dense and has no place for it.

    Raises
    ------
    OutputError
        If the file cannot be written; what was there before is still there then.
    """
    with Output.at(path).writing() as file:
        match Path(path).suffix.lower():
            case ".npz":
                _write_npz(matrix, file, provenance)
            case ".npy":
                dense = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
                # Of a file, NumPy would ask where in it to write: a pipe has no such place.
                np.save(SimpleNamespace(write=file.write), dense)
            case _:
                _write_mtx(matrix, file, provenance)


def _write_npz(matrix: Any, file: IO[bytes], provenance: Provenance) -> None:
    from scipy.sparse import save_npz

    word = np.array(str(provenance.source))
    if isinstance(matrix, np.ndarray):
        np.savez_compressed(file, jacobian=matrix, jacobians=word)
        return
    whole = io.BytesIO()  # archives are read where they are added to
    save_npz(whole, matrix)
    with zipfile.ZipFile(whole, "a") as archive, archive.open(f"{JACOBIANS}.npy", "w") as entry:
        np.lib.format.write_array(entry, word)
    file.write(whole.getbuffer())


def _write_mtx(matrix: Any, file: IO[bytes], provenance: Provenance) -> None:
    from scipy.io import mmwrite

    mmwrite(file, matrix, comment=f"{JACOBIANS}: {provenance.source}", symmetry="general")
