"""Whether the Jacobian of a graph is right: against other orders, and without the chain rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainorder.execution.checks import PROBES, Check, Tolerances, directional_derivatives, relative_error
from chainorder.execution.kernels import multiply
from chainorder.execution.model import Model
from chainorder.execution.operand import Array, DenseOperand, Operand
from chainorder.problems.graph import Graph

Blocks = Mapping[tuple[str, str], Operand]


def against_blocks(blocks: Blocks, others: Blocks, name: str, tolerance: float) -> Check:
    """Compare all blocks with those of another order; the worst."""
    if blocks.keys() != others.keys():
        return Check(name, float("inf"), tolerance)
    errors = {key: relative_error(blocks[key].matrix(), others[key].matrix()) for key in blocks}
    worst = max(errors, key=lambda key: _or_infinity(errors[key]))
    return Check(f"{name} (worst: ∂{worst[1]}/∂{worst[0]})", errors[worst], tolerance)


def _or_infinity(error: float) -> float:
    """An error that can be compared: NaN is the worst."""
    return error if error == error else float("inf")


def against_sweeps(
    graph: Graph, models: Mapping[int, Model], blocks: Blocks, seed: int, tolerance: float
) -> Iterator[Check]:
    """Compare products with random vectors with those by one edge after the other, either way."""
    generator = np.random.default_rng(seed)
    if all(model.tangents is not None for model in models.values()):
        seeds = {name: generator.standard_normal((graph.vertices[name], PROBES)) for name in graph.inputs}
        found = _swept(graph, models, seeds)
        errors = [found.error(target, _applied(blocks, seeds, target)) for target in graph.outputs]
        yield Check(f"{PROBES} tangents", max(errors), tolerance)
    if all(model.adjoints is not None for model in models.values()):
        seeds = {name: generator.standard_normal((graph.vertices[name], PROBES)) for name in graph.outputs}
        sums = _Sums(dict(seeds), {})
        for place in _edges_in_order(graph)[::-1]:
            edge, adjoints = graph.edges[place], models[place].adjoints
            assert adjoints is not None
            sums.add(edge.source, adjoints(sums.values[edge.target]))
        errors = []
        for name in graph.inputs:
            terms = [
                np.asarray(multiply(DenseOperand.full(seeds[target].T), block).matrix()).T
                for (source, target), block in blocks.items()
                if source == name
            ]
            errors.append(sums.error(name, np.sum(terms, axis=0)))
        yield Check(f"{PROBES} adjoints", max(errors), tolerance)


def against_program(
    graph: Graph,
    models: Mapping[int, Model],
    blocks: Blocks,
    function: Callable[[Array], Array] | None,
    point: Array | None,
    seed: int,
    tolerances: Tolerances,
) -> Iterator[Check]:
    """Compare derivatives along random directions with those of the program, for each input by itself.

    By the complex step where the program takes complex values, else by central differences. Where no
    program is given, one with these elemental Jacobians at 0: the value of a vertex is the sum, over its
    edges, of the Jacobian times the hyperbolic tangent of the value of the edge's source.
    """
    if function is None or point is None:
        if any(model.tangents is None for model in models.values()):
            return
        function, point = _program(graph, models), np.zeros(graph.columns)
    generator = np.random.default_rng(seed)
    checks: list[Check] = []
    first = 0
    for name in graph.inputs:
        size = graph.vertices[name]
        directions = np.zeros((graph.columns, min(PROBES, size)))
        directions[first : first + size] = generator.standard_normal((size, directions.shape[1]))
        seeds = {name: directions[first : first + size]}
        first += size
        result = np.concatenate([_applied(blocks, seeds, target) for target in graph.outputs])
        how, least, wanted = directional_derivatives(
            function, point, directions, tolerances, real=not np.iscomplexobj(result)
        )
        difference = float(np.abs(result - wanted).max(initial=0))
        scale = max(float(np.abs(wanted).max(initial=0)), _largest(graph, models, seeds))
        error = difference / scale if scale else difference
        checks.append(Check(f"{how} (worst: {name})", error, least))
    yield max(checks, key=lambda check: (not check.passed, _or_infinity(check.error)))


def _largest(graph: Graph, models: Mapping[int, Model], seeds: Mapping[str, Array]) -> float:
    """The largest entry that is added to an output along some directions of one input; 0 if not known."""
    if any(model.tangents is None for model in models.values()):
        return 0.0
    count = next(iter(seeds.values())).shape[1]
    others = {name: np.zeros((graph.vertices[name], count)) for name in graph.inputs}
    largest = _swept(graph, models, others | dict(seeds)).largest
    return max(largest[name] for name in graph.outputs)


def _applied(blocks: Blocks, seeds: Mapping[str, Array], target: str) -> Array:
    """∂target times the directions of all inputs."""
    total: Any = 0
    for (source, to), block in blocks.items():
        if to == target and source in seeds:
            total = total + multiply(block, DenseOperand.full(seeds[source])).matrix()
    if isinstance(total, np.ndarray):
        return total
    rows = next(block.pattern.shape[0] for (_, to), block in blocks.items() if to == target)
    return np.zeros((rows, next(iter(seeds.values())).shape[1]))


@dataclass
class _Sums:
    """Values of vertices, each a sum over edges, and the largest entries that were added.

    Sums may cancel exactly; errors are relative to what was added then, not to the rounding that is left.
    """

    values: dict[str, Any]
    largest: dict[str, float]

    def add(self, name: str, value: Array) -> None:
        """Add a value."""
        self.values[name] = self.values[name] + value if name in self.values else value
        self.largest[name] = max(self.largest.get(name, 0.0), float(np.abs(value).max(initial=0)))

    def error(self, name: str, computed: Array) -> float:
        """The largest difference, relative to the largest entry that was added."""
        difference = float(np.abs(computed - self.values[name]).max(initial=0))
        largest = self.largest.get(name, 0.0)
        return difference / largest if largest else difference


def _swept(
    graph: Graph,
    models: Mapping[int, Model],
    seeds: Mapping[str, Array],
    shape: Callable[[Array], Array] | None = None,
) -> _Sums:
    """The values of all vertices, edge after edge; through `shape` before each edge if it is given."""
    sums = _Sums(dict(seeds), {})
    for place in _edges_in_order(graph):
        edge, tangents = graph.edges[place], models[place].tangents
        assert tangents is not None
        value = sums.values[edge.source]
        sums.add(edge.target, tangents(value if shape is None else shape(value)))
    return sums


def _edges_in_order(graph: Graph) -> list[int]:
    """Edges by their place, sources first."""
    order = {name: at for at, name in enumerate((*graph.inputs, *graph.inner))}
    return sorted(range(len(graph.edges)), key=lambda place: order[graph.edges[place].source])


def _program(graph: Graph, models: Mapping[int, Model]) -> Callable[[Array], Array]:
    def program(x: Array) -> Array:
        ends = np.cumsum([graph.vertices[name] for name in graph.inputs])[:-1]
        seeds = dict(zip(graph.inputs, np.split(x[:, None], ends), strict=True))
        values = _swept(graph, models, seeds, np.tanh).values
        return np.concatenate([np.asarray(values[name])[:, 0] for name in graph.outputs])

    return program
