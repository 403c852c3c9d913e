"""Valid data to the arguments of a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chainorder.errors import MAX_FAULTS, MatrixError, StructureError
from chainorder.problems.chain_from_spec import Item, activations, fault_of, structure_of
from chainorder.problems.edge import Edge
from chainorder.problems.elementals import MODELS
from chainorder.problems.matrix_files import MatrixFile, Unsaved
from chainorder.problems.messages import Fault, noting
from chainorder.problems.parameter_network import ParameterNetwork
from chainorder.reading.wording import nearest
from chainorder.reading.words import KeyPath


def graph_arguments(data: Item, folder: Path, faults: list[Fault]) -> dict[str, Any] | None:
    """The vertices and edges that data declares, as arguments of `Graph`; None if there are faults.

    What is wrong beside them is added to these: with edges that do not fit their ends or their matrix.
    """
    if "vertices" in data:
        return _arguments(data, folder, faults)
    if faults:
        return None
    network = ParameterNetwork(tuple(data["layers"]), **activations(data), batch=data.get("batch"))
    return {"vertices": network.vertices(), "edges": network.edges(), "network": network}


def _arguments(data: Item, folder: Path, faults: list[Fault]) -> dict[str, Any] | None:
    broken = {fault.path[:2] for fault in faults}
    if not isinstance(data["vertices"], dict) or not isinstance(data.get("edges"), list):
        return None
    sizes = {name: None if ("vertices", name) in broken else size for name, size in data["vertices"].items()}
    edges: list[Edge] = []
    for place, item in enumerate(data["edges"]):
        if ("edges", place) not in broken and len(faults) < MAX_FAULTS:
            with noting(faults):
                edges += _edge(item, sizes, folder, ("edges", place))
    if faults:
        return None
    ends = {key: data.get(key) for key in ("inputs", "outputs")}
    return {"vertices": data["vertices"], "edges": edges, **ends}


def _edge(item: Item, vertices: dict[str, int | None], folder: Path, path: KeyPath) -> tuple[Edge, ...]:
    """The edge; none if the size of an end is not known."""
    for key in ("source", "target"):
        if item[key] not in vertices:
            hint = nearest(item[key], vertices)
            raise Fault(f"{key} is {item[key]!r}, which is no vertex; {hint}", (*path, key))
    rows, columns = vertices[item["target"]], vertices[item["source"]]
    if rows is None or columns is None:
        return ()
    file = MatrixFile((folder / item["matrix"]).absolute()) if "matrix" in item else None
    try:
        matrix = None if file is None else file.load()
    except MatrixError as error:
        raise Fault(str(error), (*path, "matrix")) from None
    if matrix is not None and matrix.shape != (rows, columns):
        shape = " × ".join(map(str, matrix.shape))
        raise Fault(
            f"the matrix is {shape} (size of target × size of source) but {item['target']} has {rows} and "
            f"{item['source']} has {columns}; make them agree",
            (*path, "matrix"),
        )
    stated = {key: item[key] for key in ("name", "same", *MODELS) if key in item}
    try:
        structure = structure_of(item, matrix, rows, columns, path)
        structure.pattern(rows, columns)
    except StructureError as error:
        raise fault_of(error, item, path) from None
    kept = Unsaved() if item.get("in_memory") else file
    return (Edge(item["source"], item["target"], structure, matrix=kept, **stated),)
