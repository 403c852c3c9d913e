"""Valid data to a chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chainorder.chain import Chain, MatrixFile
from chainorder.compressed_rows import MAX_ENTRIES
from chainorder.elementals import MAX_LENGTH, Elemental, Elementals
from chainorder.errors import MatrixError, StructureError
from chainorder.graph.graph import Graph
from chainorder.pattern import DensePattern, SparsePattern
from chainorder.selections import Selection
from chainorder.solves import Solve
from chainorder.spec.messages import Fault
from chainorder.spec.words import Path as KeyPath
from chainorder.structure import Banded, Dense, Identity, Sparse, Structure
from chainorder.structures import STRUCTURES

Item = dict[str, Any]

MODEL_KEYS = ("tangent", "adjoint", "tape", "overhead", "explicit")


def build(data: dict[str, Any], folder: Path) -> Chain | Graph:
    """The chain, or the parameter graph of a network, that valid data declares.

    Raises
    ------
    Fault
        If the elementals do not fit together, or one does not fit its structure or its matrix.
    """
    chain = _chain(data, folder).within(data.get("memory"))
    return chain.on(data["machines"]) if "machines" in data and isinstance(chain, Chain) else chain


def _chain(data: dict[str, Any], folder: Path) -> Chain | Graph:
    name = data.get("name")
    if "dims" in data:
        return Chain.from_dims(data["dims"], name)
    if "layers" in data:
        options = {key: data.get(key) for key in ("activation", "output_activation", "loss")}
        stated = {key: None if value == "none" else value for key, value in options.items()}
        if data.get("parameters"):
            return Graph.from_layers(data["layers"], name=name, batch=data.get("batch"), **stated)
        return Chain.from_layers(data["layers"], name=name, **stated)
    return _Assembly(folder).chain(data["elementals"], name)


@dataclass
class _Assembly:
    """A chain of elementals in the making."""

    folder: Path
    runs: list[tuple[Elemental, int]] = field(default_factory=list)
    length: int = 0
    files: dict[int, MatrixFile] = field(default_factory=dict)
    read: dict[Path, Any] = field(default_factory=dict)
    solves: dict[Path, Solve] = field(default_factory=dict)

    def chain(self, items: list[Item], name: str | None) -> Chain:
        for place, item in enumerate(items):
            self._append(item, ("elementals", place))
        return Chain(Elementals.from_runs(self.runs), name, matrices=self.files)

    def _append(self, item: Item, path: KeyPath) -> None:
        key = next((key for key in ("matrix", "solve") if key in item), None)
        matrix = None if key is None else self._matrix(item[key], (*path, key))
        elemental = self._elemental(item, matrix, path)
        repeat = item.get("repeat", 1)
        if repeat > 1 and elemental.inputs != elemental.outputs:
            raise Fault(
                f"repeat is {repeat} but the elemental has {elemental.inputs} inputs and {elemental.outputs} "
                "outputs; only one with as many outputs as inputs can follow itself",
                (*path, "repeat"),
            )
        if self.length + repeat > MAX_LENGTH:
            message = f"the chain has {self.length + repeat:,} elementals up to here; at most {MAX_LENGTH:,}"
            raise Fault(f"{message} are planned", (*path, "repeat"))
        if key is not None:
            file = MatrixFile(self._path(item[key]))
            self.files.update(dict.fromkeys(range(self.length, self.length + repeat), file))
        self.runs.append((elemental, repeat))
        self.length += repeat

    def _elemental(self, item: Item, matrix: Any, path: KeyPath) -> Elemental:
        inputs = self._inputs(item, matrix, path)
        outputs = item.get("outputs", self._outputs(item, matrix, inputs))
        if matrix is not None and matrix.shape != (outputs, inputs):
            raise self._misfit(item, matrix, inputs, path)
        try:
            structure = self._structure(item, matrix, outputs, inputs, path)
            models = {key: item[key] for key in MODEL_KEYS if key in item}
            labels = {key: item[key] for key in ("name", "same") if key in item}
            return Elemental(inputs, outputs, structure, **labels, **models)
        except StructureError as error:
            # Its first word is the bandwidth at fault, if one is.
            first = str(error).split()[0].partition("[")[0]
            key = next((key for key in (first, "solve", "outputs") if key in item), "structure")
            raise Fault(str(error), (*path, key)) from None

    def _structure(self, item: Item, matrix: Any, rows: int, columns: int, path: KeyPath) -> Structure:
        if "solve" not in item:
            return structure_of(item, matrix, rows, columns, path)
        file = self._path(item["solve"])
        if file not in self.solves:
            self.solves[file] = Solve(matrix)
        return self.solves[file]

    def _outputs(self, item: Item, matrix: Any, inputs: int) -> int:
        if matrix is not None:
            return int(matrix.shape[0])
        return len(item["select"]) if "select" in item else inputs

    def _inputs(self, item: Item, matrix: Any, path: KeyPath) -> int:
        before = self.runs[-1][0].outputs if self.runs else None
        stated: int | None = item.get("inputs", before)
        if stated is None:
            if matrix is None:
                raise Fault("inputs is missing; the first elemental states how many it has", path)
            return int(matrix.shape[1])
        if before not in (None, stated):
            message = f"inputs is {stated} but the elemental before has {before} outputs; make them equal"
            raise Fault(message, (*path, "inputs"))
        return stated

    def _misfit(self, item: Item, matrix: Any, inputs: int, path: KeyPath) -> Fault:
        rows, columns = matrix.shape
        shape = f"the matrix is {rows} × {columns} (outputs × inputs) but"
        if columns == inputs:
            return Fault(f"{shape} outputs is {item['outputs']}; make them agree", (*path, "outputs"))
        if "inputs" in item:
            return Fault(f"{shape} inputs is {inputs}; make them agree", (*path, "inputs"))
        message = f"{shape} the elemental before has {inputs} outputs; make them agree"
        return Fault(message, (*path, "solve" if "solve" in item else "matrix"))

    def _path(self, name: str) -> Path:
        return (self.folder / name).absolute()

    def _matrix(self, name: str, path: KeyPath) -> Any:
        file = self._path(name)
        if file not in self.read:
            try:
                self.read[file] = MatrixFile(file).load()
            except MatrixError as error:
                raise Fault(str(error), path) from None
        return self.read[file]


def structure_of(item: Item, matrix: Any, rows: int, columns: int, path: KeyPath) -> Structure:
    """The structure that an elemental or edge states, or that its matrix has."""
    name = item.get("structure")
    if "select" in item:
        return Selection(item["select"], item.get("axis", "rows"))
    if name == "solve":
        return Solve(factors=item["factors"], key=item.get("key", ""))
    if name == "sparse":
        return Sparse(matrix) if matrix is not None else _sparse(item["pattern"], rows, columns, path)
    if name is None:
        return Dense() if matrix is None or isinstance(matrix, np.ndarray) else Sparse(matrix)
    structure = Banded(item["lower"], item["upper"]) if name == "banded" else STRUCTURES[name]()
    if matrix is not None:
        _check_inside(structure, matrix, path)
    return structure


def _check_inside(structure: Structure, matrix: Any, path: KeyPath) -> None:
    """Check that the matrix has no entry outside of the structure, and that an identity is one."""
    pattern = structure.pattern(*matrix.shape)
    if isinstance(pattern, DensePattern):
        return
    outside = (SparsePattern.of(matrix).csr() > pattern.csr()).tocoo()
    if outside.nnz:
        row, column = int(outside.row[0]) + 1, int(outside.col[0]) + 1
        message = f"the matrix has an entry in row {row}, column {column}, outside of {structure}"
        raise Fault(f"{message}; declare a wider structure or none", (*path, "structure"))
    if isinstance(structure, Identity) and not (matrix.diagonal() == 1).all():
        message = "the matrix is not the identity; declare it diagonal"
        raise Fault(message, (*path, "structure"))


def _sparse(pattern: Item, rows: int, columns: int, path: KeyPath) -> Sparse:
    """The structure of compressed rows, which arrive as whole numbers of at least 0 and no more."""
    place = (*path, "pattern", "indptr")
    for key, size in (("outputs", rows), ("inputs", columns)):
        if size > MAX_ENTRIES:
            message = f"{key} is {size} in a sparse elemental; at most {MAX_ENTRIES:,} are kept"
            raise Fault(message, (*path, key))
    indptr, indices = (np.array(pattern[key], np.int64) for key in ("indptr", "indices"))
    counts = np.diff(indptr)
    if len(counts) != rows:
        message = f"indptr has {len(indptr)} entries but outputs is {rows}; it has one more than outputs"
        raise Fault(message, place)
    if indptr[0] != 0 or indptr[-1] != len(indices) or (counts < 0).any():
        message = f"indptr does not rise from 0 to {len(indices)}, the number of indices; write it so"
        raise Fault(message, place)
    if (indices >= columns).any():
        at = int(np.argmax(indices >= columns))
        message = f"indices[{at}] is {indices[at]} but inputs is {columns}; a column is at most {columns - 1}"
        raise Fault(message, (*path, "pattern", "indices", at))
    starts_row = np.zeros(len(indices) + 1, bool)
    starts_row[indptr] = True
    falls = (np.diff(indices) <= 0) & ~starts_row[1:-1]
    if falls.any():
        at = int(np.argmax(falls)) + 1
        message = f"indices[{at}] is {indices[at]} after {indices[at - 1]}; columns rise within a row"
        raise Fault(message, (*path, "pattern", "indices", at))
    return Sparse(SparsePattern(rows, columns, indptr, indices))
