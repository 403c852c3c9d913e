"""Matrices of any type and order of bytes, in memory and in files; and broken ones, which crash SciPy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from chainorder import (
    Banded,
    Chain,
    ChainError,
    ChainorderError,
    Dense,
    Diagonal,
    Elemental,
    ExecutionError,
    Solve,
    Sparse,
    StructureError,
    execute,
    plan,
)
from chainorder.problems.load import load
from chainorder.structures.sparse_arrays import sound
from chainorder.structures.structure import Structure

FULL = np.array([[2.0, 1, 0], [0, 3, 1], [0, 0, 4]])
TYPES = [
    "f2",
    ">f2",
    "f4",
    ">f4",
    "f8",
    ">f8",
    "g",
    "?",
    "i1",
    ">i2",
    "u4",
    ">i8",
    "u8",
    "F",
    ">c8",
    "D",
    ">c16",
]
STRUCTURES: dict[str, tuple[Structure, Any]] = {
    "dense": (Dense(), FULL),
    "sparse": (Sparse(FULL), FULL),
    "banded": (Banded(0, 1), FULL),
    "diagonal": (Diagonal(), np.diag(FULL.diagonal())),
    "vector": (Diagonal(), FULL.diagonal()),
}


def kept(kind: str) -> np.dtype[Any]:
    """The type that a Jacobian of these numbers has."""
    given = np.dtype(kind).newbyteorder("=")
    return np.dtype(float) if given.kind in "biu" or given == np.float16 else given


def run(chain: Chain, given: list[Any] | None = None) -> Any:
    done = execute(plan(chain), given)
    assert done.passed
    return done.jacobian


def values(jacobian: Any) -> Any:
    return jacobian.toarray() if sp.issparse(jacobian) else jacobian


def expected(matrix: Any, kind: str) -> Any:
    return np.asarray(np.diag(matrix) if matrix.ndim == 1 else matrix).astype(kind).astype(kept(kind))


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", STRUCTURES)
def test_all_types_in_memory(name: str, kind: str) -> None:
    structure, matrix = STRUCTURES[name]
    forms: list[Callable[[Any], Any]] = [np.asarray]
    if matrix.ndim == 2:
        forms += [changed(form) for form in ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")]
    for form in forms:
        given = form(matrix.astype(kind)) if form is np.asarray else form((matrix, kind))
        for factors in ([given], [given, np.eye(3, dtype=kept(kind))]):
            chain = Chain([Elemental(3, 3, structure), Elemental(3, 3)][: len(factors)])
            jacobian = run(chain, factors)
            np.testing.assert_array_equal(values(jacobian), expected(matrix, kind))
            assert jacobian.dtype == kept(kind)
            assert jacobian.dtype.isnative


def changed(form: str) -> Callable[[Any], Any]:
    """Makes a SciPy matrix whose entries are of a type that SciPy itself would refuse."""

    def make(given: tuple[Any, str]) -> Any:
        matrix, kind = given
        made = getattr(sp, f"{form}_array")(matrix)
        if form in ("lil", "dok"):
            return made.astype(np.dtype(kind).newbyteorder("=") if kind[-2:] != "f2" else float)
        made.data = made.data.astype(kind)
        return made

    return make


@pytest.mark.parametrize("kind", TYPES)
def test_all_types_as_chains_of_matrices(kind: str) -> None:
    for given in (FULL.astype(kind), changed("csr")((FULL, kind)), changed("coo")((FULL, kind))):
        jacobian = run(Chain.from_matrices([given, given]))
        one = expected(FULL, kind)
        np.testing.assert_allclose(values(jacobian), one @ one)
        assert jacobian.dtype == kept(kind)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    "structure", ["", "dense", "sparse", "banded, lower: 0, upper: 1", "diagonal", "identity"]
)
def test_all_types_in_files(tmp_path: Path, structure: str, kind: str) -> None:
    matrix = {"diagonal": np.diag([2.0, 3, 4]), "identity": np.eye(3)}.get(structure, FULL)
    np.save(tmp_path / "m.npy", matrix.astype(kind))
    stated = f", structure: {structure}" if structure else ""
    (tmp_path / "s.yaml").write_text(f"elementals: [{{matrix: m.npy{stated}}}]")
    jacobian = run(load(tmp_path / "s.yaml")[0])
    np.testing.assert_array_equal(values(jacobian), expected(matrix, kind))
    if structure != "identity":
        assert jacobian.dtype == kept(kind)
    solve = tmp_path / "solve.yaml"
    solve.write_text("elementals: [{solve: m.npy}, {outputs: 3, structure: identity}]")
    np.testing.assert_allclose(run(load(solve)[0]) @ expected(matrix, kind), np.eye(3), atol=1e-12)


def broken() -> dict[str, Any]:
    """Matrices that were changed after SciPy had looked at them."""
    made: dict[str, Any] = {}
    size = 3

    def add(name: str, form: str, attribute: str, value: Any) -> None:
        matrix = getattr(sp, f"{form}_array")(FULL)
        if attribute == "row":
            matrix.coords = (np.array(value), matrix.coords[1])
        else:
            setattr(matrix, attribute, value)
        made[name] = matrix

    for form in ("csr", "csc"):
        add(f"{form} beyond", form, "indices", np.array([0, 1, 1, 2, 10**8], np.int32))
        add(f"{form} negative", form, "indices", np.array([0, 1, 1, 2, -(10**8)], np.int32))
        add(f"{form} fractions", form, "indices", np.ones(5))
        add(f"{form} indptr", form, "indptr", np.array([0, 2, 4, 10**8], np.int32))
        add(f"{form} falling", form, "indptr", np.array([0, 10**8, 4, 5], np.int32))
        add(f"{form} short", form, "indptr", np.array([0, 5], np.int32))
        add(f"{form} data", form, "data", np.ones(2))
    add("bsr beyond", "bsr", "indices", np.array([10**8] * 9, np.int32)[:5])
    add("coo beyond", "coo", "row", [0, 0, 1, 1, 10**8])
    add("coo negative", "coo", "row", [0, 0, 1, 1, -(10**8)])
    add("dia data", "dia", "data", np.ones((1, size)))
    add("dia offsets", "dia", "offsets", np.array([0, 10**8], np.int32))
    lil = sp.lil_array(FULL)
    lil.rows[2] = [10**8]
    made["lil beyond"] = lil
    lil = sp.lil_array(FULL)
    lil.data[1] = [1.0] * 10**5
    made["lil data"] = lil
    dok = sp.dok_array(FULL)
    dok._dict[(2, 10**8)] = 1.0
    made["dok beyond"] = dok
    return made


BROKEN = broken()


@pytest.mark.parametrize("name", BROKEN)
def test_broken_matrices_do_not_crash(name: str) -> None:
    matrix = BROKEN[name]
    with pytest.raises(ChainError, match="matrix 2: the matrix h"):
        Chain.from_matrices([np.eye(3), matrix])
    with pytest.raises(StructureError, match="the matrix h"):
        Sparse(matrix)
    for structure, _ in STRUCTURES.values():
        with pytest.raises(ExecutionError, match="the Jacobian of elemental 1: the matrix h"):
            execute(plan(Chain([Elemental(3, 3, structure)])), [matrix])


def test_text_is_no_jacobian() -> None:
    text = sp.csr_array(FULL)
    text.data = np.array(list("abcde"))
    for structure, _ in STRUCTURES.values():
        for matrix in (text, np.full((3, 3), "a"), np.full((3, 3), None)):
            with pytest.raises(ExecutionError, match="a Jacobian is numeric"):
                execute(plan(Chain([Elemental(3, 3, structure)])), [matrix])


def test_broken_matrices_to_solve_with() -> None:
    for matrix in BROKEN.values():
        with pytest.raises(ChainorderError, match="the matrix"):
            Solve(matrix)


def test_matrices_that_break_after_planning() -> None:
    matrix = sp.csr_array(FULL)
    answer = plan(Chain.from_matrices([matrix]))
    matrix.indices[4] = 10**8
    with pytest.raises(ExecutionError, match="indices from 0 to 100000000 where 0 to 2 are possible"):
        execute(answer)


def test_whole_numbers_are_not_rounded_in_silence() -> None:
    for number, kind in ((2**53 + 1, np.int64), (-(2**53) - 1, np.int64), (2**64 - 1, np.uint64)):
        for matrix in (np.array([[number]], kind), sp.csr_array(np.array([[number]], kind))):
            with pytest.raises(ExecutionError, match=f"holds {number}, which would be rounded to"):
                run(Chain.from_matrices([matrix]))
    for number, kind in ((2**53, np.int64), (-(2**63), np.int64), (2**63, np.uint64)):
        assert run(Chain.from_matrices([np.array([[number]], kind)])).tolist() == [[float(number)]]


def test_sound_matrices_are_shared_and_left_alone() -> None:
    """The check copies nothing, and changes nothing of the user's."""
    matrix = sp.csr_matrix(FULL)
    matrix.data = np.append(matrix.data, 7)
    matrix.indices = np.append(matrix.indices, 99)
    before = [getattr(matrix, name).copy() for name in ("data", "indices", "indptr")]
    np.testing.assert_array_equal(values(run(Chain.from_matrices([matrix]))), FULL)
    for name, array in zip(("data", "indices", "indptr"), before, strict=True):
        np.testing.assert_array_equal(getattr(matrix, name), array)
    clean = sp.csr_array(FULL)
    assert np.shares_memory(sound(clean).data, clean.data)
    assert np.shares_memory(sound(clean).indices, clean.indices)
