"""Problems that no search finishes within some seconds."""

from __future__ import annotations

import random
from functools import partial

from chainorder import Chain, Graph
from tests.graphs import random_graph


def several_machines() -> Chain:
    """A chain for four machines, long enough for the search to have no end."""
    generator = random.Random(1)
    return Chain.from_dims([generator.randint(1, 200) for _ in range(61)]).on(4)


def graph(inner: int, density: float, largest: int, matrix_free: float = 0.0) -> Graph:
    """A random graph of so many inner vertices."""
    generator = random.Random(0)
    return random_graph(generator, inner, ends=6, density=density, largest=largest, matrix_free=matrix_free)


UNFINISHED = {
    "30 vertices": partial(graph, 30, 0.2, 9),
    "100 vertices": partial(graph, 100, 0.05, 9),
    "100 vertices, 3 machines": lambda: graph(100, 0.05, 9).on(3),
    "300 scalars": partial(graph, 300, 0.01, 1),
    "60 vertices, models": partial(graph, 60, 0.08, 9, 0.5),
    "300 vertices, models": partial(graph, 300, 0.01, 9, 0.5),
    "60 factors, 4 machines": several_machines,
}
"""What each is called, and how it is made."""
