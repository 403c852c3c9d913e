"""Sound files of every format that the package reads or saves, to be damaged."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests import strategies as our
from tests.strategies.matrices import DENSE, SPARSE, matrix_bytes

DATA = Path(__file__).parents[2] / "data"

PRECIOUS = b"what was there before\n"
FORMATS = ("table", "json", "jsonl", "csv", "markdown")
"""Of reports; the others are for some."""

SLOW = ("autoencoder", "mnist", "mnist-training", "sigmoid-million", "stepper-500", "hessian")
"""Specs in it that take more than some hundredths of a second."""

Files = dict[str, bytes]

SMALL_SPEC: dict[str, Any] = {
    "name": "small",
    "elementals": [
        {"inputs": 3, "outputs": 4, "tangent": 2, "adjoint": 3, "tape": 5, "name": "model"},
        {"structure": "banded", "lower": 1, "upper": 0, "repeat": 2},
        {"select": [3, 0], "outputs": 2},
    ],
}
SMALL_GRAPH: dict[str, Any] = {
    "vertices": {"x": 2, "h": 3, "y": 2},
    "edges": [
        {"source": "x", "target": "h", "tangent": 2},
        {"source": "h", "target": "y"},
        {"source": "x", "target": "y", "structure": "identity"},
    ],
}


@cache
def samples() -> list[tuple[str, Files]]:
    """Sound files to be damaged, each with the others that it needs."""
    from chainorder import Graph, plan
    from chainorder.problems.load import from_data

    chain, graph = from_data(SMALL_SPEC, Path()), from_data(SMALL_GRAPH, Path())
    assert isinstance(graph, Graph)
    lines = b"".join(our.written(each, ".jsonl") for each in (SMALL_SPEC, SMALL_GRAPH, {"dims": [3, 1, 2]}))
    two = json.dumps([json.loads(plan(each).to_json()) for each in (chain, graph)])
    found = [
        ("plan.json", {"plan.json": plan(chain).to_json(indent=1).encode()}),
        ("plan.json", {"plan.json": plan(chain.on(2), time_limit=0.05).to_json().encode()}),
        ("plan.json", {"plan.json": plan(graph).to_json().encode()}),
        ("plan.json", {"plan.json": two.encode()}),
        ("lines.jsonl", {"lines.jsonl": lines}),
        ("graph.graphml", {"graph.graphml": _graphml(graph)}),
        ("spec.yaml", {"spec.yaml": our.written({"chains": [SMALL_SPEC, SMALL_GRAPH]}, ".yaml")}),
        ("spec.json", {"spec.json": our.written(SMALL_SPEC, ".json")}),
        ("spec.yaml.gz", {"spec.yaml.gz": gzip.compress(our.written(SMALL_SPEC, ".yaml"), mtime=0)}),
    ]
    found += _of_data()
    matrix = np.array([[1.0, 0, 2], [0, 3, 0], [4, 0, 5]])
    for form in (*SPARSE, *DENSE):
        name = f"m.{form.partition('.')[2]}"
        spec = {"elementals": [{"matrix": name}, {"solve": name}, {"outputs": 1}]}
        files = {name: matrix_bytes(matrix, form), "spec.json": our.written(spec, ".json")}
        found.append((name, files))
    return found


def _of_data() -> Iterator[tuple[str, Files]]:
    """The specs of ``data/`` that are soon multiplied, and their matrices, all in one folder."""
    for path in sorted(DATA.glob("*.yaml")):
        folder = DATA / path.stem
        matrices = {each.name: each.read_bytes() for each in folder.glob("*.mtx*")}
        text = path.read_bytes().replace(f"{path.stem}/".encode(), b"")
        if path.stem not in SLOW:
            yield from ((name, {path.name: text, **matrices}) for name in (path.name, *matrices))


def _graphml(graph: Any) -> bytes:
    import networkx as nx

    return "\n".join(nx.generate_graphml(graph.to_networkx())).encode()
