"""Specs whose matrix files are missing, damaged, or do not fit: said where they are named."""

from __future__ import annotations

import gzip
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from tests.specs import Case, items, refuses

HEADER = "%%MatrixMarket matrix coordinate real general\n"


class Bomb:
    """Unpickling it would be noticed."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("unpickled",)


def hollow_npz(path: Path, form: str, index: int) -> None:
    """A sparse matrix with an index that is out of range."""
    arrays = {"data": np.ones(2), "indices": np.array([0, index]), "indptr": np.array([0, 1, 2])}
    np.savez(path, format=np.array(form.encode()), shape=np.array([2, 2]), **arrays)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "tri.npy", np.tri(3))
    np.save(tmp_path / "flat.npy", np.ones(3))
    np.save(tmp_path / "empty.npy", np.ones((0, 3)))
    np.save(tmp_path / "text.npy", np.array([["a"]]))
    np.save(tmp_path / "object.npy", np.array([[Bomb()]], object), allow_pickle=True)
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Bomb()))
    np.savez(tmp_path / "two.npz", a=np.eye(2), b=np.eye(2))
    sp.save_npz(tmp_path / "wide.npz", sp.csr_array(np.eye(3, 5)))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "wide.npz").read_bytes()[:-30])
    (tmp_path / "cut.npy").write_bytes((tmp_path / "tri.npy").read_bytes()[:-8])
    (tmp_path / "header.npy").write_bytes(b"\x93NUMPY\x01\x00\x0e\x00{'descr': '''L\n")
    (tmp_path / "garbage.npz").write_bytes(b"PK\3\4 and so on")
    (tmp_path / "garbage.mtx").write_bytes(b"\xff\x00garbage")
    (tmp_path / "cut.mtx").write_text(HEADER + "3 3 3\n1 1 1\n")
    (tmp_path / "cut.mtx.gz").write_bytes(gzip.compress((HEADER + "3 3 1\n1 1 1\n").encode())[:-12])
    (tmp_path / "tall.mtx").write_text(HEADER + "1000000000000 3 1\n1 1 1\n")
    hollow_npz(tmp_path / "csr.npz", "csr", 10**8)
    hollow_npz(tmp_path / "csc.npz", "csc", -(10**8))
    return tmp_path


BAD: list[Case] = [
    (items("matrix: none.mtx"), "2:12", "elementals[0].matrix", ("there is no file", "none.mtx")),
    (items("matrix: tri.txt"), "2:12", "elementals[0].matrix", ("tri.txt", ".mtx.gz")),
    (items("matrix: 5"), "2:12", "elementals[0].matrix", ("matrix is 5", "a string")),
    (items("matrix: ''"), "2:12", "elementals[0].matrix", ("no matrix file",)),
    (items('matrix: "a\\nb.npy"'), "2:12", "elementals[0].matrix", (r"a\nb.npy",)),
    (items('matrix: "a\\0b.npy"'), "2:12", "elementals[0].matrix", (r"a\x00b.npy",)),
    (items("matrix: wide.npz, inputs: 4"), "2:30", "elementals[0].inputs", ("3 × 5", "inputs is 4")),
    (items("matrix: wide.npz, outputs: 4"), "2:31", "elementals[0].outputs", ("3 × 5", "outputs is 4")),
    (
        items("inputs: 1, outputs: 4", "matrix: wide.npz"),
        "3:12",
        "elementals[1].matrix",
        ("3 × 5", "4 outputs"),
    ),
    (items("matrix: wide.npz, structure: identity"), "2:33", "elementals[0].structure", ("3 × 5", "square")),
    (
        items("matrix: tri.npy, structure: banded, lower: 1, upper: 0"),
        "2:32",
        "elementals[0].structure",
        ("row 3, column 1", "banded(1,0)"),
    ),
    (
        items("matrix: tri.npy, structure: diagonal"),
        "2:32",
        "elementals[0].structure",
        ("row 2, column 1", "diagonal"),
    ),
    *(
        (items(f"inputs: 3, matrix: {name}"), "2:23", "elementals[0].matrix", (name, part))
        for name, part in (
            ("flat.npy", "two-dimensional"),
            ("empty.npy", "0 × 3"),
            ("text.npy", "numeric"),
            ("object.npy", "cannot be read"),
            ("pickle.npz", "cannot be read"),
            ("two.npz", "2 arrays"),
            ("cut.npz", "cannot be read"),
            ("cut.npy", "cannot be read"),
            ("header.npy", "cannot be read"),
            ("garbage.npz", "cannot be read"),
            ("garbage.mtx", r"line 1: it is '\\xff\x00garbage'"),
            ("cut.mtx", "line 3: the file ends after 1"),
            ("cut.mtx.gz", "cannot be read"),
            ("tall.mtx", "1000000000000 × 3"),
            ("csr.npz", "cannot be read"),
            ("csc.npz", "cannot be read"),
        )
    ),
]


@pytest.mark.parametrize("case", BAD, ids=range(len(BAD)))
def test_a_bad_matrix_says_where_and_what(folder: Path, monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    monkeypatch.chdir(folder)
    refuses(folder / "spec.yaml", case)
    assert not (folder / "unpickled").exists()
