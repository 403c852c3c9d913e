"""Hold the exact solvers for graphs against searches that share nothing with them, and run what is planned.

    python scripts/check_graphs.py --vertices 600 --faces 600

The tests run a sample of this.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import click

from chainorder import GraphPlan, execute, plan

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.graph_oracle import cheapest_faces, cheapest_vertices  # the same searches as the tests
from tests.graphs import random_graph

RULES = ("forward", "reverse", "markowitz", "relative-markowitz", "minimum-fill", "lookahead")


def check_vertices(generator: random.Random) -> None:
    """Exact vertex elimination is the best of all orders, and no rule beats it."""
    density = generator.choice((0.2, 0.4, 0.6, 0.8))
    graph = random_graph(generator, generator.randint(1, 7), ends=3, density=density, largest=9)
    wanted = cheapest_vertices(graph)
    best = plan(graph, solver="vertex")
    best.validate()
    if best.fma != wanted or any(plan(graph, solver=rule).fma < wanted for rule in RULES):
        raise click.ClickException(f"vertex gives {best.fma}, all orders {wanted}: {graph.to_spec()}")


def check_faces(generator: random.Random) -> bool:
    """Exact face elimination is the best of all sequences; whether the graph was small enough to compare."""
    share = generator.choice((0, 0.5, 1))
    graph = random_graph(generator, generator.randint(1, 3), density=0.6, matrix_free=share)
    if len(graph.edges) > 7:
        return False
    best = plan(graph, solver="face")
    best.validate()
    wanted = cheapest_faces(graph)
    if not best.optimal or best.fma != wanted or GraphPlan.from_json(best.to_json()) != best:
        raise click.ClickException(f"face gives {best.fma}, all sequences {wanted}: {graph.to_spec()}")
    run = execute(best, seed=generator.randrange(1000))
    if not run.passed:
        raise click.ClickException(f"{run.fma} fma counted, {run.checks}: {graph.to_spec()}")
    return True


@click.command()
@click.option("--vertices", default=600, show_default=True, help="Graphs for vertex elimination.")
@click.option("--faces", default=600, show_default=True, help="Graphs for face elimination.")
@click.option("--seed", default=0, show_default=True)
def main(vertices: int, faces: int, seed: int) -> None:
    """Check agreement and print what was compared."""
    started = time.perf_counter()
    generator = random.Random(seed)
    for _ in range(vertices):
        check_vertices(generator)
    compared = 0
    while compared < faces:
        compared += check_faces(generator)
    seconds = time.perf_counter() - started
    click.echo(f"agreed: {vertices} orders of vertices, {faces} sequences of faces ({seconds:.0f} s)")


if __name__ == "__main__":
    main()
