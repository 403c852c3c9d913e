"""Random graphs."""

from __future__ import annotations

import random
from typing import Any

from chainorder import Banded, Dense, Diagonal, Edge, Graph, Identity, Selection, Sparse


def random_graph(
    generator: random.Random,
    inner: int,
    *,
    ends: int = 2,
    density: float = 0.5,
    largest: int = 6,
    matrix_free: float = 0.0,
    structured: bool = False,
    one_sided: float = 0.0,
    selections: bool = False,
) -> Graph:
    """Some inputs and outputs (at most `ends` each) and inner vertices, connected at random."""
    inputs = [f"x{n}" for n in range(generator.randint(1, ends))]
    middle = [f"v{n}" for n in range(inner)]
    outputs = [f"y{n}" for n in range(generator.randint(1, ends))]
    sizes = {name: generator.randint(1, largest) for name in (*inputs, *middle, *outputs)}
    if structured:
        common = generator.randint(1, largest)
        sizes = {name: common if generator.random() < 0.6 else size for name, size in sizes.items()}
    order = [*inputs, *middle, *outputs]
    pairs = {
        (a, b)
        for at, a in enumerate(order)
        for b in order[at + 1 :]
        if a not in outputs and b not in inputs and generator.random() < density
    }
    for name in (*inputs, *middle):
        if not any(a == name for a, _ in pairs):
            pairs.add((name, generator.choice(_after(name, middle, outputs))))
    for name in (*middle, *outputs):
        if not any(b == name for _, b in pairs):
            pairs.add((generator.choice(_before(name, inputs, middle)), name))
    edges = []
    for a, b in sorted(pairs, key=lambda pair: (order.index(pair[0]), order.index(pair[1]))):
        structure = _structure(generator, sizes[b], sizes[a], selections) if structured else Dense()
        models: dict[str, Any] = {}
        if generator.random() < matrix_free:
            models = {"tangent": generator.randint(1, 20), "adjoint": generator.randint(1, 20)}
            models |= {"explicit": generator.random() < 0.2, "overhead": generator.choice((0, 0, 5))}
            if one_sided and generator.random() < one_sided:
                del models[generator.choice(("tangent", "adjoint"))]
        edges.append(Edge(a, b, structure, **models))
    return Graph(sizes, edges)


def _after(name: str, middle: list[str], outputs: list[str]) -> list[str]:
    return (middle[middle.index(name) + 1 :] if name in middle else middle) + outputs


def _before(name: str, inputs: list[str], middle: list[str]) -> list[str]:
    return inputs + (middle[: middle.index(name)] if name in middle else middle)


def _structure(generator: random.Random, rows: int, columns: int, selections: bool) -> Any:
    choices: list[Any] = [
        Dense(),
        Sparse([[generator.randint(0, 1) for _ in range(columns)] for _ in range(rows)]),
    ]
    few, size, axis = (rows, columns, "rows") if rows <= columns else (columns, rows, "columns")
    choices += [Selection(generator.sample(range(size), few), axis)] if selections else []
    if rows == columns:
        choices += [Diagonal(), Identity(), Banded(min(1, rows - 1), 0)]
    return generator.choice(choices)
