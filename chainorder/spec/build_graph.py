"""Valid data to a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chainorder.chain import MatrixFile
from chainorder.errors import GraphError, MatrixError, StructureError
from chainorder.graph.graph import Edge, Graph
from chainorder.spec.build import MODEL_KEYS, Item, structure_of
from chainorder.spec.messages import Fault
from chainorder.spec.words import Path as KeyPath
from chainorder.spec.words import nearest


def build_graph(data: dict[str, Any], folder: Path) -> Graph:
    """The graph that data declares which the schema has found valid.

    Raises
    ------
    Fault
        If the edges do not make a graph, or one does not fit its ends or its matrix.
    """
    edges = [_edge(item, data["vertices"], folder, ("edges", at)) for at, item in enumerate(data["edges"])]
    try:
        return Graph(
            data["vertices"],
            edges,
            data.get("name"),
            memory=data.get("memory"),
            inputs=data.get("inputs"),
            outputs=data.get("outputs"),
        )
    except GraphError as error:
        raise Fault(str(error), error.path) from None


def _edge(item: Item, vertices: dict[str, int], folder: Path, path: KeyPath) -> Edge:
    for key in ("source", "target"):
        if item[key] not in vertices:
            hint = nearest(item[key], vertices)
            raise Fault(f"{key} is {item[key]!r}, which is no vertex; {hint}", (*path, key))
    rows, columns = vertices[item["target"]], vertices[item["source"]]
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
    models = {key: item[key] for key in MODEL_KEYS if key in item}
    try:
        structure = structure_of(item, matrix, rows, columns, path)
        structure.pattern(rows, columns)
    except StructureError as error:
        key = next((key for key in (str(error).split()[0],) if key in item), "structure")
        raise Fault(str(error), (*path, key)) from None
    return Edge(item["source"], item["target"], structure, name=item.get("name"), matrix=file, **models)
