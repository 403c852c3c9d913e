"""NumPy's files, and what they hold as SciPy saves it: all formats, all types, and none that crashes."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from chainorder.errors import MatrixError
from chainorder.reading.matrices import read_matrix

FULL = np.array([[1.0, 0, 2, 0], [0, 0, 0, 3], [4, 0, 0, 5], [0, 6, 0, 0]])
FORMATS = ["csr", "csc", "coo", "bsr", "dia"]


def dense(matrix: Any) -> Any:
    return matrix.toarray() if sp.issparse(matrix) else matrix


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("compressed", [True, False])
def test_sparse_matrices_of_scipy(tmp_path: Path, form: str, kind: str, compressed: bool) -> None:
    matrix = getattr(sp, f"{form}_{kind}")(FULL)
    if form == "bsr":
        matrix = matrix.tobsr((2, 2))
    sp.save_npz(tmp_path / "m.npz", matrix, compressed=compressed)
    read = read_matrix(tmp_path / "m.npz")
    np.testing.assert_array_equal(read.toarray(), FULL)
    assert read.format == "csr"
    assert read.has_canonical_format


def parts_of(form: str, **changes: Any) -> dict[str, Any]:
    """What SciPy saves of a matrix, some of it changed; None leaves it out."""
    matrix = getattr(sp, f"{form}_array")(FULL)
    if form == "bsr":
        matrix = matrix.tobsr((2, 2))
    file = io.BytesIO()
    sp.save_npz(file, matrix)
    with np.load(io.BytesIO(file.getvalue())) as archive:
        parts = {name: archive[name] for name in archive.files} | changes
    return {name: part for name, part in parts.items() if part is not None}


SOUND: dict[str, dict[str, Any]] = {
    "text as SciPy < 1.0 wrote it": parts_of("csr", format=np.array("csr")),
    "without _is_array": parts_of("csc", _is_array=None),
    "coordinates as SciPy will write them": parts_of(
        "coo", row=None, col=None, coords=np.array(np.nonzero(FULL))
    ),
    "unsigned indices": parts_of("csr", indices=sp.csr_array(FULL).indices.astype(np.uint64)),
    "indices of one byte": parts_of("coo", row=sp.coo_array(FULL).row.astype(np.int8)),
    "big-endian indices": parts_of("csr", indptr=sp.csr_array(FULL).indptr.astype(">i4")),
    "spare room": parts_of(
        "csr",
        data=np.append(sp.csr_array(FULL).data, 9),
        indices=np.append(sp.csr_array(FULL).indices, 99),
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_other_writers(tmp_path: Path, name: str) -> None:
    np.savez(tmp_path / "m.npz", **SOUND[name])
    np.testing.assert_array_equal(read_matrix(tmp_path / "m.npz").toarray(), FULL)


MANY = np.array([2**63], np.uint64)

BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "csr index beyond": (parts_of("csr", indices=np.array([0, 2, 3, 0, 3, 4])), "indices from 0 to 4"),
    "csr index far beyond": (parts_of("csr", indices=np.array([0, 2, 3, 0, 3, 10**8])), "100000000"),
    "csr negative index": (parts_of("csr", indices=np.array([0, 2, 3, 0, 3, -1])), "indices from -1"),
    "csr fractional index": (parts_of("csr", indices=np.ones(6)), "float64"),
    "csr huge index": (parts_of("csr", indices=np.repeat(MANY, 6)), "9223372036854775808"),
    "csr falling indptr": (parts_of("csr", indptr=np.array([0, 5, 3, 5, 6])), "rise"),
    "csr indptr not from 0": (parts_of("csr", indptr=np.array([1, 2, 3, 5, 6])), "rise"),
    "csr negative indptr": (parts_of("csr", indptr=np.array([0, -2, 3, 5, 6])), "rise"),
    "csr indptr beyond": (parts_of("csr", indptr=np.array([0, 2, 3, 5, 7])), "rise"),
    "csr short indptr": (
        parts_of("csr", indptr=np.array([0, 2, 6])),
        "indptr of length 3 where it should be 5",
    ),
    "csr empty indptr": (parts_of("csr", indptr=np.zeros(0, int)), "indptr of length 0"),
    "csr few entries": (parts_of("csr", data=np.ones(5)), "indices of length 6 where it should be 5"),
    "csr square data": (parts_of("csr", data=np.ones((2, 3))), "(2, 3)"),
    "csr square indices": (parts_of("csr", indices=np.zeros((2, 3), int)), "(2, 3)"),
    "csr text": (parts_of("csr", data=np.array(list("abcdef"))), "<U1"),
    "csr without data": (parts_of("csr", data=None), "no array data"),
    "csr without shape": (parts_of("csr", shape=None), "no array shape"),
    "csc index beyond": (parts_of("csc", indices=np.array([0, 2, 3, 0, 4, 1])), "indices from 0 to 4"),
    "coo row beyond": (parts_of("coo", row=np.array([0, 0, 1, 2, 2, 4])), "row from 0 to 4"),
    "coo negative column": (parts_of("coo", col=np.array([0, 2, 3, 0, 3, -1])), "col from -1"),
    "coo few rows": (parts_of("coo", row=np.zeros(5, int)), "row of length 5"),
    "coo cube": (parts_of("coo", coords=np.zeros((3, 6), int)), "cannot be read"),
    "bsr block beyond": (parts_of("bsr", indices=np.array([0, 1, 0, 2])), "indices from 0 to 2"),
    "bsr blocks that do not fit": (parts_of("bsr", data=np.ones((4, 3, 2))), "3 × 2"),
    "bsr empty blocks": (parts_of("bsr", data=np.ones((4, 0, 2))), "0 × 2"),
    "bsr flat data": (parts_of("bsr", data=np.ones(4)), "(4,)"),
    "dia offset beyond": (parts_of("dia", offsets=np.array([-2, 0, 1, 4])), "offsets from -2 to 4"),
    "dia offset far below": (
        parts_of("dia", offsets=np.array([-(2**62), 0, 1, 2])),
        "offsets from -4611686018427",
    ),
    "dia offset twice": (parts_of("dia", offsets=np.array([-2, 0, 1, 1])), "twice"),
    "dia few offsets": (parts_of("dia", offsets=np.array([-2, -1])), "offsets of length 2"),
    "unknown format": (parts_of("csr", format=np.array(b"dok")), "'dok'"),
    "attribute of SciPy": (parts_of("csr", format=np.array(b"__builtins__")), "none of csr"),
    "numeric format": (parts_of("csr", format=np.array(7)), "none of csr"),
    "shape of three": (parts_of("csr", shape=np.array([4, 4, 1])), "4 × 4 × 1"),
    "negative shape": (parts_of("csr", shape=np.array([-4, 4])), "-4 × 4"),
    "fractional shape": (parts_of("csr", shape=np.array([4.0, 4.0])), "4.0 × 4.0"),
    "another shape": (parts_of("csr", shape=np.array([5, 4])), "indptr of length 5 where it should be 6"),
    "huge shape": (parts_of("coo", shape=np.array([10**12, 4])), "1000000000000 × 4"),
    "huge shape of csc": (parts_of("csc", shape=np.array([10**12, 4])), "1000000000000 × 4"),
    "no rows": (
        parts_of("coo", shape=np.array([0, 4]), data=np.ones(0), row=np.zeros(0, int), col=np.zeros(0, int)),
        "0 × 4",
    ),
    "rounded integers": (parts_of("csr", data=np.full(6, 2**53 + 1)), "9007199254740993"),
    "nothing": ({}, "0 arrays"),
    "two arrays": ({"a": FULL, "b": FULL}, "2 arrays, a, b"),
    "a vector": ({"jacobian": np.ones(3)}, "two-dimensional"),
}


def refused(path: Path, part: str) -> None:
    with pytest.raises(MatrixError) as caught:
        read_matrix(path)
    message = str(caught.value)
    assert path.name in message
    assert part in message
    assert message.splitlines() == [message]
    assert len(message) < 400


@pytest.mark.parametrize("name", BROKEN)
def test_broken_archives(tmp_path: Path, name: str) -> None:
    arrays, part = BROKEN[name]
    np.savez(tmp_path / "m.npz", **arrays)
    refused(tmp_path / "m.npz", part)


def header(text: str, version: int = 1) -> bytes:
    """The first bytes of an .npy file."""
    length = struct.pack("<H" if version == 1 else "<I", len(text) + 1)
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + b"\n"


def stated(shape: str, descr: str = "'<f8'", order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}"


CLAIMS: dict[str, tuple[bytes, str]] = {
    "80 GB": (header(stated("(100000, 100000)")) + b"\0" * 80, "80,000,0"),
    "more than there is memory for": (header(stated(f"({10**30}, 2)")), "cannot be read"),
    "a byte less": (header(stated("(2, 2)")) + b"\0" * 31, "there are"),
    "a byte more": (header(stated("(2, 2)")) + b"\0" * 33, "there are"),
    "two arrays": (2 * (header(stated("(1, 1)")) + b"\0" * 8), "there are"),
    "negative": (header(stated("(-1, -1)")) + b"\0" * 8, "cannot be read"),
    "true": (header(stated("(True, 1)")) + b"\0" * 8, "cannot be read"),
    "objects": (header(stated("(1, 1)", "'|O'")) + b"\0" * 8, "cannot be read"),
    "objects in records": (header(stated("(1, 1)", "[('a', '|O')]")) + b"\0" * 8, "cannot be read"),
    "records": (header(stated("(1, 1)", "[('a', '<f8')]")) + b"\0" * 8, "numeric"),
    "times": (header(stated("(1, 1)", "'<M8[s]'")) + b"\0" * 8, "numeric"),
    "nothing at all": (header(stated("(1000000000000, 1)", "'|V0'")), "numeric"),
    "no dimension": (header(stated("()")) + b"\0" * 8, "two-dimensional"),
    "three dimensions": (header(stated("(1, 1, 1)")) + b"\0" * 8, "two-dimensional"),
    "unknown type": (header(stated("(1, 1)", "'<f7'")) + b"\0" * 8, "cannot be read"),
    "no literal": (header("{[]: 1}"), "cannot be read"),
    "nested": (header("(" * 9000), "cannot be read"),
    "long": (header(stated("(1, 1)") + " " * 20_000) + b"\0" * 8, "cannot be read"),
    "other version": (header(stated("(1, 1)"), 3) + b"\0" * 8, "version"),
    "cut off": (header(stated("(1, 1)"))[:30], "cannot be read"),
    "empty": (b"", "cannot be read"),
    "something else": (b"1,2\n3,4\n", "cannot be read"),
}


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize("compression", [None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_headers_are_not_believed(tmp_path: Path, name: str, compression: int | None) -> None:
    content, part = CLAIMS[name]
    if compression is None:
        (tmp_path / "m.npy").write_bytes(content)
        refused(tmp_path / "m.npy", part)
        return
    with zipfile.ZipFile(tmp_path / "m.npz", "w", compression) as archive:
        archive.writestr("jacobian.npy", content)
    refused(tmp_path / "m.npz", part)


def test_arrays_of_all_layouts(tmp_path: Path) -> None:
    path = tmp_path / "m.npy"
    for array in (FULL, np.asfortranarray(FULL), FULL[::2, ::2], FULL.astype(complex)):
        np.save(path, array)
        np.testing.assert_array_equal(read_matrix(path), array)
    path.write_bytes(header(stated("(1L, 2L)")) + np.array([3.0, 4.0]).tobytes())  # of Python 2
    np.testing.assert_array_equal(read_matrix(path), [[3, 4]])
    path.write_bytes(header(stated("(1, 2)"), 2) + np.array([3.0, 4.0]).tobytes())
    np.testing.assert_array_equal(read_matrix(path), [[3, 4]])


def test_content_decides_what_a_file_is(tmp_path: Path) -> None:
    npy, npz, market, packed = (tmp_path / f"m{end}" for end in (".npy", ".npz", ".mtx", ".mtx.gz"))
    np.save(npy, FULL)
    sp.save_npz(npz, sp.csr_array(FULL))
    for source, names in ((npy, ("array.npz",)), (npz, ("sparse.npy", "other.mtx"))):
        for name in names:
            (tmp_path / name).write_bytes(source.read_bytes())
            np.testing.assert_array_equal(dense(read_matrix(tmp_path / name)), FULL)
    import scipy.io

    scipy.io.mmwrite(market, FULL)
    packed.write_bytes(market.read_bytes())
    np.testing.assert_array_equal(read_matrix(packed), FULL)
    npy.rename(tmp_path / "UPPER.NPY")
    np.testing.assert_array_equal(read_matrix(tmp_path / "UPPER.NPY"), FULL)
    market.rename(npy)
    np.testing.assert_array_equal(read_matrix(npy), FULL)
    (tmp_path / "folder.npy").mkdir()
    refused(tmp_path / "folder.npy", "folder")


def test_bombs_are_refused_before_they_unpack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.npz"
    np.savez_compressed(path, jacobian=np.zeros((1000, 1000)))
    assert read_matrix(path).shape == (1000, 1000)
    monkeypatch.setattr("chainorder.reading.numpy_files.MAX_BYTES", 10**6)
    refused(path, "unpacks to 8,000,128 bytes")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("jacobian.npy", b"\0" * 10**6)
    refused(path, "claims to unpack")
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("jacobian.npy", b"1")
        archive.writestr("jacobian.npy", b"2")
    refused(path, "same name")


def test_lies_about_packed_sizes(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez_compressed(path, jacobian=FULL)
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\1\2")
    size = struct.unpack_from("<I", content, directory + 24)[0]
    for claim in (size + 8, size - 8, 2**31 - 1):
        struct.pack_into("<I", content, directory + 24, claim)
        path.write_bytes(content)
        refused(path, "cannot be read")


def test_mutations_of_all_formats_are_read_or_refused() -> None:
    """No signal, no traceback, no memory without bounds; more by ``python -m tests.mutations SEED COUNT``."""
    command = [sys.executable, "-m", "tests.mutations", "20250", "600"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    read, refused = (int(part.split()[0]) for part in done.stdout.split(", "))
    assert read > 50
    assert refused > 400
