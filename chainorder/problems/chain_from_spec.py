"""Valid data to the arguments of a chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chainorder.errors import MAX_FAULTS, ChainError, MatrixError, StructureError
from chainorder.problems.elementals import MAX_LENGTH, MODELS, Elemental, Elementals
from chainorder.problems.matrix_files import MatrixFile, Unsaved
from chainorder.problems.messages import Fault, noting
from chainorder.problems.network import Network
from chainorder.problems.schema import STATING
from chainorder.reading.words import KeyPath, join, show
from chainorder.structures.catalogue import STRUCTURES
from chainorder.structures.compressed_rows import canonical
from chainorder.structures.dense import Dense
from chainorder.structures.sparse import Sparse
from chainorder.structures.structure import Structure

Item = dict[str, Any]

FILES = ("matrix", *(key for key, kind in STATING.items() if kind.loads))
"""Keys that name the file of a matrix."""


def chain_arguments(data: Item, folder: Path, faults: list[Fault]) -> dict[str, Any] | None:
    """The elementals of the chain that data declares, and where they come from.

    Parameters
    ----------
    faults
        What the schema has found wrong. What else is wrong is added: with elementals that do not fit
        together, or one that does not fit its structure or its matrix.

    Returns
    -------
    dict or None
        Arguments of `Chain`; None if there are faults.
    """
    if isinstance(data.get("elementals"), list):
        return _Assembly(folder, faults).arguments(data["elementals"])
    if faults:
        return None
    if "dims" in data:
        return {"elementals": Elementals.dense(data["dims"])}
    network = Network(tuple(data["layers"]), **activations(data))
    return {"elementals": network.elementals(), "network": network}


def activations(data: Item) -> dict[str, str | None]:
    """What follows the layers of a network."""
    stated = {key: data.get(key) for key in ("activation", "output_activation", "loss")}
    return {key: None if value == "none" else value for key, value in stated.items()}


@dataclass
class _Assembly:
    """Elementals of a chain in the making; what is wrong with one is noted, and the next is looked at.

    Attributes
    ----------
    before
        How many outputs the elemental before has; None if there is none, or that cannot be told.
    """

    folder: Path
    faults: list[Fault]
    runs: list[tuple[Elemental, int]] = field(default_factory=list)
    length: int = 0
    before: int | None = None
    files: dict[int, MatrixFile | Unsaved] = field(default_factory=dict)
    read: dict[Path, Any] = field(default_factory=dict)
    structures: dict[tuple[str, Path], Structure] = field(default_factory=dict)
    labels: dict[str, tuple[Elemental, MatrixFile | None, KeyPath]] = field(default_factory=dict)

    def arguments(self, items: list[Item]) -> dict[str, Any] | None:
        """Elementals and matrices; None if there are faults."""
        wrong = {fault.path for fault in self.faults}
        broken = {path[:2] for path in wrong}
        for place, item in enumerate(items):
            path, made, known = ("elementals", place), None, len(self.faults)
            if path not in broken:
                with noting(self.faults):
                    made = self._append(item, path)
            wrong.update(fault.path for fault in self.faults[known:])
            stated = (
                item.get("outputs") if isinstance(item, dict) and (*path, "outputs") not in wrong else None
            )
            self.before = made.outputs if made is not None else stated if type(stated) is int else None
            if len(self.faults) >= MAX_FAULTS:
                break
        if self.faults:
            return None
        return {"elementals": Elementals.from_runs(self.runs), "matrices": self.files}

    def _append(self, item: Item, path: KeyPath) -> Elemental | None:
        """The elemental, which is now part of the chain; None if it follows one that could not be made."""
        key = next((key for key in FILES if key in item), None)
        matrix = None if key is None else self._matrix(item[key], (*path, key))
        if self.faults and self.before is None and "inputs" not in item and matrix is None and path[1]:
            return None
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
        file = None if key is None else MatrixFile(self._path(item[key]))
        self._check_label(elemental, file, path)
        entries = Unsaved() if file is None and item.get("in_memory") else file
        if entries is not None:
            self.files.update(dict.fromkeys(range(self.length, self.length + repeat), entries))
        self.runs.append((elemental, repeat))
        self.length += repeat
        return elemental

    def _check_label(self, elemental: Elemental, file: MatrixFile | None, path: KeyPath) -> None:
        """Check that what has the label of another has its sizes, structure and matrix, too."""
        if elemental.same is None:
            return
        other, its_file, where = self.labels.setdefault(elemental.same, (elemental, file, path))
        unlike = elemental.unlike(other)
        shapes = [(each.outputs, each.inputs) for each in (elemental, other)]
        if file != its_file and (unlike is None or (None not in (file, its_file) and shapes[0] == shapes[1])):
            unlike = _name_of(file), _name_of(its_file)
        if unlike is not None:
            raise Fault(
                f"same is {show(elemental.same)} as in {join(where)}, but this one is {unlike[0]} and that "
                f"one {unlike[1]}; equal labels mean equal Jacobians",
                (*path, "same"),
            )

    def _elemental(self, item: Item, matrix: Any, path: KeyPath) -> Elemental:
        inputs = self._inputs(item, matrix, path)
        outputs = item.get("outputs", self._outputs(item, matrix, inputs))
        if matrix is not None and matrix.shape != (outputs, inputs):
            raise self._misfit(item, matrix, inputs, path)
        try:
            structure = self._structure(item, matrix, outputs, inputs, path)
            models = {key: item[key] for key in MODELS if key in item}
            labels = {key: item[key] for key in ("name", "same") if key in item}
            return Elemental(inputs, outputs, structure, **labels, **models)
        except (ChainError, StructureError) as error:
            raise fault_of(error, item, path) from None

    def _structure(self, item: Item, matrix: Any, rows: int, columns: int, path: KeyPath) -> Structure:
        """The structure; made once of a file that states it."""
        key = next((key for key in FILES if key in item and key in STATING), None)
        if key is None:
            return structure_of(item, matrix, rows, columns, path)
        file = key, self._path(item[key])
        if file not in self.structures:
            self.structures[file] = structure_of(item, matrix, rows, columns, path)
        return self.structures[file]

    def _outputs(self, item: Item, matrix: Any, inputs: int) -> int:
        return int(matrix.shape[0]) if matrix is not None else _kind_of(item, matrix).outputs_of(item, inputs)

    def _inputs(self, item: Item, matrix: Any, path: KeyPath) -> int:
        before = self.before
        stated: int | None = item.get("inputs", before)
        if stated is None:
            if matrix is None:
                raise Fault("inputs is missing; the first elemental states how many it has", path)
            return int(matrix.shape[1])
        if before not in (None, stated):
            message = f"inputs is {stated} but the elemental before has {before} outputs; make them equal"
            self.faults.append(Fault(message, (*path, "inputs")))  # the rest of it may be wrong, too
        return stated

    def _misfit(self, item: Item, matrix: Any, inputs: int, path: KeyPath) -> Fault:
        rows, columns = matrix.shape
        shape = f"the matrix is {rows} × {columns} (outputs × inputs) but"
        if columns == inputs:
            return Fault(f"{shape} outputs is {item['outputs']}; make them agree", (*path, "outputs"))
        if "inputs" in item:
            return Fault(f"{shape} inputs is {inputs}; make them agree", (*path, "inputs"))
        message = f"{shape} the elemental before has {inputs} outputs; make them agree"
        return Fault(message, (*path, next(key for key in FILES if key in item)))

    def _path(self, name: str) -> Path:
        return (self.folder / name).absolute()

    def _matrix(self, name: str, path: KeyPath) -> Any:
        file = self._path(name)
        if file not in self.read:
            try:
                self.read[file] = MatrixFile(file).load()
            except MatrixError as error:
                self.read[file] = error
        if isinstance(self.read[file], MatrixError):
            raise Fault(str(self.read[file]), path)
        return self.read[file]


def _name_of(file: MatrixFile | None) -> str:
    return "without a matrix" if file is None else file.path.name


def structure_of(item: Item, matrix: Any, rows: int, columns: int, path: KeyPath) -> Structure:
    """The structure that an elemental or edge states, or that its matrix has."""
    kind = _kind_of(item, matrix)
    structure = kind.from_spec(item, matrix, (rows, columns))
    if matrix is not None and "structure" in item and kind is not Sparse:
        _check_inside(structure, matrix, path)
    return structure


def _kind_of(item: Item, matrix: Any) -> type[Structure]:
    for key, kind in STATING.items():
        if key in item:
            return kind
    if "structure" in item:
        return STRUCTURES[item["structure"]]
    return Dense if matrix is None or isinstance(matrix, np.ndarray) else Sparse


def fault_of(error: ChainError | StructureError, item: Item, path: KeyPath) -> Fault:
    """What is wrong with an elemental or edge, at the key that its structure says, or begins with."""
    if isinstance(error, StructureError) and error.path:
        return Fault(str(error), (*path, *error.path))
    first = str(error).split()[0].partition("[")[0]
    key = next((key for key in (first, *STATING, "outputs") if key in item), "structure")
    return Fault(str(error), (*path, key))


def _check_inside(structure: Structure, matrix: Any, path: KeyPath) -> None:
    """Check that the matrix has no entry outside of the structure, and those that it says there are."""
    pattern = structure.pattern(*matrix.shape)
    if pattern.full:
        return
    csr = canonical(matrix)
    rows, columns = csr.tocoo().coords
    outside = np.flatnonzero(~pattern.holds(rows, columns))
    if len(outside):
        place = f"row {rows[outside[0]] + 1}, column {columns[outside[0]] + 1}"
        message = f"the matrix has an entry in {place}, outside of {structure}"
        raise Fault(f"{message}; declare a wider structure or none", (*path, "structure"))
    if not pattern.agrees(csr):
        what, remedy = pattern.claim
        raise Fault(f"the matrix is not the {what}; {remedy}", (*path, "structure"))
