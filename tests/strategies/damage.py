"""Damage: to the values of a spec, to the bytes of a file, to what an archive claims."""

from __future__ import annotations

import copy
import io
import re
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.strategies.matrices import ODD, PLAIN, Array, npz_parts

# fmt: off
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 1.5, 2.0, 1e300, float("nan"), float("inf"), 2**31, 2**63, 10**30,
    10**101, "", "x", "1e3", "1_000", "0x10", "dense", "\x00", "\ud800", "\u2028", "é" * 300, "../m0.mtx",
    "/dev/null", ".", [], {}, [1], [[]], {"x": 1}, [None], [1, "2"], {"": ""},
)
ODD_KEYS = (
    "name", "inputs", "outputs", "structure", "tape", "repeat", "same", "matrix", "solve", "select",
    "explicit", "chains", "dims", "layers", "memory", "machines", "batch", "struture", "", "\n", "é" * 100,
)
NUMBERS = (
    b"-1", b"0", b"1", b"2", b"3", b"7", b"1.5", b"1e3", b"1.0D-03", b"nan", b"inf", b"1_0", b"0x1", b"1e999",
    b"1 2", b"", b"2147483648", b"4294967297", b"9223372036854775808", b"99999999999999999999999",
)
TOKENS = (
    b"\x00", b"\n", b"\r\n", b" ", b"\t", b"-", b":", b"{", b"}", b"[", b"]", b"'", b'"', b"&a ", b"*a",
    b"!!x ", b"---\n", b"%", b"#", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"<!ENTITY a 'b'>",
    b"symmetric", b"complex", b"\x1f\x8b", b"PK\x03\x04", b"\x93NUMPY", b"null", b"1", b"-1", b"99999999999",
)
# fmt: on
ODD_DATA = st.sampled_from(ODD_VALUES).map(copy.deepcopy)


@st.composite
def damaged_data(draw: st.DrawFn, data: Any, most: int = 2) -> Any:
    """Plain data of which some entries were changed, removed, repeated or added."""
    root = [copy.deepcopy(data)]
    for _ in range(draw(st.integers(1, most))):
        holder, key = draw(st.sampled_from(list(_places(root))))
        match draw(st.sampled_from(("change", "remove", "repeat", "add"))):
            case "remove" if holder is not root:
                del holder[key]
            case "repeat" if isinstance(holder, list) and holder is not root:
                holder.insert(key, copy.deepcopy(holder[key]))
            case "add" if isinstance(holder[key], dict):
                holder[key][draw(st.sampled_from(ODD_KEYS))] = draw(ODD_DATA)
            case _:
                holder[key] = draw(ODD_DATA)
    return root[0]


def _places(holder: Any) -> Any:
    """Every entry in it and in what it holds: a list or mapping, and an index or key."""
    for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
        yield holder, key
        if isinstance(holder[key], (list, dict)):
            yield from _places(holder[key])


@st.composite
def damaged_bytes(draw: st.DrawFn, content: bytes, most: int = 3) -> bytes:
    """Bytes of which some were changed, removed, repeated or added, numbers written in them above all."""
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        length = draw(st.integers(1, 40))
        match draw(st.sampled_from(("number", "number", "byte", "insert", "remove", "repeat", "end"))):
            case "number" if runs := list(re.finditer(rb"[0-9]+", content)):
                run = runs[at % len(runs)]
                content = content[: run.start()] + draw(st.sampled_from(NUMBERS)) + content[run.end() :]
            case "byte":
                content = content[:at] + bytes([draw(st.integers(0, 255))]) + content[at + 1 :]
            case "remove":
                content = content[:at] + content[at + length :]
            case "repeat":
                content = content[: at + length] + content[at:]
            case "end":
                content = content[:at]
            case _:
                content = content[:at] + draw(st.sampled_from(TOKENS)) + content[at:]
    return content


@st.composite
def damaged_npz(draw: st.DrawFn, matrix: Array) -> bytes:
    """A sparse matrix as SciPy saves it, but for one part: missing, of another type or size, or false."""
    form = draw(st.sampled_from(("csr", "csc", "coo", "bsr", "dia")))
    parts = npz_parts(matrix, form, draw(st.sampled_from(PLAIN)))
    name = draw(st.sampled_from(sorted(parts)))
    value = np.asarray(parts[name])
    match draw(st.sampled_from(("missing", "type", "longer", "shorter", "entry", "format", "shape"))):
        case "missing":
            del parts[name]
        case "type":
            kind = np.dtype(draw(st.sampled_from(ODD)))
            parts[name] = value.astype(kind) if value.dtype.kind in "fciub" and kind.kind != "V" else value
        case "longer":
            parts[name] = np.concatenate([value.ravel(), value.ravel(), value.ravel()])
        case "shorter":
            parts[name] = value.ravel()[:-1]
        case "format":
            parts["format"] = draw(
                st.sampled_from((b"csr", b"csc", b"coo", b"bsr", b"dia", b"lil", b"", "csr"))
            )
        case "shape":
            parts["shape"] = draw(st.lists(st.sampled_from((-1, 0, 1, 3, 2**31, 2**62)), max_size=3))
        case _ if value.size and value.dtype.kind in "iu":
            changed = value.astype(np.int64).ravel()
            odd = (-1, 0, 1, 5, 2**31 - 1, 2**31, 2**62, -(2**63))
            changed[draw(st.integers(0, changed.size - 1))] = draw(st.sampled_from(odd))
            parts[name] = changed.reshape(value.shape)
    file = io.BytesIO()
    np.savez(file, **parts)
    return file.getvalue()
