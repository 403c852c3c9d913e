"""Computational graphs: vertices with sizes, edges with elemental Jacobians."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainorder.errors import ChainorderError, GraphError, SpecError, raise_first
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import Elemental, whole
from chainorder.problems.matrix_files import MatrixFile, files_of
from chainorder.reading.wording import fault_of_name, nearest
from chainorder.structures.pattern import Pattern

if TYPE_CHECKING:
    import networkx as nx

    from chainorder.problems.parameter_network import ParameterNetwork


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx
from chainorder.problems.edge import MODELS, Edge


@dataclass(frozen=True, eq=False, init=False)
class Graph:
    """A directed acyclic graph of elementals: its sources are the inputs, its sinks the outputs.

    The Jacobian of outputs with respect to inputs is the sum, over all paths between them, of the products
    of the elemental Jacobians along the path.

    Parameters
    ----------
    vertices
        Sizes by name.
    edges
        At most one from a vertex to another.
    name
        For reports.
    memory
        Entries that the tape of one edge may take; None for no limit.
    inputs, outputs
        If given, all sources and all sinks, so that one left dangling by mistake is found.
    network
        The network that the graph was made from, if it was.

    Raises
    ------
    GraphError
        If there is a cycle (it is named), an unknown or dangling vertex, a duplicate edge, or an edge whose
        structure does not fit its ends.
    """

    vertices: Mapping[str, int]
    edges: tuple[Edge, ...]
    name: str | None
    memory: int | None
    network: ParameterNetwork | None

    def __init__(
        self,
        vertices: Mapping[str, int],
        edges: Iterable[Edge],
        name: str | None = None,
        *,
        memory: int | None = None,
        inputs: Iterable[str] | None = None,
        outputs: Iterable[str] | None = None,
        network: ParameterNetwork | None = None,
    ) -> None:
        for key, value in (
            ("vertices", _sizes(vertices)),
            ("edges", tuple(edges)),
            ("name", name),
            ("memory", None if memory is None else _whole(memory, "memory", "a limit", ("memory",), least=0)),
            ("network", network),
        ):
            object.__setattr__(self, key, value)
        if (fault := fault_of_name(name)) is not None:
            raise GraphError(f"name {fault}", ("name",))
        raise_first(_edge_faults(self))
        raise_first(_cycle_and_dangling(self))
        ends = (("inputs", self.inputs, inputs), ("outputs", self.outputs, outputs))
        raise_first(fault for key, found, stated in ends for fault in self._end_faults(key, found, stated))
        object.__setattr__(self, "elementals", self._elementals())

    elementals: tuple[Elemental, ...] = field(init=False, repr=False)
    """The edges with the sizes of their ends."""

    def _elementals(self) -> tuple[Elemental, ...]:
        bound, faults = [], []
        for place, edge in enumerate(self.edges):
            try:
                elemental = edge.elemental(self.vertices[edge.source], self.vertices[edge.target])
                _check_matrix(elemental, edge.matrix)
                bound.append(elemental)
            except ChainorderError as error:
                message = f"{edge.source} → {edge.target}: {error}"
                faults.append(GraphError(message, ("edges", place)))
        raise_first(faults)
        return tuple(bound)

    def _end_faults(
        self, key: str, found: tuple[str, ...], stated: Iterable[str] | None
    ) -> Iterator[GraphError]:
        if stated is None:
            return
        if isinstance(stated, str):
            yield GraphError(f"{key} is {stated!r}; give a list of names", (key,))
            return
        names = list(stated)
        here = "starts" if key == "inputs" else "ends"
        for place, name in enumerate(names):
            if name not in self.vertices:
                yield GraphError(_unknown(name, self.vertices), (key, place))
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

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Vertices to which no edge leads, in their order."""
        targets = {edge.target for edge in self.edges}
        return tuple(name for name in self.vertices if name not in targets)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Vertices that no edge leaves, in their order."""
        sources = {edge.source for edge in self.edges}
        return tuple(name for name in self.vertices if name not in sources)

    @cached_property
    def inner(self) -> tuple[str, ...]:
        """The other vertices, in topological order."""
        import networkx as nx

        ends = {*self.inputs, *self.outputs}
        places = {name: place for place, name in enumerate(self.vertices)}
        order = nx.lexicographical_topological_sort(_digraph(self), places.__getitem__)
        return tuple(name for name in order if name not in ends)

    @property
    def columns(self) -> int:
        """Sizes of all inputs together."""
        return sum(self.vertices[name] for name in self.inputs)

    @property
    def rows(self) -> int:
        """Sizes of all outputs together."""
        return sum(self.vertices[name] for name in self.outputs)

    @property
    def title(self) -> str:
        """It in a line: name, vertices, edges, sizes."""
        counts = f"{len(self.vertices):,} vertices, {len(self.edges):,} edges"
        return f"{self.name or 'graph'}: {counts}, {self.columns:,} → {self.rows:,}"

    @property
    def files(self) -> frozenset[Path]:
        """The files that its matrices are read from."""
        return files_of(edge.matrix for edge in self.edges)

    @property
    def matrix_free(self) -> bool:
        """Whether an edge is matrix-free."""
        return not all(elemental.explicit for elemental in self.elementals)

    @property
    def modelled(self) -> bool:
        """Whether an edge has a tangent or an adjoint."""
        return any(elemental.modelled for elemental in self.elementals)

    def pattern(self, place: int) -> Pattern:
        """The pattern of an edge, by its place in `edges`."""
        elemental = self.elementals[place]
        return elemental.structure.pattern(elemental.outputs, elemental.inputs)

    @property
    def is_chain(self) -> bool:
        """Whether it is one path."""
        return len(self.vertices) == len(self.edges) + 1 and len(self.inputs) == len(self.outputs) == 1

    def chain(self) -> Chain:
        """The chain that it is; raises `GraphError` if it branches."""
        if not self.is_chain:
            raise GraphError("the graph branches, so it is no chain; plan it as a graph")
        order = {edge.source: place for place, edge in enumerate(self.edges)}
        places = [order[name] for name in (*self.inputs, *self.inner)]
        matrices = {
            n: self.edges[at].matrix for n, at in enumerate(places) if self.edges[at].matrix is not None
        }
        return Chain([self.elementals[at] for at in places], self.name, memory=self.memory, matrices=matrices)

    @classmethod
    def from_chain(cls, chain: Chain) -> Graph:
        """A chain as a graph; its vertices are x0, x1, …"""
        names = [f"x{place}" for place in range(len(chain) + 1)]
        edges = []
        for place, elemental in enumerate(chain.elementals):
            keys = {key: getattr(elemental, key) for key in ("name", *MODELS, "explicit")}
            matrix = chain.matrices.get(place)
            edges.append(Edge(names[place], names[place + 1], elemental.structure, **keys, matrix=matrix))
        sizes = dict(zip(names, chain.sizes.tolist(), strict=True))
        return cls(sizes, edges, chain.name, memory=chain.memory)

    @classmethod
    def from_networkx(cls, graph: Any, name: str | None = None) -> Graph:
        """A graph of a ``networkx.DiGraph``: nodes have a ``size``, edges the keys of a spec's edge.

        Whole numbers may be of any type. Defaults, which networkx keeps of GraphML files, hold for
        nodes and edges that state nothing else. An ``id`` is left out.

        Raises
        ------
        SpecError
            If an attribute is unknown or of a wrong type; and as `Graph`, with the place of the edge.
        GraphError
            If its edges have no direction, two nodes have one name (1 and "1"), or an attribute would get
            lost.
        """
        from chainorder.reading.networkx import from_networkx

        return from_networkx(graph, name)

    @classmethod
    def from_graphml(cls, path: str | Path) -> Graph:
        """The graph of a GraphML file, with the same attributes.

        Vertices are called by the attribute ``name`` of their node, or the label that yEd draws, else its id.

        Raises
        ------
        SpecError
            If the file cannot be read, has several graphs, or as `from_networkx`.
        """
        from chainorder.problems.load import load
        from chainorder.reading.files import Source

        found = load(replace(Source.of(Path(path)), kind=".graphml"))
        if len(found) > 1:
            raise SpecError(f"holds {len(found)} graphs; load reads them all", path)
        assert isinstance(found[0], cls)
        return found[0]

    @classmethod
    def from_layers(
        cls,
        layers: Iterable[int],
        activation: str | None = None,
        *,
        output_activation: str | None = None,
        loss: str | None = None,
        batch: int | None = None,
        name: str | None = None,
    ) -> Graph:
        """The parameter graph of a fully connected network: see `ParameterNetwork`."""
        from chainorder.problems.parameter_network import ParameterNetwork

        return ParameterNetwork(tuple(layers), activation, output_activation, loss, batch).graph(name)

    def to_networkx(self) -> nx.DiGraph[str]:
        """A ``networkx.DiGraph`` with the attributes that `from_networkx` reads."""
        pass

        return to_networkx(self)

    def to_spec(self) -> dict[str, Any]:
        """The spec of this graph, as plain data; real matrices by the path of their file."""
        named: dict[str, Any] = {} if self.name is None else {"name": self.name}
        if self.memory is not None:
            named["memory"] = self.memory
        if self.network is not None:
            return named | self.network.to_spec()
        return named | {"vertices": dict(self.vertices), "edges": [edge.to_spec() for edge in self.edges]}

    def named(self, name: str) -> Graph:
        """The same graph under another name."""
        return self._changed(name=name)

    def within(self, memory: int | None) -> Graph:
        """The same graph with another limit for tapes."""
        return self._changed(memory=memory)

    def _changed(self, **changes: Any) -> Graph:
        stated = {key: getattr(self, key) for key in ("name", "memory", "network")} | changes
        return Graph(self.vertices, self.edges, **stated)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Graph):
            return NotImplemented
        mine, others = (
            (g.name, g.memory, g.network, list(g.vertices.items()), g.edges) for g in (self, other)
        )
        return mine == others

    def __hash__(self) -> int:
        return hash((self.name, tuple(self.vertices.items())))


def _sizes(vertices: Mapping[str, int]) -> dict[str, int]:
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


def _whole(value: Any, what: str, kind: str, path: tuple[str, ...], *, least: int = 1) -> int:
    try:
        return whole(value, what, kind, least=least)
    except ChainorderError as error:
        raise GraphError(str(error), path) from None


def _check_matrix(elemental: Elemental, matrix: Any) -> None:
    shape = elemental.outputs, elemental.inputs
    if matrix is not None and not isinstance(matrix, MatrixFile) and getattr(matrix, "shape", shape) != shape:
        raise GraphError(f"the matrix has shape {matrix.shape}; the vertices say {shape}")


def _edge_faults(graph: Graph) -> Iterator[GraphError]:
    """What is wrong with edges one by one."""
    if not graph.edges:
        yield GraphError("there are no edges; a graph has at least one", ("edges",))
    seen: dict[tuple[str, str], int] = {}
    for place, edge in enumerate(graph.edges):
        if not isinstance(edge, Edge):
            yield GraphError(f"edge {place} is {edge!r}; give an Edge", ("edges", place))
            continue
        for key in ("source", "target"):
            if getattr(edge, key) not in graph.vertices:
                yield GraphError(_unknown(getattr(edge, key), graph.vertices), ("edges", place, key))
        first = seen.setdefault((edge.source, edge.target), place)
        if first != place:
            yield GraphError(
                f"{edge.source} → {edge.target} is edges[{first}] already; add the Jacobians into one edge",
                ("edges", place),
            )


def _cycle_and_dangling(graph: Graph) -> Iterator[GraphError]:
    """What is wrong with edges together."""
    import networkx as nx

    digraph = _digraph(graph)
    if not nx.is_directed_acyclic_graph(digraph):
        cycle = [source for source, _ in nx.find_cycle(digraph)]
        path = " → ".join([*cycle, cycle[0]])
        ends = [(edge.source, edge.target) for edge in graph.edges]
        place = ends.index((cycle[-1], cycle[0]))
        yield GraphError(f"{path} is a cycle; a program runs one way, so unroll it", ("edges", place))
    for name in graph.vertices:
        if not digraph.degree(name):
            yield GraphError(
                f"{name!r} dangles: no edge leads to it or leaves it, so it reaches no output; connect it",
                ("vertices", name),
            )


def _digraph(graph: Graph) -> nx.DiGraph[str]:
    import networkx as nx

    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_nodes_from(graph.vertices)
    digraph.add_edges_from((edge.source, edge.target) for edge in graph.edges)
    return digraph


def _unknown(name: str, vertices: Iterable[str]) -> str:
    return f"there is no vertex {name!r}; {nearest(name, vertices)}"


def to_networkx(graph: Graph) -> nx.DiGraph[str]:
    """See `Graph.to_networkx`."""
    import networkx as nx

    digraph: nx.DiGraph[str] = nx.DiGraph(name=graph.name or "")
    if graph.memory is not None:
        digraph.graph["memory"] = graph.memory
    for name, size in graph.vertices.items():
        digraph.add_node(name, size=size)
    for edge in graph.edges:
        spec = edge.to_spec()
        digraph.add_edge(spec.pop("source"), spec.pop("target"), **spec)
    return digraph
