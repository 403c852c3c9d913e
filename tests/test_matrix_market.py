"""Matrix Market files: what is read exactly, and what is refused with its line."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from chainorder.errors import MatrixError
from chainorder.reading import matrix_market
from chainorder.reading.matrices import read_matrix

COO, ARRAY = "%%MatrixMarket matrix coordinate {} {}\n", "%%MatrixMarket matrix array {} {}\n"
REAL, PATTERN = COO.format("real", "general"), COO.format("pattern", "general")
FULL = ARRAY.format("real", "general")
INF, NAN = float("inf"), float("nan")


def entry(word: str, kind: str = "real") -> str:
    """A file of one entry."""
    return COO.format(kind, "general") + f"1 1 1\n1 1 {word}\n"


def read(folder: Path, text: str | bytes, name: str = "m.mtx") -> Any:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return read_matrix(folder / name)


def dense(matrix: Any) -> Any:
    return matrix.toarray() if sp.issparse(matrix) else matrix


NUMBERS: list[tuple[str, float | complex]] = [
    ("1.0D-03", 1e-3),
    ("1d5", 1e5),
    ("1.5D+02", 150),
    ("-2.5d0", -2.5),
    ("+3", 3),
    ("+.5E+01", 5),
    ("5.", 5),
    ("-.25", -0.25),
    ("0.1000000000000000055511151231257827", 0.1),
    ("4.9e-324", 5e-324),
    ("1e-400", 0),
    ("1.7976931348623157e308", 1.7976931348623157e308),
    ("inf", INF),
    ("+Infinity", INF),
    ("-INF", -INF),
    ("NaN", NAN),
]


@pytest.mark.parametrize(("word", "value"), NUMBERS, ids=[word for word, _ in NUMBERS])
def test_numbers_are_whole_words(tmp_path: Path, word: str, value: float) -> None:
    np.testing.assert_array_equal(dense(read(tmp_path, entry(word))), [[value]])
    np.testing.assert_array_equal(read(tmp_path, FULL + f"1 2\n{word}\n7\n"), [[value, 7]])
    complex_entry = entry(f"{word} 2", "complex")
    np.testing.assert_array_equal(dense(read(tmp_path, complex_entry)), [[complex(value, 2)]])


SYMMETRIC = COO.format("real", "symmetric")
SKEW = COO.format("real", "skew-symmetric")
HERMITIAN = COO.format("complex", "hermitian")

VALID: dict[str, tuple[str, list[list[complex]]]] = {
    "comments and blank lines anywhere": (
        REAL + "% by hand\n\n%\n2 2 2\n%first D5\n1 1 1\n\n \t\n  % second\n2 2 2\n\n% end",
        [[1, 0], [0, 2]],
    ),
    "carriage returns": ((REAL + "2 2 2\n1 1 1\n2 2 2.5\n").replace("\n", "\r\n"), [[1, 0], [0, 2.5]]),
    "tabs and indents": (REAL + " 2\t2  2 \n\t1\t1 1\t\n 2  2\t2", [[1, 0], [0, 2]]),
    "zeros before an index": (REAL + "2 2 1\n01 002 3\n", [[0, 3], [0, 0]]),
    "duplicates": (REAL + "1 2 3\n1 2 1\n1 1 5\n1 2 1\n", [[5, 2]]),
    "no entries": (REAL + "2 1 0\n", [[0], [0]]),
    "upper case": ("%%MATRIXMARKET Matrix COORDINATE Real General\n1 1 1\n1 1 2\n", [[2]]),
    "one per cent sign": ("%MatrixMarket matrix array real general\n1 1\n2\n", [[2]]),
    "double": (COO.format("double", "general") + "1 1 1\n1 1 2\n", [[2]]),
    "integer": (entry("-9007199254740992", "integer"), [[-(2**53)]]),
    "huge integer that a float holds": (entry("18446744073709551616", "integer"), [[2**64]]),
    "unsigned": (entry("18446744073709549568", "unsigned-integer"), [[2**64 - 2048]]),
    "pattern": (PATTERN + "2 2 2\n1 2\n2 1\n", [[0, 1], [1, 0]]),
    "symmetric": (SYMMETRIC + "2 2 2\n1 1 1\n2 1 5\n", [[1, 5], [5, 0]]),
    "symmetric pattern": (COO.format("pattern", "symmetric") + "2 2 1\n2 1\n", [[0, 1], [1, 0]]),
    "skew": (SKEW + "2 2 2\n1 1 0\n2 1 1\n", [[0, -1], [1, 0]]),
    "hermitian": (HERMITIAN + "2 2 2\n1 1 4 0\n2 1 1 2\n", [[4, 1 - 2j], [1 + 2j, 0]]),
    "array": (FULL + "2 3\n1\n2\n3\n4\n5\n6\n", [[1, 3, 5], [2, 4, 6]]),
    "array integer": (ARRAY.format("integer", "general") + "1 2\n1\n-2\n", [[1, -2]]),
    "array complex": (ARRAY.format("complex", "general") + "1 2\n1 2\n3 -4\n", [[1 + 2j, 3 - 4j]]),
    "array symmetric": (
        ARRAY.format("real", "symmetric") + "3 3\n1\n2\n3\n4\n5\n6\n",
        [[1, 2, 3], [2, 4, 5], [3, 5, 6]],
    ),
    "array skew": (
        ARRAY.format("real", "skew-symmetric") + "3 3\n1\n2\n3\n",
        [[0, -1, -2], [1, 0, -3], [2, 3, 0]],
    ),
    "array hermitian": (
        ARRAY.format("complex", "hermitian") + "2 2\n1 0\n2 3\n4 0\n",
        [[1, 2 - 3j], [2 + 3j, 4]],
    ),
}


@pytest.mark.parametrize("name", VALID)
@pytest.mark.parametrize("file", ["m.mtx", "m.mtx.gz"])
def test_valid_files(tmp_path: Path, name: str, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, expected = VALID[name]
    np.testing.assert_array_equal(dense(read(tmp_path, text, file)), expected)
    monkeypatch.setattr(matrix_market, "PIECE", 24)  # lines go over the edges of pieces
    np.testing.assert_array_equal(dense(read(tmp_path, text, file)), expected)


def test_entries_are_stored_as_in_the_file(tmp_path: Path) -> None:
    matrix = read(tmp_path, SYMMETRIC + "3 3 3\n1 1 0\n2 1 5\n3 3 1\n")
    assert matrix.nnz == 4  # the explicit zero, too
    assert matrix.dtype == np.float64
    assert read(tmp_path, entry("1 2", "complex")).dtype == np.complex128


BAD: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "text behind a number": (entry("1.0x"), 3, ("value is '1.0x'", "no number")),
    "Fortran without a letter": (entry("1.0-03"), 3, ("1.0-03", "1.0E-03")),
    "decimal comma": (entry("1,5"), 3, ("1,5", "decimal point")),
    "underscore": (entry("1_000"), 3, ("1_000",)),
    "hexadecimal": (entry("0x10"), 3, ("0x10",)),
    "two signs": (entry("+-1"), 3, ("+-1",)),
    "sign only": (entry("-"), 3, ("'-'",)),
    "two points": (entry("1.2.3"), 3, ("1.2.3",)),
    "two exponents": (entry("1e5d3"), 3, ("1e5d3",)),
    "no exponent": (entry("1e"), 3, ("1e",)),
    "nan with a payload": (entry("nan(abc)"), 3, ("nan(abc)",)),
    "beyond double precision": (entry("-1e400"), 3, ("-1e400", "double precision")),
    "beyond double precision among infinities": (
        FULL + "3 1\ninf\n1.8e308\n1\n",
        4,
        ("1.8e308", "double precision"),
    ),
    "rounded integer": (entry("9007199254740993", "integer"), 3, ("9007199254740993", "9007199254740992")),
    "endless integer": (entry("1" * 400, "integer"), 3, ("double precision",)),
    "fraction in integers": (entry("1.5", "integer"), 3, ("1.5", "integer")),
    "exponent in integers": (entry("1e5", "unsigned-integer"), 3, ("1e5",)),
    "fractional index": (REAL + "3 3 1\n1.5 2 3\n", 3, ("row is '1.5'", "1 to 3")),
    "text behind an index": (REAL + "3 3 1\n1 2x 3\n", 3, ("column is '2x'",)),
    "row 0": (REAL + "3 3 1\n0 2 3\n", 3, ("row is '0'", "1 to 3")),
    "negative row": (REAL + "3 3 1\n-1 2 3\n", 3, ("row is '-1'",)),
    "row beyond": (REAL + "% x\n3 5 2\n\n1 1 1\n4 2 3\n", 6, ("'4 2 3'", "3 × 5")),
    "column beyond": (PATTERN + "3 5 2\n1 1\n3 6\n", 4, ("'3 6'", "3 × 5")),
    "index of many digits": (REAL + "3 3 1\n4294967297 2 3\n", 3, ("4294967297",)),
    "a word more": (REAL + "3 3 1\n1 2 3 4\n", 3, ("4 words", "row, column, value")),
    "a comment behind": (REAL + "3 3 1\n1 2 3 % note\n", 3, ("'1 2 3 % note'",)),
    "a word less": (REAL + "3 3 2\n1 1 1\n1 2\n", 4, ("2 words",)),
    "a value in a pattern": (PATTERN + "3 3 1\n1 2 1.0\n", 3, ("3 words", "row, column")),
    "no imaginary part": (entry("1", "complex"), 3, ("3 words", "imaginary part")),
    "Fortran's complex": (entry("(1.0,2.0)", "complex"), 3, ("3 words",)),
    "two values on a line of an array": (FULL + "2 1\n1 2\n", 3, ("2 words",)),
    "a line less": (REAL + "3 3 3\n1 1 1\n2 2 2\n", 4, ("ends after 2", "states 3", "again")),
    "a line more": (REAL + "3 3 1\n1 1 1\n2 2 2\n", 4, ("1 that line 2 states",)),
    "an array with a value less": (FULL + "2 2\n1\n2\n3\n", 5, ("ends after 3", "states 4")),
    "an array with a value more": (FULL + "1 2\n1\n2\n3\n", 5, ("2 that line 2 states",)),
    "a symmetric array with all values": (
        ARRAY.format("real", "symmetric") + "2 2\n1\n2\n2\n4\n",
        6,
        ("3 that line 2 states",),
    ),
    "control characters": (REAL + "1 1 1\n1 1\x0b2\n", 3, ("1 1",)),
    "null characters": (REAL + "1 1 1\n1 1 2\0\n", 3, (r"'2\x00'",)),
    "carriage returns alone": (REAL + "2 2 2\r1 1 1\r2 2 2\r", 2, ("rows, columns, entries",)),
    "one triangle": (SYMMETRIC + "2 2 2\n1 1 1\n1 2 5\n", 4, ("'1 2 5'", "above the diagonal")),
    "upper skew": (SKEW + "2 2 1\n1 2 5\n", 3, ("above the diagonal", "swap")),
    "skew diagonal": (SKEW + "2 2 1\n1 1 5\n", 3, ("'1 1 5'", "diagonal")),
    "hermitian diagonal": (HERMITIAN + "2 2 1\n1 1 5 2\n", 3, ("'1 1 5 2'", "real")),
    "an array's hermitian diagonal": (
        ARRAY.format("complex", "hermitian") + "2 2\n1 0\n2 3\n4 1\n",
        5,
        ("'4 1'", "real"),
    ),
    "rectangular symmetric": (SYMMETRIC + "2 3 1\n1 1 1\n", 2, ("2 × 3", "symmetric", "square")),
    "rectangular symmetric array": (
        ARRAY.format("real", "symmetric") + "3 200\n" + "1\n" * 100,
        2,
        ("3 × 200", "square"),
    ),
    "skew pattern": (COO.format("pattern", "skew-symmetric") + "2 2 1\n2 1\n", 1, ("pattern",)),
    "pattern array": (ARRAY.format("pattern", "general") + "1 1\n1\n", 1, ("pattern",)),
    "vector": ("%%MatrixMarket vector array real general\n3\n1\n2\n3\n", 1, ("vector", "matrix")),
    "unknown field": (COO.format("quaternion", "general") + "1 1 1\n1 1 1\n", 1, ("quaternion", "complex")),
    "unknown symmetry": (COO.format("real", "skew") + "1 1 1\n1 1 1\n", 1, ("skew-symmetric",)),
    "short banner": ("%%MatrixMarket matrix coordinate real\n1 1 1\n1 1 1\n", 1, ("%%MatrixMarket",)),
    "long banner": (REAL.strip() + " extra\n1 1 1\n1 1 1\n", 1, ("extra",)),
    "no banner": ("1 1 1\n1 1 1\n", 1, ("%%MatrixMarket",)),
    "empty": ("", 1, ("%%MatrixMarket",)),
    "no sizes": (REAL + "% only\n", 3, ("ends", "size")),
    "a size less": (REAL + "3 3\n1 1 1\n", 2, ("'3 3'", "rows, columns, entries")),
    "a size more": (FULL + "1 1 1\n1\n", 2, ("rows, columns",)),
    "negative sizes": (REAL + "-3 3 1\n1 1 1\n", 2, ("-3",)),
    "fractional sizes": (REAL + "3.5 3 1\n1 1 1\n", 2, ("3.5",)),
    "sizes of many digits": (REAL + "9" * 5000 + " 3 1\n1 1 1\n", 2, ("999",)),
    "10^12 entries": (REAL + f"10 10 {10**12}\n1 1 1\n", 2, ("1,000,000,000,000",)),
    "more entries than there is room for": (REAL + "9 9 100000\n1 1 1\n", 2, ("100,000", "599,999 bytes")),
    "10^12 values": (FULL + "1000000 1000000\n1\n", 2, ("1,000,000,000,000",)),
    "10^12 rows": (REAL + f"{10**12} 3 1\n1 1 1\n", 2, ("1000000000000 × 3",)),
    "a long line": (REAL + "9 9 999\n1 1 1" + "0" * 2**21 + "\n", 3, ("long",)),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("file", ["m.mtx", "m.mtx.gz"])
def test_bad_files(tmp_path: Path, name: str, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, line, parts = BAD[name]
    for piece in (2**16, 2**13):
        monkeypatch.setattr(matrix_market, "PIECE", piece)
        with pytest.raises(MatrixError, match=re.escape(f"{file} line {line}: ")) as caught:
            read(tmp_path, text, file)
        message = str(caught.value)
        assert not [part for part in parts if part not in message]
        assert message.splitlines() == [message]
        assert message.isprintable()
        assert len(message) < 300


def test_lines_are_counted_over_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_market, "PIECE", 40)
    lines = ["1 1 1\n", "% c\n", "\n", "1 1 1D0\n"] * 50 + ["1 1 1z\n"]
    with pytest.raises(MatrixError, match="line 203: value is '1z'"):
        read(tmp_path, REAL + "1 1 101\n" + "".join(lines))
    values = ["1\n", "\n", "2D0\n"] * 40
    assert read(tmp_path, FULL + "80 1\n" + "".join(values)).sum() == 120


def test_bombs_are_bounded(tmp_path: Path) -> None:
    """What unpacks to far more than its header calls for is not unpacked to the end."""
    path = tmp_path / "bomb.mtx.gz"
    for head, filling in ((REAL + "1 1 1\n1 1 1\n", b"\n"), (REAL, b"%\n"), (REAL + "%", b"x")):
        squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
        parts = [squeeze.compress(head.encode())] + [squeeze.compress(filling * 2**20) for _ in range(8)]
        path.write_bytes(b"".join(parts) + squeeze.flush())
        with pytest.raises(MatrixError, match=r"bomb\.mtx\.gz line"):
            read_matrix(path)


@st.composite
def matrices(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(["real", "complex", "integer", "pattern"]))
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    symmetry = draw(st.sampled_from(["general", "symmetric", "skew-symmetric", "hermitian"]))
    if symmetry != "general":
        columns = rows
    numbers = st.floats(width=64) if kind in ("real", "complex") else st.integers(-(2**53), 2**53)
    values = draw(st.lists(numbers, min_size=rows * columns * 2, max_size=rows * columns * 2))
    array = np.array(values, float).reshape(2, rows, columns)
    full = array[0] + 1j * array[1] if kind == "complex" else array[0]
    return kind, symmetry, full, draw(st.booleans())


def written(kind: str, symmetry: str, full: Any, layout: bool) -> tuple[bytes, Any]:
    """The text that SciPy writes of a matrix, and that matrix."""
    if symmetry != "general":
        lower = np.tril(full, -1)
        mirror = {"symmetric": lower.T, "skew-symmetric": -lower.T, "hermitian": lower.T.conj()}[symmetry]
        diagonal = {"symmetric": full, "skew-symmetric": 0 * full, "hermitian": full.real}[symmetry]
        full = lower + mirror + np.diag(np.diagonal(np.nan_to_num(diagonal)))
    if kind == "pattern":
        full = (full != 0).astype(float)
    file = io.BytesIO()
    given = sp.coo_array(full) if layout or kind == "pattern" else full
    whole = given.astype(np.int64) if kind == "integer" else given
    field = "pattern" if kind == "pattern" else None
    scipy.io.mmwrite(file, whole, field=field, symmetry=symmetry if kind != "pattern" else "general")
    return file.getvalue(), full


@given(matrices())
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_what_scipy_writes_is_read_back(tmp_path_factory: pytest.TempPathFactory, case: Any) -> None:
    text, full = written(*case)
    folder = tmp_path_factory.getbasetemp()
    np.testing.assert_array_equal(dense(read(folder, text, "hypothesis.mtx")), full)


PIECES = ["0", "1", "-2", "+3", ".5", "1.", "1e5", "1D-2", "2d+1", "inf", "x", "1.0.", "%", "", "\t", "\r"]


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=5).map(" ".join), max_size=6))
@settings(max_examples=300, deadline=None)
def test_lines_are_read_as_python_reads_them_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    """The slow obvious reader."""
    bare = [line.strip(" \t\r") for line in lines]
    kept = [re.split(r"[ \t]+", line) for line in bare if line and line[0] != "%"]
    text = REAL + f"9 9 {len(kept)}\n" + "\n".join(lines)
    try:
        if any("\r" in word for words in kept for word in words):
            raise ValueError
        expected = np.zeros((9, 9))
        for row, column, value in kept:
            if not (1 <= int(row) <= 9 and 1 <= int(column) <= 9):
                raise ValueError
            expected[int(row) - 1, int(column) - 1] += float(value.lower().replace("d", "e"))
    except ValueError:
        expected = None
    try:
        matrix = read(tmp_path_factory.getbasetemp(), text, "lines.mtx")
    except MatrixError:
        assert expected is None
    else:
        np.testing.assert_array_equal(dense(matrix), expected)
