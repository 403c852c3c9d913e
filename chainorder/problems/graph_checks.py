"""What is wrong with the vertices and edges of a graph, all of it, with the keys and indices of a spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chainorder.errors import ChainorderError, GraphError, raise_first
from chainorder.problems.edge import Edge
from chainorder.problems.elementals import MAX_MACHINES, Elemental
from chainorder.problems.matrix_files import MatrixFile, equal_matrices
from chainorder.problems.numbers import whole
from chainorder.reading.wording import fault_of_name, nearest

if TYPE_CHECKING:
    import networkx as nx


def sizes_of(vertices: Mapping[str, int]) -> dict[str, int]:
    """Sizes by name, checked; raises `GraphError`."""
    path = ("vertices",)
    if not isinstance(vertices, Mapping):
        raise GraphError(f"vertices is a {type(vertices).__name__}; give sizes by name: {{'x': 64}}", path)
    for name in vertices:
        if not isinstance(name, str) or not name or fault_of_name(name) is not None:
            remedy = "give it a text that is not empty and has no line breaks or controls"
            raise GraphError(f"a vertex is named {name!r}; {remedy}", path)
    return {
        name: _whole(size, f"the size of {name}", "a size", (*path, name)) for name, size in vertices.items()
    }


def limit(memory: Any) -> int:
    """A limit for tapes, checked; raises `GraphError`."""
    return _whole(memory, "memory", "a limit", ("memory",), least=0)


def machines_of(machines: Any) -> int:
    """A number of machines, checked; raises `GraphError`."""
    count = _whole(machines, "machines", "their number", ("machines",))
    if count > MAX_MACHINES:
        raise GraphError(f"machines is {machines}; at most {MAX_MACHINES:,}", ("machines",))
    return count


def _whole(value: Any, what: str, kind: str, path: tuple[str, ...], *, least: int = 1) -> int:
    try:
        return whole(value, what, kind, least=least)
    except ChainorderError as error:
        raise GraphError(str(error), path) from None


def elementals_of(vertices: Mapping[str, int], edges: Sequence[Edge]) -> tuple[Elemental, ...]:
    """The edges with the sizes of their ends; raises `GraphError` for the first that does not fit them."""
    bound, faults = [], []
    for place, edge in enumerate(edges):
        try:
            elemental = edge.elemental(vertices[edge.source], vertices[edge.target])
            _check_matrix(elemental, edge.matrix)
            bound.append(elemental)
        except ChainorderError as error:
            message = f"{edge.source} → {edge.target}: {error}"
            faults.append(GraphError(message, ("edges", place)))
    raise_first(faults)
    return tuple(bound)


def _check_matrix(elemental: Elemental, matrix: Any) -> None:
    shape = elemental.outputs, elemental.inputs
    if matrix is not None and not isinstance(matrix, MatrixFile) and getattr(matrix, "shape", shape) != shape:
        raise GraphError(f"the matrix has shape {matrix.shape}; the vertices say {shape}")


def edge_faults(vertices: Mapping[str, int], edges: Sequence[Edge]) -> Iterator[GraphError]:
    """What is wrong with edges one by one."""
    if not edges:
        yield GraphError("there are no edges; a graph has at least one", ("edges",))
    seen: dict[tuple[str, str], int] = {}
    for place, edge in enumerate(edges):
        if not isinstance(edge, Edge):
            yield GraphError(f"edge {place} is {edge!r}; give an Edge", ("edges", place))
            continue
        for key in ("source", "target"):
            if getattr(edge, key) not in vertices:
                yield GraphError(_unknown(getattr(edge, key), vertices), ("edges", place, key))
        first = seen.setdefault((edge.source, edge.target), place)
        if first != place:
            yield GraphError(
                f"{edge.source} → {edge.target} is edges[{first}] already; add the Jacobians into one edge",
                ("edges", place),
            )


def path_faults(vertices: Mapping[str, int], edges: Sequence[Edge]) -> Iterator[GraphError]:
    """What is wrong with edges together: cycles, and vertices without any."""
    import networkx as nx

    digraph = digraph_of(vertices, edges)
    if not nx.is_directed_acyclic_graph(digraph):
        cycle = [source for source, _ in nx.find_cycle(digraph)]
        path = " → ".join([*cycle, cycle[0]])
        ends = [(edge.source, edge.target) for edge in edges]
        place = ends.index((cycle[-1], cycle[0]))
        yield GraphError(f"{path} is a cycle; a program runs one way, so unroll it", ("edges", place))
    for name in vertices:
        if not digraph.degree(name):
            yield GraphError(
                f"{name!r} dangles: no edge leads to it or leaves it, so it reaches no output; connect it",
                ("vertices", name),
            )


def label_faults(edges: Sequence[Edge], elementals: Sequence[Elemental]) -> Iterator[GraphError]:
    """Edges with equal labels that are not alike."""
    labelled: dict[str, int] = {}
    for place, elemental in enumerate(elementals):
        if elemental.same is None:
            continue
        other = labelled.setdefault(elemental.same, place)
        unlike = elemental.unlike(elementals[other])
        if unlike is None and equal_matrices(edges[place].matrix, edges[other].matrix):
            continue
        what = "have unlike matrices" if unlike is None else f"are {unlike[1]} and {unlike[0]}"
        ends = [f"{edge.source} → {edge.target}" for edge in (edges[other], edges[place])]
        yield GraphError(
            f"{ends[0]} and {ends[1]} are both labelled {elemental.same!r} but {what}; equal labels mean "
            "equal Jacobians",
            ("edges", place, "same"),
        )


def end_faults(
    vertices: Mapping[str, int], key: str, found: tuple[str, ...], stated: Iterable[str] | None
) -> Iterator[GraphError]:
    """What is wrong with the inputs or outputs that are stated, beside those that are found."""
    if stated is None:
        return
    if isinstance(stated, str):
        yield GraphError(f"{key} is {stated!r}; give a list of names", (key,))
        return
    names = list(stated)
    here = "starts" if key == "inputs" else "ends"
    for place, name in enumerate(names):
        if name not in vertices:
            yield GraphError(_unknown(name, vertices), (key, place))
        elif name not in found:
            other = "edges lead to it" if key == "inputs" else "edges leave it"
            yield GraphError(
                f"{name!r} is no {key[:-1]}: {other}; remove it, or add an identity edge to one",
                (key, place),
            )
    for name in found:
        if name not in names:
            yield GraphError(
                f"the graph {here} at {name!r} too, which is not among the {key}; connect it or list it",
                (key,),
            )


def digraph_of(vertices: Iterable[str], edges: Iterable[Edge]) -> nx.DiGraph[str]:
    """Names and ends alone."""
    import networkx as nx

    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_nodes_from(vertices)
    digraph.add_edges_from((edge.source, edge.target) for edge in edges)
    return digraph


def _unknown(name: str, vertices: Iterable[str]) -> str:
    return f"there is no vertex {name!r}; {nearest(name, vertices)}"
