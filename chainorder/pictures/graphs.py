"""Computational graphs: vertices with their sizes, edges, and the order in which they are eliminated."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from chainorder.pictures.scene import LETTER, Area, Axis, Box, Mark, Path, Point, Scene, Text
from chainorder.plans.graph_plan import GraphPlan
from chainorder.problems.graph import Graph
from chainorder.reading.magnitudes import short

MOST = 150
"""Vertices that are drawn one by one."""

WIDTH, HEIGHT, LAYER = 0.6, 0.62, 0.075
"""Of a vertex, in the room it has; of a layer's row, by the width of the picture."""

ROUNDS = 8
"""Rounds in which layers are put into the order of their neighbours."""


def graph(problem: Graph) -> Scene:
    """A graph from its inputs, left, to its outputs: each vertex as far right as its longest path leads."""
    return _scene(problem, {}, "")


def eliminated(plan: GraphPlan) -> Scene:
    """The same with the numbers by which a plan eliminates the inner vertices, and what that costs."""
    numbers = {name: number for number, name in enumerate(shlex.split(plan.order), 1)}
    costs = dict.fromkeys(numbers, 0)
    for each in plan.operations:
        if len(each.vertices) == 3:
            costs[each.vertices[1]] += each.fma
    said = {name: f"{number}. ({short(costs[name])} fma)" for name, number in numbers.items()}
    caption = f"{plan.solver}: {plan.fma:,} fma ({plan.claim}). Numbers: in which order they go."
    return _scene(plan.graph, said, caption)


def _scene(problem: Graph, said: Mapping[str, str], caption: str) -> Scene:
    layers = _layers(problem)
    if len(problem.vertices) > MOST:
        return _silhouette(problem, layers, caption)
    places = _places(problem, layers)
    rows = max(len(layer) for layer in layers)
    marks = (*_edges(problem, places), *_vertices(problem, places, said, len(layers)))
    counts = f"{len(problem.vertices):,} vertices with their sizes, {len(problem.edges):,} edges."
    y = Axis(0, rows + HEIGHT / 2)
    height = min(1.0, max(0.15, LAYER * rows))
    return Scene(problem.title, marks, Axis(0, len(layers)), y, f"{caption} {counts}".strip(), height)


def _layers(problem: Graph) -> list[list[str]]:
    """Vertices by the edges of the longest path that leads to them; inputs right before they are used."""
    import networkx as nx

    shape: nx.DiGraph[str] = nx.DiGraph((edge.source, edge.target) for edge in problem.edges)
    shape.add_nodes_from(problem.vertices)
    layers = [list(layer) for layer in nx.topological_generations(shape)]
    at = {name: place for place, layer in enumerate(layers) for name in layer}
    for name in problem.inputs:
        used = min((at[target] for target in shape.successors(name)), default=1)
        layers[0].remove(name)
        layers[used - 1].append(name)
    return layers


def _places(problem: Graph, layers: list[list[str]]) -> dict[str, Point]:
    """The middle of each vertex: next to its neighbours, as far as that goes without crossings."""
    near: dict[str, list[str]] = {name: [] for name in problem.vertices}
    for edge in problem.edges:
        near[edge.source].append(edge.target)
        near[edge.target].append(edge.source)
    rows = max(len(layer) for layer in layers)
    height: dict[str, float] = {}
    for layer in layers:
        _spread(layer, rows, height)
    for turn in range(ROUNDS):
        for layer in layers if turn % 2 else reversed(layers):
            means = {v: sum(map(height.__getitem__, near[v])) / max(1, len(near[v])) for v in layer}
            layer.sort(key=means.__getitem__)
            _spread(layer, rows, height)
    return {name: (x + 0.5, height[name]) for x, layer in enumerate(layers) for name in layer}


def _spread(layer: Sequence[str], rows: int, height: dict[str, float]) -> None:
    """The vertices of a layer evenly over its height."""
    for place, name in enumerate(layer):
        height[name] = rows * (place + 0.5) / len(layer)


def _edges(problem: Graph, places: Mapping[str, Point]) -> Iterator[Mark]:
    """Straight to the next layer; around what stands between by a bend."""
    for edge in problem.edges:
        (x0, y0), (x1, y1) = places[edge.source], places[edge.target]
        start, end = (x0 + WIDTH / 2, y0), (x1 - WIDTH / 2, y1)
        shape = f"{problem.vertices[edge.target]:,} × {problem.vertices[edge.source]:,}"
        tip = f"{edge.source} → {edge.target}: {shape}, {edge.structure.name}"
        bend = (
            [(start[0] + 0.15, y0 + HEIGHT * 1.05), (end[0] - 0.15, y1 + HEIGHT * 1.05)]
            if x1 - x0 > 1.5
            else []
        )
        yield Path([start, *bend, end], arrow=True, tip=tip)


def _vertices(
    problem: Graph, places: Mapping[str, Point], said: Mapping[str, str], layers: int
) -> Iterator[Mark]:
    letters = int(0.8 * WIDTH / (LETTER * layers))
    for name, (x, y) in places.items():
        size = problem.vertices[name]
        kind = "elemental" if name in problem.inner else "shade"
        label = next((t for t in (f"{name}: {short(size)}", name, short(size)) if len(t) <= letters), "")
        tip = " ".join(filter(None, (f"{name}: size {size:,}", said.get(name, ""))))
        yield Box(x - WIDTH / 2, y - HEIGHT / 2, WIDTH, HEIGHT, kind, label, tip)
        number = said.get(name, "").partition(" ")[0]
        if number:
            yield Text(x, y + HEIGHT / 2 + 0.14, number.rstrip("."), kind="strong")


def _silhouette(problem: Graph, layers: list[list[str]], caption: str) -> Scene:
    """A large graph: the sum of the sizes of each layer."""
    sums = [float(sum(problem.vertices[name] for name in layer)) for layer in layers]
    top = max(sums)
    edge = [(float(x), size) for place, size in enumerate(sums) for x in (place, place + 1)]
    outline = [*edge, *((x, -size) for x, size in reversed(edge))]
    counts = f"{len(problem.vertices):,} vertices in {len(layers):,} layers, as high as their sizes"
    caption = f"{caption} {counts}, at most {short(top)}.".strip()
    axes = Axis(0, len(layers), "layers, from the inputs"), Axis(-top, top)
    return Scene(problem.title, (Area([outline], "elemental"),), *axes, caption, 0.3)
