"""Computational graphs with edges of all kinds, and networks; valid as they are drawn."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from chainorder.problems.schema import SCHEMA
from tests.strategies.chains import COSTS, SMALL, Drawing, rarely
from tests.strategies.specs import NAMES, Spec

_OF_NETWORKS = SCHEMA["$defs"]["chain"]["properties"]
ACTIVATIONS = st.sampled_from(_OF_NETWORKS["activation"]["enum"])
LOSSES = st.sampled_from(_OF_NETWORKS["loss"]["enum"])

VERTICES = ("x", "h", "y", "größe", "a b", "1", "true", "=1", "-", "z")


@st.composite
def graphs(draw: st.DrawFn, most: int = 6, sizes: st.SearchStrategy[int] = SMALL) -> Spec:
    """A graph of up to so many vertices, named in any order, without one that dangles."""
    count = draw(st.integers(2, most))
    names = draw(st.permutations(VERTICES))[:count]
    vertices = {name: draw(sizes) for name in names}
    pairs = [(a, b) for at, a in enumerate(names) for b in names[at + 1 :]]
    bits = draw(st.integers(1, 2 ** len(pairs) - 1))
    edges = {pair for place, pair in enumerate(pairs) if bits >> place & 1}
    for at, name in enumerate(names):
        if not any(name in pair for pair in edges):
            edges.add((names[at - 1], name) if at else (name, names[1]))
    drawing = Drawing(draw, sizes, COSTS)
    items = [_edge(drawing, vertices, *pair) for pair in pairs if pair in edges]
    data: dict[str, Any] = {"vertices": vertices, "edges": items}
    if draw(rarely(2)):
        data["memory"] = draw(COSTS)
    if draw(st.booleans()):
        data["name"] = draw(NAMES)
    return Spec(data, drawing.files)


def _edge(drawing: Drawing, vertices: dict[str, int], source: str, target: str) -> dict[str, Any]:
    rows, columns = vertices[target], vertices[source]
    square = ("diagonal", "identity", "banded", "triangular") if rows == columns else ()
    kind = drawing.draw(st.sampled_from(("dense", "dense", "sparse", "axes", "matrix", *square)))
    own = drawing.sizes
    drawing.sizes = st.just(rows)
    item = drawing.elemental(kind, columns)
    drawing.sizes = own
    return {"source": source, "target": target} | {
        key: value for key, value in item.items() if key not in ("inputs", "outputs")
    }


@st.composite
def networks(draw: st.DrawFn, parameters: bool = False, most: int = 4) -> Spec:
    """A fully connected network; with parameters, the graph of backpropagation."""
    data: dict[str, Any] = {"layers": draw(st.lists(st.integers(1, 5), min_size=2, max_size=most))}
    for key, values in (("activation", ACTIVATIONS), ("output_activation", ACTIVATIONS), ("loss", LOSSES)):
        if draw(st.booleans()):
            data[key] = draw(values)
    if parameters:
        data["parameters"] = True
        if draw(st.booleans()):
            data["batch"] = draw(st.integers(1, 3))
    return Spec(data)
