"""Mutated matrix files and matrices, read in a process of their own, which a signal would end.

``python -m tests.mutations SEED COUNT`` writes how many were read and how many refused.
"""

from __future__ import annotations

import gzip
import io
import random
import resource
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import scipy.sparse as sp

from chainorder import Chain, ChainorderError, execute, plan
from chainorder.reading.matrices import read_matrix

MEMORY = 4 * 2**30
NUMBERS = [-(2**63), -(2**31), -1, 0, 1, 2, 3, 4, 127, 2**15, 2**31 - 1, 2**31, 2**53, 2**63 - 1]
WORDS = rb"% \n \t \r\n -1 1.5 1e400 1D3 nan array coordinate symmetric hermitian complex pattern".split(b" ")
PARTS = {"coo": ("coords", "data"), "dia": ("offsets", "data")}
FULL = np.array([[1.0, 0, 2, 0], [0, 0, 0, 3], [4, 0, 0, 5], [0, 6, 0, 0]])


def written(write: Callable[..., None], matrix: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    write(file, matrix, **options)
    return file.getvalue()


def originals() -> dict[str, bytes]:
    """Valid files of every format, by their names."""
    mirrored, twisted = FULL + FULL.T, FULL - FULL.T
    texts = [
        written(scipy.io.mmwrite, matrix, symmetry=symmetry)
        for form in (np.asarray, sp.coo_array)
        for matrix, symmetry in (
            (form(FULL), "general"),
            (form(FULL * 1j), "general"),
            (form(FULL.astype(int)), "general"),
            (form(mirrored), "symmetric"),
            (form(twisted), "skew-symmetric"),
            (form(mirrored + 1j * twisted), "hermitian"),
        )
    ]
    texts.append(written(scipy.io.mmwrite, sp.coo_array(FULL), field="pattern"))
    files = {f"{number}.mtx": text for number, text in enumerate(texts)}
    files |= {f"{number}.mtx.gz": gzip.compress(text) for number, text in enumerate(texts)}
    files |= {f"{kind}.npy": written(np.save, FULL.astype(kind)) for kind in ("f8", ">f4", "i8", "c16")}
    files |= {f"{write.__name__}.npz": written(write, FULL) for write in (np.savez, np.savez_compressed)}
    for form in ("csr", "csc", "coo", "bsr", "dia"):
        matrix = getattr(sp, f"{form}_array")(FULL)
        files |= {f"{form}{p}.npz": written(sp.save_npz, matrix, compressed=p) for p in (True, False)}
    return files


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, lost, repeated, or replaced by numbers and words that matter."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
        at, length = chance.randrange(len(data) + 1), chance.choice([0, 1, 1, 2, 4, 8, 30])
        digits = [place for place, byte in enumerate(data) if chr(byte).isdigit()] or [at]
        match chance.randrange(7):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case 3:
                data[at : at + 8] = chance.choice(NUMBERS).to_bytes(8, "little", signed=True)
            case 4:
                data[at : at + length] = chance.choice(WORDS).replace(rb"\n", b"\n").replace(rb"\t", b"\t")
            case 5:
                at = chance.choice(digits)
                data[at : at + 1] = str(chance.choice([*range(10), *NUMBERS])).encode()
            case _:
                del data[chance.choice([at, len(data)]) :]
    return bytes(data)


def inside(name: str, content: bytes, chance: random.Random) -> bytes:
    """A mutation of what is packed, packed again: no check sum stops it."""
    if name.endswith(".gz"):
        return gzip.compress(mutated(gzip.decompress(content), chance))
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(file, "w") as target:
        chosen = chance.choice(source.namelist())
        for member in source.namelist():
            data = source.read(member)
            target.writestr(member, mutated(data, chance) if member == chosen else data)
    return file.getvalue()


def in_memory(chance: random.Random) -> Any:
    """A SciPy matrix, one of whose arrays is changed."""
    form = chance.choice(["csr", "csc", "bsr", "coo", "dia"])
    matrix = getattr(sp, f"{form}_array")(FULL)
    name = chance.choice(PARTS.get(form, ("indices", "indptr", "data")))
    array = np.array(getattr(matrix, name))
    changed = array if name == "data" else array.astype(np.int64)
    changed.flat[chance.randrange(changed.size)] = chance.choice(NUMBERS)
    changed = changed[..., : changed.shape[-1] - chance.choice([0, 0, 1])]
    setattr(matrix, name, tuple(changed) if name == "coords" else changed)
    return matrix


def case(files: dict[str, bytes], folder: Path, chance: random.Random) -> Any:
    """A matrix from a mutation."""
    name = chance.choice([*files, "memory", "memory", "memory"])
    if name == "memory":
        return in_memory(chance)
    packed = name.endswith((".gz", ".npz")) and chance.random() < 0.7
    (folder / name).write_bytes(inside(name, files[name], chance) if packed else mutated(files[name], chance))
    return read_matrix(folder / name)


def main(seed: int, count: int) -> None:
    """Read mutations and multiply what is read; raises what is not meant to be raised."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    chance, files, outcomes = random.Random(seed), originals(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(count):
            try:
                matrix = case(files, Path(folder), chance)
                if max(matrix.shape) < 10**6:
                    execute(plan(Chain.from_matrices([matrix])))
                outcomes["read"] += 1
            except ChainorderError as error:
                assert str(error).isprintable()
                assert len(str(error)) < 500
                outcomes["refused"] += 1
    sys.stdout.write(f"{outcomes['read']} read, {outcomes['refused']} refused\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
