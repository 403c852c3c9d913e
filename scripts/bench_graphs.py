"""Graphs: published optima, exact vertex elimination by size, gradients beside the recursion by hand.

    python scripts/bench_graphs.py

The published graphs are read from ../shared/reference, or the folder that CHAINORDER_REFERENCE names.
"""

from __future__ import annotations

import json
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # waking threads takes longer than some of the products

import random
import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

import click
import numpy as np

from chainorder import Edge, Graph, ParameterNetwork, plan
from chainorder.elimination.line_graph import Arcs
from chainorder.elimination.order_graph import OrderGraph
from chainorder.elimination.order_search import OrderSearch
from chainorder.elimination.vertex_orders import VertexGraph
from chainorder.execution.graph import gather
from chainorder.execution.graph_program import Program
from chainorder.execution.operand import Operand
from chainorder.problems.parameter_network import SampledParameters
from chainorder.solvers.graphs.local import Trail, moved
from chainorder.solvers.graphs.orders import inner_places
from chainorder.solvers.options import Progress

sys.path.insert(0, str(Path(__file__).parent.parent))

from scripts.scalar_functions import FUNCTIONS
from tests.graphs import random_graph  # the same graphs as the tests

REFERENCE = Path(os.environ.get("CHAINORDER_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))
RULES = ("forward", "reverse", "markowitz", "relative-markowitz", "minimum-fill", "lookahead")
LAYERS = (784, 512, 256, 128, 10)


def published_graphs() -> None:
    """Every published graph: its optimum, what is found and proved, what the rules find."""
    file = REFERENCE / "admission_dags.json"
    if not file.is_file():
        click.echo(f"no published graphs in {REFERENCE}; set CHAINORDER_REFERENCE")
        return
    click.echo(f"| graph | published optimum | found | proved | seconds | {' | '.join(RULES)} |")
    click.echo("|---" * (5 + len(RULES)) + "|")
    for name, data in json.loads(file.read_text()).items():
        vertices = {f"v{n}": size for n, size in enumerate(data["sizes"])}
        edges = [
            Edge(
                f"v{edge['source']}",
                f"v{edge['target']}",
                tangent=edge["tangent"],
                adjoint=edge["adjoint"],
                explicit=edge["accumulated"],
            )
            for edge in data["edges"]
        ]
        graph = Graph(vertices, edges, name)
        started = time.perf_counter()
        best = plan(graph)
        seconds = time.perf_counter() - started
        found = " | ".join(f"{plan(graph, solver=rule).fma:,}" for rule in RULES)
        proved = "yes" if best.optimal else "no"
        click.echo(f"| {name} | {data['optimum']:,} | {best.fma:,} | {proved} | {seconds:.2f} | {found} |")


def scalar_graphs(seed: int, limit: float) -> None:
    """Orders of published graphs of scalar functions: learned, by rules, found here; what is proved."""
    file = REFERENCE / "scalar_graphs.json"
    if not file.is_file():
        click.echo(f"no graphs of scalar functions in {REFERENCE}; set CHAINORDER_REFERENCE")
        return
    rules = ("forward", "reverse", "markowitz", "relative-markowitz")
    click.echo(f"\n| graph | inner | {' | '.join(rules)} | AlphaGrad | found | after, s | bound | after, s |")
    click.echo("|---" * (7 + len(rules)) + "|")
    for name, data in json.loads(file.read_text()).items():
        count = data["inputs"] + data["inner"] + data["outputs"]
        edges = [Edge(f"v{a}", f"v{b}") for a, b in data["edges"]]
        graph = Graph({f"v{n}": 1 for n in range(count)}, edges, name)
        seen: list[Progress] = []
        started = time.perf_counter()
        best = plan(graph, solver="annealing", seed=seed, time_limit=limit, progress=seen.append)
        seconds = time.perf_counter() - started
        found = next((each.seconds for each in seen if each.best == best.fma), seconds)
        proved = next((each.seconds for each in seen if each.lower_bound == best.vertex_bound), seconds)
        others = " | ".join(f"{plan(graph, solver=rule).fma:,}" for rule in rules)
        click.echo(
            f"| {name} | {data['inner']} | {others} | {data['alphagrad']} | {best.fma} | {found:.2f} | "
            f"{best.vertex_bound} | {proved:.2f} |"
        )


def scalar_functions(seeds: int, limit: float) -> None:
    """Orders of functions of the same kinds, which are no published instances, from several seeds."""
    rules = ("forward", "reverse", "markowitz", "relative-markowitz")
    click.echo(f"\n| function | inner | {' | '.join(rules)} | found | after, s | proved bound | gap |")
    click.echo("|---" * (6 + len(rules)) + "|")
    for name, make in FUNCTIONS.items():
        graph, found, seconds, bounds = make(), [], [], [1]
        for seed in range(seeds):
            seen: list[Progress] = []
            best = plan(graph, solver="annealing", seed=seed, time_limit=limit, progress=seen.append)
            found.append(best.fma)
            seconds.append(next((each.seconds for each in seen if each.best == best.fma), 0.0))
            bounds += [] if best.vertex_bound is None else [best.vertex_bound]
        values = f"{min(found):,}" + (f"–{max(found):,}" if min(found) < max(found) else "")
        others = " | ".join(f"{plan(graph, solver=rule).fma:,}" for rule in rules)
        gap = min(found) / max(bounds) - 1
        click.echo(
            f"| {name} | {len(graph.inner)} | {others} | {values} | {min(seconds):.2f}–{max(seconds):.2f} | "
            f"{max(bounds):,} | {gap:.1%} |"
        )


def nine_edges(count: int) -> None:
    """Matrix-free graphs of nine edges: how long the proof in the face model takes."""
    generator, times, proved = random.Random(0), [], 0
    while len(times) < count:
        graph = random_graph(generator, generator.randint(3, 5), density=0.3, largest=9, matrix_free=1.0)
        if len(graph.edges) != 9:
            continue
        started = time.perf_counter()
        proved += plan(graph).optimal
        times.append(time.perf_counter() - started)
    click.echo(
        f"\n{count} matrix-free graphs of nine edges: {proved} proved by auto, {median(times):.2f} s in the "
        f"median, {max(times):.2f} s at the most"
    )


def large_graph(layers: int, width: int) -> None:
    """Full layers of scalars: seconds from the graph to its plan."""
    names = [[f"v{layer}.{at}" for at in range(width)] for layer in range(layers)]
    edges = [Edge(a, b) for first, second in pairwise(names) for a in first for b in second]
    graph = Graph({name: 1 for layer in names for name in layer}, edges)
    started = time.perf_counter()
    best = plan(graph)
    seconds = time.perf_counter() - started
    click.echo(
        f"\n{layers} full layers of {width} scalars, {len(graph.vertices):,} vertices, {len(edges):,} edges: "
        f"{best.fma:,} products planned in {seconds:.1f} s"
    )


def orders_per_second(seconds: float) -> None:
    """Changed orders that are priced in a second, compiled and as it is done for any Jacobians."""
    generator = random.Random(0)
    graph = random_graph(generator, 100, ends=6, density=0.02, largest=1)
    orders = OrderGraph.of(graph)
    assert orders is not None
    search = OrderSearch(orders, range(100), fast=True)
    search.advance()
    before, started = search.moves, time.perf_counter()
    while time.perf_counter() - started < seconds:
        search.advance()
    compiled = (search.moves - before) / (time.perf_counter() - started)
    trail = Trail.of(VertexGraph.of(Arcs(graph)), inner_places(graph))
    moves, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        trail.replace(*moved(trail.order, generator))
        moves += 1
    general = moves / (time.perf_counter() - started)
    click.echo(
        f"\norders of 100 vertices priced in a second: {compiled:,.0f} compiled by annealing, {general:,.0f} "
        f"by lookahead, which takes any Jacobians: {compiled / general:,.0f} times as many"
    )


def vertex_elimination(repeats: int, largest: int) -> None:
    """Seconds of exact vertex elimination on random graphs of dense matrices."""
    click.echo("\n| inner vertices | edges | seconds, median | worst | lookahead above it, median | worst |")
    click.echo("|---" * 6 + "|")
    for inner in (each for each in (12, 16, 18, 20) if each <= largest):
        times, gaps, edges = [], [], []
        for seed in range(repeats):
            graph = random_graph(random.Random(seed), inner, ends=3, density=0.25, largest=20)
            started = time.perf_counter()
            best = plan(graph, solver="vertex")
            times.append(time.perf_counter() - started)
            gaps.append(plan(graph, solver="lookahead").fma / best.fma - 1)
            edges.append(len(graph.edges))
        click.echo(
            f"| {inner} | {min(edges)}–{max(edges)} | {median(times):.2f} | {max(times):.2f} | "
            f"{median(gaps):.1%} | {max(gaps):.1%} |"
        )


def by_hand(
    sample: SampledParameters,
    passed: list[tuple[np.ndarray, np.ndarray]],
    error: np.ndarray,
    slopes: list[np.ndarray],
) -> dict[str, np.ndarray]:
    """The recursion as one writes it in NumPy: gradients of weights and biases, error terms, input."""
    gradient = {}
    for number in range(len(sample.weights), 0, -1):
        x = sample.points if number == 1 else passed[number - 2][1]
        gradient[f"W{number}"] = error.T @ x
        gradient[f"b{number}"] = error.sum(axis=0)
        error = error @ sample.weights[number - 1]
        if number > 1:
            error = error * slopes[number - 2]
    return gradient | {"x": error}


def gradients(repeats: int) -> None:
    """The executor's gradient beside the recursion by hand, from the same forward pass."""
    click.echo(f"\n| {'-'.join(map(str, LAYERS))}, samples | executor, ms | by hand, ms | ratio, median |")
    click.echo("|---" * 4 + "|")
    for batch in (None, 16, 128):
        network = ParameterNetwork(LAYERS, "tanh", loss="cross_entropy", batch=batch)
        graph = Graph.of(network)
        program = Program.of(plan(graph))
        sample = network.sample(0)
        operands = gather(graph, sample.jacobians(), 0).operands
        passed = sample.values()
        outputs = np.exp(passed[-1][1] - passed[-1][1].max(axis=1, keepdims=True))
        error = (outputs / outputs.sum(axis=1, keepdims=True) - sample.targets) / network.samples
        slopes = [1 - np.tanh(s) ** 2 for s, _ in passed]
        ours, theirs = [], []
        found: dict[tuple[str, str], Operand] = {}
        for _ in range(repeats):
            started = time.perf_counter()
            found = program.run(operands, {})
            ours.append(time.perf_counter() - started)
            started = time.perf_counter()
            wanted = by_hand(sample, passed, error, slopes)
            theirs.append(time.perf_counter() - started)
        for (source, _), operand in found.items():
            np.testing.assert_allclose(operand.matrix().ravel(), wanted[source].ravel(), atol=1e-12)
        ratio = median(mine / hand for mine, hand in zip(ours, theirs, strict=True))
        click.echo(f"| {batch or 1} | {median(ours) * 1e3:.2f} | {median(theirs) * 1e3:.2f} | {ratio:.2f} |")


@click.command()
@click.option("--graphs", default=5, show_default=True, help="Random graphs of each size.")
@click.option("--largest", default=20, show_default=True, help="Inner vertices of the largest of them.")
@click.option("--repeats", default=60, show_default=True, help="Gradients of each kind.")
@click.option("--quick", is_flag=True, help="Less of each: to see that it runs.")
def main(graphs: int, largest: int, repeats: int, quick: bool) -> None:
    """Print the tables of docs/graphs.md."""
    plan(random_graph(random.Random(0), 30, density=0.1), solver="annealing", time_limit=2)  # compile
    scalar_graphs(0, 2 if quick else 60)
    scalar_functions(1, 1) if quick else scalar_functions(3, 10)
    large_graph(100, 5) if quick else large_graph(1000, 10)
    nine_edges(2 if quick else 20)
    orders_per_second(0.1 if quick else 2)
    published_graphs()
    vertex_elimination(graphs, largest)
    gradients(repeats)


if __name__ == "__main__":
    main()
