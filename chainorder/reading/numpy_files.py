"""NumPy's files: arrays (.npy) and archives of them (.npz), SciPy's sparse matrices too; never pickles.

What a header or an archive claims is held against the size of the file before memory is taken.
"""

from __future__ import annotations

import math
import warnings
import zipfile
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from chainorder.reading.words import JACOBIANS
from chainorder.structures.compressed_rows import MAX_ENTRIES
from chainorder.structures.number_types import as_floats
from chainorder.structures.sparse_arrays import PARTS, assemble

Array = npt.NDArray[Any]

MAX_BYTES = 8 * MAX_ENTRIES
"""What the compressed arrays of an archive may unpack to."""

DEFLATED_MOST = 1032
"""What a byte that gzip or zip has compressed unpacks to at most."""


def read_array(stream: IO[bytes], size: int, *_name: str) -> Array:
    """The array of an .npy file of `size` bytes.

    Raises
    ------
    ValueError
        If it is damaged, of Python objects, or of another size than its header says.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python 2 wrote is read all the same
        match np.lib.format.read_magic(stream):
            case 1, 0:
                shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
            case 2, 0:
                shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
            case version:
                raise ValueError(f"version {version} of the format is for records with names")
        if dtype.hasobject:
            raise ValueError(f"it holds Python objects, {dtype}, which are not unpickled; make them floats")
        claimed = stream.tell() + math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or claimed != size:
            raise ValueError(f"its header stands for {claimed:,} bytes, there are {size:,}")
        stream.seek(0)
        array: Array = np.lib.format.read_array(stream, allow_pickle=False)
        return array


def read_archive(file: IO[bytes], *_: object) -> Any:
    """The only array of an .npz archive, or the sparse matrix that SciPy saved there.

    Raises
    ------
    ValueError, StructureError
        If it is damaged, would unpack to more than `MAX_BYTES`, or is another archive.
    """
    with zipfile.ZipFile(file) as archive:
        members = _members(archive)
        if len(members) > 1:
            members.pop(JACOBIANS, None)
        if "format" in members:
            return _sparse(archive, members)
        if len(members) != 1:
            raise ValueError(f"it holds {len(members)} arrays, {', '.join(members)}: keep one")
        return _read(archive, members, *members)


def archive_note(file: IO[bytes]) -> str:
    """The word under `JACOBIANS`; empty if what stands there is no word.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    with zipfile.ZipFile(file) as archive:
        word = _read(archive, _members(archive), JACOBIANS)
    return str(word) if word.dtype.kind == "U" and word.ndim == 0 else ""


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The arrays of an archive by their names; what they claim is checked before one is unpacked."""
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if len(members) < len(archive.infolist()):
        raise ValueError("two arrays have the same name")
    unpacked = 0
    for name, info in members.items():
        most = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: DEFLATED_MOST}.get(info.compress_type, 0)
        if info.file_size > most * info.compress_size:
            sizes = f"{info.compress_size:,} to {info.file_size:,} bytes"
            raise ValueError(f"{name} claims to unpack from {sizes}")
        unpacked += info.file_size if most > 1 else 0
    if unpacked > MAX_BYTES:
        raise ValueError(f"it unpacks to {unpacked:,} bytes, and {MAX_BYTES:,} are read: do not compress it")
    return members


def _read(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str) -> Array:
    if name not in members:
        raise ValueError(f"there is no array {name}")
    with archive.open(members[name]) as stream:
        return read_array(stream, members[name].file_size)


def _sparse(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> Any:
    stated, shape = _read(archive, members, "format"), _read(archive, members, "shape")
    form = stated.tobytes().replace(b"\0", b"").decode("ascii", "replace")  # of bytes or of letters
    if form not in PARTS:
        raise ValueError(f"the format {form[:20]!r} is none of {', '.join(PARTS)}")
    if shape.dtype.kind not in "iu" or shape.shape != (2,) or int(shape.min()) < 0:
        shown = " × ".join(map(str, shape.ravel()[:4]))
        raise ValueError(f"its shape is {shown}; it should be rows × columns")
    if int(shape.max()) > MAX_ENTRIES:
        raise ValueError(f"it is {shape[0]} × {shape[1]}, and sizes up to {MAX_ENTRIES:,} are read")
    if form == "coo" and "coords" in members:
        row, col = _read(archive, members, "coords")
        parts = {"data": _read(archive, members, "data"), "row": row, "col": col}
    else:
        parts = {name: _read(archive, members, name) for name in PARTS[form]}
    return assemble(form, (int(shape[0]), int(shape[1])), parts, as_floats)
