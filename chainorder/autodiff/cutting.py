"""Where a function can be cut: the values through which everything flows from its input to its output.

These are the dominators of the output in the graph of the values that depend on the input (T. Lengauer &
R. E. Tarjan 1979; here by networkx). Cut there, the function is a composition and its Jacobian a product.
Where branches run beside each other, several values do together what one does elsewhere: a vertex separator,
the least of which a maximum flow finds (K. Menger 1927; L. R. Ford & D. R. Fulkerson 1956; here by SciPy).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from heapq import nsmallest
from typing import TypeVar

import numpy as np

Value = TypeVar("Value", bound=Hashable)

Step = TypeVar("Step")

NARROWEST = 8
"""Entries of a cut beside which no separator is looked for: there is little to gain."""

MAX_PIECES = 120
"""Pieces that are planned; of more, the widest cuts are given up (planning takes cubic time)."""


def dominators(edges: Iterable[tuple[Value, Value]], source: Value, target: Value) -> list[Value]:
    """The values that all paths from `source` to `target` pass, in order, both ends included.

    Raises
    ------
    KeyError
        If there is no path.
    """
    import networkx as nx

    graph: nx.DiGraph[Value] = nx.DiGraph()
    graph.add_node(source)
    graph.add_edges_from(edges)
    above = dict(nx.immediate_dominators(graph, source))
    path = [target]
    while path[-1] != source:
        path.append(above[path[-1]])
    return path[::-1]


def narrowest(cuts: list[Value], most: int, size: Callable[[Value], int]) -> list[Value]:
    """The cuts with all but the `most` − 1 smallest inner ones given up; both ends stay."""
    inner = range(1, len(cuts) - 1)
    kept = sorted(inner, key=lambda place: (size(cuts[place]), place))[: max(0, most - 1)]
    return [cuts[0], *(cuts[place] for place in sorted(kept)), cuts[-1]]


def narrow_together(sizes: Iterable[int], limit: int) -> bool:
    """Whether any two values are less than a limit in total: else no separator of several is."""
    return sum(nsmallest(2, sizes)) < limit


def separator(
    edges: Collection[tuple[Value, Value]],
    source: Value,
    target: Value,
    size: Callable[[Value], int],
    limit: int,
) -> tuple[Value, ...]:
    """The values of least total size through which everything flows together, neither end among them.

    Parameters
    ----------
    edges
        From values to those that are made of them.
    source, target
        Between which they lie.
    size
        Entries of a value.
    limit
        The total has to be less.

    Returns
    -------
    tuple
        Those nearest to the source, in the order of `edges`; empty if there are none so small. All paths pass
        them: a maximum flow through values of these capacities saturates them.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    places = {value: place for place, value in enumerate(dict.fromkeys(v for edge in edges for v in edge))}
    # A value is an edge from its way in, 2 p, to its way out, 2 p + 1; whatever is not cut has the limit.
    inner = [(2 * p, 2 * p + 1, min(limit, size(value))) for value, p in places.items()]
    between = [(2 * places[a] + 1, 2 * places[b], limit) for a, b in set(edges)]
    begin, end = 2 * len(places), 2 * places[target]
    rows, columns, capacities = np.array(
        [*inner, *between, (begin, 2 * places[source] + 1, limit)], np.int32
    ).T
    capacity = csr_array((capacities, (rows, columns)), shape=(begin + 1, begin + 1))
    found = maximum_flow(capacity, begin, end)
    if found.flow_value >= limit:
        return ()
    reached = set(breadth_first_order((capacity - found.flow) > 0, begin, return_predecessors=False).tolist())
    return tuple(value for value, p in places.items() if 2 * p in reached and 2 * p + 1 not in reached)


def parted(
    steps: Sequence[Step],
    source: Value,
    values: Collection[Value],
    operands: Callable[[Step], Iterable[Value]],
    results: Callable[[Step], Iterable[Value]],
) -> tuple[list[Step], list[Step]] | None:
    """The steps that the values of a separator are made by, and the others, each in their order.

    None where these use something else than the separator, as what is made on the way to a value of it.
    """
    wanted, needed, others = set(values), list[Step](), list[Step]()
    for step in reversed(steps):
        if wanted.intersection(results(step)):
            needed.append(step)
            wanted.update(operands(step))
        else:
            others.append(step)
    made = {source, *(result for step in needed for result in results(step))} - set(values)
    if any(made.intersection(operands(step)) for step in others):
        return None
    return needed[::-1], others[::-1]
